"""What the job that looks again needs of the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Recheck:
    """Hold one kept mention that is due for another look.

    `kept_at` is when it was first kept. `suspicion` is the signal of a look that found it gone for the first time, or
    empty: it is called gone when it looks so again.
    """

    mention_id: int
    kept_at: datetime
    suspicion: str = ""


class RecheckStore(Protocol):
    """Keep when each kept mention is looked at again."""

    def sync_rechecks(self, due_at: datetime) -> int:
        """Take up mentions that were kept since, due at that time; gives how many. Idempotent."""
        ...

    def lease_rechecks(self, now: datetime, *, limit: int, lease_for: timedelta) -> tuple[Recheck, ...]:
        """Lease mentions that are due, the longest due first; a lease that runs out makes them due again."""
        ...

    def finish_recheck(self, mention_id: int, *, due_at: datetime, suspicion: str = "") -> None:
        """Give a leased mention back, to be looked at again at that time."""
        ...
