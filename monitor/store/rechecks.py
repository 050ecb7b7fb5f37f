"""Keep when each kept mention is looked at again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, func, literal, select, update

from monitor.domain import CaptureOutcome
from monitor.ports import Recheck
from monitor.store.columns import PlainText, UtcMoment
from monitor.store.engine import insert_into
from monitor.store.leases import is_free
from monitor.store.part import Part
from monitor.store.recheck_schema import recheck
from monitor.store.schema import capture, mention

_AFTER_A_CRASH = timedelta(hours=1)


class RecheckRows(Part):
    """Implement `monitor.ports.RecheckStore`."""

    def sync_rechecks(self, due_at: datetime) -> int:
        """Take up mentions that were kept since, due at that time; see the port."""
        known = exists().where(recheck.c.mention_id == capture.c.mention_id)
        # Evidence may be newer than a restored database: a mention that is not there cannot be looked for.
        kept = (
            select(
                capture.c.mention_id,
                func.min(capture.c.captured_at, type_=UtcMoment),
                literal(due_at, UtcMoment),
                literal("", PlainText),
            )
            .join(mention, mention.c.id == capture.c.mention_id)
            .where(capture.c.outcome != CaptureOutcome.FAILED, ~known)
            .group_by(capture.c.mention_id)
        )
        with self._db.writing() as connection:
            command = insert_into(connection, recheck).from_select(
                ["mention_id", "kept_at", "due_at", "suspicion"], kept
            )
            return len(connection.execute(command.returning(recheck.c.mention_id)).all())

    def lease_rechecks(self, now: datetime, *, limit: int, lease_for: timedelta) -> tuple[Recheck, ...]:
        """Lease mentions that are due, the longest due first.

        Each is put off for an hour at once: a page at which the program ends is not looked at over and over.
        """
        columns = recheck.c
        query = (
            select(recheck)
            .where(columns.due_at <= now, is_free(columns.lease_until, now))
            .order_by(columns.due_at, columns.mention_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self._db.writing() as connection:
            rows = connection.execute(query).all()
            connection.execute(
                update(recheck)
                .where(columns.mention_id.in_([row.mention_id for row in rows]))
                .values(lease_until=now + lease_for, due_at=now + max(lease_for, _AFTER_A_CRASH))
            )
        return tuple(Recheck(mention_id=row.mention_id, kept_at=row.kept_at, suspicion=row.suspicion) for row in rows)

    def finish_recheck(self, mention_id: int, *, due_at: datetime, suspicion: str = "") -> None:
        """Give a leased mention back, to be looked at again at that time."""
        command = (
            update(recheck)
            .where(recheck.c.mention_id == mention_id)
            .values(due_at=due_at, lease_until=None, suspicion=suspicion)
        )
        with self._db.writing() as connection:
            connection.execute(command)
