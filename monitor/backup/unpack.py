"""Read an archive back: only plain files, only within the folder, each checked against the list of contents."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, BinaryIO

import zstandard

from monitor.backup.contents import CONTENTS, Contents, Entry, safe_path
from monitor.backup.pack import Progress
from monitor.errors import BackupError, try_of, why_of

_BLOCK = 1 << 20
_MOST_FILES = 5_000_000
_MOST_LISTED = 1 << 30
_KEPT_FREE = 64 << 20


def unpack(source: BinaryIO, folder: Path, progress: Progress = lambda _: None) -> Contents:
    """Unpack into an empty folder and check every file; gives the list of contents.

    BackupError when it is cut off or damaged, when a name would leave the folder, when a member is no plain file, when
    a file is not as listed, is listed and missing or is there and not listed, and when the disk would become full.
    """
    found: dict[str, Entry] = {}
    listed: bytes | None = None
    try:
        decompressor = zstandard.ZstdDecompressor()
        with (
            decompressor.stream_reader(source, read_across_frames=False) as plain,
            tarfile.open(fileobj=plain, mode="r|") as archive,
        ):
            for member in archive:
                listed = _take(archive, member, folder, found, progress)
            _read_to_end(plain)
    except (tarfile.TarError, zstandard.ZstdError, EOFError, ValueError):
        raise BackupError(why="it is cut off or damaged") from None
    except OSError as fault:
        raise BackupError("The backup could not be unpacked.", why=why_of(fault), try_=try_of(fault)) from None
    if listed is None:
        raise BackupError(why="it is cut off: the list of its contents is missing")
    contents = Contents.from_json(listed)
    _compare(contents, found)
    return contents


def _take(
    archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, found: dict[str, Entry], progress: Progress
) -> bytes | None:
    """Unpack one member; gives the list of contents when this is it."""
    path = safe_path(member.name)
    if not member.isreg() or member.issparse() or member.size < 0:
        raise BackupError(why=f"{member.name} in it is no plain file")
    if member.name in found or CONTENTS in found or len(found) > _MOST_FILES:
        raise BackupError(why="it holds more files than it should")
    body = archive.extractfile(member)
    if body is None:
        raise BackupError(why=f"{member.name} in it is no plain file")
    if member.name == CONTENTS:
        found[CONTENTS] = Entry(path=CONTENTS, size=member.size, sha256="")
        return body.read(min(member.size, _MOST_LISTED))
    if shutil.disk_usage(folder).free < member.size + _KEPT_FREE:
        raise BackupError("There is not enough room to unpack the backup.", try_="Free some space and try again.")
    found[member.name] = _write(body, folder / path, member, progress)
    return None


def _write(body: IO[bytes], target: Path, member: tarfile.TarInfo, progress: Progress) -> Entry:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        while block := body.read(_BLOCK):
            file.write(block)
            digest.update(block)
            size += len(block)
            progress(len(block))
        file.flush()
        os.fsync(file.fileno())
    return Entry(path=member.name, size=size, sha256=digest.hexdigest())


def _read_to_end(plain: IO[bytes]) -> None:
    """Read what follows the archive's end mark, so that the checksum of the whole is looked at."""
    while plain.read(_BLOCK):
        continue


def _compare(contents: Contents, found: Mapping[str, Entry]) -> None:
    wanted = {entry.path: entry for entry in contents.files}
    there = {name: entry for name, entry in found.items() if name != CONTENTS}
    wrong = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    if wrong or len(wanted) != len(contents.files):
        raise BackupError(why=f"{len(wrong)} of its files are not as listed, such as {', '.join(wrong[:3])}")
