"""What is polled, when, and how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from monitor.domain._utc import require_utc

LONGEST_ASKED_WAIT = timedelta(days=7)
"""A longer wait that a source asks for is cut to this, so that one answer cannot silence it for ever."""


class HealthState(StrEnum):
    """Say in one word how a source is doing; QUIET: it answers, and brings nothing new although it used to."""

    OK = "ok"
    DEGRADED = "degraded"
    AUTH = "auth"
    BLOCKED = "blocked"
    BUDGET = "budget"
    CHANGED = "changed"
    QUIET = "quiet"
    UNCHECKED = "unchecked"


class PollOutcome(StrEnum):
    """Say how one poll ended."""

    OK = "ok"
    UNCHANGED = "unchanged"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    AUTH = "auth"
    FORBIDDEN = "forbidden"
    CHANGED = "changed"
    BUDGET = "budget"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Name one thing to poll: a source and a query within it (key "*": the whole source).

    A leased one holds until when it is leased, and its position if that is short (None: ask for it). Nobody else
    moves the position before `lease_until`.
    """

    source: str
    query_key: str
    every: timedelta
    terms: tuple[str, ...] = ()
    next_due_at: datetime | None = None
    failures: int = 0
    lease_until: datetime | None = None
    cursor: str | None = None

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Poll:
    """Record how one poll went; `error` is in words for a person and holds no secret.

    `due_at` is the moment since which it was due; None for one that was run before it was, and for a stream.
    """

    connector: str
    source: str
    query_key: str
    started_at: datetime
    finished_at: datetime
    outcome: PollOutcome
    fetched: int = 0
    new: int = 0
    revised: int = 0
    gone: int = 0
    error: str = ""
    due_at: datetime | None = None

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lateness:
    """Say how long after it was due a poll began: the median and the 99th in 100 of so many `polls`, in seconds."""

    polls: int = 0
    p50_s: float = 0.0
    p99_s: float = 0.0


def lateness_of(waits_s: Sequence[float]) -> Lateness:
    """Sum up how late polls began; a quantile is the smallest wait that so many of them do not exceed."""
    if not waits_s:
        return Lateness()
    ordered = sorted(waits_s)

    def quantile(share: float) -> float:
        return round(ordered[max(0, ceil(share * len(ordered)) - 1)], 3)

    return Lateness(polls=len(ordered), p50_s=quantile(0.5), p99_s=quantile(0.99))


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceHealth:
    """Sum up a source: its state, the last good check, the next attempt and the last error in plain words.

    A source with several queries is as well as its worst one; `items` counts all mentions kept from it. It is quiet
    when it answers well and has brought nothing new for far longer than it used to; `quiet_since` is the last find.
    It asked not to be read before `not_before`, if it asked at all.
    """

    source: str
    state: HealthState
    last_good_at: datetime | None
    next_due_at: datetime | None
    failures: int
    last_error: str
    items: int
    every: timedelta
    quiet_since: datetime | None = None
    not_before: datetime | None = None

    def __post_init__(self) -> None:
        require_utc(self)

    def breaker(self, now: datetime) -> str:
        """Say whether polls go through: closed, open (failed, waits), half-open (failed, the next try is due)."""
        if not self.failures:
            return "closed"
        return "open" if self.next_due_at is not None and self.next_due_at > now else "half-open"
