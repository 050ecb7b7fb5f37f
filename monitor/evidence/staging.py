"""Hold a capture's files until they are sealed."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath

from monitor.domain import Artifact, ArtifactRole, Origin, to_utc
from monitor.errors import EvidenceError
from monitor.evidence.disk import disk_fault, disk_faults, free_bytes, lock_folder, private_folder, write_new
from monitor.evidence.manifest import is_file_name

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_DEVICES = frozenset("con prn aux nul".split()) | {f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10)}
_NAME_CAP = 80


class FileStaging:
    """Hold one capture's files in a folder of their own, locked while its writer lives.

    Safe between threads. `floor` is how many bytes must stay free on the disk after each file.
    """

    def __init__(self, folder: Path, lock: int, *, floor: int) -> None:
        self.folder = folder
        self._lock_fd: int | None = lock
        self._floor = floor
        self._guard = threading.RLock()
        self._artifacts: list[Artifact] = []
        self._is_open = True

    @property
    def capture_id(self) -> str:
        """Give the id that the capture will have, which is also its folder's name."""
        return self.folder.name

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """Give the files written so far, in the order of writing."""
        return tuple(self._artifacts)

    def add(
        self, role: ArtifactRole, name: str, media_type: str, origin: Origin, body: bytes | Iterable[bytes]
    ) -> Artifact:
        """Write one file, hashing while writing, and force it to the disk.

        The name is made safe and unique: a path, a hidden name or one already taken becomes another. EvidenceError
        when the disk is full, or when the capture was sealed or thrown away in the meantime.
        """
        with self._guard:
            if not self._is_open:
                raise EvidenceError("Nothing more can be added to this capture.", why="it is sealed or thrown away")
            path = self.folder / self._free_name(name)
            try:
                size, sha256 = write_new(path, self._within_room(body))
            except OSError as fault:
                path.unlink(missing_ok=True)
                raise disk_fault("A file of a capture could not be kept.", fault) from fault
            except EvidenceError:
                path.unlink(missing_ok=True)
                raise
            artifact = Artifact(
                role=role, path=path.name, media_type=media_type, size=size, sha256=sha256, origin=origin
            )
            self._artifacts.append(artifact)
            return artifact

    def discard(self) -> None:
        """Throw everything away; idempotent, and without effect on a sealed capture."""
        with self._guard:
            if self._is_open:
                self._is_open = False
                shutil.rmtree(self.folder, ignore_errors=True)
            self._release()

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Let nothing be added or thrown away inside; afterwards the capture is closed, unless it failed."""
        with self._guard:
            if not self._is_open:
                raise EvidenceError("This capture cannot be sealed.", why="it is sealed already or was thrown away")
            yield
            self._is_open = False
            self._release()

    def _release(self) -> None:
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def _within_room(self, body: bytes | Iterable[bytes]) -> Iterator[bytes]:
        for chunk in (body,) if isinstance(body, bytes) else body:
            if free_bytes(self.folder) - len(chunk) < self._floor:
                raise EvidenceError(
                    "A file of a capture could not be kept.",
                    why="the disk is nearly full",
                    try_="Free some space; it is tried again by itself.",
                )
            yield chunk

    def _free_name(self, name: str) -> str:
        safe = safe_name(name)
        taken = {artifact.path.lower() for artifact in self._artifacts}
        stem, dot, suffix = safe.partition(".")
        number = 1
        while safe.lower() in taken:
            number += 1
            safe = f"{stem}-{number}{dot}{suffix}"
        return safe


def safe_name(name: str) -> str:
    """Make a file name that is safe on every system: plain ASCII, no folder, not hidden, not a device's name."""
    last = PurePosixPath(name.replace("\\", "/")).name
    safe = _UNSAFE.sub("-", last).strip(".-_")[:_NAME_CAP].rstrip(".-_")
    if not safe:
        return "file"
    if not is_file_name(safe) or safe.lower().partition(".")[0] in _DEVICES:
        return f"file-{safe}"
    return safe


def stage_with_reserve(folder: Path, url: str, now: datetime, *, reserve: int) -> FileStaging:
    """Open a staging folder for a page; EvidenceError when less than the reserve is free on the disk."""
    with disk_faults("A capture could not be started."):
        private_folder(folder)
        free = free_bytes(folder)
    if free < reserve:
        raise EvidenceError(
            "A capture could not be started.",
            why=f"the disk has {free >> 20} MB left and {reserve >> 20} MB are kept free",
            try_=f"Free some space for {url}; it is tried again by itself.",
        )
    return open_staging(folder, now, floor=reserve // 2)


@disk_faults("A capture could not be started.")
def open_staging(folder: Path, now: datetime, *, floor: int) -> FileStaging:
    """Make and lock a new staging folder under `folder`; EvidenceError when the disk refuses."""
    private_folder(folder)
    while True:
        place = folder / f"{to_utc(now):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        try:
            place.mkdir(mode=0o700)
            lock = lock_folder(place)
        except (FileExistsError, FileNotFoundError):  # the id is taken, or a sweep came between the two steps
            continue
        if lock is not None and _is_same(lock, place):
            return FileStaging(place, lock, floor=floor)
        if lock is not None:
            os.close(lock)


def _is_same(fd: int, place: Path) -> bool:
    """Tell whether the folder still bears its name; a sweep in another process may have been quicker."""
    try:
        here, there = os.fstat(fd), place.stat()
    except FileNotFoundError:
        return False
    return (here.st_ino, here.st_dev) == (there.st_ino, there.st_dev)
