"""The store: every part on one database."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select, text, update

from monitor.errors import StoreError
from monitor.ports import Clock
from monitor.store.accounts import AccountRows
from monitor.store.captures import CaptureRows
from monitor.store.cases import CaseRows
from monitor.store.changes import ChangeRows
from monitor.store.crews import CrewRows
from monitor.store.doors import AccessRows, SessionRows
from monitor.store.engine import connect, insert_into
from monitor.store.exhibits import ExhibitReader
from monitor.store.hits import HitRows
from monitor.store.hunts import HuntRows
from monitor.store.judgements import JudgementRows
from monitor.store.mentions import MentionRows
from monitor.store.migrate import bring_up_to_date, current_revision
from monitor.store.outbox import OutboxRows
from monitor.store.outbox_schema import alert
from monitor.store.plans import PlanRows
from monitor.store.polls import PollRows
from monitor.store.recheck_schema import recheck
from monitor.store.rechecks import RecheckRows
from monitor.store.retention import RetentionRows
from monitor.store.review_lists import ReviewRows
from monitor.store.rounds import RoundRows
from monitor.store.schema import capture_request, setting, target
from monitor.store.sources import SourceRows
from monitor.store.subjects import SubjectRows
from monitor.store.turned_clock import TurnedClockRows


class SqlStore(
    SubjectRows,
    PollRows,
    SourceRows,
    MentionRows,
    JudgementRows,
    HuntRows,
    HitRows,
    CaptureRows,
    ChangeRows,
    OutboxRows,
    RoundRows,
    AccountRows,
    SessionRows,
    AccessRows,
    RecheckRows,
    ReviewRows,
    TurnedClockRows,
    CaseRows,
    ExhibitReader,
    PlanRows,
    CrewRows,
    RetentionRows,
):
    """Implement `monitor.ports.Store` on SQLite or PostgreSQL.

    Every call is one transaction and may come from any thread. StoreBusy means that nothing was changed and that the
    same call may work later; any other StoreError, that it will not.
    """

    def setting(self, key: str) -> str:
        """Give a small kept value, or an empty string."""
        with self._db.reading() as connection:
            return connection.execute(select(setting.c.value).where(setting.c.key == key)).scalar() or ""

    def set_setting(self, key: str, value: str) -> None:
        """Keep a small value."""
        with self._db.writing() as connection:
            command = insert_into(connection, setting).values(key=key, value=value)
            connection.execute(
                command.on_conflict_do_update(index_elements=["key"], set_={"value": command.excluded.value})
            )

    def setting_once(self, key: str, value: str) -> str:
        """Keep a small value unless there is one, and give the one that is kept."""
        with self._db.writing() as connection:
            command = insert_into(connection, setting).values(key=key, value=value)
            connection.execute(command.on_conflict_do_nothing(index_elements=["key"]))
            return str(connection.execute(select(setting.c.value).where(setting.c.key == key)).scalar_one())

    def used(self, account: str, period: str) -> int:
        """Give what an account was counted for in a period; see `monitor.contract.Ledger`."""
        return _counted(self.setting(f"{_SPENT}{account}"), period)

    def take(self, account: str, period: str, amount: int, most: int) -> bool:
        """Count more for an account, unless the period's total would pass `most`."""
        with self._db.writing() as connection:
            total = _counted(_locked_setting(connection, f"{_SPENT}{account}"), period) + amount
            if total <= most:
                _change_setting(connection, f"{_SPENT}{account}", f"{period} {total}")
        return total <= most

    def give_back(self, account: str, period: str, amount: int) -> None:
        """Count less for an account, if its period is still the same."""
        with self._db.writing() as connection:
            kept = _locked_setting(connection, f"{_SPENT}{account}")
            if kept.startswith(f"{period} "):
                total = max(0, _counted(kept, period) - amount)
                _change_setting(connection, f"{_SPENT}{account}", f"{period} {total}")

    def release_leases(self) -> None:
        """Make everything that is leased free at once."""
        with self._db.writing() as connection:
            for table in (target, capture_request, recheck, alert):
                held = table.c.lease_until.is_not(None)
                connection.execute(update(table).where(held).values(lease_until=None))

    def check(self) -> Mapping[str, str]:
        """Look at the database; StoreError when it is damaged. Reads the whole of a SQLite file."""
        with self._db.reading() as connection:
            facts = _look_at_sqlite(connection) if self._db.is_sqlite else _look_at_postgres(connection)
            facts["schema"] = current_revision(connection)
        return facts

    def close(self) -> None:
        """Let go of every connection; idempotent. Any later call raises StoreError."""
        self._db.close()


_SPENT = "spent "


def _counted(kept: str, period: str) -> int:
    """Read a kept count, such as "2026-11 1200"; another period counts nothing."""
    of, _, total = kept.rpartition(" ")
    return int(total) if of == period and total.isdecimal() else 0


def _locked_setting(connection: Connection, key: str) -> str:
    """Give a kept value that nobody else changes before this transaction ends."""
    connection.execute(insert_into(connection, setting).values(key=key, value="").on_conflict_do_nothing())
    return connection.execute(select(setting.c.value).where(setting.c.key == key).with_for_update()).scalar() or ""


def _change_setting(connection: Connection, key: str, value: str) -> None:
    connection.execute(update(setting).where(setting.c.key == key).values(value=value))


def open_store(url: str, *, clock: Clock) -> SqlStore:
    """Open a store and bring its schema up to date.

    `url` is "sqlite:////absolute/path/goodname.db" (the file is made, for its owner only, when there is none) or
    "postgresql+psycopg://...". SchemaTooNew when a newer version wrote it, StoreBusy when it cannot be reached.
    """
    database = connect(url)
    try:
        bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return SqlStore(database, clock)


def _ask(connection: Connection, question: str) -> str:
    return str(connection.execute(text(question)).scalar())


def _look_at_sqlite(connection: Connection) -> dict[str, str]:
    integrity = _ask(connection, "PRAGMA quick_check(1)")
    if integrity != "ok":
        raise StoreError("The database file is damaged.", why=integrity, try_="Restore a backup.")
    size = int(_ask(connection, "PRAGMA page_count")) * int(_ask(connection, "PRAGMA page_size"))
    return {
        "engine": "SQLite",
        "version": _ask(connection, "SELECT sqlite_version()"),
        "journal_mode": _ask(connection, "PRAGMA journal_mode"),
        "integrity": integrity,
        "size": str(size),
    }


def _look_at_postgres(connection: Connection) -> dict[str, str]:
    return {
        "engine": "PostgreSQL",
        "version": _ask(connection, "SHOW server_version"),
        "journal_mode": "wal, synchronous_commit " + _ask(connection, "SHOW synchronous_commit"),
        "integrity": "left to the server (pg_amcheck)",
        "size": _ask(connection, "SELECT pg_database_size(current_database())"),
    }
