"""Look at what a vault keeps, wherever it lies: one set of names, and one thin door to each kind of place.

Pure names first: a capture's files are `captures/<id>/<file>`, tokens `timestamps/<file>`. How a record is kept is the
log's own affair.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from monitor.domain import Capture
from monitor.evidence import manifest
from monitor.evidence.canonical import sha256_hex
from monitor.evidence.chain import Chain
from monitor.evidence.custody import read_chain
from monitor.evidence.disk import hash_file, is_locked, private_folder, read_file, sync_folder, write_new

CAPTURES = "captures"
STAGING = "staging"
STAMPS = "timestamps"
LOG = "custody.jsonl"

_BLOCK = 1 << 20


class Place(Protocol):
    """Read what is kept. Paths are below the vault; OSError when something cannot be read.

    FileNotFoundError says that it is not there. Nothing is cached: what is read is what lies there now.
    """

    log: str
    """What the custody log is called in findings."""

    at_once: int
    """How many captures are best read at a time."""

    def read(self, path: str) -> bytes:
        """Give a whole file."""
        ...

    def hash(self, path: str) -> tuple[int, str]:
        """Give size and SHA-256 of a file, read in pieces."""
        ...

    def chunks(self, path: str) -> Iterator[bytes]:
        """Give a file in pieces."""
        ...

    def names(self, folder: str) -> list[str]:
        """Give the names directly below a folder, sorted; none when there is no such folder."""
        ...

    def is_folder(self, path: str) -> bool:
        """Tell whether this is a folder itself, not a link to one."""
        ...

    def is_there(self, path: str) -> bool:
        """Tell whether there is anything of this name."""
        ...

    def keep(self, path: str, body: bytes) -> None:
        """Write a new file that survives a crash; FileExistsError when the name is taken."""
        ...

    def read_chain(self, witness: str = "") -> tuple[Chain, bytes]:
        """Read the whole log anew; give its unfinished last line too. FileNotFoundError when there is no log."""
        ...

    def strays(self) -> list[str]:
        """Name what has no place in the store at all."""
        ...

    def is_busy(self, name: str) -> bool:
        """Tell whether somebody is writing this capture at this moment, as far as can be seen from here."""
        ...

    def is_open(self, name: str, chain: Chain) -> bool:
        """Tell whether the log says that what lies there unsealed is one being written, or a crash's leftover.

        Only of a place whose files come one by one where they stay.
        """
        ...


def of_capture(name: str, file: str = "") -> str:
    """Give the path of a capture, or of one of its files."""
    return f"{CAPTURES}/{name}/{file}" if file else f"{CAPTURES}/{name}"


def whole_capture(place: Place, path: str, wanted: str) -> Capture | None:
    """Give the capture at a path if its manifest has this hash and every file is there as listed, and no other."""
    try:
        body = place.read(f"{path}/{manifest.NAME}")
        if not wanted or sha256_hex(body) != wanted:
            return None
        capture = manifest.read_capture(body)
        for artifact in capture.artifacts:
            if place.hash(f"{path}/{artifact.path}") != (artifact.size, artifact.sha256):
                return None
        names = set(place.names(path))
    except (OSError, ValueError):
        return None
    listed = {manifest.NAME, *(artifact.path for artifact in capture.artifacts)}
    return capture if names == listed and capture.id == path.rpartition("/")[2] else None


class FolderPlace:
    """Read a vault that is a folder on a disk."""

    log = LOG
    at_once = 1

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str) -> bytes:
        """Give a whole file; a link is none."""
        return read_file(self.root / path)

    def hash(self, path: str) -> tuple[int, str]:
        """Give size and SHA-256 of a file."""
        return hash_file(self.root / path)

    def chunks(self, path: str) -> Iterator[bytes]:
        """Give a file in pieces."""
        with (self.root / path).open("rb") as file:
            while block := file.read(_BLOCK):
                yield block

    def names(self, folder: str) -> list[str]:
        """Give the names in a folder; OSError when it cannot be read."""
        path = self.root / folder
        return sorted(entry.name for entry in path.iterdir()) if self.is_folder(folder) else []

    def is_folder(self, path: str) -> bool:
        """Tell whether this is a folder itself, not a link to one."""
        try:
            return stat.S_ISDIR((self.root / path).lstat().st_mode)
        except OSError:
            return False

    def is_there(self, path: str) -> bool:
        """Tell whether there is anything of this name, a broken link too."""
        return os.path.lexists(self.root / path)

    def keep(self, path: str, body: bytes) -> None:
        """Write a new file and force it and its name to the disk."""
        target = self.root / path
        private_folder(target.parent)
        write_new(target, body)
        sync_folder(target.parent)

    def read_chain(self, witness: str = "") -> tuple[Chain, bytes]:
        """Read the log's file from its start."""
        return read_chain(self.root / LOG, witness=witness)

    def strays(self) -> list[str]:
        """Name what is beside the captures, the log, the tokens and what is being written."""
        found = sorted(entry.name for entry in self.root.iterdir()) if self.root.is_dir() else []
        folders = (CAPTURES, STAGING, STAMPS)
        return [name for name in found if name != LOG and not (name in folders and self.is_folder(name))]

    def is_busy(self, name: str) -> bool:
        """Tell whether the capture's folder is locked by its writer."""
        return is_locked(self.root / CAPTURES / name)

    def is_open(self, name: str, chain: Chain) -> bool:
        """A folder comes here by one rename, whole: nothing is ever half here."""
        return False
