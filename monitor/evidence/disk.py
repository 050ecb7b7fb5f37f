"""Put files on the disk so that they survive a crash, readable by their owner alone."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from monitor.errors import EvidenceError, try_of, why_of

_BLOCK = 1 << 20


def private_folder(path: Path) -> None:
    """Make a folder with mode 0700, and its parents, unless it is there."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_new(path: Path, body: bytes | Iterable[bytes]) -> tuple[int, str]:
    """Write a new file with mode 0600, hash it on the way and force it to the disk; give its size and SHA-256.

    FileExistsError when the name is taken, by a link too.
    """
    digest, size = hashlib.sha256(), 0
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        for chunk in (body,) if isinstance(body, bytes) else body:
            digest.update(chunk)
            size += len(chunk)
            write_all(fd, chunk)
        os.fsync(fd)
    finally:
        os.close(fd)
    return size, digest.hexdigest()


def write_all(fd: int, body: bytes) -> None:
    """Write everything, also when the system takes it in parts."""
    view = memoryview(body)
    while view:
        view = view[os.write(fd, view) :]


def sync_folder(path: Path) -> None:
    """Force a folder's list of names to the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def hash_file(path: Path) -> tuple[int, str]:
    """Give size and SHA-256 of a regular file; OSError for links, pipes, folders and what cannot be read."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb", buffering=0) as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        digest = hashlib.file_digest(file, "sha256")
    return status.st_size, digest.hexdigest()


def read_file(path: Path) -> bytes:
    """Read a regular file; OSError for links and everything else that is not one."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        return file.read()


def lock_folder(path: Path) -> int | None:
    """Take the lock that says somebody is writing in this folder; None when another holds it.

    Give a descriptor; closing it, or the end of the process, frees the lock. OSError when there is no such folder.
    """
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def is_locked(path: Path) -> bool:
    """Tell whether somebody is writing in this folder."""
    try:
        fd = lock_folder(path)
    except OSError:
        return False
    if fd is not None:
        os.close(fd)
    return fd is None


def free_bytes(path: Path) -> int:
    """Give how many bytes an ordinary user may still write on this disk."""
    return shutil.disk_usage(path).free


def free_bytes_below(path: Path) -> int:
    """Give `free_bytes` of the disk that a folder is on, or will be on when it is made."""
    place = path.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return free_bytes(place)


def unread(fault: OSError) -> str:
    """Say in a finding why a file was not read."""
    return "missing" if isinstance(fault, FileNotFoundError) else f"cannot be read: {why_of(fault)}"


def disk_fault(what: str, fault: OSError, try_: str = "Run `goodname doctor`.") -> EvidenceError:
    """Say in words why a disk or an object store refused."""
    return EvidenceError(what, why=why_of(fault), try_=try_of(fault, try_))


@contextlib.contextmanager
def disk_faults(what: str, try_: str = "Run `goodname doctor`.") -> Iterator[None]:
    """Raise an EvidenceError for whatever a disk or an object store refuses within the block."""
    try:
        yield
    except OSError as fault:
        raise disk_fault(what, fault, try_) from fault
