"""Keep what was read from an object store at hand for a while, so that a page is quick. Safe to delete at any time."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path

from monitor.evidence.canonical import sha256_hex
from monitor.evidence.disk import private_folder, read_file

_SHARE = 4  # no file takes more than this part of the room


class Cache:
    """Hold files up to `most` bytes in all, the least lately used going first. What is given out was hashed first.

    Safe between threads and processes; a disk that refuses makes it slower, never wrong.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self._held = -1

    def get(self, path: str, sha256: str) -> bytes | None:
        """Give a file with this hash, or None; one with another hash is removed."""
        place = self._folder / path
        try:
            body = read_file(place)
            if sha256_hex(body) == sha256:
                os.utime(place)
                return body
            place.unlink()
        except OSError:
            return None
        return None

    def put(self, path: str, body: bytes) -> None:
        """Keep a file, and let others go where there are too many."""
        if len(body) > self._most // _SHARE:
            return
        place = self._folder / path
        part = self._folder / f"{secrets.token_hex(8)}.part"
        with contextlib.suppress(OSError):
            private_folder(place.parent)
            part.touch(mode=0o600)
            part.write_bytes(body)
            os.replace(part, place)
            self._held = self._held + len(body) if self._held >= 0 else self._trim()
            if self._held > self._most:
                self._held = self._trim()

    def forget(self, path: str) -> None:
        """Remove a folder of files, as when a capture was deleted."""
        shutil.rmtree(self._folder / path, ignore_errors=True)

    def _trim(self) -> int:
        """Remove the files that were used least lately until there is room; give how many bytes are held then."""
        found = []
        for path in self._folder.rglob("*"):
            with contextlib.suppress(OSError):
                if path.is_file():
                    found.append((path.stat().st_mtime_ns, path.stat().st_size, path))
        held = sum(size for _, size, _ in found)
        for _, size, path in sorted(found, key=lambda one: one[0]):
            if held <= self._most:
                break
            path.unlink(missing_ok=True)
            held -= size
        return held
