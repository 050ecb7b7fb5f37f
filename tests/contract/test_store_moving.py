"""An SQLite installation moves to a PostgreSQL whole or not at all, and every row is compared."""

from __future__ import annotations

import pytest
from sqlalchemy import NullPool, create_engine

from monitor.domain import Target
from monitor.errors import StoreError
from monitor.store import move_rows, open_store
from monitor.testing.builders import NOW, make_statement, make_subject

pytestmark = pytest.mark.postgres


@pytest.fixture
def filled(sqlite_store, sqlite_path, shelf_of):
    shelf = shelf_of(sqlite_store)
    subject = make_subject()
    sqlite_store.save_subject(subject)
    sqlite_store.save_statement(make_statement(subject_id=subject.id))
    for number in range(30):
        shelf.hit(f"post-{number}", f"Zwölf Ämter \U0001f41d {number}: FIRST LAST stole 'money' \\ here")
    mention = shelf.post("kept")
    sqlite_store.finish_capture(shelf.capture(mention))
    sqlite_store.enqueue(shelf.alert())
    sqlite_store.close()
    return sqlite_path


@pytest.fixture
def there(new_postgres, postgres_server):
    return postgres_server.url(new_postgres)


def heard(told):
    return lambda done, total: told.append((done, total))


def test_every_row_arrives_and_the_store_goes_on_numbering(filled, there, clock, shelf_of):
    told: list[tuple[int, int]] = []
    moved = move_rows(filled, there, heard(told))

    assert not moved.were_there
    assert moved.counts["mention"] == 31
    assert told[-1] == (sum(moved.counts.values()), sum(moved.counts.values()))
    store = open_store(there, clock=clock)
    new = shelf_of(store).post("after the move")
    assert new.id == 32
    store.sync_targets([Target(source="forum", query_key="*", every=NOW - NOW)], NOW)
    store.close()


def test_a_second_run_finds_everything_there(filled, there):
    move_rows(filled, there, heard([]))

    assert move_rows(filled, there, heard([])).were_there


def test_other_rows_are_left_alone(filled, there):
    move_rows(filled, there, heard([]))
    with create_engine(there, poolclass=NullPool).begin() as connection:
        connection.exec_driver_sql("UPDATE mention_revision SET text = 'changed' WHERE mention_id = 1")

    with pytest.raises(StoreError, match="mention_revision") as caught:
        move_rows(filled, there, heard([]))
    assert "something else" in str(caught.value)


def test_an_interruption_leaves_nothing_behind(filled, there, clock):
    def stop(done: int, _total: int) -> None:
        if done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move_rows(filled, there, stop)

    assert not move_rows(filled, there, heard([])).were_there


def test_it_moves_to_no_second_file(filled, tmp_path):
    with pytest.raises(StoreError, match="PostgreSQL"):
        move_rows(filled, f"sqlite:///{tmp_path / 'other.db'}", heard([]))
