"""The base of the store's parts: each part is a set of calls on the same database."""

from __future__ import annotations

from monitor.ports import Clock
from monitor.store.engine import Database


class Part:
    """Hold what every part needs: the database and the time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db = database
        self._clock = clock
