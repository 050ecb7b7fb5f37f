"""Spend within a cap that holds for a credential: count the most that a request can cost, then send it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Annotated

from pydantic import Field, SecretStr

from monitor.contract import Context, Spending, account_of
from monitor.errors import BudgetSpent, ConnectorError, SourceUnavailable

MICRO = 1_000_000
"""Money is counted in millionths of a dollar."""

IN_MICRO = "millionths of a dollar of the budget"
NO_LIMIT = 10**9
"""So many requests stand for "as many as you like"."""

Dollars = Annotated[Decimal, Field(ge=0, le=100_000)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Purse:
    """Hold one credential's count in one period and its cap; `unit` names in words what is counted."""

    ctx: Context
    connector: str
    account: str
    period: str
    most: int
    unit: str
    try_: str

    async def left(self) -> int:
        """Give how much may still be spent."""
        return self.most - await self.ctx.ledger.used(self.account, self.period)

    async def take(self, amount: int) -> None:
        """Count an amount before it is spent; BudgetSpent when there is less left."""
        if not await self.ctx.ledger.take(self.account, self.period, amount, self.most):
            raise await self.spent()

    async def give_back(self, amount: int) -> None:
        """Count less, for what was not spent."""
        if amount > 0:
            await self.ctx.ledger.give_back(self.account, self.period, amount)

    @asynccontextmanager
    async def one_request(self) -> AsyncIterator[None]:
        """Count one request; a refused one is given back, and one that got no answer is not: it may have cost."""
        await self.take(1)
        try:
            yield
        except SourceUnavailable:
            raise
        except ConnectorError:
            await self.give_back(1)
            raise

    async def spending(self) -> Spending:
        """Say what is counted, in dollars where money is."""
        used = await self.ctx.ledger.used(self.account, self.period)
        if self.unit != IN_MICRO:
            most = self.most if self.most < NO_LIMIT else None
            return Spending(used=used, most=most, unit=self.unit, period=self.period)
        return Spending(used=used / MICRO, most=self.most / MICRO, unit="US dollars", period=self.period)

    async def spent(self) -> BudgetSpent:
        """Say that nothing is left."""
        used = await self.ctx.ledger.used(self.account, self.period)
        return BudgetSpent(
            f"The {self.unit} for {self.period} are used up.",
            connector=self.connector,
            why=f"{used:,} of {self.most:,} are counted for this credential.",
            try_=self.try_,
        )


def month_of(now: datetime) -> str:
    """Name the month of a moment in UTC."""
    return f"{now:%Y-%m}"


def micro(dollars: Decimal) -> int:
    """Turn a price into millionths of a dollar, never rounding it down."""
    return int((dollars * MICRO).to_integral_value(rounding=ROUND_CEILING))


def requests_for(budget: Decimal, price: Decimal, free: int) -> int:
    """Give how many requests a month's budget pays for, those that cost nothing included."""
    return free + (int((budget / price).to_integral_value(rounding=ROUND_FLOOR)) if price else NO_LIMIT)


def monthly_requests(ctx: Context, connector: str, credential: SecretStr, most: int) -> Purse:
    """Give the purse of a service that is paid by the request."""
    return Purse(
        ctx=ctx,
        connector=connector,
        account=account_of(f"{connector} requests", credential.get_secret_value()),
        period=month_of(ctx.now),
        most=most,
        unit="requests",
        try_="Wait for next month, raise `monthly_budget`, or poll less often.",
    )
