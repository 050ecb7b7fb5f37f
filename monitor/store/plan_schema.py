"""The table of hosts whose patience several machines share, as the queries see it; a migration builds the same."""

from __future__ import annotations

from sqlalchemy import Column, Table

from monitor.store.columns import PlainText, UtcMoment
from monitor.store.schema import metadata

host_turn = Table(
    "host_turn",
    metadata,
    Column("host", PlainText, primary_key=True),
    Column("next_at", UtcMoment, nullable=False),
    Column("paused_until", UtcMoment),
)
