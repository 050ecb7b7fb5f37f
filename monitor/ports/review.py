"""What the review pages ask of the database; every call is told whose matters may be seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from monitor.domain import Capture, Hit, Level


class Pile(StrEnum):
    """Name what of the hits a person looks through."""

    WAITING = "waiting"
    LATER = "later"
    DONE = "done"
    ALL = "all"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewFilter:
    """Choose hits for review; empty fields choose everything that `subjects` allows, newest first.

    `subjects` are the only ones whose hits may be given; None for all, an empty set for none at all.
    """

    subjects: frozenset[str] | None
    statement_id: str = ""
    source: str = ""
    min_level: Level = Level.NONE
    text: str = ""
    since: datetime | None = None
    pile: Pile = Pile.WAITING
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class DayCount:
    """Count one day's new hits by level."""

    day: date
    none: int
    possible: int
    likely: int

    @property
    def total(self) -> int:
        """Give how many there were in all."""
        return self.none + self.possible + self.likely


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """Place one hit of a statement in time and among the sources."""

    mention_id: int
    source: str
    author: str
    seen_at: datetime
    level: Level
    score: int
    stance: str
    excerpt: str


class ReviewStore(Protocol):
    """Answer what the review pages show."""

    def review_hits(self, chosen: ReviewFilter) -> tuple[Hit, ...]:
        """Give hits, newest first."""
        ...

    def count_review(self, chosen: ReviewFilter, most: int = 1_000) -> int:
        """Count hits, up to `most` + 1, so that a long list costs no more than a short one."""
        ...

    def days(self, subjects: frozenset[str] | None, since: datetime, timezone: str) -> tuple[DayCount, ...]:
        """Count hits by local day from `since` to now; days without any are left out."""
        ...

    def spread(self, subject_id: str, statement_id: str, limit: int = 500) -> tuple[Spread, ...]:
        """Give the hits of one statement, oldest first."""
        ...

    def subjects_of(self, mention_id: int) -> frozenset[str]:
        """Give the subjects that a mention, in any revision, was found to be about."""
        ...

    def gallery(self, subjects: frozenset[str] | None, *, limit: int = 60, offset: int = 0) -> tuple[Capture, ...]:
        """Give captures of mentions about these subjects, newest first."""
        ...

    def mention_of_capture(self, capture_id: str) -> int:
        """Give the mention that a capture belongs to, or 0."""
        ...
