"""Put right what a clock that ran ahead wrote into the tables of what is due."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, and_, case, exists, func, literal, or_, select, update

from monitor.domain import LONGEST_ASKED_WAIT, AlertStatus
from monitor.store.columns import UtcMoment
from monitor.store.outbox_schema import alert, delivery
from monitor.store.part import Part
from monitor.store.schema import capture_request, target

_SLACK = timedelta(minutes=1)
"""Two machines on one database may differ by this much."""

_LONGEST_LEASE = timedelta(hours=1)
_LONGEST_RETRY = timedelta(days=1)
_LONGEST_NOT_BEFORE = timedelta(days=1)


class TurnedClockRows(Part):
    """Implement `mend_times` of `monitor.ports.Store`."""

    def mend_times(self, now: datetime) -> int:
        """Make due what waits for a moment that a clock running ahead has set; gives how many rows were mended.

        What was last done later than now was done by such a clock. A source that asked to be left alone then is, for a
        day at most. Times of evidence and mentions are left as they are.
        """
        later = now + _SLACK
        with self._db.writing() as connection:
            mended = _mend_targets(connection, now, later)
            mended += _mend_alerts(connection, now, later)
            mended += _mend_requests(connection, now, later)
            for table in (target, alert, capture_request):
                is_held = table.c.lease_until > now + _LONGEST_LEASE
                mended += _change(connection, table, is_held, lease_until=None)
        return mended


def _change(connection: Connection, table: Table, condition: ColumnElement[bool], **values: object) -> int:
    found = connection.execute(select(func.count()).select_from(table).where(condition)).scalar_one()
    if found:
        connection.execute(update(table).where(condition).values(**values))
    return found


def _mend_targets(connection: Connection, now: datetime, later: datetime) -> int:
    columns = target.c
    _change(connection, target, columns.last_good_at > later, last_good_at=now)
    from_ahead = or_(columns.last_polled_at > later, columns.not_before > later + LONGEST_ASKED_WAIT)
    # What was asked for stays asked for: how much of it the wrong clock added, nobody knows any more.
    latest, present = literal(now + _LONGEST_NOT_BEFORE, UtcMoment), literal(now, UtcMoment)
    asked = case((columns.not_before > latest, latest), else_=columns.not_before)
    due = case((asked > present, asked), else_=present)
    polled_at = case((columns.last_polled_at > later, present), else_=columns.last_polled_at)
    return _change(connection, target, from_ahead, next_due_at=due, not_before=asked, last_polled_at=polled_at)


def _mend_alerts(connection: Connection, now: datetime, later: datetime) -> int:
    tried_later = exists().where(delivery.c.alert_id == alert.c.id, delivery.c.delivered_at > later)
    is_waiting = and_(alert.c.status == AlertStatus.PENDING, alert.c.next_attempt_at > now)
    return _change(
        connection, alert, and_(is_waiting, or_(alert.c.created_at > later, tried_later)), next_attempt_at=None
    )


def _mend_requests(connection: Connection, now: datetime, later: datetime) -> int:
    columns = capture_request.c
    from_ahead = or_(columns.requested_at > later, columns.next_attempt_at > now + _LONGEST_RETRY)
    is_waiting = and_(columns.is_open, columns.next_attempt_at > now, from_ahead)
    return _change(connection, capture_request, is_waiting, next_attempt_at=now)
