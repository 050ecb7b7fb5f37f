"""Look at what is due for a planner, and share hosts' patience among machines."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, func, select, update

from monitor.domain import AlertStatus, Target
from monitor.ports import Waiting
from monitor.store.engine import insert_into
from monitor.store.leases import is_free, is_ripe
from monitor.store.outbox_schema import alert
from monitor.store.part import Part
from monitor.store.plan_schema import host_turn
from monitor.store.polls import target_of
from monitor.store.recheck_schema import recheck
from monitor.store.schema import capture_request, mention, target


class PlanRows(Part):
    """Implement `monitor.ports.PlanStore`."""

    def waiting(self, now: datetime, *, most: int) -> Waiting:
        """Look at what is due without taking it; see the port."""
        requests = capture_request.c
        captures = (
            select(requests.id)
            .where(requests.is_open, is_ripe(requests.next_attempt_at, now), is_free(requests.lease_until, now))
            .order_by(requests.requested_at, requests.id)
            .limit(most)
        )
        alerts = (
            select(func.count())
            .select_from(alert)
            .where(alert.c.status == AlertStatus.PENDING, is_ripe(alert.c.next_attempt_at, now))
            .where(is_free(alert.c.lease_until, now))
        )
        unassessed = exists().where(mention.c.pending_at.is_not(None))
        rechecks = exists().where(recheck.c.due_at <= now, is_free(recheck.c.lease_until, now))
        oldest = select(func.min(target.c.next_due_at)).where(target.c.is_current, target.c.next_due_at <= now)
        with self._db.reading() as connection:
            return Waiting(
                has_unassessed=bool(connection.execute(select(unassessed)).scalar()),
                captures=tuple(connection.execute(captures).scalars()),
                alerts=int(connection.execute(alerts).scalar_one()),
                has_rechecks=bool(connection.execute(select(rechecks)).scalar()),
                oldest_due_at=connection.execute(oldest).scalar(),
            )

    def leased_target(self, source: str, query_key: str, leased_until: datetime) -> Target | None:
        """Give a target that is still leased; see the port."""
        columns = target.c
        query = select(target).where(
            columns.source == source,
            columns.query_key == query_key,
            columns.is_current,
            columns.lease_until >= leased_until,
        )
        with self._db.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else target_of(row, row.lease_until)

    def reserve_turn(self, host: str, interval: timedelta) -> tuple[float, datetime | None]:
        """Take the next free turn at a host; see the port."""
        with self._db.writing() as connection:
            now = self._moment(connection)
            connection.execute(
                insert_into(connection, host_turn).values(host=host, next_at=now).on_conflict_do_nothing()
            )
            query = select(host_turn.c.next_at, host_turn.c.paused_until).where(host_turn.c.host == host)
            row = connection.execute(query.with_for_update()).one()
            if row.paused_until is not None and row.paused_until > now:
                return 0.0, row.paused_until
            start = max(row.next_at, now)
            connection.execute(update(host_turn).where(host_turn.c.host == host).values(next_at=start + interval))
        return (start - now).total_seconds(), None

    def pause_host(self, host: str, until: datetime) -> None:
        """Have every machine leave a host alone until then; a longer pause stays."""
        with self._db.writing() as connection:
            values = {"host": host, "next_at": self._moment(connection), "paused_until": until}
            command = insert_into(connection, host_turn).values(values)
            longer = func.coalesce(host_turn.c.paused_until, command.excluded.paused_until)
            connection.execute(
                command.on_conflict_do_update(
                    index_elements=["host"],
                    set_={"paused_until": command.excluded.paused_until},
                    where=longer <= command.excluded.paused_until,
                )
            )
