"""The database: one store for SQLite and PostgreSQL."""

from monitor.store.sql_store import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
