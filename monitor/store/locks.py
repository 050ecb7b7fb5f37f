"""Keep two workers from doing the same thing at once on PostgreSQL; SQLite has one writer anyway."""

from __future__ import annotations

import zlib

from sqlalchemy import Connection, text

_SOURCES = 1_735_355_236
MIGRATION_LOCK = (1_735_355_236, 0)
"""Two numbers that name the lock under which the schema is changed."""


def lock_source(connection: Connection, source: str) -> None:
    """Let one transaction at a time keep pages of a source, so that both see the same mentions as known."""
    number = zlib.crc32(source.encode("utf-8", "replace")) - 2**31
    _lock(connection, _SOURCES, number or 1)


def lock_schema(connection: Connection) -> None:
    """Let one process at a time change the schema."""
    _lock(connection, *MIGRATION_LOCK)


def _lock(connection: Connection, group: int, number: int) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(CAST(:group AS integer), CAST(:number AS integer))"),
            {"group": group, "number": number},
        )
