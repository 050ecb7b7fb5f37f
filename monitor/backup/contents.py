"""Say what is in a backup: the list that closes every archive, with the size and hash of each file; pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from monitor.errors import BackupError

CONTENTS = "backup.json"
"""The last member of every archive."""

FORMAT = 1
_LONGEST_NAME = 1_024


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Hold one file: its path within the archive, its size in bytes and its SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """Hold what an archive says of itself.

    `left_out` names the secrets that a person must put back. `chain_head` is the end of the custody log at the moment
    of the backup, `engine` the database it came from.
    """

    made_at: str
    version: str
    engine: str
    chain_head: str
    left_out: tuple[str, ...]
    files: tuple[Entry, ...]
    format: int = FORMAT

    def to_json(self) -> bytes:
        """Write it as JSON."""
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_json(cls, body: bytes) -> Contents:
        """Read it; BackupError when it is not what this version writes."""
        try:
            given = json.loads(body)
            if given["format"] != FORMAT:
                raise BackupError("This backup was written by another version of the program.", why="unknown format")
            return cls(
                made_at=str(given["made_at"]),
                version=str(given["version"]),
                engine=str(given["engine"]),
                chain_head=str(given["chain_head"]),
                left_out=tuple(str(one) for one in given["left_out"]),
                files=tuple(_entry(one) for one in given["files"]),
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            raise BackupError(why="its list of contents cannot be read") from None


def _entry(given: dict[str, object]) -> Entry:
    return Entry(path=str(given["path"]), size=int(str(given["size"])), sha256=str(given["sha256"]))


def safe_path(name: str) -> PurePosixPath:
    """Give a member's path if it stays within the folder it is unpacked into; BackupError when it does not.

    Only what `pack` writes is taken: relative, already in its shortest form, no backslash, drive or control character.
    """
    path = PurePosixPath(name)
    is_plain = name.isprintable() and not set(name) & set("\\:") and len(name) <= _LONGEST_NAME
    if not is_plain or path.is_absolute() or ".." in path.parts or not path.parts or path.as_posix() != name:
        raise BackupError(why=f"it holds a file with a name that is not allowed: {name[:80]!r}")
    return path
