"""Blur pictures on the server, so that what is veiled never reaches the browser; and draw what is counted."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monitor.ports import DayCount, Spread

_MOST_PIXELS = 60_000_000
_GRAIN = 12
"""So few pixels across remain of a veiled picture: no word of it can be brought back."""

_WIDTH, _HEIGHT = 320, 200
_ONE_AT_A_TIME = threading.Lock()


def blurred(picture: bytes) -> bytes | None:
    """Give a small PNG from which nothing can be read; None for what is no picture or too large to open safely."""
    from PIL import Image, ImageFilter, UnidentifiedImageError  # noqa: PLC0415 # only when a picture is shown

    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(picture), formats=("PNG", "JPEG", "WEBP", "GIF")) as opened:
                if opened.width * opened.height > _MOST_PIXELS:
                    return None
                top = opened.crop((0, 0, opened.width, min(opened.height, opened.width * _HEIGHT // _WIDTH or 1)))
                grains = top.convert("RGB").resize((_GRAIN, max(1, _GRAIN * _HEIGHT // _WIDTH)), Image.Resampling.BOX)
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None
    soft = grains.resize((_WIDTH, _HEIGHT), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(12))
    out = io.BytesIO()
    soft.save(out, "PNG", optimize=True)
    return out.getvalue()


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
