"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_write_json = json.JSONEncoder(separators=(",", ":")).encode
_read_json = json.JSONDecoder().decode

SERIAL = BigInteger().with_variant(Integer(), "sqlite")
"""Numbers rows; SQLite numbers by itself only a key of this very name."""


def storable(text: str) -> str:
    """Replace NUL and lone surrogates, which no UTF-8 database keeps, by U+FFFD; a StrEnum becomes plain text.

    Mentions arrive cleaned; this guards every other text (names, addresses, ids), so that nobody stops a page from
    being kept with one character.
    """
    if text.isascii() and "\x00" not in text:
        return str(text)
    return _UNSTORABLE.sub("\ufffd", text)


class PlainText(TypeDecorator[str]):
    """Keep text of any length."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Make a text storable."""
        return None if value is None else storable(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:
        """Do the same with one call less: this is where most of a page's time outside the database goes."""
        return _storable_or_none


def _storable_or_none(value: str | None) -> str | None:
    return None if value is None else storable(value)


class UtcMoment(TypeDecorator[datetime]):
    """Keep an aware moment as microseconds since 1970 in UTC: it sorts and compares alike on every engine."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Count microseconds; a naive datetime raises TypeError."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Give the moment back as aware UTC."""
        return _moment_of(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], datetime | None]:
        """Do the same with two calls less: a page of hits reads hundreds of values."""
        return _moment_of


def _moment_of(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(microseconds=value)


class TimeSpan(TypeDecorator[timedelta]):
    """Keep a length of time as microseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        """Count microseconds."""
        return None if value is None else value // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        """Give the length of time back."""
        return None if value is None else timedelta(microseconds=value)


class JsonText(TypeDecorator[Any]):
    """Keep lists and mappings of plain values as JSON, escaped to ASCII so that any text survives."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        """Write JSON; None stays NULL."""
        if value is None:
            return None
        if not value and isinstance(value, tuple):
            return "[]"
        plain = dict(value) if isinstance(value, Mapping) else value
        return _write_json(plain)

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:
        """Read JSON."""
        return _plain_of(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], object]:
        """Do the same with two calls less."""
        return _plain_of


def _plain_of(value: str | None) -> object:
    return None if value is None else _read_json(value)
