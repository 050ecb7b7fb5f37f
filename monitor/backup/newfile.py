"""Write a new file so that it is there whole or not at all, whatever interrupts the writing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from monitor.errors import BackupError, try_of, why_of


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that gets its name only when the block ends well; for its owner alone.

    Where the file system allows it, the file has no name at all before that, so that not even a kill leaves a part of
    it behind. BackupError when the name is taken or the disk refuses.
    """
    if os.path.lexists(path):
        raise BackupError(
            f"{path} is there already.", why="A backup never replaces a file.", try_="Choose another name."
        )
    try:
        with _nameless(path) or _part(path) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            _give_name(file, path)
        _sync(path.absolute().parent)
    except FileExistsError:
        raise BackupError(f"{path} is there already.", why="Somebody made it meanwhile.") from None
    except OSError as fault:
        raise BackupError(f"{path} could not be written.", why=why_of(fault), try_=try_of(fault)) from None
    finally:
        with contextlib.suppress(OSError):
            _part_of(path).unlink(missing_ok=True)


def _nameless(path: Path) -> BinaryIO | None:
    try:
        fd = os.open(path.absolute().parent, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except (OSError, AttributeError):
        return None
    return os.fdopen(fd, "r+b")


def _part(path: Path) -> BinaryIO:
    return os.fdopen(os.open(_part_of(path), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "r+b")


def _part_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _give_name(file: BinaryIO, path: Path) -> None:
    """Link the file to its name; unlike a rename, a link never replaces what is there."""
    part = _part_of(path)
    if part.exists():
        os.link(part, path)
        return
    # Only with a folder's descriptor does Python ask for the link to be followed to the nameless file.
    folder = os.open("/proc/self/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.link(str(file.fileno()), path, src_dir_fd=folder)
    finally:
        os.close(folder)


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
