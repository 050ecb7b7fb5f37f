"""The database: one store for SQLite and PostgreSQL."""

from monitor.store.copying import copy_in, copy_out, has_rows
from monitor.store.sql_store import SqlStore, open_store

__all__ = ["SqlStore", "copy_in", "copy_out", "has_rows", "open_store"]
