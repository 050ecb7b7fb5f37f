"""Write files into a ZIP laid out as a bag (BagIt, RFC 8493), so that `sha256sum -c` checks it.

The ZIP is as plain as one can be: nothing compressed, no times, no owners, one folder. The same files give the same
bytes, and a check can tell every byte that does not belong to a file.
"""

from __future__ import annotations

import hashlib
import struct
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

PAYLOAD = "data/"
_STAMP = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100600 << 16
_LARGE = 1 << 32
_MANY = 1 << 16


class BagWriter:
    """Write a bag to `path`, all its files below one folder called `folder`."""

    def __init__(self, path: Path, folder: str) -> None:
        self._zip = zipfile.ZipFile(path, "w")  # closed by `__exit__`
        self._folder = folder
        self._hashes: dict[str, str] = {}
        self._bytes = 0

    def __enter__(self) -> Self:
        """Give the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the ZIP."""
        self._zip.close()

    def add(self, name: str, body: bytes | Iterable[bytes]) -> str:
        """Put one file under data/; give its SHA-256."""
        sha256, size = self._write(PAYLOAD + name, body)
        self._hashes[PAYLOAD + name] = sha256
        self._bytes += size
        return sha256

    def finish(self, about: Mapping[str, str]) -> None:
        """Write the lists of hashes and what the bag says about itself; nothing is added after it."""
        facts = {**about, "Payload-Oxum": f"{self._bytes}.{len(self._hashes)}"}
        tags = {
            "bag-info.txt": "".join(f"{name}: {' '.join(value.split())}\n" for name, value in facts.items()),
            "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
            "manifest-sha256.txt": _listing(self._hashes),
        }
        hashes = {name: self._write(name, text.encode())[0] for name, text in tags.items()}
        self._write("tagmanifest-sha256.txt", _listing(hashes).encode())

    def _write(self, name: str, body: bytes | Iterable[bytes]) -> tuple[str, int]:
        entry = zipfile.ZipInfo(f"{self._folder}/{name}", date_time=_STAMP)
        entry.create_system = 3  # Unix, whatever it is written on
        entry.external_attr = _FILE_MODE
        digest, size = hashlib.sha256(), 0
        with self._zip.open(entry, "w") as file:
            for chunk in (body,) if isinstance(body, bytes) else body:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
        return digest.hexdigest(), size


def holds_only_files(path: Path) -> bool:
    """Tell whether a ZIP is byte for byte as `BagWriter` writes it around its files.

    A ZIP of 4 GB or more is laid out in another way and counts as fine. OSError or BadZipFile when it cannot be read.
    """
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if path.stat().st_size >= _LARGE or len(entries) >= _MANY:
        return True
    position, directory, is_plain = 0, b"", True
    with path.open("rb") as file:
        for entry in entries:
            name = entry.filename.encode("utf-8", "replace")
            common = struct.pack("<5H3L2H", 20, 0, 0, 0, 33, entry.CRC, entry.file_size, entry.file_size, len(name), 0)
            header = b"PK\x03\x04" + common + name
            file.seek(position)
            is_plain = is_plain and file.read(len(header)) == header
            place = struct.pack("<3H2L", 0, 0, 0, _FILE_MODE, position)
            directory += b"PK\x01\x02" + struct.pack("<H", 3 << 8 | 20) + common + place + name
            position += len(header) + entry.file_size
        end = struct.pack("<4H2LH", 0, 0, len(entries), len(entries), len(directory), position, 0)
        file.seek(position)
        return is_plain and file.read() == directory + b"PK\x05\x06" + end


def _listing(hashes: Mapping[str, str]) -> str:
    return "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes))
