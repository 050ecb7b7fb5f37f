"""What several workers write down about themselves, and how late polls begin, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from monitor.domain import Lateness, Poll, PollOutcome, Target, lateness_of
from monitor.ports import Doing, PollEnd, WorkerState
from monitor.store import SqlStore
from monitor.testing.builders import NOW

MINUTE = timedelta(minutes=1)
WORKER = WorkerState(
    name="machine:7",
    kinds=("poll", "capture"),
    started_at=NOW,
    leads=True,
    doing=(Doing(kind="poll", about="forum", for_s=2.5), Doing(kind="recheck", about="", for_s=0.1)),
    done=3,
    failed=1,
)


def test_a_worker_is_known_as_it_last_said(store: SqlStore) -> None:
    store.see_worker(WORKER)
    store.see_worker(replace(WORKER, name="machine:8", leads=False, doing=()))
    store.see_worker(replace(WORKER, done=9))
    first, second = store.workers()
    assert replace(first, unseen_s=0.0) == replace(WORKER, done=9)
    assert (second.name, second.leads, second.doing) == ("machine:8", False, ())
    assert not first.is_missed
    store.forget_worker("machine:7")
    store.forget_worker("machine:7")
    assert [one.name for one in store.workers()] == ["machine:8"]


def pass_over(store: SqlStore, span: timedelta) -> None:
    """Let every sign of life be older; PostgreSQL's own clock cannot be turned."""
    with store._db.writing() as connection:
        connection.execute(text("UPDATE worker SET seen_at = seen_at - :span"), {"span": span // timedelta.resolution})


def test_a_worker_that_is_not_heard_of_is_missed_and_forgotten_after_an_hour(store: SqlStore) -> None:
    store.see_worker(WORKER)
    pass_over(store, 2 * MINUTE)
    (seen,) = store.workers()
    assert seen.is_missed
    assert 120 <= seen.unseen_s < 180
    store.see_worker(replace(WORKER, name="machine:9"))
    assert len(store.workers()) == 2
    pass_over(store, 59 * MINUTE)
    store.see_worker(replace(WORKER, name="machine:9"))
    assert [one.name for one in store.workers()] == ["machine:9"]


def test_lateness_is_of_the_polls_that_were_due_and_ended_since(store: SqlStore) -> None:
    store.sync_targets([Target(source="forum", query_key="*", every=5 * MINUTE)], NOW)

    def end(minute: int, late_s: float | None) -> PollEnd:
        started = NOW + minute * MINUTE
        due = None if late_s is None else started - timedelta(seconds=late_s)
        poll = Poll(
            connector="feed",
            source="forum",
            query_key="*",
            started_at=started,
            finished_at=started + timedelta(seconds=1),
            outcome=PollOutcome.OK,
            due_at=due,
        )
        return PollEnd(poll=poll, next_due_at=started + MINUTE, failures=0)

    assert store.lateness(NOW) == Lateness()
    store.finish_polls([end(0, 500.0), end(20, 1.0), end(21, 2.0), end(22, 9.0), end(23, None)])
    assert store.lateness(NOW + 10 * MINUTE) == Lateness(polls=3, p50_s=2.0, p99_s=9.0)
    assert store.lateness(NOW + 10 * MINUTE, most=1) == Lateness(polls=1, p50_s=9.0, p99_s=9.0)
    assert [poll.due_at is None for poll in store.polls(limit=2)] == [True, False]


@pytest.mark.parametrize(
    ("waits", "wanted"),
    [
        ([], Lateness()),
        ([3.0], Lateness(polls=1, p50_s=3.0, p99_s=3.0)),
        ([float(one) for one in range(1, 101)], Lateness(polls=100, p50_s=50.0, p99_s=99.0)),
        ([0.0] * 99 + [60.0], Lateness(polls=100, p50_s=0.0, p99_s=0.0)),
    ],
)
def test_quantiles(waits: list[float], wanted: Lateness) -> None:
    assert lateness_of(waits[::-1]) == wanted
