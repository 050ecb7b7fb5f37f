"""Show of a custody log what an export is about; of every other record only its hashes; pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from monitor.evidence.chain import Record, withheld


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """Say what an export is about: captures, and the hashes of documents that go with it."""

    captures: Collection[str]
    documents: Collection[str]

    def has(self, record: Record) -> bool:
        """Tell whether a record is about it, or mends a line that a crash cut short and so is about nobody."""
        if not record.capture:
            return record.event == "recovered" or record.detail.get("sha256") in self.documents
        return record.capture in self.captures


def shown_records(log: bytes, about: About) -> list[int]:
    """Give the numbers of the records that say something in an excerpt of this log."""
    return [record.seq for _, record in _records(log) if about.has(record) or withheld(record.line) is None]


def excerpt(log: bytes, about: About, last: bytes) -> bytes:
    """Give the log with the records about others reduced to their hashes; `last` is the export's own record.

    The chain holds as before, since a record's hash covers its content by a hash only. Lines that cannot be read are
    left out: nobody can say whom they are about. Records of version 1 stay whole, because theirs covers every word.
    """
    lines = []
    for line, record in _records(log):
        hidden = None if line == last or about.has(record) else withheld(line)
        lines.append(hidden or line)
    return b"".join(line + b"\n" for line in lines)


def _records(log: bytes) -> list[tuple[bytes, Record]]:
    found = []
    for line in log.split(b"\n"):
        try:
            found.append((line, Record.parse(line)))
        except ValueError:
            continue
    return found
