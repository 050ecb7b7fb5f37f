"""Count what a source may cost in a day or a month; the count is kept with the position."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Allowance(BaseModel):
    """Hold how much was used in one period, named by a text such as "2026-11"; another period starts at nothing.

    Counts are whole numbers: requests, or thousandths of a cent.
    """

    model_config = ConfigDict(frozen=True)

    period: str = ""
    used: int = 0

    def in_period(self, period: str) -> Allowance:
        """Give the count for a period: this one, or an empty one when a new period has begun."""
        return self if self.period == period else Allowance(period=period)

    def plus(self, amount: int) -> Allowance:
        """Count more of what was used; a negative amount gives some back."""
        return Allowance(period=self.period, used=max(0, self.used + amount))


def month_of(now: datetime) -> str:
    """Name the month of a moment in UTC."""
    return f"{now:%Y-%m}"
