"""Keep alerts until they are delivered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from monitor.domain import Alert, AlertKind, AlertStatus, Delivery, DeliveryOutcome, Level
from monitor.store.columns import UtcMoment
from monitor.store.engine import insert_into
from monitor.store.leases import is_free, is_ripe
from monitor.store.outbox_schema import alert, delivery
from monitor.store.part import Part


class OutboxRows(Part):
    """Implement the part of `monitor.ports.OutboxStore` that keeps alerts and deliveries."""

    def enqueue(self, new: Alert) -> bool:
        """Put an alert into the outbox; False when its dedupe_key is already there."""
        with self._db.writing() as connection:
            command = insert_into(connection, alert).values(_alert_values(new))
            command = command.on_conflict_do_nothing(index_elements=["dedupe_key"])
            # The row comes back only when it was inserted; not every driver counts inserted rows.
            return connection.execute(command.returning(alert.c.id)).first() is not None

    def lease_alerts(self, now: datetime, *, limit: int, lease_for: timedelta) -> tuple[Alert, ...]:
        """Lease pending alerts that are due, oldest first, with `attempts` counted up."""
        columns = alert.c
        query = (
            select(alert)
            .where(columns.status == AlertStatus.PENDING, is_ripe(columns.next_attempt_at, now))
            .where(is_free(columns.lease_until, now))
            .order_by(columns.created_at, columns.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self._db.writing() as connection:
            rows = connection.execute(query).all()
            connection.execute(
                update(alert)
                .where(columns.id.in_([row.id for row in rows]))
                .values(lease_until=now + lease_for, attempts=columns.attempts + 1)
            )
        return tuple(_alert_of(row, attempts=row.attempts + 1) for row in rows)

    def delivered_channels(self, alert_id: int) -> frozenset[str]:
        """Give the channels on which this alert was already sent."""
        query = select(delivery.c.channel).where(
            delivery.c.alert_id == alert_id, delivery.c.outcome == DeliveryOutcome.SENT
        )
        with self._db.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def save_delivery(self, attempt: Delivery) -> None:
        """Record one attempt on one channel."""
        values = {
            "alert_id": attempt.alert_id,
            "channel": attempt.channel,
            "attempt": attempt.attempt,
            "outcome": attempt.outcome,
            "delivered_at": attempt.delivered_at,
            "error": attempt.error,
        }
        with self._db.writing() as connection:
            connection.execute(insert(delivery), values)

    def settle_alert(self, alert_id: int, status: AlertStatus, *, next_attempt_at: datetime | None = None) -> None:
        """Give a leased alert back: sent, given up, or pending again at that time."""
        command = (
            update(alert)
            .where(alert.c.id == alert_id)
            .values(status=status, next_attempt_at=next_attempt_at, lease_until=None)
        )
        with self._db.writing() as connection:
            connection.execute(command)

    def deliveries(self, *, alert_id: int = 0, channel: str = "", limit: int = 100) -> tuple[Delivery, ...]:
        """Give attempts, newest first."""
        query = select(delivery).order_by(delivery.c.id.desc()).limit(limit)
        if channel:
            query = query.where(delivery.c.channel == channel)
        if alert_id:
            query = query.where(delivery.c.alert_id == alert_id)
        with self._db.reading() as connection:
            return tuple(_delivery_of(row) for row in connection.execute(query))

    def alerts(self, *, status: AlertStatus | None = None, limit: int = 100) -> tuple[Alert, ...]:
        """Give alerts, newest first."""
        query = select(alert).order_by(alert.c.id.desc()).limit(limit)
        if status is not None:
            query = query.where(alert.c.status == status)
        with self._db.reading() as connection:
            return tuple(_alert_of(row, attempts=row.attempts) for row in connection.execute(query))

    def told_alerts(self, start: datetime, end: datetime) -> tuple[tuple[Alert, datetime], ...]:
        """Give alerts on mentions that first reached a channel in (start, end], with that moment, oldest first."""
        told_at = func.min(delivery.c.delivered_at, type_=UtcMoment)
        first = (
            select(delivery.c.alert_id, told_at.label("told_at"))
            .where(delivery.c.outcome == DeliveryOutcome.SENT)
            .group_by(delivery.c.alert_id)
            .having(told_at > start, told_at <= end)
            .subquery()
        )
        query = select(alert, first.c.told_at).join(first, first.c.alert_id == alert.c.id)
        query = query.where(alert.c.kind == AlertKind.MATCH).order_by(first.c.told_at, alert.c.id)
        with self._db.reading() as connection:
            rows = connection.execute(query)
            return tuple((_alert_of(row, attempts=row.attempts), row.told_at) for row in rows)

    def alerts_about(self, mention_id: int) -> tuple[Alert, ...]:
        """Give a mention's alerts, oldest first."""
        query = select(alert).where(alert.c.mention_id == mention_id).order_by(alert.c.id)
        with self._db.reading() as connection:
            return tuple(_alert_of(row, attempts=row.attempts) for row in connection.execute(query))


def add_alerts(connection: Connection, alerts: Sequence[Alert]) -> None:
    """Put alerts into the outbox within a transaction; those whose dedupe_key is there already stay out."""
    if alerts:
        command = insert_into(connection, alert).on_conflict_do_nothing(index_elements=["dedupe_key"])
        # In one order everywhere, so that two workers that add the same keys never block each other.
        ordered = sorted(alerts, key=lambda one: one.dedupe_key)
        connection.execute(command, [_alert_values(one) for one in ordered])


def release_waiting(connection: Connection, mention_id: int) -> None:
    """Make a mention's alerts that were not tried yet due at once: what they waited for is there."""
    columns = alert.c
    connection.execute(
        update(alert)
        .where(columns.mention_id == mention_id, columns.status == AlertStatus.PENDING, columns.attempts == 0)
        .values(next_attempt_at=None)
    )


def _alert_values(new: Alert) -> dict[str, object]:
    return {
        "kind": new.kind,
        "dedupe_key": new.dedupe_key,
        "created_at": new.created_at,
        "subject_id": new.subject_id,
        "mention_id": new.mention_id,
        "level": new.level,
        "status": new.status,
        "attempts": new.attempts,
        "next_attempt_at": new.next_attempt_at,
        "lease_until": None,
        "payload": new.payload,
    }


def _alert_of(row: Row[Any], *, attempts: int) -> Alert:
    return Alert(
        id=row.id,
        kind=AlertKind(row.kind),
        dedupe_key=row.dedupe_key,
        created_at=row.created_at,
        subject_id=row.subject_id,
        mention_id=row.mention_id,
        level=Level(row.level),
        status=AlertStatus(row.status),
        attempts=attempts,
        next_attempt_at=row.next_attempt_at,
        payload=row.payload,
    )


def _delivery_of(row: Row[Any]) -> Delivery:
    return Delivery(
        alert_id=row.alert_id,
        channel=row.channel,
        attempt=row.attempt,
        outcome=DeliveryOutcome(row.outcome),
        delivered_at=row.delivered_at,
        error=row.error,
    )
