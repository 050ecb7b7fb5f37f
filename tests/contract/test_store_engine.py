"""What stores promise of files, locks, full disks, threads and versions."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, create_mock_engine, text

import monitor.store
from monitor.domain import Target
from monitor.errors import SchemaTooNew, StoreBusy, StoreError
from monitor.ports import HitFilter
from monitor.store import SqlStore, engine, open_store
from monitor.store.migrate import REVISIONS
from monitor.store.schema import metadata
from monitor.testing.builders import NOW, make_mention
from monitor.testing.fakes import FakeClock

MINUTE = timedelta(minutes=1)
WORKERS = 8


def path_of(store: SqlStore) -> Path:
    return Path(str(store._db.engine.url.database))


# Both engines


def test_reopening_keeps_everything(store: SqlStore, store_url: str, shelf, clock):
    kept = shelf.hit()
    store.close()
    again = open_store(store_url, clock=clock)
    assert again.mention(kept.id) == kept
    again.close()


def test_closing_is_idempotent_and_final(store: SqlStore):
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.subjects()


def test_check_looks_at_the_database(store: SqlStore):
    facts = store.check()
    assert facts["engine"] in ("SQLite", "PostgreSQL")
    assert facts["schema"] == REVISIONS[-1]
    assert facts["journal_mode"].startswith("wal")
    assert int(facts["size"]) > 0
    assert facts["version"]


def test_the_migrations_build_what_the_queries_expect(store: SqlStore):
    def is_ours(thing, name, kind, _reflected, _compared):
        return not (
            (kind == "table" and (name.startswith("mention_fts") or name == "alembic_version"))
            or (kind == "column" and name == "document")
            or name == "ix_mention_revision_document"
        )

    with store._db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": is_ours, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_partial_indexes_and_cascades_are_the_same_too(tmp_path: Path, sqlite_template: Path):
    """Alembic compares neither on SQLite, so the statements themselves are compared."""

    def statements(url: str) -> dict[str, set[str]]:
        with create_engine(url).connect() as connection:
            rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
            found = {name: {" ".join(part.split()) for part in sql.split(",")} for name, sql in rows}
        connection.engine.dispose()
        return {name: parts for name, parts in found.items() if "mention_fts" not in " ".join(parts)}

    built = create_engine(f"sqlite:///{tmp_path / 'built.db'}")
    metadata.create_all(built)
    built.dispose()
    migrated = statements(f"sqlite:///{sqlite_template}")
    del migrated["alembic_version"]
    assert migrated == statements(f"sqlite:///{tmp_path / 'built.db'}")


def test_a_partial_index_is_partial_on_both_engines():
    def indexes(url: str) -> dict[str, str]:
        told: list[str] = []
        engine = create_mock_engine(url, lambda ddl, *_, **__: told.append(str(ddl.compile(dialect=engine.dialect))))
        metadata.create_all(engine, checkfirst=False)
        parts = [one.partition(" WHERE ") for one in told if one.startswith("CREATE") and "INDEX " in one]
        return {head.split("INDEX ")[1].split()[0]: condition for head, _, condition in parts}

    expected = indexes("sqlite://")
    assert indexes("postgresql+psycopg://") == expected
    assert expected["uq_capture_request_open"] == "is_open"
    assert expected["ix_capture_request_mention_id_revision"] == ""


def test_every_revision_is_known():
    folder = Path(monitor.store.__file__).parent / "migrations"
    script = ScriptDirectory(str(folder))
    assert tuple(one.revision for one in script.walk_revisions())[::-1] == REVISIONS
    assert script.get_heads() == [REVISIONS[-1]]


def test_a_newer_schema_is_refused(store: SqlStore, store_url: str, clock):
    with store._db.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'f999'"))
    with pytest.raises(SchemaTooNew, match="f999"):
        open_store(store_url, clock=clock)


def run_together(work) -> list:
    """Run a piece of work in many threads that start at the same moment."""
    gate = Barrier(WORKERS)

    def one(number: int):
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(one, range(WORKERS)))


def test_many_threads_keep_the_same_pages_once(store: SqlStore, shelf):
    pages = [
        shelf.page(*(make_mention(external_id=f"p{n}-{m}", text=f"{m}") for m in range(10)), cursor=str(n))
        for n in range(6)
    ]
    results = run_together(lambda _: [store.save_page(page) for page in pages])
    assert sum(result.new for some in results for result in some) == 60
    assert sum(result.revised for some in results for result in some) == 0
    assert len(store.unassessed(1_000)) == 60


def test_many_threads_decide_about_the_same_mentions(store: SqlStore, shelf):
    kept = shelf.keep(*(make_mention(external_id=f"p{n}") for n in range(20)))

    def decide(number: int) -> None:
        some = kept if number % 2 else kept[::-1]
        store.save_decisions(
            [
                shelf.decision(
                    one, shelf.judgement(), request=shelf.request(one), alerts=(shelf.alert(f"match:{one.id}"),)
                )
                for one in some
            ]
        )

    run_together(decide)
    assert store.unassessed(1) == ()
    assert len(store.hits(HitFilter())) == 20
    assert len(store.alerts()) == 20
    assert len(store.lease_captures(NOW, limit=99, lease_for=MINUTE)) == 20


def test_many_threads_never_lease_the_same(store: SqlStore, shelf):
    store.sync_targets([Target(source=f"s{n}", query_key="*", every=MINUTE) for n in range(40)], NOW)
    for one in shelf.keep(*(make_mention(external_id=f"p{n}") for n in range(40))):
        store.request_capture(shelf.request(one), NOW)
        store.enqueue(shelf.alert(f"k{one.id}"))

    def lease(_: int) -> list[tuple[str, object]]:
        found: list[tuple[str, object]] = []
        for _ in range(3):
            found += [("t", one.source) for one in store.lease_targets(NOW, limit=3, lease_for=MINUTE)]
            found += [("c", one.id) for one in store.lease_captures(NOW, limit=3, lease_for=MINUTE)]
            found += [("a", one.id) for one in store.lease_alerts(NOW, limit=3, lease_for=MINUTE)]
        return found

    leased = [one for some in run_together(lease) for one in some]
    assert len(leased) == len(set(leased))
    assert len(leased) == 3 * 40


def test_many_processes_may_start_at_once(tmp_path: Path, clock):
    url = f"sqlite:///{tmp_path / 'new' / 'goodname.db'}"
    for store in run_together(lambda _: open_store(url, clock=clock)):
        assert store.check()["schema"] == REVISIONS[-1]
        store.close()


@pytest.mark.postgres
def test_a_new_postgres_database_is_made_ready_once(postgres_server, new_postgres, clock):
    for store in run_together(lambda _: open_store(postgres_server.url(new_postgres), clock=clock)):
        assert store.check()["engine"] == "PostgreSQL"
        store.close()


# SQLite


def test_the_file_is_its_owners_alone(tmp_path: Path, clock):
    path = tmp_path / "private" / "goodname.db"
    old = os.umask(0)
    try:
        store = open_store(f"sqlite:///{path}", clock=clock)
        store.set_setting("k", "v")
        modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert modes == {"goodname.db": 0o600, "goodname.db-wal": 0o600, "goodname.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    store.close()


def test_sqlite_is_set_to_lose_nothing(sqlite_store: SqlStore):
    with sqlite_store._db.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize("size", [0, 10, 200])
def test_a_full_disk_is_told_and_nothing_is_lost(sqlite_store: SqlStore, shelf_of, size: int):
    shelf = shelf_of(sqlite_store)
    kept = shelf.post("before")
    # Each connection has its own limit, so there may be only this one.
    sqlite_store._db.engine.dispose()
    with sqlite_store._db.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + size}")
        connection.rollback()
        page = shelf.page(
            *(make_mention(external_id=f"p{n}", text=f"{n} " * 2_000) for n in range(300)),
            raw=(shelf.raw(os.urandom(10_000), "ab" * 32),),
            cursor="after",
        )
    for _ in range(2):
        with pytest.raises(StoreBusy, match="full"):
            sqlite_store.save_page(page)
        assert sqlite_store.cursor("town-forum", "*") == '{"at":1}'
        assert sqlite_store.find("town-forum", "p0") is None
        assert sqlite_store.unassessed(500) == (kept,)
    with sqlite_store._db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        connection.rollback()
    assert sqlite_store.save_page(page).new == 300
    assert sqlite_store.check()["integrity"] == "ok"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)


def test_a_locked_database_is_told(impatient, sqlite_path: Path, clock, shelf_of):
    store = open_store(f"sqlite:///{sqlite_path}", clock=clock)
    other = sqlite3.connect(sqlite_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    page = shelf_of(store).page(make_mention())
    with pytest.raises(StoreBusy, match="locked"):
        store.save_page(page)
    assert store.subjects() == ()
    other.execute("ROLLBACK")
    other.close()
    assert store.save_page(page).new == 1
    store.close()


def test_a_long_writer_of_the_same_process_is_told(impatient, sqlite_store: SqlStore, shelf_of):
    page = shelf_of(sqlite_store).page(make_mention())
    with ThreadPoolExecutor(1) as pool, sqlite_store._db.writing():
        waiting = pool.submit(sqlite_store.save_page, page)
        with pytest.raises(StoreBusy, match="writing"):
            waiting.result(timeout=30)
    assert sqlite_store.save_page(page).new == 1


def test_a_read_only_database_is_told(sqlite_store: SqlStore, shelf_of):
    shelf = shelf_of(sqlite_store)
    kept = shelf.post()
    with sqlite_store._db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.rollback()
    with pytest.raises(StoreBusy, match="readonly"):
        shelf.post("other")
    assert sqlite_store.mention(kept.id) == kept


def test_a_missing_table_is_not_called_busy(sqlite_store: SqlStore):
    with sqlite_store._db.writing() as connection:
        connection.exec_driver_sql("DROP TABLE setting")
    with pytest.raises(StoreError, match="no such table") as raised:
        sqlite_store.setting("k")
    assert not isinstance(raised.value, StoreBusy)


def test_a_damaged_file_is_told(sqlite_store: SqlStore, shelf_of, clock):
    shelf = shelf_of(sqlite_store)
    shelf.keep(*(make_mention(external_id=f"p{n}", text="word " * 300) for n in range(100)))
    path = path_of(sqlite_store)
    sqlite_store.close()
    pages = path.stat().st_size // 4096
    with path.open("r+b") as file:
        for page in range(pages * 3 // 4, pages):  # where the words are; the schema stands before
            file.seek(page * 4096)
            file.write(b"\xff" * 4096)
    with pytest.raises(StoreError), contextlib.closing(open_store(f"sqlite:///{path}", clock=clock)) as again:
        again.check()


def test_a_file_that_is_no_database_is_told(tmp_path: Path, clock):
    path = tmp_path / "letter.db"
    path.write_text("Dear all, " * 1_000)
    with pytest.raises(StoreError, match="not a database"):
        open_store(f"sqlite:///{path}", clock=clock)
    assert path.read_text().startswith("Dear all")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, clock):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}/file/goodname.db", clock=clock)


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://u:canary@h/d"])
def test_other_addresses_are_refused(url: str, clock):
    with pytest.raises(StoreError) as raised:
        open_store(url, clock=clock)
    assert "canary" not in f"{raised.value} {raised.value.try_}"


def test_deleted_words_leave_the_index(sqlite_store: SqlStore, shelf_of):
    """Deletion comes with housekeeping; the index must be true already."""
    kept = shelf_of(sqlite_store).post(text="unforgettable")
    with sqlite_store._db.writing() as connection:
        connection.execute(text("DELETE FROM mention_revision WHERE mention_id = :id"), {"id": kept.id})
        found = connection.exec_driver_sql(
            "SELECT count(*) FROM mention_fts WHERE mention_fts MATCH 'unforgettable'"
        ).scalar()
        connection.exec_driver_sql("INSERT INTO mention_fts(mention_fts, rank) VALUES ('integrity-check', 1)")
    assert found == 0


def test_an_id_is_never_given_twice(sqlite_store: SqlStore, shelf_of):
    shelf = shelf_of(sqlite_store)
    kept = shelf.post("a")
    with sqlite_store._db.writing() as connection:
        connection.exec_driver_sql("DELETE FROM mention_revision")
        connection.exec_driver_sql("DELETE FROM mention")
    assert shelf.post("b").id > kept.id


# PostgreSQL


@pytest.mark.postgres
def test_a_server_that_went_away_is_told_and_found_again(postgres_server, new_postgres, clock, shelf_of):
    store = open_store(postgres_server.url(new_postgres), clock=clock)
    shelf = shelf_of(store)
    kept = shelf.post("a")

    def lose_the_server() -> None:
        with store._db.writing() as connection:
            postgres_server.execute(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{new_postgres}'"
            )
            connection.execute(text("SELECT 1"))

    with pytest.raises(StoreBusy):
        lose_the_server()
    assert store.mention(kept.id) == kept
    store.close()


@pytest.mark.postgres
def test_a_server_that_only_reads_is_told(postgres_server, new_postgres, clock, shelf_of):
    url = postgres_server.url(new_postgres)
    open_store(url, clock=clock).close()
    postgres_server.execute(f"ALTER DATABASE {new_postgres} SET default_transaction_read_only = on")
    store = open_store(url, clock=clock)
    with pytest.raises(StoreBusy, match="read-only"):
        shelf_of(store).post()
    store.close()


def test_a_server_that_is_not_there_is_told_without_the_password(tmp_path: Path):
    url = f"postgresql+psycopg://user:canary@/goodname?host={tmp_path}"
    pytest.importorskip("psycopg")
    with pytest.raises(StoreBusy) as raised:
        open_store(url, clock=FakeClock())
    assert "canary" not in f"{raised.value} {raised.value.try_}"
