"""What the web page may ask of the running installation beside its rows and its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from monitor.domain import HealthState, Hit, Message, Statement, Subject

_WELL = (HealthState.OK, HealthState.QUIET, HealthState.UNCHECKED)


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceState:
    """Say how a configured source stands; `why` is the last error in plain words, empty while all is well.

    `cost` says in words what reading it costs. `is_added` says that it was added on the page and can be removed there.
    """

    name: str
    connector: str
    state: HealthState
    is_usable: bool
    every: timedelta | None
    last_good_at: datetime | None
    next_due_at: datetime | None
    items: int
    why: str
    cost: str = ""
    is_paused: bool = False
    is_added: bool = False

    @property
    def is_failing(self) -> bool:
        """Tell whether somebody should look at it; what is paused on purpose does not fail."""
        return not self.is_paused and (not self.is_usable or self.state not in _WELL)


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceTrial:
    """Say in words how a try of a source went."""

    is_good: bool
    what: str
    why: str = ""
    try_: str = ""


class AskKind(StrEnum):
    """Say how a setting is asked for on a page."""

    LINE = "line"
    LINES = "lines"
    HIDDEN = "hidden"
    CHOICE = "choice"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """Describe one setting of a connector as a page asks for it; `value` is its default, never a secret.

    `choices` are values with their words. What `is_rare` has a good default.
    """

    name: str
    words: str
    kind: AskKind
    value: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    is_required: bool = False
    is_rare: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """Describe a connector that a source can be added with."""

    name: str
    title: str
    cost: str
    needs_credentials: bool
    terms_url: str
    asks: tuple[Ask, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """Say what was counted for a source's credential in a period such as "2026-11"; `most` None: there is no cap."""

    used: float
    most: float | None
    unit: str
    period: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelState:
    """Name a channel without its secrets. `is_added` says that it was added on the page and can be removed there.

    `off_why` says why it was switched off, and is empty while it is not; `missed` counts what it missed since.
    `is_refusing` says that it refuses for good and is kept on as the last one. `takes` are its tags; none: everything.
    """

    name: str
    off_why: str = ""
    off_since: datetime | None = None
    missed: int = 0
    is_refusing: bool = False
    is_helper: bool = False
    is_paused: bool = False
    is_added: bool = False
    takes: tuple[str, ...] = ()


class Additions(Protocol):
    """Add, pause and take away sources and channels on the page; the person's own file is never touched.

    InputError, in words for a person, when something cannot be done; ConfigError when it cannot be written down.
    """

    def offers(self) -> tuple[Offer, ...]:
        """Give the connectors that sources can be added with, by title."""
        ...

    def add_source(self, name: str, connector: str, every: str, given: Mapping[str, str]) -> None:
        """Add a source; `given` are its settings as typed, empty ones left at their default."""
        ...

    def drop_source(self, name: str) -> None:
        """Take away a source that was added on the page; what it found stays."""
        ...

    def pause_source(self, name: str, *, is_paused: bool) -> None:
        """Stop reading a source, or go on where it stopped."""
        ...

    async def spending(self) -> Mapping[str, Spent]:
        """Give what was counted for each source whose reading is counted, by name."""
        ...

    def channels(self) -> tuple[ChannelState, ...]:
        """Give every channel."""
        ...

    def add_channel(self, url: str) -> str:
        """Add a channel by its Apprise address and give its name."""
        ...

    def drop_channel(self, name: str) -> None:
        """Take away a channel that was added on the page."""
        ...

    def pause_channel(self, name: str, *, is_paused: bool) -> None:
        """Send nothing on a channel for now, or send again, also when it was switched off; one channel always stays."""
        ...

    def quiet_hours(self) -> tuple[str, bool]:
        """Give the quiet hours ("21:00-08:00", or nothing), and whether the page may change them."""
        ...

    def set_quiet_hours(self, hours: str) -> None:
        """Change the quiet hours, unless the person's own file sets them."""
        ...


class Operations(Protocol):
    """Do what a person asks for on the web page; whoever calls has checked that they may."""

    @property
    def additions(self) -> Additions:
        """Give what adds, pauses and takes away."""
        ...

    @property
    def timezone(self) -> str:
        """Give the IANA time zone in which moments are shown."""
        ...

    def sources(self) -> tuple[SourceState, ...]:
        """Give every configured source, by name, those that cannot be set up too."""
        ...

    @property
    def has_helper(self) -> bool:
        """Tell whether there is a helper's channel to hand over to."""
        ...

    async def try_channels(self, hit: Hit | None) -> tuple[tuple[str, str], ...]:
        """Send a test message, or an alert about this hit, on every channel; gives each channel's error or ""."""
        ...

    def summary(self, client_id: str) -> Message:
        """Put a client's summary since the last one into words, for a look."""
        ...

    def new_subject(self, given: Mapping[str, object]) -> Subject:
        """Make a new subject of typed fields, with an id and today's attestation; InputError names every fault."""
        ...

    def check_subject(self, changed: Subject) -> Subject:
        """Check a changed subject by the rules of the watch list; InputError names every fault."""
        ...

    def check_statement(self, subject_id: str, text: str, known: Statement | None) -> Statement:
        """Make a statement of a sentence, or a known one with one more wording; InputError names every fault."""
        ...

    def save_subject(self, subject: Subject) -> int:
        """Keep a subject and have what is stored judged again; gives how many mentions.

        InputError for one that the watch list file would overwrite; so does `save_statement`.
        """
        ...

    def save_statement(self, statement: Statement) -> int:
        """Keep a statement and have what is stored judged again; gives how many mentions."""
        ...

    async def read_url(self, url: str) -> tuple[str, str]:
        """Fetch a page and give its title and visible text; stores nothing. FetchError or ConnectorError."""
        ...

    async def try_source(self, name: str) -> SourceTrial:
        """Try one configured source's credentials and a cheap call; nothing is stored."""
        ...

    async def export(self, out: Path, *, mention_id: int, actor: str, about: frozenset[str] | None = None) -> object:
        """Write everything kept of one mention to a ZIP that anybody can check, and record it in the custody log.

        It speaks of the people in `about` alone, and holds no copy that was made for others; None means everybody.
        """
        ...

    async def export_client(self, out: Path, *, client_id: str, actor: str) -> object:
        """Write everything kept for one client, and nothing else, to a ZIP; EvidenceError when there is nothing."""
        ...

    async def export_case(self, out: Path, *, case_id: int, actor: str) -> object:
        """Write what is kept of a case's mentions to a ZIP, with the packet; EvidenceError when nothing is."""
        ...
