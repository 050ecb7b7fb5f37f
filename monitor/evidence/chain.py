"""Follow a custody log record by record and notice every break; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from monitor.domain import CustodyEvent
from monitor.evidence.canonical import (
    Json,
    canonical,
    from_stamp,
    is_sha256,
    number_of,
    object_of,
    parse,
    sha256_hex,
    text_of,
)

VERSION = 2
WITHHELD = "withheld"
"""The event of a record that an export shows only by its hashes."""

_HEADER = ("v", "seq", "prev", "content_sha256")
_NO_MOMENT = datetime.fromtimestamp(0, UTC)
_TEXTS = ("ts", "event", "actor", "host", "capture", "manifest_sha256", "prev", "hash")
_CONTENT = frozenset(_TEXTS) - {"prev", "hash"}
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
        is_withheld = body.keys() == {*_HEADER, "hash"}
        texts = {name: "" if is_withheld and name in _CONTENT else text_of(body, name) for name in _TEXTS}
        detail = {} if is_withheld else object_of(body, "detail")
        stamped = texts.pop("ts")
        if is_withheld:
            texts["event"] = WITHHELD
        return cls(
            line=line,
            seq=number_of(body, "seq"),
            at=_NO_MOMENT if is_withheld else from_stamp(stamped),
            detail={key: text_of(detail, key) for key in detail},
            is_true=_is_true(body),
            **texts,
        )


def with_hashes(body: Mapping[str, Json]) -> dict[str, Json]:
    """Give a record's body with its two hashes made anew: one of its content, and one of the header that holds it.

    So a record can be shown without its content, and still be followed in the chain.
    """
    content = {name: value for name, value in body.items() if name not in (*_HEADER, "hash")}
    header = {
        "v": body["v"],
        "seq": body["seq"],
        "prev": body["prev"],
        "content_sha256": sha256_hex(canonical(content)),
    }
    return {**content, **header, "hash": sha256_hex(canonical(header))}


def withheld(line: bytes) -> bytes | None:
    """Give a record's line without its content; None for one of version 1, whose hash needs it. ValueError for none."""
    body = parse(line)
    if number_of(body, "v") != VERSION:
        return None
    return canonical({name: body[name] for name in (*_HEADER, "hash")})


def _is_true(body: Mapping[str, Json]) -> bool:
    """Tell whether a record's hashes are those of what it says."""
    if number_of(body, "v") != VERSION:
        return sha256_hex(canonical({name: value for name, value in body.items() if name != "hash"})) == body["hash"]
    content = {name: value for name, value in body.items() if name not in (*_HEADER, "hash")}
    header = {name: body[name] for name in _HEADER if name in body}
    is_content_true = not content or sha256_hex(canonical(content)) == body.get("content_sha256")
    return is_content_true and sha256_hex(canonical(header)) == body["hash"]


@dataclass(kw_only=True, slots=True)
class Chain:
    """Gather what a log says, line by line.

    `intents` and `sealed` map a capture's id to the hash of its manifest; `deleted` has a tombstone; `stamps`
    are captures with what was recorded of a token; `holds` is what was last said of a hold on a capture; `problems`
    name each break, `head` is the last record's hash. `witness` is a hash kept elsewhere and `is_witnessed` says
    whether a record has it. `unreadable` is the hash of the lines just read that are no records. With `may_withhold` a
    record may show its hashes alone, as in an export about others.
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
    may_withhold: bool = False

    def feed(self, line: bytes) -> None:
        """Take the next line, without its line end."""
        self.lines += 1
        try:
            record = Record.parse(line)
        except ValueError:
            # A crash while a torn line is being accounted for tears another: one record accounts for the whole row.
            self.unreadable = sha256_hex(self.unreadable.encode() + line)
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
        if record.event == WITHHELD and not self.may_withhold:
            self.problems.append(f"record {record.seq} (line {self.lines}) lacks what it said")
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
