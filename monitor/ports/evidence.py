"""What the jobs need to keep pages as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from monitor.domain import Artifact, ArtifactRole, Capture, CaptureRequest, CustodyEvent, LiveState, Observed, Origin

RFC3161 = "rfc3161"
OPENTIMESTAMPS = "opentimestamps"
"""The kinds of tokens."""

PENDING = "pending"
ATTESTED = "attested"
"""How an OpenTimestamps proof stands: a calendar's promise, or the way to a Bitcoin block."""


class Staging(Protocol):
    """Hold one capture's files until they are committed; nothing in it counts as evidence yet."""

    @property
    def capture_id(self) -> str:
        """Give the id that the capture will have."""
        ...

    def add(
        self, role: ArtifactRole, name: str, media_type: str, origin: Origin, body: bytes | Iterable[bytes]
    ) -> Artifact:
        """Write one file, hashing while writing; the name is made safe and unique. EvidenceError on a full disk."""
        ...

    def discard(self) -> None:
        """Throw everything away; idempotent."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Name one fault that a check of stored evidence found; `capture_id` is empty for the log itself."""

    capture_id: str
    path: str
    problem: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """Sum up a check: what was looked at, every fault, and what could not be confirmed.

    `stamped` counts the captures whose time an authority outside has signed. `notes` are for a person to look up
    elsewhere; they say nothing against what was checked.
    """

    captures: int
    files: int
    findings: tuple[Finding, ...]
    pending: tuple[str, ...]
    chain_head: str
    stamped: int = 0
    notes: tuple[str, ...] = ()

    @property
    def is_intact(self) -> bool:
        """Tell whether no fault was found."""
        return not self.findings

    @property
    def first_problems(self) -> str:
        """Name the first three faults in one line; empty when there is none."""
        return "; ".join(f"{one.capture_id} {one.path}: {one.problem}".strip() for one in self.findings[:3])


class Vault(Protocol):
    """Keep evidence files so that any later change is found."""

    def stage(self, request: CaptureRequest, now: datetime) -> Staging:
        """Open a place for a new capture's files; EvidenceError when the disk has no room left."""
        ...

    def has_room(self) -> bool:
        """Tell whether the disk has room for another capture."""
        ...

    def commit(self, staging: Staging, request: CaptureRequest, observed: Observed) -> Capture:
        """Seal a capture: manifest, intent record, rename, custody record; afterwards nothing in it changes."""
        ...

    def recover(self) -> tuple[Capture, ...]:
        """Sweep what a crash left: finish captures that have an intent record, throw the others away.

        Gives every sealed capture that was recovered, so that the store can learn of it. Idempotent.
        """
        ...

    def captures(self) -> Iterator[Capture]:
        """Give every sealed capture that is still as it was sealed, oldest first, so that a store can catch up."""
        ...

    def record(self, event: str, *, actor: str, capture_id: str = "", detail: Mapping[str, str] | None = None) -> None:
        """Append an event to the custody log."""
        ...

    def chain_head(self) -> str:
        """Give the hash of the custody log's last record, or an empty string."""
        ...

    def custody(self, capture_id: str = "") -> tuple[CustodyEvent, ...]:
        """Give the log's events, of one capture or of all, oldest first."""
        ...

    def verify(self, capture_id: str = "") -> Verification:
        """Check every file, manifest and log record, of one capture or of all; never changes anything but the log."""
        ...

    def hold(self, capture_id: str, *, actor: str, reason: str, until: str = "", is_lifted: bool = False) -> None:
        """Record that a capture must not be deleted (or may be again), why, and when (a day) to look at that anew."""
        ...

    def held(self) -> Mapping[str, Mapping[str, str]]:
        """Give the captures on hold with reason, reviewer and review_on."""
        ...

    def delete(self, capture_id: str, *, actor: str, reason: str) -> None:
        """Remove a capture's files; a record with the reason stays. EvidenceError while it is on hold."""
        ...

    def unstamped(self, kind: str = RFC3161) -> tuple[str, ...]:
        """Give the captures about which there is no token of this kind, oldest first."""
        ...

    def unfinished(self) -> tuple[str, ...]:
        """Give the captures whose last OpenTimestamps proof is still a promise, oldest first."""
        ...

    def read_proof(self, capture_id: str) -> bytes:
        """Give a capture's last OpenTimestamps proof; FixityError when it is not what was recorded or never was."""
        ...

    def keep_token(self, capture_id: str, token: Token) -> None:
        """Keep a token about a capture's manifest, and record it in the custody log with its hash."""
        ...

    def read(self, capture_id: str, path: str) -> bytes:
        """Give one kept file after checking its hash; FixityError when it is not what was stored."""
        ...


