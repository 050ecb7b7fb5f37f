"""A copied database holds the same rows, whichever engine it came from and goes to."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from monitor.errors import StoreError
from monitor.ports import HitFilter
from monitor.store import copy_in, copy_out, has_rows, open_store
from monitor.store.engine import connect
from monitor.store.schema import metadata
from monitor.testing.builders import make_statement, make_subject


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    database = connect(url)
    try:
        with database.reading() as connection:
            return {
                table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
                for table in metadata.sorted_tables
            }
    finally:
        database.close()


@pytest.fixture
def filled(store, shelf):
    subject = make_subject()
    store.save_subject(subject)
    store.save_statement(make_statement(subject_id=subject.id))
    mention = shelf.post(title="Zwölf Ämter \U0001f41d", text="a 'quoted' \\ text")
    store.enqueue(shelf.alert())
    store.request_capture(shelf.request(mention), mention.first_seen_at)
    store.save_decisions([shelf.decision(mention)])
    store.finish_capture(shelf.capture(mention))
    store.set_setting("digest.last_end", "2026-01-05T08:00:00+00:00")
    store.finish_poll(shelf.poll(), next_due_at=mention.first_seen_at, failures=0)
    return store


def test_a_copy_holds_every_row(filled, store_url, tmp_path):
    engine = copy_out(store_url, tmp_path / "copy.db")
    assert engine == ("sqlite" if store_url.startswith("sqlite") else "postgresql")
    copied = rows(f"sqlite:///{tmp_path / 'copy.db'}")
    assert copied == rows(store_url)
    assert sum(len(found) for found in copied.values()) > 8
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db"]
    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0


def test_a_copy_can_be_searched_and_written(filled, store_url, tmp_path, clock):
    copy_out(store_url, tmp_path / "copy.db")
    copy = open_store(f"sqlite:///{tmp_path / 'copy.db'}", clock=clock)
    assert copy.check()["integrity"] == "ok"
    assert copy.hits(HitFilter(text="quoted")) == filled.hits(HitFilter(text="quoted"))
    copy.close()


def test_a_copy_goes_into_an_empty_postgresql(
    filled, store_url, new_postgres, postgres_server, tmp_path, clock, shelf_of
):
    target = postgres_server.url(new_postgres)
    copy_out(store_url, tmp_path / "copy.db")
    copy_in(tmp_path / "copy.db", target, replace=False)
    assert rows(target) == rows(store_url)
    assert has_rows(target)
    restored = open_store(target, clock=clock)
    known = {row[0] for row in rows(target)["mention"]}
    new = shelf_of(restored).post("another")
    assert new.id > max(known), "new rows are numbered after the copied ones"
    restored.close()
    with pytest.raises(StoreError, match="not empty"):
        copy_in(tmp_path / "copy.db", target, replace=False)
    copy_in(tmp_path / "copy.db", target, replace=True)
    assert rows(target) == rows(store_url)


def test_no_database_is_a_fault_and_makes_none(tmp_path: Path):
    with pytest.raises(StoreError, match="no database"):
        copy_out(f"sqlite:///{tmp_path / 'absent.db'}", tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_is_not_copied_in_silence(sqlite_store, sqlite_path, tmp_path):
    sqlite_store.save_subject(make_subject())
    copy_out(f"sqlite:///{sqlite_path}", tmp_path / "good.db")
    body = bytearray((tmp_path / "good.db").read_bytes())
    body[8192:40_000] = b"\xff" * (40_000 - 8192)
    (tmp_path / "bad.db").write_bytes(body)
    with pytest.raises(StoreError):
        copy_out(f"sqlite:///{tmp_path / 'bad.db'}", tmp_path / "copy.db")
