"""Let connectors count their costs, and clients their turns at a host, in the database."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from monitor.ports import Store


class StoreLedger:
    """Implement `monitor.contract.Ledger` on the store; each count is its own transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def used(self, account: str, period: str) -> int:
        """Give what was taken."""
        return await asyncio.to_thread(self._store.used, account, period)

    async def take(self, account: str, period: str, amount: int, most: int) -> bool:
        """Count, unless it would be too much."""
        return await asyncio.to_thread(self._store.take, account, period, amount, most)

    async def give_back(self, account: str, period: str, amount: int) -> None:
        """Count less."""
        await asyncio.to_thread(self._store.give_back, account, period, amount)


class StoreTurns:
    """Implement `monitor.ports.SharedTurns` on the store; each turn is its own transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def reserve(self, host: str, interval: timedelta) -> tuple[float, datetime | None]:
        """Take the next free turn."""
        return await asyncio.to_thread(self._store.reserve_turn, host, interval)

    async def pause(self, host: str, until: datetime) -> None:
        """Leave a host alone, on every machine."""
        await asyncio.to_thread(self._store.pause_host, host, until)
