"""Connect to SQLite or PostgreSQL, and run each call in one transaction."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from sqlalchemy import (
    ARRAY,
    URL,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Text,
    any_,
    bindparam,
    create_engine,
    event,
    func,
    literal,
    literal_column,
    make_url,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError
from sqlalchemy.sql.schema import Table

from monitor.errors import StoreBusy, StoreError, try_of, why_of
from monitor.store.faults import translated

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert

BUSY_SECONDS = 10.0
"""How long a call waits for another writer before it gives up with StoreBusy."""

T = TypeVar("T")

_POSTGRES_DRIVER = "postgresql+psycopg"
_WRITES = "goodname_writes"


class _Cursor(Protocol):
    def execute(self, sql: str) -> object: ...

    def close(self) -> None: ...


class _DriverConnection(Protocol):
    def cursor(self) -> _Cursor: ...

    def commit(self) -> None: ...


class Database:
    """Hold the connections; safe to use from several threads.

    Readers see one snapshot and never wait. Writers of one process queue up for a lock of their own on SQLite, which
    is fairer and quicker than its busy handler's sleeping; other processes are waited for up to BUSY_SECONDS.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._writer = engine.execution_options(**{_WRITES: True})
        self._turn = threading.Lock()
        self._is_closed = False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that only reads; StoreBusy or StoreError as `translated` says."""
        self._require_open()
        with translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that is committed when the block ends well and undone when it raises."""
        self._require_open()
        with self._own_turn(), translated(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def _own_turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise StoreBusy(why="another job has been writing for too long")
        try:
            yield
        finally:
            self._turn.release()

    def _require_open(self) -> None:
        if self._is_closed:
            raise StoreError("The database was closed.", try_="Start the program again.")

    def close(self) -> None:
        """Let go of every connection; idempotent."""
        self._is_closed = True
        self.engine.dispose()


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | PostgresInsert:
    """Give the engine's own INSERT, which knows ON CONFLICT; both spell it alike."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - two megabytes that an installation on SQLite never needs

    return postgresql.insert(table)


def among(connection: Connection, column: ColumnElement[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Choose rows by any number of row ids, given as one parameter."""
    if connection.dialect.name == "sqlite":
        return _listed(column, literal(json.dumps(sorted(ids))))
    return column == any_(literal(sorted(ids), ARRAY(BigInteger)))


def among_given(dialect: str, column: ColumnElement[int]) -> ColumnElement[bool]:
    """Choose rows by row ids in a statement that is built once and executed with `given`."""
    if dialect == "sqlite":
        return _listed(column, bindparam("ids", type_=Text()))
    return column == any_(bindparam("ids", type_=ARRAY(BigInteger)))


def given(connection: Connection, ids: Collection[int]) -> dict[str, object]:
    """Give the row ids for `among_given`."""
    return {"ids": json.dumps(sorted(ids)) if connection.dialect.name == "sqlite" else sorted(ids)}


def _listed(column: ColumnElement[int], ids: ColumnElement[str]) -> ColumnElement[bool]:
    return column.in_(select(literal_column("value")).select_from(func.json_each(ids)))


def unindexed(dialect: str, column: Column[T]) -> ColumnElement[T]:
    """Hide a column's indexes from SQLite: without statistics it thinks that reading all hits of a subject is best."""
    if dialect != "sqlite":
        return column
    return literal_column(f"+{column.table.name}.{column.name}", column.type)


def connect(url: str, *, create: bool = True) -> Database:
    """Open the database at an SQLAlchemy URL, creating a SQLite file (0600, in a folder 0700) when there is none.

    StoreError when it cannot be, or when there is no file and `create` is off.
    """
    address = _read_url(url)
    if address.drivername == "sqlite":
        path = Path(address.database or "")
        if not create and not path.is_file():
            raise StoreError(f"There is no database at {path}.", try_="Run `goodname once` or `goodname run` first.")
        _create_file(path)
        return Database(_sqlite_engine(address))
    return Database(_postgres_engine(address))


def _read_url(url: str) -> URL:
    advice = 'Use "sqlite:////absolute/path/goodname.db" or "postgresql+psycopg://user@host/name".'
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError("The database address cannot be read.", try_=advice) from None
    if address.drivername in ("postgresql", "postgres"):
        return address.set(drivername=_POSTGRES_DRIVER)
    if address.drivername == "sqlite" and address.database not in (None, "", ":memory:"):
        return address
    if address.drivername == _POSTGRES_DRIVER:
        return address
    raise StoreError("The database address names no database that is known.", try_=advice)


def _create_file(path: Path) -> None:
    """Make the file before SQLite does, so that it is never readable by others, not even for a moment."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(
            f"The database file {path} cannot be opened.",
            why=why_of(error),
            try_=try_of(error, "Check that the folder exists and belongs to the user who runs this program."),
        ) from error


def _sqlite_engine(address: URL) -> Engine:
    # isolation_level None: the driver begins nothing by itself; the "begin" event below does.
    engine = create_engine(
        address,
        hide_parameters=True,
        pool_size=8,
        max_overflow=24,
        pool_timeout=BUSY_SECONDS,
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(driver: _DriverConnection, _record: object) -> None:
    cursor = driver.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-16000",
        "journal_size_limit=67108864",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later can fail half-way when another one wrote in between; taking
    # the write lock at once cannot.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgres_engine(address: URL) -> Engine:
    try:
        engine = create_engine(
            address,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=8,
            max_overflow=24,
            pool_timeout=BUSY_SECONDS,
            connect_args={"connect_timeout": int(BUSY_SECONDS)},
        )
    except ImportError as error:
        raise StoreError(
            "The driver for PostgreSQL is not installed.",
            why=str(error),
            try_="Run `pip install 'goodname[postgresql]'`.",
        ) from error
    event.listen(engine, "connect", _prepare_postgres)
    return engine


def _prepare_postgres(driver: _DriverConnection, _record: object) -> None:
    cursor = driver.cursor()
    cursor.execute(f"SET lock_timeout = {int(BUSY_SECONDS * 1000)}")
    cursor.execute("SET client_min_messages = warning")
    cursor.close()
    driver.commit()
