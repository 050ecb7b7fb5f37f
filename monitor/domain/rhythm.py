"""How often a source used to bring something new, so that a long nothing can be told from a usual one; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.domain._utc import require_utc

ENOUGH_FINDS = 5
"""Before a source has brought something this often, nothing is known of its rhythm."""

SHORTEST = timedelta(days=2)
GAPS = 3
"""A source is quiet after three of its longest usual gaps, and never before two days."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """Hold how many readings brought something new, when the last one did, and the longest gap between two of them."""

    finds: int = 0
    last_find_at: datetime | None = None
    longest_gap: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        require_utc(self)

    def after_find(self, at: datetime) -> Rhythm:
        """Give the rhythm after one more find; a long gap of old is forgotten by a tenth with each."""
        gap = max(at - self.last_find_at, timedelta(0)) if self.last_find_at else timedelta(0)
        return Rhythm(finds=self.finds + 1, last_find_at=at, longest_gap=max(gap, self.longest_gap * 9 / 10))

    def quiet_since(self, now: datetime) -> datetime | None:
        """Give the last find when nothing new has come for far longer than usual, else None."""
        if self.finds < ENOUGH_FINDS or self.last_find_at is None:
            return None
        is_quiet = now - self.last_find_at > max(SHORTEST, GAPS * self.longest_gap)
        return self.last_find_at if is_quiet else None
