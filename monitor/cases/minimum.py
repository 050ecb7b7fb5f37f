"""Say which mentions the minimum set of evidence consists of, and whether each is kept. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.domain import CaptureOutcome

NEWEST = 3
WORST = 3


class Place(StrEnum):
    """Say why a mention belongs to the minimum set."""

    FIRST = "first"
    NEWEST = "newest"
    WORST = "worst"


@dataclass(frozen=True, kw_only=True, slots=True)
class Exhibit:
    """Hold what the minimum set needs to know of one confirmed mention.

    `said_at` is when it was published, else when it was first seen. What troubles most is ordered by a person's own
    mark (`is_marked`) first, then by `concern`, the match's score; higher is worse. `capture` is the best outcome so
    far, None when there is none.
    """

    mention_id: int
    said_at: datetime
    concern: int
    capture: CaptureOutcome | None
    is_marked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Needed:
    """Say that a mention belongs to the minimum set, why, and whether a complete copy is kept."""

    mention_id: int
    places: tuple[Place, ...]
    is_kept: bool


def minimum_set(exhibits: Sequence[Exhibit]) -> tuple[Needed, ...]:
    """Give the first, the three newest and the most concerning, by time; one mention can be several of these.

    Most concerning is every mention that a person marked, and up to three the nearest repeats beside them.
    """
    by_time = sorted(exhibits, key=lambda one: (one.said_at, one.mention_id))
    by_concern = sorted(exhibits, key=lambda one: (not one.is_marked, -one.concern, one.said_at, one.mention_id))
    marked = sum(one.is_marked for one in exhibits)
    places: dict[int, list[Place]] = {}
    for place, chosen in (
        (Place.FIRST, by_time[:1]),
        (Place.NEWEST, by_time[-NEWEST:]),
        (Place.WORST, by_concern[: max(WORST, marked)]),
    ):
        for one in chosen:
            places.setdefault(one.mention_id, []).append(place)
    return tuple(
        Needed(mention_id=one.mention_id, places=tuple(places[one.mention_id]), is_kept=_is_kept(one))
        for one in by_time
        if one.mention_id in places
    )


def missing(needed: Iterable[Needed]) -> tuple[str, ...]:
    """Name what is not kept yet, in words."""
    return tuple(
        f"mention {one.mention_id} ({', '.join(place.value for place in one.places)})"
        for one in needed
        if not one.is_kept
    )


def without_copy(exhibits: Iterable[Exhibit]) -> tuple[int, ...]:
    """Give the mentions that have no complete copy: no outward step may be taken on them without a logged reason."""
    return tuple(one.mention_id for one in exhibits if not _is_kept(one))


def _is_kept(exhibit: Exhibit) -> bool:
    return exhibit.capture is CaptureOutcome.COMPLETE
