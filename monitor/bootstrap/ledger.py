"""Let connectors count their costs in the database."""

from __future__ import annotations

import asyncio

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
