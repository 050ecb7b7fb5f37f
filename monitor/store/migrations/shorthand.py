"""Short ways to write columns in migrations; what is here is never changed, since kept revisions rest on it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _column(name: str, kind: sa.types.TypeEngine[Any], nullable: bool) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, autoincrement="auto" if name == "id" else False)


def text_column(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """Write text, JSON included."""
    return _column(name, sa.Text(), nullable)


def big_number_column(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """Write a moment or a length of time in microseconds."""
    return _column(name, sa.BigInteger(), nullable)


def row_id_column(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """Write a row's number, or a reference to one."""
    return _column(name, _SERIAL, nullable)


def flag_column(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """Write yes or no."""
    return _column(name, sa.Boolean(), nullable)


def number_column(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """Write a count."""
    return _column(name, sa.Integer(), nullable)


def small_number_column(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """Write a score, a rank or a place."""
    return _column(name, sa.SmallInteger(), nullable)


def float_column(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """Write a rating."""
    return _column(name, sa.Float(), nullable)


def date_column(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """Write a day."""
    return _column(name, sa.Date(), nullable)


def bytes_column(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """Write bytes."""
    return _column(name, sa.LargeBinary(), nullable)


def only_where(condition: str) -> dict[str, Any]:
    """Limit an index to some rows, on both engines."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
