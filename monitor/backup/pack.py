"""Write files into one compressed archive, hashed on the way, with the list of contents at its end."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from monitor.backup.contents import CONTENTS, Contents, Entry, safe_path
from monitor.errors import BackupError, why_of

_LEVEL = 3

Progress = Callable[[int], None]
"""Called with the number of bytes that were dealt with since the last call."""


class _Hashed:
    """Hash what is read of a file."""

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self._file, self._progress = file, progress
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        block = self._file.read(size)
        self.digest.update(block)
        self._progress(len(block))
        return block


def pack(
    sink: BinaryIO, parts: Iterable[tuple[str, Path | bytes, int]], about: Contents, progress: Progress = lambda _: None
) -> Contents:
    """Write (name, file or bytes, size) parts and then the list of them; gives the list.

    `size` bounds what is read of a file: a log that is appended to meanwhile is kept as it was. `about` says the rest
    of the list. BackupError when a file is shorter than its size or cannot be read.
    """
    entries: list[Entry] = []
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    with (
        compressor.stream_writer(sink, closefd=False) as compressed,
        tarfile.open(fileobj=compressed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, body, size in parts:
            entries.append(_add(archive, name, body, size, progress))
        contents = replace(about, files=tuple(entries))
        listed = contents.to_json()
        _add(archive, CONTENTS, listed, len(listed), progress)
    return contents


def _add(archive: tarfile.TarFile, name: str, body: Path | bytes, size: int, progress: Progress) -> Entry:
    member = tarfile.TarInfo(safe_path(name).as_posix())
    member.size, member.mode = size, 0o600
    try:
        with io.BytesIO(body) if isinstance(body, bytes) else body.open("rb") as file:
            reader = _Hashed(file, progress)
            archive.addfile(member, cast("BinaryIO", reader))
    except OSError as fault:
        raise BackupError(
            f"{name} could not be put into the backup.",
            why=why_of(fault),
            try_="Run the backup again; it may have been changed just now.",
        ) from None
    return Entry(path=name, size=size, sha256=reader.digest.hexdigest())
