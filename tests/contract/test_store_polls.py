"""Every store leases due targets, records polls and sums up sources alike."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

import pytest

from monitor.domain import Coverage, HealthState, PollOutcome, SourceHealth, Target
from monitor.ports import PollEnd
from monitor.store import SqlStore
from monitor.testing.builders import NOW, make_mention

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def target(source: str = "town-forum", key: str = "*", every: timedelta = HOUR, **fields) -> Target:
    return Target(source=source, query_key=key, every=every, **fields)


def lease(store: SqlStore, now: datetime, limit: int = 10, **fields) -> list[tuple[str, str]]:
    leased = store.lease_targets(now, limit=limit, lease_for=MINUTE, **fields)
    return [(one.source, one.query_key) for one in leased]


def test_a_new_target_is_due_now(store: SqlStore):
    store.sync_targets([target(terms=("FIRST LAST", "@f"), key="q")], NOW)
    (leased,) = store.lease_targets(NOW, limit=5, lease_for=MINUTE)
    assert leased == target(terms=("FIRST LAST", "@f"), key="q", next_due_at=NOW, lease_until=NOW + MINUTE, cursor="")


def test_a_leased_target_is_nobody_elses_until_the_lease_ends(store: SqlStore):
    store.sync_targets([target()], NOW)
    assert lease(store, NOW) == [("town-forum", "*")]
    assert lease(store, NOW + timedelta(seconds=59)) == []
    assert lease(store, NOW, ignore_due=True) == []
    assert lease(store, NOW + MINUTE) == [("town-forum", "*")]


def test_finishing_gives_the_lease_back_and_sets_the_next_time(store: SqlStore, shelf):
    store.sync_targets([target()], NOW)
    lease(store, NOW)
    store.finish_poll(shelf.poll(PollOutcome.UNAVAILABLE), next_due_at=NOW + MINUTE, failures=3)
    assert lease(store, NOW + timedelta(seconds=59)) == []
    (leased,) = store.lease_targets(NOW + MINUTE, limit=5, lease_for=MINUTE)
    assert leased.failures == 3
    assert leased.next_due_at == NOW + MINUTE


def test_short_positions_come_with_the_lease_and_long_ones_are_asked_for(store: SqlStore, shelf):
    store.sync_targets([target("long"), target("short")], NOW)
    for source, cursor in (("long", "x" * 5_000), ("short", '{"n": 1}')):
        store.save_page(shelf.page(source=source, query_key="*", cursor=cursor))
    leased = {one.source: one.cursor for one in store.lease_targets(NOW, limit=5, lease_for=MINUTE)}
    assert leased == {"long": None, "short": '{"n": 1}'}
    assert store.cursor("long", "*") == "x" * 5_000


def test_polls_that_end_together_are_kept_together(store: SqlStore, shelf):
    store.sync_targets([target(f"s{n}") for n in range(30)], NOW)
    store.finish_polls([])
    ends = [
        PollEnd(
            poll=shelf.poll(PollOutcome.UNAVAILABLE if n % 3 else PollOutcome.OK, source=f"s{n}"),
            next_due_at=NOW + n * MINUTE,
            failures=n % 3,
            alerts=(shelf.alert(f"failing:{n}"),),
        )
        for n in range(30)
    ]
    store.finish_polls(ends)
    assert len(store.polls()) == 30
    assert len(store.alerts()) == 30
    health = {one.source: one for one in store.health()}
    assert [health[f"s{n}"].failures for n in range(6)] == [0, 1, 2, 0, 1, 2]
    assert [health[f"s{n}"].last_good_at is not None for n in range(3)] == [True, False, False]
    assert health["s7"].next_due_at == NOW + 7 * MINUTE
    store.finish_polls([PollEnd(poll=shelf.poll(PollOutcome.AUTH, source="s0"), next_due_at=NOW, failures=1)])
    assert store.health()[0].last_good_at is not None, "a bad poll does not unmake the last good one"


def test_a_due_table_that_is_in_line_is_only_read(sqlite_store: SqlStore, sqlite_path):
    wanted = [target("a"), target("b", terms=("FIRST LAST",))]
    sqlite_store.sync_targets(wanted, NOW)
    with sqlite3.connect(sqlite_path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")  # a writer that never ends would hold up every other one
        sqlite_store.sync_targets(wanted, NOW + HOUR)
        other.execute("ROLLBACK")


def test_ignore_due_leases_what_nobody_holds(store: SqlStore, shelf):
    store.sync_targets([target("a"), target("b")], NOW)
    store.finish_poll(shelf.poll(source="a"), next_due_at=NOW + HOUR, failures=0)
    assert lease(store, NOW) == [("b", "*")]
    assert lease(store, NOW, ignore_due=True) == [("a", "*")]


@pytest.fixture
def asked_to_wait(store: SqlStore, shelf) -> SqlStore:
    """Give a store whose one source asked for half an hour more than its interval, and is polled each hour."""
    store.sync_targets([target()], NOW)
    store.finish_polls([refusal(shelf, next_due_at=NOW + 3 * HOUR / 2, not_before=NOW + 3 * HOUR / 2)])
    return store


def refusal(shelf, **fields) -> PollEnd:
    return PollEnd(poll=shelf.poll(PollOutcome.RATE_LIMITED), failures=1, **fields)


CHANGES = {
    "nothing": (),
    "a shorter interval": [[target(every=MINUTE)]],
    "away and back": [[], [target()]],
    "away and back with a shorter interval": [[], [target(every=MINUTE)]],
    "other names": [[target(terms=("FIRST LAST",))]],
}


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_nothing_makes_a_target_due_before_its_source_asked(asked_to_wait, change, force):
    for wanted in CHANGES[change]:
        asked_to_wait.sync_targets(wanted, NOW + MINUTE)
    welcome_at = NOW + 3 * HOUR / 2
    assert asked_to_wait.health()[0].not_before == welcome_at
    assert asked_to_wait.health()[0].next_due_at == welcome_at
    assert lease(asked_to_wait, welcome_at - timedelta(microseconds=1), ignore_due=force) == []
    assert lease(asked_to_wait, welcome_at, ignore_due=force) == [("town-forum", "*")]


def test_a_wish_is_over_with_the_next_poll(asked_to_wait, shelf):
    asked_to_wait.finish_poll(shelf.poll(at=NOW + 2 * HOUR), next_due_at=NOW + 3 * HOUR, failures=0)
    assert asked_to_wait.health()[0].not_before is None
    assert lease(asked_to_wait, NOW + 2 * HOUR, ignore_due=True) == [("town-forum", "*")]


def test_a_due_time_before_the_wish_becomes_the_wish(store: SqlStore, shelf):
    store.sync_targets([target()], NOW)
    store.finish_polls([refusal(shelf, next_due_at=NOW, not_before=NOW + HOUR)])
    assert store.health()[0].next_due_at == NOW + HOUR


def test_a_target_that_failed_is_half_open_once_it_is_due(store: SqlStore, shelf):
    store.sync_targets([target()], NOW)
    store.finish_poll(shelf.poll(PollOutcome.UNAVAILABLE), next_due_at=NOW + HOUR, failures=4)
    (failing,) = store.health()
    moments = (NOW, NOW + HOUR - MINUTE, NOW + HOUR, NOW + 2 * HOUR)
    assert [failing.breaker(at) for at in moments] == ["open", "open", "half-open", "half-open"]
    assert lease(store, NOW + HOUR) == [("town-forum", "*")], "one poll decides"
    store.finish_poll(shelf.poll(at=NOW + HOUR), next_due_at=NOW + HOUR, failures=0)
    assert store.health()[0].breaker(NOW + 2 * HOUR) == "closed"


def test_the_longest_due_comes_first_and_the_limit_holds(store: SqlStore, shelf):
    store.sync_targets([target("a"), target("b"), target("c")], NOW)
    for source, minutes in (("a", 3), ("b", 1), ("c", 2)):
        store.finish_poll(shelf.poll(source=source), next_due_at=NOW + minutes * MINUTE, failures=0)
    assert lease(store, NOW + HOUR, limit=2) == [("b", "*"), ("c", "*")]


def test_sync_keeps_due_time_failures_and_lease(store: SqlStore, shelf):
    store.sync_targets([target()], NOW)
    store.finish_poll(shelf.poll(PollOutcome.UNAVAILABLE), next_due_at=NOW + MINUTE, failures=2)
    store.sync_targets([target(terms=("new",))], NOW + timedelta(seconds=1))
    assert lease(store, NOW + timedelta(seconds=2)) == []
    (leased,) = store.lease_targets(NOW + MINUTE, limit=5, lease_for=MINUTE)
    assert leased == target(
        terms=("new",), next_due_at=NOW + MINUTE, failures=2, lease_until=NOW + 2 * MINUTE, cursor=""
    )


@pytest.mark.parametrize(
    ("every", "due"), [(5 * MINUTE, 5 * MINUTE), (2 * HOUR, HOUR), (HOUR, HOUR)], ids=["shorter", "longer", "same"]
)
def test_a_shorter_interval_brings_the_target_forward(store: SqlStore, shelf, every, due):
    store.sync_targets([target()], NOW)
    store.finish_poll(shelf.poll(), next_due_at=NOW + HOUR, failures=0)
    store.sync_targets([target(every=every)], NOW)
    assert lease(store, NOW + due - MINUTE) == []
    assert lease(store, NOW + due) == [("town-forum", "*")]


def test_a_target_that_left_is_never_due_and_keeps_its_cursor(store: SqlStore, shelf):
    store.sync_targets([target(), target("other")], NOW)
    store.save_page(shelf.page(cursor='{"etag":"x"}'))
    store.sync_targets([target("other")], NOW)
    assert lease(store, NOW + HOUR, ignore_due=True) == [("other", "*")]
    assert [one.source for one in store.health()] == ["other"]
    assert store.cursor("town-forum", "*") == '{"etag":"x"}'
    store.sync_targets([target()], NOW + HOUR)
    assert lease(store, NOW + HOUR) == [("town-forum", "*")]


def test_many_targets(store: SqlStore):
    many = [target(f"s{n % 7}", f"q{n}") for n in range(1_500)]
    store.sync_targets(many, NOW)
    store.sync_targets(many[:100], NOW)
    assert len(store.lease_targets(NOW, limit=2_000, lease_for=MINUTE)) == 100


def test_cursor_of_nobody_is_empty(store: SqlStore):
    assert store.cursor("nobody", "*") == ""


def test_polls_come_back_newest_first(store: SqlStore, shelf):
    store.sync_targets([target()], NOW)
    for minutes in (1, 3, 2):
        at = NOW + minutes * MINUTE
        store.finish_poll(shelf.poll(at=at, error="e"), next_due_at=at, failures=0)
    store.finish_poll(shelf.poll(source="removed", at=NOW), next_due_at=NOW, failures=0)
    found = store.polls()
    assert [one.finished_at - NOW for one in found] == [3 * MINUTE, 2 * MINUTE, MINUTE, timedelta(0)]
    assert found[0] == shelf.poll(at=NOW + 3 * MINUTE, error="e")
    assert len(store.polls(limit=2)) == 2
    assert len(store.polls(source="removed")) == 1
    assert len(store.polls(since=NOW + 2 * MINUTE)) == 2


def test_finish_poll_puts_alerts_into_the_outbox_once(store: SqlStore, shelf):
    for _ in range(2):
        store.finish_poll(shelf.poll(), next_due_at=NOW, failures=0, alerts=[shelf.alert("failing:town-forum")])
    assert [one.dedupe_key for one in store.alerts()] == ["failing:town-forum"]


def test_health_of_a_source_that_was_never_polled(store: SqlStore):
    store.sync_targets([target()], NOW)
    assert store.health() == (
        SourceHealth(
            source="town-forum",
            state=HealthState.UNCHECKED,
            last_good_at=None,
            next_due_at=NOW,
            failures=0,
            last_error="",
            items=0,
            every=HOUR,
        ),
    )


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (PollOutcome.OK, HealthState.OK),
        (PollOutcome.UNCHANGED, HealthState.OK),
        (PollOutcome.RATE_LIMITED, HealthState.DEGRADED),
        (PollOutcome.UNAVAILABLE, HealthState.DEGRADED),
        (PollOutcome.AUTH, HealthState.AUTH),
        (PollOutcome.FORBIDDEN, HealthState.BLOCKED),
        (PollOutcome.CHANGED, HealthState.CHANGED),
        (PollOutcome.BROKEN, HealthState.CHANGED),
        (PollOutcome.BUDGET, HealthState.BUDGET),
    ],
)
def test_health_follows_the_newest_poll(store: SqlStore, shelf, outcome, state):
    store.sync_targets([target()], NOW)
    store.finish_poll(shelf.poll(at=NOW - HOUR), next_due_at=NOW, failures=0)
    store.finish_poll(shelf.poll(outcome, error="why"), next_due_at=NOW + HOUR, failures=4)
    (health,) = store.health()
    good = state is HealthState.OK
    assert health.state is state
    assert health.last_good_at == (NOW if good else NOW - HOUR)
    assert (health.failures, health.last_error, health.next_due_at) == (4, "why", NOW + HOUR)


def test_the_worst_target_speaks_for_its_source(store: SqlStore, shelf):
    store.sync_targets([target(key="a", every=2 * HOUR), target(key="b"), target(key="c")], NOW)
    store.finish_poll(shelf.poll(query_key="a", at=NOW + MINUTE), next_due_at=NOW + 9 * HOUR, failures=0)
    store.finish_poll(
        shelf.poll(PollOutcome.AUTH, query_key="b", error="the key is refused"), next_due_at=NOW + HOUR, failures=5
    )
    store.finish_poll(
        shelf.poll(PollOutcome.UNAVAILABLE, query_key="c", at=NOW + HOUR, error="slow"), next_due_at=NOW, failures=1
    )
    (health,) = store.health()
    assert (health.state, health.last_error) == (HealthState.AUTH, "the key is refused")
    assert (health.failures, health.every) == (5, HOUR)
    assert (health.next_due_at, health.last_good_at) == (NOW, NOW + MINUTE)


def test_health_counts_mentions_over_all_queries(store: SqlStore, shelf):
    store.sync_targets([target(key="a"), target(key="b")], NOW)
    store.save_page(shelf.page(make_mention(external_id="1"), make_mention(external_id="2"), query_key="a"))
    store.save_page(shelf.page(make_mention(external_id="2"), make_mention(external_id="3"), query_key="b"))
    store.save_page(shelf.page(make_mention(external_id="3", text="edited"), query_key="b"))
    assert store.health()[0].items == 3


def cover(store: SqlStore) -> dict[str, Coverage]:
    covered = store.coverage(NOW, NOW + 24 * HOUR)
    assert [one.source for one in covered] == sorted(one.source for one in covered)
    return {one.source: one for one in covered}


def test_coverage_says_what_was_looked_at(store: SqlStore, shelf):
    store.sync_targets([target("good"), target("mixed"), target("down")], NOW)
    polls = [
        ("good", PollOutcome.OK, 1),
        ("good", PollOutcome.UNCHANGED, 2),
        ("mixed", PollOutcome.UNAVAILABLE, 1),
        ("mixed", PollOutcome.OK, 2),
        ("down", PollOutcome.OK, -1),
        ("down", PollOutcome.AUTH, 1),
        ("down", PollOutcome.AUTH, 2),
        ("good", PollOutcome.OK, 24),
    ]
    for source, outcome, hours in polls:
        poll = shelf.poll(outcome, source=source, at=NOW + hours * HOUR, error="the key is refused")
        store.finish_poll(poll, next_due_at=NOW, failures=0)
    covered = cover(store)
    assert covered["good"] == Coverage(
        source="good", state=HealthState.OK, checks=2, failures=0, last_good_at=NOW + 2 * HOUR, why=""
    )
    assert covered["mixed"] == Coverage(
        source="mixed",
        state=HealthState.OK,
        checks=2,
        failures=1,
        last_good_at=NOW + 2 * HOUR,
        why="1 of 2 checks failed; the last error: the key is refused",
    )
    assert covered["down"] == Coverage(
        source="down",
        state=HealthState.AUTH,
        checks=2,
        failures=2,
        last_good_at=NOW - HOUR,
        why="no check succeeded; the last error: the key is refused",
    )
    assert not covered["down"].was_checked


def test_coverage_says_why_a_source_was_not_looked_at(store: SqlStore, shelf):
    store.sync_targets([target("late"), target("future"), target("failing")], NOW)
    store.finish_poll(shelf.poll(source="future", at=NOW - HOUR), next_due_at=NOW + 90 * HOUR, failures=0)
    broken = shelf.poll(PollOutcome.CHANGED, source="failing", at=NOW - HOUR)
    store.finish_poll(broken, next_due_at=NOW + 90 * HOUR, failures=1)
    covered = cover(store)
    assert {one.state for one in covered.values()} == {HealthState.UNCHECKED}
    assert covered["late"].why == "it was due and was not checked in this period"
    assert covered["future"].why == "it was not due yet"
    assert covered["future"].last_good_at == NOW - HOUR
    assert covered["failing"].why.endswith("the last error: it answers in a form that is not understood")


def test_coverage_knows_sources_that_are_no_longer_watched(store: SqlStore, shelf):
    store.finish_poll(shelf.poll(PollOutcome.UNAVAILABLE, source="old", at=NOW), next_due_at=NOW, failures=0)
    store.finish_poll(shelf.poll(source="old", at=NOW + HOUR), next_due_at=NOW, failures=0)
    assert cover(store)["old"].checks == 2
    assert cover(store)["old"].state is HealthState.DEGRADED
    assert store.coverage(NOW + 2 * HOUR, NOW + 3 * HOUR) == ()


def test_a_lease_is_given_back_by_whoever_holds_it_alone(store: SqlStore):
    store.sync_targets([target("a"), target("b")], NOW)
    held = store.lease_targets(NOW, limit=2, lease_for=HOUR)
    store.release_targets(held[:1])
    (again,) = store.lease_targets(NOW, limit=2, lease_for=2 * HOUR)
    assert again.source == held[0].source
    store.release_targets(held)  # the first is somebody else's by now
    assert [one.source for one in store.lease_targets(NOW, limit=2, lease_for=HOUR)] == [held[1].source]
    store.release_targets([])
