"""Put right what a clock that ran ahead wrote into the tables of what is due."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, func, or_, select, update

from monitor.domain import AlertStatus
from monitor.store.part import Part
from monitor.store.schema import alert, capture_request, delivery, target

_SLACK = timedelta(minutes=1)
"""Two machines on one database may differ by this much."""

_LONGEST_LEASE = timedelta(hours=1)
_LONGEST_RETRY = timedelta(days=1)


class TurnedClockRows(Part):
    """Implement `mend_times` of `monitor.ports.Store`."""

    def mend_times(self, now: datetime) -> int:
        """Make due what waits for a moment that a clock running ahead has set; gives how many rows were mended.

        What was last done later than now was done by such a clock. Times of evidence and mentions are left as they are.
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
    _change(connection, target, target.c.last_good_at > later, last_good_at=now)
    return _change(connection, target, target.c.last_polled_at > later, next_due_at=now, last_polled_at=now)


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
