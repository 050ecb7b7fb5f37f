"""Count how far a statement has spread: sources, statements and days. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """Hold one confirmed mention of one statement: where, when it was said (UTC day), and by which account."""

    source: str
    statement_id: str
    on: date
    author: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Hold one line of the table of spread."""

    source: str
    statement_id: str
    count: int
    authors: int
    first_on: date
    last_on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """Hold how far something has spread: a table, and counts a source and span of days for a picture.

    `starts` are the first days of equal spans; `counts` has a row a source, in the order of `sources`.
    """

    rows: tuple[Row, ...]
    sources: tuple[str, ...]
    starts: tuple[date, ...]
    days_per_span: int
    counts: tuple[tuple[int, ...], ...]
    total: int


def spread_of(sightings: Sequence[Sighting], *, most_spans: int = 26) -> Spread:
    """Count sightings into a table (most first) and into at most this many equal spans of whole days."""
    if not sightings:
        return Spread(rows=(), sources=(), starts=(), days_per_span=1, counts=(), total=0)
    first, last = min(one.on for one in sightings), max(one.on for one in sightings)
    days = (last - first).days + 1
    width = -(-days // most_spans)
    spans = -(-days // width)
    by_source = Counter(one.source for one in sightings)
    sources = tuple(sorted(by_source, key=lambda name: (-by_source[name], name)))
    counts = Counter((one.source, (one.on - first).days // width) for one in sightings)
    return Spread(
        rows=_rows(sightings),
        sources=sources,
        starts=tuple(first + timedelta(days=width * span) for span in range(spans)),
        days_per_span=width,
        counts=tuple(tuple(counts[source, span] for span in range(spans)) for source in sources),
        total=len(sightings),
    )


def _rows(sightings: Iterable[Sighting]) -> tuple[Row, ...]:
    groups: dict[tuple[str, str], list[Sighting]] = {}
    for one in sightings:
        groups.setdefault((one.source, one.statement_id), []).append(one)
    rows = (
        Row(
            source=source,
            statement_id=statement,
            count=len(group),
            authors=len({one.author for one in group if one.author}),
            first_on=min(one.on for one in group),
            last_on=max(one.on for one in group),
        )
        for (source, statement), group in groups.items()
    )
    return tuple(sorted(rows, key=lambda row: (-row.count, row.source, row.statement_id)))
