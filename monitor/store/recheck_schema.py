"""The table of kept mentions that are looked at again, as the queries see it; a migration builds the same."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from monitor.store.columns import SERIAL, PlainText, UtcMoment
from monitor.store.schema import metadata

recheck = Table(
    "recheck",
    metadata,
    Column("mention_id", SERIAL, primary_key=True, autoincrement=False),
    Column("kept_at", UtcMoment, nullable=False),
    Column("due_at", UtcMoment, nullable=False),
    Column("lease_until", UtcMoment),
    Column("suspicion", PlainText, nullable=False),
    Index("ix_recheck_due_at", "due_at"),
)
