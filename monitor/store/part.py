"""The base of the store's parts: each part is a set of calls on the same database."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from monitor.ports import Clock
from monitor.store.engine import Database


class Part:
    """Hold what every part needs: the database and the time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    def _moment(self, connection: Connection) -> datetime:
        """Give the time by the database's clock, which all machines share; SQLite has none but ours."""
        if self._db.is_sqlite:
            return self._clock.now()
        told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return told.astimezone(UTC)
