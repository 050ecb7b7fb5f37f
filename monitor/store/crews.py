"""Keep what each of several workers is doing, and how late polls begin."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, select

from monitor.domain import Lateness, lateness_of
from monitor.ports import Doing, WorkerState
from monitor.store.engine import insert_into
from monitor.store.part import Part
from monitor.store.plan_schema import worker
from monitor.store.schema import poll

FORGOTTEN_AFTER = timedelta(hours=1)


class CrewRows(Part):
    """Implement the part of `monitor.ports.PlanStore` about workers."""

    def see_worker(self, state: WorkerState) -> None:
        """Note that a worker is there and what it does; see the port."""
        with self._db.writing() as connection:
            now = self._moment(connection)
            values = {
                "name": state.name,
                "kinds": state.kinds,
                "leads": state.leads,
                "started_at": state.started_at,
                "seen_at": now,
                "doing": [asdict(one) for one in state.doing],
                "done": state.done,
                "failed": state.failed,
            }
            command = insert_into(connection, worker).values(values)
            connection.execute(command.on_conflict_do_update(index_elements=["name"], set_=values))
            connection.execute(delete(worker).where(worker.c.seen_at < now - FORGOTTEN_AFTER))

    def forget_worker(self, name: str) -> None:
        """Forget a worker that ended in order; idempotent."""
        with self._db.writing() as connection:
            connection.execute(delete(worker).where(worker.c.name == name))

    def workers(self) -> tuple[WorkerState, ...]:
        """Give what is known of every worker, by name."""
        with self._db.reading() as connection:
            now = self._moment(connection)
            return tuple(_state_of(row, now) for row in connection.execute(select(worker).order_by(worker.c.name)))

    def lateness(self, since: datetime, *, most: int = 5_000) -> Lateness:
        """Say how late the polls that ended since then began; see the port."""
        query = (
            select(poll.c.started_at, poll.c.due_at)
            .where(poll.c.finished_at >= since, poll.c.due_at.is_not(None))
            .order_by(poll.c.finished_at.desc())
            .limit(most)
        )
        with self._db.reading() as connection:
            return lateness_of([(row.started_at - row.due_at).total_seconds() for row in connection.execute(query)])


def _state_of(row: Row[Any], now: datetime) -> WorkerState:
    return WorkerState(
        name=row.name,
        kinds=tuple(row.kinds),
        started_at=row.started_at,
        leads=row.leads,
        doing=tuple(Doing(**one) for one in row.doing),
        done=row.done,
        failed=row.failed,
        unseen_s=round(max(0.0, (now - row.seen_at).total_seconds()), 1),
    )
