"""Bring a database's schema to what this version needs."""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from monitor.errors import SchemaTooNew
from monitor.store.engine import Database
from monitor.store.locks import lock_schema

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
    "0017",
)
"""Every revision of the schema that this version knows, oldest first; the last one is what it needs."""

# Alembic keeps its current operation in module globals.
_ONE_AT_A_TIME = threading.Lock()


def current_revision(connection: Connection) -> str:
    """Give the schema's revision as the database says, or an empty string for a new database."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def bring_up_to_date(database: Database) -> None:
    """Create or migrate the schema, in one transaction and in one process at a time.

    SchemaTooNew when the database knows a revision that this version does not.
    """
    with database.reading() as connection:
        if _is_current(connection):
            return
    with _ONE_AT_A_TIME, database.writing() as connection:
        lock_schema(connection)
        # Another process may have done it in the meantime.
        if not _is_current(connection):
            _upgrade(connection)


def _is_current(connection: Connection) -> bool:
    revision = current_revision(connection)
    if revision and revision not in REVISIONS:
        raise SchemaTooNew(why=f"its schema is {revision}, this version knows {REVISIONS[-1]}")
    return revision == REVISIONS[-1]


def _upgrade(connection: Connection) -> None:
    # Alembic takes a while to import and is needed only here.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
