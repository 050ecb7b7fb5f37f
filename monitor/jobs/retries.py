"""Decide when an alert that did not reach every channel is tried again, whatever the clock does meanwhile; pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

from monitor.domain import Alert

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=7)

LONGEST_GAP = timedelta(hours=26)
"""Between two tries may lie a day, where a timer runs the program daily; longer, it was off or the clock was turned."""


def next_attempt(alert: Alert, failures: int, tried_for: timedelta, now: datetime) -> datetime | None:
    """Decide when an alert that did not reach every channel is tried again; None after seven days of tries.

    Twice as long after each of its `failures`, from five seconds to an hour, with a spread of up to a tenth that is
    fixed by the alert's id, so that many do not come back in the same second.
    """
    if tried_for >= GIVE_UP_AFTER:
        return None
    doublings = min(max(failures - 1, 0), 12)
    wait = min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
    return now + wait * (1 + (alert.id * 37 % 100) / 1000)


def tried_for(tries: Iterable[datetime]) -> timedelta:
    """Add up for how long an alert was really tried, from the times of its tries in the order in which they were made.

    The time between two tries counts unless it is longer than any wait: then the machine was off or the clock was
    turned ahead, and nothing was tried in it. A clock that is turned back takes nothing away.
    """
    gaps = (later - earlier for earlier, later in pairwise(tries))
    return sum((gap for gap in gaps if timedelta(0) < gap <= LONGEST_GAP), timedelta(0))
