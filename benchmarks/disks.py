"""Disks that can be broken under a running service, and mended again; used by the fault benchmark."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

_SIZE_MB = 64


class Broken(Protocol):
    """Break writing under a running service for a while."""

    def __call__(self, pid: int) -> contextlib.AbstractContextManager[None]:
        """Hold it broken for the process with this id."""
        ...


class Disk:
    """Hold a small ext4 file system in a file; mounting it needs root and a loop device."""

    def __init__(self, image: Path, folder: Path) -> None:
        self._image, self.folder = image, folder
        with image.open("wb") as file:
            file.truncate(_SIZE_MB * 1024 * 1024)
        _run("mkfs.ext4", "-q", "-m", "0", str(image))

    def mount(self) -> None:
        """Put it in its place, writable; whatever an abort left behind is repaired first.

        Raises subprocess.CalledProcessError.
        """
        # e2fsck ends with 1 when it has repaired something, which is as good.
        repaired = subprocess.run(["e2fsck", "-p", str(self._image)], capture_output=True, check=False)
        if repaired.returncode > 1:
            _run("e2fsck", "-y", str(self._image))
        _run("mount", "-o", "loop", str(self._image), str(self.folder))

    def unmount(self) -> None:
        """Take it away; every file on it must be closed. Raises subprocess.CalledProcessError."""
        _run("umount", str(self.folder))

    def abort(self) -> None:
        """Make it read-only at once, open files included, as the kernel does when the device fails."""
        _run("mount", "-o", "remount,abort", str(self.folder))

    @contextlib.contextmanager
    def full(self, _: int) -> Iterator[None]:
        """Fill it to the last byte, and leave the database's write-ahead log no room to be written over.

        SQLite goes on within a log that it has grown before; on a disk that fills up by itself it meets the end later.
        """
        for path in self.folder.glob("*.db"):
            with contextlib.closing(sqlite3.connect(path, timeout=10)) as database:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        filler = self.folder / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"x" * 4096):
                continue
        try:
            yield
        finally:
            filler.unlink()

    @contextlib.contextmanager
    def read_only(self, _: int) -> Iterator[None]:
        """Abort it; it stays so until it was unmounted and mounted again."""
        self.abort()
        yield


def mounted(root: Path, folder: Path) -> Disk | None:
    """Make a disk and mount it; None where this machine does not let us."""
    tools = ("mkfs.ext4", "e2fsck", "mount", "umount")
    # Debian keeps mkfs and e2fsck where a plain user's PATH does not reach; they are of no use to one, either.
    os.environ["PATH"] += os.pathsep + os.pathsep.join(("/usr/sbin", "/sbin"))
    if any(shutil.which(tool) is None for tool in tools):
        return None
    try:
        disk = Disk(root / "disk.img", folder)
        disk.mount()
    except (OSError, subprocess.CalledProcessError):
        return None
    return disk


@contextlib.contextmanager
def refused(pid: int) -> Iterator[None]:
    """Let a process write to no file any more, which needs no rights: where no disk can be mounted."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def locked(folder: Path) -> Broken:
    """Give a fault that holds the lock for writing of the database in a folder from another connection."""

    @contextlib.contextmanager
    def hold(_: int) -> Iterator[None]:
        (path,) = folder.glob("*.db")
        with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                database.execute("ROLLBACK")

    return hold


def _run(*words: str) -> None:
    subprocess.run(words, capture_output=True, check=True)
