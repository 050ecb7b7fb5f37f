"""What a planner asks of the store, and hosts' patience shared by several machines, on both engines."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import pairwise

import pytest

from monitor.bootstrap.ledger import StoreTurns
from monitor.domain import Target
from monitor.errors import RateLimited
from monitor.http.rates import HostRates
from monitor.ports import PollEnd
from monitor.store import SqlStore, open_store
from monitor.testing.builders import NOW

MINUTE = timedelta(minutes=1)


def leased(store: SqlStore, name: str = "forum") -> Target:
    store.sync_targets([Target(source=name, query_key="*", every=5 * MINUTE, terms=("FIRST LAST",))], NOW)
    (target,) = store.lease_targets(NOW, limit=1, lease_for=15 * MINUTE)
    return target


class TestLeasedTarget:
    def test_a_leased_target_is_given_as_it_was_leased(self, store):
        target = leased(store)
        given = store.leased_target("forum", "*", target.lease_until)

        assert given is not None
        assert (given.source, given.terms, given.every, given.lease_until) == (
            "forum",
            ("FIRST LAST",),
            5 * MINUTE,
            target.lease_until,
        )

    def test_after_its_poll_a_second_run_of_the_same_job_finds_nothing(self, store, shelf):
        target = leased(store)
        poll = shelf.poll(source="forum")
        store.finish_polls([PollEnd(poll=poll, next_due_at=NOW + 5 * MINUTE, failures=0)])

        assert store.leased_target("forum", "*", target.lease_until) is None

    def test_an_older_job_does_what_a_newer_lease_asks_for(self, store):
        first = leased(store)
        (second,) = store.lease_targets(NOW + 20 * MINUTE, limit=1, lease_for=15 * MINUTE)

        assert second.lease_until > first.lease_until
        assert store.leased_target("forum", "*", first.lease_until) is not None

    def test_a_job_from_before_a_crash_whose_lease_was_never_given_is_none(self, store):
        leased(store)

        assert store.leased_target("forum", "*", NOW + timedelta(days=1)) is None
        assert store.leased_target("elsewhere", "*", NOW) is None


class TestWaiting:
    def test_an_empty_store_waits_for_nothing(self, store):
        waiting = store.waiting(NOW, most=10)

        assert (waiting.has_unassessed, waiting.captures, waiting.alerts, waiting.has_rechecks) == (False, (), 0, False)
        assert waiting.oldest_due_at is None

    def test_it_names_what_is_due_and_takes_nothing(self, store, shelf):
        store.sync_targets([Target(source="forum", query_key="*", every=5 * MINUTE)], NOW)
        mention = shelf.post()
        request = store.request_capture(shelf.request(mention), NOW)
        store.enqueue(shelf.alert())
        for _ in range(2):
            waiting = store.waiting(NOW + MINUTE, most=10)
            assert (waiting.has_unassessed, waiting.captures, waiting.alerts) == (True, (request,), 1)
            assert waiting.oldest_due_at == NOW

    def test_what_is_leased_or_not_yet_due_does_not_wait(self, store, shelf):
        mention = shelf.post()
        store.request_capture(shelf.request(mention), NOW)
        store.enqueue(shelf.alert(next_attempt_at=NOW + MINUTE))
        store.lease_captures(NOW, limit=1, lease_for=5 * MINUTE)

        waiting = store.waiting(NOW, most=10)
        assert (waiting.captures, waiting.alerts) == ((), 0)
        later = store.waiting(NOW + 5 * MINUTE, most=10)
        assert (len(later.captures), later.alerts) == (1, 1)

    def test_one_capture_can_be_leased_by_its_number(self, store, shelf):
        first = store.request_capture(shelf.request(shelf.post("one")), NOW)
        second = store.request_capture(shelf.request(shelf.post("two")), NOW)

        assert [one.id for one in store.lease_captures(NOW, limit=5, lease_for=MINUTE, only=second)] == [second]
        assert store.lease_captures(NOW, limit=5, lease_for=MINUTE, only=second) == ()
        assert [one.id for one in store.lease_captures(NOW, limit=5, lease_for=MINUTE)] == [first]


class TestTurns:
    def test_each_turn_is_an_interval_after_the_last(self, store):
        waits = [store.reserve_turn("forum.example", timedelta(seconds=10))[0] for _ in range(3)]

        assert [round(wait) for wait in waits] == [0, 10, 20]
        assert store.reserve_turn("paper.example", timedelta(seconds=10)) == (0.0, None)

    def test_a_host_that_wants_to_be_left_alone_gives_no_turn_and_forgets_none(self, store, clock):
        until = clock.now() + timedelta(days=10_000)  # the server's clock is not the test's
        store.pause_host("forum.example", until)
        store.pause_host("forum.example", until - MINUTE)

        assert store.reserve_turn("forum.example", timedelta(seconds=10)) == (0.0, until)
        assert store.reserve_turn("forum.example", timedelta(seconds=10)) == (0.0, until)

    def test_many_machines_at_once_never_get_the_same_turn(self, store_url, clock):
        waits: list[float] = []
        begin = threading.Barrier(4)

        def machine() -> None:
            opened = open_store(store_url, clock=clock)
            try:
                begin.wait()
                waits.extend(opened.reserve_turn("forum.example", timedelta(seconds=10))[0] for _ in range(5))
            finally:
                opened.close()

        machines = [threading.Thread(target=machine) for _ in range(4)]
        for one in machines:
            one.start()
        for one in machines:
            one.join()

        waits.sort()
        assert len(waits) == 20
        assert all(later - earlier > 9 for earlier, later in pairwise(waits))


class TestSharedRates:
    async def test_two_machines_share_the_room_between_requests_and_the_pauses(self, store, clock):
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        one, other = (
            HostRates(clock, min_interval=timedelta(seconds=10), per_host=2, sleep=sleep, shared=StoreTurns(store))
            for _ in range(2)
        )
        for rates in (one, other, one):
            async with rates.turn("forum.example"):
                pass
        assert [round(seconds) for seconds in slept] == [10, 20]

        one.pause("forum.example", clock.now() + timedelta(days=10_000))
        await one.tell_pauses()
        with pytest.raises(RateLimited):
            async with other.turn("forum.example"):
                pytest.fail("it was to be left alone")
