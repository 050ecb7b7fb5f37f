"""Move every row of an SQLite installation into a PostgreSQL, and prove that they are the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Table, func, select

from monitor.errors import StoreError
from monitor.store.copying import any_rows, copy_rows_of, set_counters, using
from monitor.store.engine import connect
from monitor.store.migrate import bring_up_to_date
from monitor.store.schema import metadata

_LINE = 2**256


@dataclass(frozen=True, kw_only=True, slots=True)
class MovedRows:
    """Say what was moved: rows by table, and whether they had been there already."""

    counts: Mapping[str, int]
    were_there: bool


def move_rows(source: Path, url: str, advance: Callable[[int, int], None]) -> MovedRows:
    """Copy all rows of a database file into the empty PostgreSQL at `url`, in one transaction, and compare them after.

    `source` must not be written meanwhile; a copied file is best. `advance` is told rows done and rows in all. What
    was interrupted left nothing behind; what is already there, row for row, is left as it is. StoreError when other
    rows are there, or when one arrived changed.
    """
    with using(connect(f"sqlite:///{source}", create=False)) as old, using(connect(url)) as new:
        if new.is_sqlite:
            raise StoreError("Rows are moved to a PostgreSQL.", why="the address given is another SQLite file")
        bring_up_to_date(old)
        bring_up_to_date(new)
        with old.reading() as rows, new.writing() as target:
            were_there = any_rows(target)
            if not were_there:
                _copy(rows, target, advance)
            changed = [table.name for table in metadata.sorted_tables if _sum(rows, table) != _sum(target, table)]
            if changed:
                raise StoreError(
                    "The other database holds something else." if were_there else "Rows arrived changed.",
                    why=f"these tables differ: {', '.join(changed)}",
                    try_="Choose an empty database." if were_there else "Nothing was kept; please report it.",
                )
            return MovedRows(counts=_counts(target), were_there=were_there)


def _copy(rows: Connection, target: Connection, advance: Callable[[int, int], None]) -> None:
    total, done = sum(_counts(rows).values()), 0
    for table in metadata.sorted_tables:
        for count in copy_rows_of(table, rows, target):
            done += count
            advance(done, total)
    set_counters(target)


def _counts(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    }


def _sum(connection: Connection, table: Table) -> int:
    """Add up the hashes of a table's rows, which depends on their contents and not on their order."""
    total = 0
    for row in connection.execution_options(yield_per=1_000).execute(select(table)):
        line = json.dumps([_plain(value) for value in row], ensure_ascii=True, sort_keys=True)
        total += int.from_bytes(hashlib.sha256(line.encode()).digest(), "big")
    return total % _LINE


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value if isinstance(value, int | str | None) else repr(value)
