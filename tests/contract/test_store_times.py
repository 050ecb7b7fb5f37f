"""What a clock that ran ahead wrote holds nothing up once the clock is right."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.domain import AlertStatus, Delivery, DeliveryOutcome, HealthState, PollOutcome, Target
from monitor.ports import PollEnd
from monitor.testing.builders import NOW, make_mention

HOUR = timedelta(hours=1)
TARGET = Target(source="town-forum", query_key="*", every=HOUR / 4)


@pytest.mark.parametrize("ahead", [HOUR, timedelta(days=3652)])
def test_a_target_polled_in_the_future_is_due_now(store, shelf, ahead):
    store.sync_targets([TARGET], NOW)
    store.finish_poll(shelf.poll(at=NOW + ahead), next_due_at=NOW + ahead + TARGET.every, failures=0)
    assert store.lease_targets(NOW, limit=9, lease_for=HOUR) == ()
    assert store.mend_times(NOW) == 1
    assert [one.source for one in store.lease_targets(NOW, limit=9, lease_for=HOUR)] == ["town-forum"]
    (health,) = store.health()
    assert health.last_good_at == NOW


def test_leases_taken_in_the_future_are_given_back(store, shelf):
    store.sync_targets([TARGET], NOW)
    store.enqueue(shelf.alert())
    store.request_capture(shelf.request(shelf.post()), NOW)
    later = NOW + timedelta(days=400)
    assert store.lease_targets(later, limit=9, lease_for=HOUR)
    assert store.lease_alerts(later, limit=9, lease_for=HOUR)
    assert store.lease_captures(later, limit=9, lease_for=HOUR)
    assert store.mend_times(NOW) == 3
    assert store.lease_targets(NOW, limit=9, lease_for=HOUR)
    assert store.lease_alerts(NOW, limit=9, lease_for=HOUR)
    assert store.lease_captures(NOW, limit=9, lease_for=HOUR)


def test_alerts_tried_in_the_future_are_tried_again_and_waiting_ones_wait(store, shelf):
    later = NOW + timedelta(days=400)
    for key in ("tried", "waiting", "fresh"):
        store.enqueue(shelf.alert(key, created_at=later if key == "fresh" else NOW, next_attempt_at=NOW + 2 * HOUR))
    tried = next(alert for alert in store.alerts() if alert.dedupe_key == "tried")
    store.save_delivery(
        Delivery(
            alert_id=tried.id, channel="mail", attempt=1, outcome=DeliveryOutcome.FAILED, delivered_at=later, error="x"
        )
    )
    store.settle_alert(tried.id, AlertStatus.PENDING, next_attempt_at=later + HOUR)
    assert store.mend_times(NOW) == 2
    assert {alert.dedupe_key for alert in store.lease_alerts(NOW, limit=9, lease_for=HOUR)} == {"tried", "fresh"}


def test_a_right_clock_mends_nothing(store, shelf):
    store.sync_targets([TARGET], NOW)
    store.finish_poll(shelf.poll(at=NOW), next_due_at=NOW + HOUR, failures=0)
    store.enqueue(shelf.alert(next_attempt_at=NOW + 30 * 24 * HOUR))
    store.lease_targets(NOW, limit=9, lease_for=HOUR / 4, ignore_due=True)
    assert store.mend_times(NOW) == 0


def test_a_source_that_used_to_bring_something_is_quiet(store, shelf, clock):
    store.sync_targets([TARGET], NOW)
    for number in range(6):
        store.save_page(shelf.page(make_mention(external_id=f"p{number}")))
        clock.advance(timedelta(hours=20))
    last = clock.now() - timedelta(hours=20)
    store.finish_poll(shelf.poll(PollOutcome.UNCHANGED, at=clock.now()), next_due_at=NOW, failures=0)
    assert store.health()[0].state is HealthState.OK
    clock.advance(timedelta(days=9))
    store.save_page(shelf.page(make_mention(external_id="p5")))  # what is known already is nothing new
    store.finish_poll(shelf.poll(at=clock.now()), next_due_at=NOW, failures=0)
    (health,) = store.health()
    assert (health.state, health.quiet_since) == (HealthState.QUIET, last)
    (covered,) = store.coverage(clock.now() - HOUR, clock.now() + HOUR)
    assert covered.state is HealthState.QUIET
    assert covered.was_checked
    assert f"{last:%Y-%m-%d}" in covered.why
    store.save_page(shelf.page(make_mention(external_id="new")))
    assert store.health()[0].state is HealthState.OK


@pytest.mark.parametrize(("asked", "kept"), [(HOUR, 2 * HOUR), (40 * HOUR, 24 * HOUR)], ids=["short", "long"])
def test_a_wish_heard_by_a_clock_running_ahead_is_kept_for_a_day_at_most(store, shelf, asked, kept):
    store.sync_targets([TARGET], NOW)
    ahead = NOW + HOUR
    end = PollEnd(
        poll=shelf.poll(PollOutcome.RATE_LIMITED, at=ahead),
        next_due_at=ahead + asked,
        failures=1,
        not_before=ahead + asked,
    )
    store.finish_polls([end])
    assert store.mend_times(NOW) == 1
    assert store.lease_targets(NOW + kept - HOUR / 60, limit=9, lease_for=HOUR, ignore_due=True) == ()
    assert store.mend_times(NOW) == 0
    assert [one.source for one in store.lease_targets(NOW + kept, limit=9, lease_for=HOUR)] == ["town-forum"]


def test_a_wish_further_ahead_than_any_source_may_wish_is_cut(store, shelf):
    store.sync_targets([TARGET], NOW)
    far = NOW + timedelta(days=3652)
    store.finish_polls(
        [PollEnd(poll=shelf.poll(PollOutcome.RATE_LIMITED, at=NOW), next_due_at=far, failures=1, not_before=far)]
    )
    assert store.mend_times(NOW) == 1
    assert store.lease_targets(NOW + 23 * HOUR, limit=9, lease_for=HOUR) == ()
    assert store.lease_targets(NOW + 24 * HOUR, limit=9, lease_for=HOUR)
