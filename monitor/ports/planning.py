"""What planning for several workers needs of the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from monitor.domain import Lateness, Target

LATENESS_OF = timedelta(minutes=10)
"""How far back it is looked when it is said how late polls begin."""

_MISSED_AFTER_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Say what waits to be done at a moment, beside polls.

    `captures` are the ids of open requests that are due, oldest first. `oldest_due_at` is the moment since which the
    longest waiting target is due; None when none is.
    """

    has_unassessed: bool
    captures: tuple[int, ...]
    alerts: int
    has_rechecks: bool
    oldest_due_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Doing:
    """Name one job in a worker's hands: its kind, what it is about (empty: nothing in particular), and for how long."""

    kind: str
    about: str
    for_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerState:
    """Say how one of several workers is; `unseen_s` is for how long it has given no sign of life.

    `done` and `failed` count jobs since it was started. `leads`: it plans, too.
    """

    name: str
    kinds: tuple[str, ...]
    started_at: datetime
    leads: bool = False
    doing: tuple[Doing, ...] = ()
    done: int = 0
    failed: int = 0
    unseen_s: float = 0.0

    @property
    def is_missed(self) -> bool:
        """Tell whether it is missed: it gives a sign of life every ten seconds, and signs off when it ends."""
        return self.unseen_s > _MISSED_AFTER_S


class SharedTurns(Protocol):
    """Share each host's patience among machines; what `PlanStore` does, off the event loop."""

    async def reserve(self, host: str, interval: timedelta) -> tuple[float, datetime | None]:
        """Take the next free turn at a host; see `PlanStore.reserve_turn`."""
        ...

    async def pause(self, host: str, until: datetime) -> None:
        """Have every machine leave a host alone until then."""
        ...


class PlanStore(Protocol):
    """Tell a planner what is due, and a worker whether what it was handed is still to be done."""

    def waiting(self, now: datetime, *, most: int) -> Waiting:
        """Look at what is due without taking it; at most `most` captures are named."""
        ...

    def leased_target(self, source: str, query_key: str, leased_until: datetime) -> Target | None:
        """Give a target that is still leased, by the lease that ends then or a later one; None when it was polled.

        A poll that ended gave the lease back, so a job that is handed out twice finds nothing the second time.
        """
        ...

    def reserve_turn(self, host: str, interval: timedelta) -> tuple[float, datetime | None]:
        """Take the next free turn at a host: the seconds to wait for it, and until when the host is to be left alone.

        No turn is taken while it is to be left alone. One transaction; whoever asks next, on any machine, gets a turn
        at least `interval` later.
        """
        ...

    def pause_host(self, host: str, until: datetime) -> None:
        """Have every machine leave a host alone until then; a longer pause stays."""
        ...

    def see_worker(self, state: WorkerState) -> None:
        """Note that a worker is there and what it does; those of which nothing was seen for an hour are forgotten."""
        ...

    def forget_worker(self, name: str) -> None:
        """Forget a worker that ended in order; idempotent."""
        ...

    def workers(self) -> tuple[WorkerState, ...]:
        """Give what is known of every worker, by name."""
        ...

    def lateness(self, since: datetime, *, most: int = 5_000) -> Lateness:
        """Say how late the polls that ended since then began, the newest of them at most."""
        ...