class Capturer(Protocol):
    """Keep a page as it looks now."""

    async def capture(self, request: CaptureRequest, staging: Staging) -> Observed:
        """Write the page's files into the staging area and say what was seen.

        A page that answers with an error, a wall or half its content is a result (`outcome`, `completeness`), not
        an error. CaptureFailed means that nothing at all could be kept and trying again may help.
        """
        ...

    async def close(self) -> None:
        """End the browser, if one runs; idempotent."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportItem:
    """Hold what is known of one mention, for whoever reads an export.

    `facts` are labels and values, `words` are labels and others' words exactly as published, `observations` are rows
    of later looks (when, state, signal), `captures` the ids of what was kept of it, oldest first.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    words: tuple[tuple[str, str], ...]
    observations: tuple[tuple[str, str, str], ...]
    captures: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Enclosure:
    """Hold a document that goes with an export, such as a packet for counsel; `name` has no folder in it."""

    name: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportOrder:
    """Say what is exported: `scope` in words, `actor` who asked for it, `enclosures` what goes with it.

    With `is_whole` the custody log goes along as it is; else records about anything but these captures show only their
    hashes, since they may be about somebody else.
    """

    scope: str
    actor: str
    items: tuple[ExportItem, ...]
    enclosures: tuple[Enclosure, ...] = ()
    is_whole: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """Describe a finished export; `remarks` name what is not in it and why, `has_report` whether the PDF is."""

    path: Path
    sha256: str
    size: int
    captures: int
    files: int
    chain_head: str
    has_report: bool
    remarks: tuple[str, ...]


class Exporter(Protocol):
    """Hand evidence over in a form that anybody can check without us."""

    def export(self, order: ExportOrder, out: Path, *, recipient: str = "") -> Exported:
        """Write one ZIP to `out`, encrypted for an age recipient if one is given, and record it in the custody log.

        Every file's hash is computed anew; FixityError when one is not what was stored. EvidenceError when there is
        nothing to export or the file cannot be written. `out` is replaced only by a finished export.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """Hold what somebody outside vouches for: that a message existed at a time.

    `body` is an authority's whole answer, `certificates` the pinned ones (PEM) that it was checked with, `facts` what
    stands in the custody log: authority, time, serial, policy, kind, and which software checked it. Of the kind
    OPENTIMESTAMPS, `body` is a proof, there are no certificates, and the fact `status` is PENDING or ATTESTED.
    """

    body: bytes = field(repr=False)
    certificates: bytes = field(repr=False)
    facts: Mapping[str, str]


class Timestamper(Protocol):
    """Have somebody outside vouch that something existed now."""

    @property
    def kind(self) -> str:
        """Give the kind of its tokens: RFC3161 or OPENTIMESTAMPS."""
        ...

    @property
    def is_configured(self) -> bool:
        """Tell whether there is anybody to ask."""
        ...

    async def stamp(self, message: bytes) -> Token:
        """Ask for a token about these bytes; only their hash leaves this machine.

        Authorities are asked in their order until one gives a token that the pinned certificates vouch for; of
        calendars, all are. TimestampFailed says why none did; asking again later may help.
        """
        ...

    async def finish(self, message: bytes, body: bytes) -> Token | None:
        """Ask what became of a token that was only a promise; None while there is nothing new.

        TimestampFailed when that could not be learned; asking again later may help.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class LookRequest:
    """Say which post to look for: its page, its words as last known, and the page as the server sent it before."""

    url: str
    text: str
    quotes: tuple[str, ...] = ()
    baseline: bytes = field(default=b"", repr=False)
    baseline_media_type: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """Say what one look at a page found, with the raw signal behind it.

    `passage` is the post's text as it stands there now, where it was edited (empty for very long ones).
    `needs_browser` says that a browser may show what the server's answer alone does not.
    """

    state: LiveState
    signal: str
    passage: str = ""
    needs_browser: bool = False


class Looker(Protocol):
    """Look again at a page whose post was kept."""

    async def look(self, asked: LookRequest) -> Look:
        """Say what became of a post; a page that cannot be reached is an answer, not an error."""
        ...
