"""Turn what the database driver raises into the errors that the jobs know."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from monitor.errors import StoreBusy, StoreError

# SQLite's plain SQLITE_ERROR stands for statements that can never work (no such table, bad syntax).
_SQLITE_HOPELESS = frozenset({"SQLITE_ERROR"})
# PostgreSQL reports a server that only reads (a standby, or one whose disk went read-only) as an internal error.
_PG_READ_ONLY = "25006"


def _is_passing(error: DBAPIError) -> bool:
    """Tell whether the fault lies with the database's surroundings, so that the same call may work later."""
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        name = getattr(error.orig, "sqlite_errorname", "")
        return isinstance(error, OperationalError) and name not in _SQLITE_HOPELESS
    return isinstance(error, OperationalError) or getattr(error.orig, "sqlstate", None) == _PG_READ_ONLY


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else ""


@contextmanager
def translated() -> Iterator[None]:
    """Raise StoreBusy for faults that may pass (locked, full, read-only, unreachable), StoreError for all others.

    The message holds the driver's first line only, never the values of a statement.
    """
    try:
        yield
    except PoolTimeout as error:
        raise StoreBusy(why="every connection is in use") from error
    except DBAPIError as error:
        why = _first_line(error.orig)
        if _is_passing(error):
            raise StoreBusy(
                "The database cannot be used just now; nothing was changed.",
                why=why,
                try_="Check the disk's free space and that nothing else holds the database; it is tried again.",
            ) from error
        raise StoreError(why=why) from error
    except SQLAlchemyError as error:
        raise StoreError(why=_first_line(error)) from error
