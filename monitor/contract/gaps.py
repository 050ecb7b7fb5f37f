"""Remember what has been read of a listing that shows the newest first, so that nothing in it is lost.

A listing is walked from its newest page back to what is known. Three things make a plain high-water mark lose items:
a walk that breaks off half-way, items that share a time, and items that appear late, below newer ones. Therefore:
every walk that is not finished stays as a *gap* and is gone on with later; a walk ends where it meets *ids* that
were known before it began, never at a time alone; and once in a while the last 48 hours are walked again in full.
Pure: no input or output, no clock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

OVERLAP = timedelta(hours=48)
"""How far back is read again; the longest lateness that loses nothing is this less one `SWEEP_EVERY`."""

SWEEP_EVERY = timedelta(hours=1)
MAX_HEAD = 40
MAX_GAPS = 8
MAX_SEEN = 1_000


@dataclass(frozen=True, slots=True)
class Mark:
    """Name one entry of a listing: the server's id for it, and the time it is sorted by (aware UTC), if it tells.

    Where the same thing moves up when it changes, `id` has to name its state (a revision), not only the thing.
    """

    id: str
    at: datetime | None = None


class Gap(BaseModel):
    """Hold one unfinished walk: the server's token of its next page, and where it ends.

    It ends at a page with one of the ids in `joins`, at a page wholly older than `floor`, or with the listing.
    An empty `token` is the newest page. `is_sweep` marks a second reading of what is known.
    """

    model_config = ConfigDict(frozen=True)

    token: str = ""
    joins: tuple[str, ...] = ()
    floor: AwareDatetime | None = None
    is_sweep: bool = False

    def ends_with(self, marks: Sequence[Mark]) -> bool:
        """Tell whether this page reaches what was known before."""
        joins = set(self.joins)
        if any(mark.id in joins for mark in marks):
            return True
        times = [mark.at for mark in marks if mark.at is not None]
        return self.floor is not None and bool(times) and max(times) < self.floor


class GapCursor(BaseModel):
    """Hold the position in one listing.

    `head` are the newest known ids: everything below any of them is known or lies in one of `gaps`, which stand
    newest first. `seen` maps hashed ids of items to a short print of their content, so that what is read again is
    handed over only when it has changed; it forgets the oldest ones, which only costs the store some work.
    Each method gives a new cursor; save the one that belongs to a page together with its items.
    """

    model_config = ConfigDict(frozen=True)

    head: tuple[str, ...] = ()
    newest_at: AwareDatetime | None = None
    begun_at: AwareDatetime | None = None
    swept_at: AwareDatetime | None = None
    gaps: tuple[Gap, ...] = ()
    seen: dict[str, str] = {}

    def begin(
        self,
        now: datetime,
        *,
        backfill: timedelta | None = None,
        overlap: timedelta = OVERLAP,
        sweep_every: timedelta = SWEEP_EVERY,
    ) -> Self:
        """Start a walk from the newest page; `now` is aware UTC.

        The first one goes back by `backfill` (None: to the end of the listing). Later ones go back to known ids,
        and once in `sweep_every`, unless one is still under way, past them through the whole `overlap`, for what has
        appeared late. A `sweep_every` of nothing does that each time: for listings that the server itself ends there.
        """
        if self.begun_at is None:
            gap = Gap(floor=None if backfill is None else now - backfill)
        elif not self.head or self._is_sweep_due(now, sweep_every):
            # After a long pause what is known ends before the overlap begins; all since then is unknown.
            gap = Gap(floor=min(now, self.newest_at or self.begun_at) - overlap, is_sweep=True)
        else:
            gap = Gap(joins=self.head, floor=self.newest_at - overlap if self.newest_at else None)
        swept_at = self.swept_at if gap.joins else now
        return self.model_copy(
            update={"gaps": _bounded((gap, *self.gaps)), "begun_at": now, "swept_at": swept_at},
        )

    def _is_sweep_due(self, now: datetime, sweep_every: timedelta) -> bool:
        if sweep_every and any(gap.is_sweep for gap in self.gaps):
            return False
        # A clock that was set back must not put sweeps off.
        return self.swept_at is None or not timedelta() <= now - self.swept_at < sweep_every

    @property
    def token(self) -> str | None:
        """Give the token of the page to read next ("" is the newest page), or None when the walk is done."""
        return self.gaps[0].token if self.gaps else None

    def after(self, marks: Sequence[Mark], token: str, prints: Iterable[tuple[str, str]] = ()) -> Self:
        """Give the position after the page that `self.token` asked for.

        `marks` are its entries, `token` leads to the page below it ("" when there is none), `prints` pairs the id
        and the content print of every item on it.
        """
        gap, *others = self.gaps
        is_done = not token or token == gap.token or gap.ends_with(marks)
        gaps = tuple(others) if is_done else (gap.model_copy(update={"token": token}), *others)
        update: dict[str, object] = {"gaps": gaps, "seen": _remember(self.seen, prints)}
        if not gap.token and marks:
            update["head"] = tuple(dict.fromkeys((*(mark.id for mark in marks), *self.head)))[:MAX_HEAD]
            times = [mark.at for mark in marks if mark.at is not None]
            update["newest_at"] = max([*times, *([self.newest_at] if self.newest_at else [])], default=None)
        return self.model_copy(update=update)

    def begun_anew(self) -> Self:
        """Walk the present gap once more from the newest page: the server no longer knows its token."""
        gap, *others = self.gaps
        return self.model_copy(update={"gaps": (gap.model_copy(update={"token": ""}), *others)})

    def is_new(self, item_id: str, content_print: str) -> bool:
        """Tell whether an item has not been handed over before in this form, as far as that is remembered."""
        return self.seen.get(_hashed(item_id)) != content_print


def _bounded(gaps: tuple[Gap, ...]) -> tuple[Gap, ...]:
    """Join the two oldest gaps while there are too many: from the upper one's place to the deeper end of both."""
    while len(gaps) > MAX_GAPS:
        *newer, upper, lower = gaps
        is_bounded_by_ids = bool(upper.joins and lower.joins)
        floor = min(upper.floor, lower.floor) if upper.floor and lower.floor else None
        gaps = (
            *newer,
            Gap(
                token=upper.token,
                joins=lower.joins if is_bounded_by_ids else (),
                floor=floor,
                is_sweep=upper.is_sweep or lower.is_sweep,
            ),
        )
    return gaps


def _remember(seen: dict[str, str], prints: Iterable[tuple[str, str]]) -> dict[str, str]:
    both = dict(seen)
    for item_id, content_print in prints:
        key = _hashed(item_id)
        both.pop(key, None)
        both[key] = content_print
    return dict(list(both.items())[-MAX_SEEN:])


def _hashed(item_id: str) -> str:
    return hashlib.sha256(item_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
