"""Keep every moment aware and in UTC."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_ZERO = timedelta(0)


def require_utc(record: DataclassInstance) -> None:
    """Refuse a dataclass whose `*_at` fields hold a naive or non-UTC datetime.

    Raises ValueError that names the field. Called from `__post_init__`.
    """
    for name in _moments(type(record)):
        value = getattr(record, name)
        if isinstance(value, datetime) and value.tzinfo is not UTC and value.utcoffset() != _ZERO:
            raise ValueError(f"{type(record).__name__}.{name} must be in UTC, not {value!r}")


@cache
def _moments(kind: type[DataclassInstance]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name.endswith("_at"))


def to_utc(value: datetime) -> datetime:
    """Turn any datetime into aware UTC; a naive one is taken to be UTC already."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
