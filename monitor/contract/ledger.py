"""Count what reading costs, by credential, so that a cap holds whatever happens.

What a request may cost at most is taken before it is sent and given back after its answer, as far as it cost less. A
crash in between counts too much, never too little. Two sources with one credential share one count.
"""

from __future__ import annotations

import hashlib
from typing import Protocol


class Ledger(Protocol):
    """Keep one count for each account and period; amounts are whole numbers in a unit that the account stands for.

    `period` is a text such as "2026-11"; a new one starts at nothing. StoreError when the count cannot be kept:
    then nothing may be sent.
    """

    async def used(self, account: str, period: str) -> int:
        """Give what was taken in a period and not given back."""
        ...

    async def take(self, account: str, period: str, amount: int, most: int) -> bool:
        """Count `amount` for good, unless the period's total would pass `most`; tells whether it was counted."""
        ...

    async def give_back(self, account: str, period: str, amount: int) -> None:
        """Count less, for what a request turned out not to cost."""
        ...


class MemoryLedger:
    """Keep counts for as long as the object lives: for tests and single looks."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str], int] = {}

    async def used(self, account: str, period: str) -> int:
        """Give what was taken."""
        return self._used.get((account, period), 0)

    async def take(self, account: str, period: str, amount: int, most: int) -> bool:
        """Count, unless it would be too much."""
        total = await self.used(account, period) + amount
        if total > most:
            return False
        self._used[account, period] = total
        return True

    async def give_back(self, account: str, period: str, amount: int) -> None:
        """Count less."""
        self._used[account, period] = max(0, await self.used(account, period) - amount)


def account_of(service: str, credential: str) -> str:
    """Name the account that a credential stands for, without telling the credential."""
    return f"{service} {hashlib.sha256(f'{service} {credential}'.encode()).hexdigest()[:16]}"
