"""The tables of the outbox, as the queries see them; the migrations build the same."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, text

from monitor.store.columns import SERIAL, JsonText, PlainText, UtcMoment
from monitor.store.schema import metadata

alert = Table(
    "alert",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("kind", PlainText, nullable=False),
    Column("dedupe_key", PlainText, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("subject_id", PlainText, nullable=False),
    Column("mention_id", SERIAL, nullable=False),
    Column("level", PlainText, nullable=False),
    Column("status", PlainText, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcMoment),
    Column("lease_until", UtcMoment),
    Column("payload", JsonText, nullable=False),
    Index("uq_alert_dedupe_key", "dedupe_key", unique=True),
    Index(
        "ix_alert_waiting",
        "mention_id",
        sqlite_where=text("status = 'pending'"),
    ),
    Index(
        "ix_alert_pending",
        "created_at",
        "id",
        sqlite_where=text("status = 'pending'"),
    ),
    sqlite_autoincrement=True,
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("alert_id", SERIAL, ForeignKey("alert.id"), nullable=False, index=True),
    Column("channel", PlainText, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("outcome", PlainText, nullable=False),
    Column("delivered_at", UtcMoment, nullable=False),
    Column("error", PlainText, nullable=False),
)
