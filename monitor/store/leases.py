"""Say in SQL which rows may be leased: a lease that ran out counts as none."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, or_


def is_free(lease_until: Column[Any], now: datetime) -> ColumnElement[bool]:
    """Choose rows that nobody holds at this moment."""
    return or_(lease_until.is_(None), lease_until <= now)


def is_ripe(next_attempt_at: Column[Any], now: datetime) -> ColumnElement[bool]:
    """Choose rows that need not wait any longer; no time given means at once."""
    return or_(next_attempt_at.is_(None), next_attempt_at <= now)
