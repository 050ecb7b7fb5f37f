"""Draw what is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monitor.ports import DayCount, Spread


@dataclass(frozen=True, slots=True)
class Bar:
    """Place one day's bar: all hits, and within it those that are likely repeats; in units of the picture."""

    day: date
    total: int
    likely: int
    x: float
    height: float
    likely_height: float


BAR_AREA = 80


def bars(counts: Sequence[DayCount], today: date, days: int = 14) -> tuple[Bar, ...]:
    """Lay out one bar a day, the days without hits too, oldest first."""
    known = {one.day: one for one in counts}
    wanted = [today - timedelta(days=back) for back in reversed(range(days))]
    most = max([known[day].total for day in wanted if day in known], default=0) or 1
    found = []
    for place, day in enumerate(wanted):
        one = known.get(day)
        total, likely = (one.total, one.likely) if one else (0, 0)
        height, part = round(BAR_AREA * total / most, 1), round(BAR_AREA * likely / most, 1)
        found.append(Bar(day, total, likely, place * 20 + 2, height, part))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Dot:
    """Place one hit of a statement in its picture."""

    x: float
    y: int
    is_likely: bool
    mention_id: int
    words: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Hold a picture of how a statement spread: one row a source, time from left to right."""

    rows: tuple[str, ...]
    dots: tuple[Dot, ...]
    first: datetime
    last: datetime


MOST_ROWS = 12
ROW_HEIGHT, LEFT, RIGHT = 28, 130, 620


def timeline(hits: Sequence[Spread]) -> Timeline | None:
    """Lay out a statement's spread; the sources in the order in which they first had it, at most twelve."""
    if not hits:
        return None
    sources = list(dict.fromkeys(hit.source for hit in hits))[:MOST_ROWS]
    first, last = hits[0].seen_at, hits[-1].seen_at
    width = max((last - first).total_seconds(), 1.0)
    dots = tuple(
        Dot(
            x=round(LEFT + 10 + (RIGHT - LEFT - 20) * (hit.seen_at - first).total_seconds() / width, 1),
            y=sources.index(hit.source) * ROW_HEIGHT + ROW_HEIGHT // 2,
            is_likely=hit.level.value == "likely",
            mention_id=hit.mention_id,
            words=f"{hit.source}, {hit.seen_at:%d %b %Y %H:%M} UTC",
        )
        for hit in hits
        if hit.source in sources
    )
    return Timeline(rows=tuple(sources), dots=dots, first=first, last=last)
