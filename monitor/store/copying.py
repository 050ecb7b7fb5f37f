"""Copy a whole database into one SQLite file and back, whichever engine it is on; what backups are made of."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, insert, select, text

from monitor.errors import StoreError
from monitor.store.engine import Database, connect
from monitor.store.migrate import bring_up_to_date
from monitor.store.schema import metadata

_ROWS_AT_ONCE = 1_000


def copy_out(url: str, path: Path) -> str:
    """Copy the database at `url` into a new SQLite file, as it is at one moment; gives the engine's name.

    Others may go on reading and writing meanwhile. StoreError when there is no database there, or it is damaged.
    """
    with using(connect(url, create=False)) as database:
        if database.is_sqlite:
            _copy_file(Path(database.engine.url.database or ""), path)
            return "sqlite"
        bring_up_to_date(database)
        with (
            using(_new_file(path)) as copy,
            copy.writing() as target,
            _one_moment(database.engine) as source,
        ):
            _copy_rows(source, target)
    _settle(path)
    return "postgresql"


def copy_in(path: Path, url: str, *, replace: bool) -> None:
    """Load a copied SQLite file into the PostgreSQL at `url`, in one transaction.

    StoreError when rows are there already and `replace` is off; with it they are deleted first.
    """
    with (
        using(connect(f"sqlite:///{path}", create=False)) as copy,
        using(connect(url)) as database,
    ):
        bring_up_to_date(copy)
        bring_up_to_date(database)
        with copy.reading() as source, database.writing() as target:
            if not replace and any_rows(target):
                raise StoreError(
                    "The database is not empty.",
                    why="restoring would replace what is in it",
                    try_="Restore into an empty database, or add `--force` to replace its rows.",
                )
            for table in reversed(metadata.sorted_tables):
                target.execute(table.delete())
            _copy_rows(source, target)
            set_counters(target)


def has_rows(url: str) -> bool:
    """Tell whether anything is kept in the database at `url`; one without a schema gets it."""
    with using(connect(url)) as database:
        bring_up_to_date(database)
        with database.reading() as connection:
            return any_rows(connection)


@contextmanager
def using(database: Database) -> Iterator[Database]:
    """Close a database when the block ends."""
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _one_moment(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees the database as it is now, for as long as it lasts."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        yield connection


def _copy_file(source: Path, path: Path) -> None:
    """Copy page by page: in WAL mode this reads one snapshot and holds nobody up."""
    path.touch(mode=0o600, exist_ok=False)
    try:
        with (
            closing(sqlite3.connect(f"file:{_quoted(source)}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(path)) as new,
        ):
            old.backup(new)
    except sqlite3.Error as fault:
        raise StoreError("The database could not be copied.", why=str(fault)) from None
    _settle(path)


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _settle(path: Path) -> None:
    """Make the copy one file without a log beside it, and look it through."""
    try:
        with closing(sqlite3.connect(path)) as copy:
            copy.execute("PRAGMA journal_mode=DELETE")
            state = str(copy.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as fault:
        state = str(fault)
    if state != "ok":
        raise StoreError("The database file is damaged.", why=state, try_="Restore an older backup.")


def _new_file(path: Path) -> Database:
    database = connect(f"sqlite:///{path}")
    bring_up_to_date(database)
    return database


def _copy_rows(source: Connection, target: Connection) -> None:
    for table in metadata.sorted_tables:
        for _ in copy_rows_of(table, source, target):
            continue


def copy_rows_of(table: Table, source: Connection, target: Connection) -> Iterator[int]:
    """Copy a table's rows, many at a time; gives after each step how many it copied."""
    rows = source.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
    for some in rows.mappings().partitions():
        target.execute(insert(table), [dict(row) for row in some])
        yield len(some)


def any_rows(connection: Connection) -> bool:
    """Tell whether any table holds a row."""
    return any(connection.execute(select(table).limit(1)).first() is not None for table in metadata.sorted_tables)


def set_counters(connection: Connection) -> None:
    """Let new rows be numbered after the copied ones."""
    for table in metadata.sorted_tables:
        column = table.c.get("id")
        if column is not None and _counter_of(connection, table):
            highest: Any = connection.execute(select(func.max(column))).scalar()
            if highest:
                move = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :highest)")
                connection.execute(move, {"name": table.name, "highest": highest})


def _counter_of(connection: Connection, table: Table) -> str:
    question = text("SELECT pg_get_serial_sequence(:name, 'id')")
    return str(connection.execute(question, {"name": table.name}).scalar() or "")
