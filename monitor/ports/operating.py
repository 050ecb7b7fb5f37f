"""What the web page may ask of the running installation beside its rows and its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from monitor.domain import HealthState, Hit, Message, Statement, Subject

_WELL = (HealthState.OK, HealthState.QUIET, HealthState.UNCHECKED)


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceState:
    """Say how a configured source stands; `why` is the last error in plain words, empty while all is well."""

    name: str
    connector: str
    state: HealthState
    is_usable: bool
    every: timedelta | None
    last_good_at: datetime | None
    next_due_at: datetime | None
    items: int
    why: str

    @property
    def is_failing(self) -> bool:
        """Tell whether somebody should look at it."""
        return not self.is_usable or self.state not in _WELL


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceTrial:
    """Say in words how a try of a source went."""

    is_good: bool
    what: str
    why: str = ""
    try_: str = ""


class Operations(Protocol):
    """Do what a person asks for on the web page; whoever calls has checked that they may."""

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

    @property
    def channels(self) -> tuple[str, ...]:
        """Name the channels, without secrets."""
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

    async def export(self, out: Path, *, mention_id: int, actor: str) -> object:
        """Write everything kept of one mention to a ZIP that anybody can check, and record it in the custody log."""
        ...
