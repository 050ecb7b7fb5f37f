"""The tables that machines which share the work have for each other; a migration builds the same."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, Table

from monitor.store.columns import JsonText, PlainText, UtcMoment
from monitor.store.schema import metadata

host_turn = Table(
    "host_turn",
    metadata,
    Column("host", PlainText, primary_key=True),
    Column("next_at", UtcMoment, nullable=False),
    Column("paused_until", UtcMoment),
)

worker = Table(
    "worker",
    metadata,
    Column("name", PlainText, primary_key=True),
    Column("kinds", JsonText, nullable=False),
    Column("leads", Boolean, nullable=False),
    Column("started_at", UtcMoment, nullable=False),
    Column("seen_at", UtcMoment, nullable=False),
    Column("doing", JsonText, nullable=False),
    Column("done", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
)
