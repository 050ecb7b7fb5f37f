"""The database: one store for SQLite and PostgreSQL."""

from monitor.store.copying import copy_in, copy_out, has_rows
from monitor.store.moving import MovedRows, move_rows
from monitor.store.sql_store import SqlStore, open_store

__all__ = ["MovedRows", "SqlStore", "copy_in", "copy_out", "has_rows", "move_rows", "open_store"]
