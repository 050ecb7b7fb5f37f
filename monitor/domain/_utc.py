"""Keep every moment aware and in UTC."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def require_utc(record: DataclassInstance) -> None:
    """Refuse a dataclass whose `*_at` fields hold a naive or non-UTC datetime.

    Raises ValueError that names the field. Called from `__post_init__`.
    """
    for field in fields(record):
        if not field.name.endswith("_at"):
            continue
        value = getattr(record, field.name)
        if isinstance(value, datetime) and value.utcoffset() != timedelta(0):
            raise ValueError(f"{type(record).__name__}.{field.name} must be in UTC, not {value!r}")


def to_utc(value: datetime) -> datetime:
    """Turn any datetime into aware UTC; a naive one is taken to be UTC already."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
