"""Follow a custody log record by record and notice every break; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from monitor.domain import CustodyEvent
from monitor.evidence.canonical import (
    canonical,
    from_stamp,
    is_sha256,
    number_of,
    object_of,
    parse,
    sha256_hex,
    text_of,
)

_TEXTS = ("ts", "event", "actor", "host", "capture", "manifest_sha256", "prev", "hash")
SEALING = frozenset({"capture", "recovered"})
"""Events that, with a capture and its manifest's hash, make a folder evidence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Hold one line of the log; `line` is its bytes without the line end, `is_true` says that its hash is right."""

    line: bytes = field(repr=False)
    seq: int
    at: datetime
    event: str
    actor: str
    host: str
    capture: str
    manifest_sha256: str
    detail: dict[str, str]
    prev: str
    hash: str
    is_true: bool

    @classmethod
    def parse(cls, line: bytes) -> Record:
        """Read one line; ValueError when it is not a canonical record. A wrong hash only makes `is_true` false."""
        body = parse(line)
        texts = {name: text_of(body, name) for name in _TEXTS}
        detail = object_of(body, "detail")
        at = from_stamp(texts.pop("ts"))
        without_hash = canonical({name: value for name, value in body.items() if name != "hash"})
        return cls(
            line=line,
            seq=number_of(body, "seq"),
            at=at,
            detail={key: text_of(detail, key) for key in detail},
            is_true=sha256_hex(without_hash) == texts["hash"],
            **texts,
        )


@dataclass(kw_only=True, slots=True)
class Chain:
    """Gather what a log says, line by line.

    `intents` and `sealed` map a capture's id to the hash of its manifest; `deleted` has a tombstone; `stamps`
    are captures with what was recorded of a token; `holds`
    is what was last said of a hold on a capture; `problems` name
    each break, `head` is the last record's hash. `witness` is a hash kept elsewhere and `is_witnessed` says whether a
    record has it. `unreadable` is the hash of a line just read that is no record.
    """

    seq: int = 0
    head: str = ""
    intents: dict[str, str] = field(default_factory=dict)
    sealed: dict[str, str] = field(default_factory=dict)
    aborted: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    stamps: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    holds: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    unreadable: str = ""
    lines: int = 0
    witness: str = ""
    is_witnessed: bool = False

    def feed(self, line: bytes) -> None:
        """Take the next line, without its line end."""
        self.lines += 1
        try:
            record = Record.parse(line)
        except ValueError:
            self._flush()
            self.unreadable = sha256_hex(line)
            return
        if not (record.event == "recovered" and record.detail.get("torn_sha256") == self.unreadable):
            self._flush()
        self.unreadable = ""
        self._check(record)
        self._learn(record)

    def close(self, tail: bytes) -> tuple[str, ...]:
        """Give every problem, with those that only the end of the log shows; `tail` is an unfinished last line."""
        ends = []
        if self.unreadable:
            ends.append(f"line {self.lines} cannot be read as a record")
        if tail:
            ends.append(f"line {self.lines + 1} is unfinished: its end was cut, or a crash was not yet recovered")
        return (*self.problems, *ends)

    def _flush(self) -> None:
        if self.unreadable:
            self.problems.append(f"line {self.lines - 1} cannot be read as a record")

    def _check(self, record: Record) -> None:
        if not record.is_true:
            self.problems.append(f"record {record.seq} (line {self.lines}) was altered")
        if record.prev != self.head or record.seq != self.seq + 1:
            self.problems.append(
                f"record {record.seq} (line {self.lines}) does not follow on the one before it: "
                "records were removed, added or moved"
            )
        self.seq, self.head = record.seq, record.hash
        self.is_witnessed = self.is_witnessed or (record.is_true and record.hash == self.witness)

    def _learn(self, record: Record) -> None:
        capture, sha256 = record.capture, record.manifest_sha256
        if record.event == "intent":
            self.intents[capture] = sha256
        elif record.event in SEALING and capture:
            if self.sealed.setdefault(capture, sha256) != sha256 or not is_sha256(sha256):
                self.problems.append(f"record {record.seq} names a second manifest for {capture}")
        elif record.event == "aborted":
            self.aborted.add(capture)
        elif record.event == "delete":
            self.deleted.add(capture)
        elif record.event == "hold" and record.detail.get("action") in ("placed", "lifted"):
            self.holds[capture] = record.detail
        elif record.event == "timestamp":
            self.stamps.append((capture, record.detail))


def is_record(line: bytes) -> bool:
    """Tell whether a line can be read as a record."""
    try:
        Record.parse(line)
    except ValueError:
        return False
    return True


def event_of(record: Record) -> CustodyEvent:
    """Give a record as the domain knows it; the manifest's hash is added to its detail."""
    detail = dict(record.detail)
    if record.manifest_sha256:
        detail["manifest_sha256"] = record.manifest_sha256
    return CustodyEvent(
        seq=record.seq,
        event=record.event,
        actor=record.actor,
        at=record.at,
        sha256=record.hash,
        previous_sha256=record.prev,
        capture_id=record.capture,
        detail=detail,
    )
