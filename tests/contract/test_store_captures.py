"""Every store keeps capture requests, captures and observations alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.domain import CaptureOutcome, LiveState, Observation
from monitor.errors import StoreError
from monitor.store import SqlStore
from monitor.testing.builders import NOW, make_mention

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def lease(store: SqlStore, now=NOW, limit: int = 10):
    return store.lease_captures(now, limit=limit, lease_for=MINUTE)


def test_every_field_of_a_request_comes_back_with_its_raw_bytes(store: SqlStore, shelf):
    raw = shelf.raw(b"<p>as it was</p>", "ab" * 32)
    (kept,) = shelf.keep(make_mention(raw_sha256="ab" * 32), raw=(raw,))
    request = shelf.request(
        kept,
        subject_id="subject-1",
        quotes=("stole money", "钱"),
        anchor="#post-1",
        images=("https://forum.example/1.png",),
        facts={"source": "town-forum", "n": "1"},
    )
    request_id = store.request_capture(request, NOW)
    (leased,) = lease(store)
    assert leased == replace(request, id=request_id, raw=raw.body, raw_media_type="text/html", attempts=1)


def test_a_request_has_the_bytes_of_its_own_revision(store: SqlStore, shelf):
    for number, text in enumerate(("one", "two")):
        raw = shelf.raw(text.encode(), f"{number}" * 64)
        (kept,) = shelf.keep(make_mention(text=text, raw_sha256=raw.sha256), raw=(raw,))
        store.request_capture(shelf.request(kept), NOW)
    assert [one.raw for one in lease(store)] == [b"one", b"two"]


def test_a_request_without_raw_bytes(store: SqlStore, shelf):
    store.request_capture(shelf.request(shelf.post()), NOW)
    (leased,) = lease(store)
    assert (leased.raw, leased.raw_media_type) == (b"", "")


def test_an_open_request_is_not_asked_for_twice(store: SqlStore, shelf):
    kept = shelf.post()
    first = store.request_capture(shelf.request(kept), NOW)
    assert store.request_capture(shelf.request(kept), NOW + HOUR) == first
    edited = shelf.post(text="edited")
    assert store.request_capture(shelf.request(edited), NOW) != first
    store.finish_capture(shelf.capture(kept, request_id=first))
    assert store.request_capture(shelf.request(kept), NOW) != first


def test_a_request_for_nothing_is_refused(store: SqlStore, shelf):
    kept = shelf.post()
    with pytest.raises(StoreError):
        store.request_capture(replace(shelf.request(kept), mention_id=kept.id + 1), NOW)


def test_leases_run_out_and_that_is_no_failure_of_the_page(store: SqlStore, shelf):
    store.request_capture(shelf.request(shelf.post()), NOW)
    assert [one.attempts for one in lease(store)] == [1]
    assert lease(store, NOW + timedelta(seconds=59)) == ()
    assert [one.attempts for one in lease(store, NOW + MINUTE)] == [1]


def test_the_oldest_request_comes_first_and_the_limit_holds(store: SqlStore, shelf):
    for name, minutes in (("a", 3), ("b", 1), ("c", 2)):
        store.request_capture(shelf.request(shelf.post(name, url=f"https://x.example/{name}")), NOW + minutes * MINUTE)
    assert [one.url[-1] for one in lease(store, NOW + HOUR, limit=2)] == ["b", "c"]


def test_a_request_is_tried_again_at_its_time(store: SqlStore, shelf):
    request_id = store.request_capture(shelf.request(shelf.post()), NOW)
    lease(store)
    store.retry_capture(request_id, next_attempt_at=NOW + HOUR, error="timeout")
    assert lease(store, NOW + HOUR - MINUTE) == ()
    assert [one.attempts for one in lease(store, NOW + HOUR)] == [2]


def test_retrying_a_closed_request_opens_nothing(store: SqlStore, shelf):
    kept = shelf.post()
    request_id = store.request_capture(shelf.request(kept), NOW)
    store.finish_capture(shelf.capture(kept, request_id=request_id))
    store.retry_capture(request_id, next_attempt_at=NOW, error="late")
    store.retry_capture(request_id + 9, next_attempt_at=NOW, error="unknown")
    assert lease(store, NOW + HOUR) == ()


def test_every_field_of_a_capture_comes_back(store: SqlStore, shelf):
    kept = shelf.post()
    request_id = store.request_capture(shelf.request(kept), NOW)
    capture = shelf.capture(kept, request_id=request_id)
    store.finish_capture(capture)
    assert store.capture("capture-1") == capture
    assert store.captures(kept.id) == (capture,)
    assert lease(store, NOW + HOUR) == ()


def test_captures_come_back_oldest_first(store: SqlStore, shelf):
    kept = shelf.post()
    later = shelf.capture(kept, "b", captured_at=NOW + HOUR, artifacts=(), outcome=CaptureOutcome.FAILED, failure="x")
    store.finish_capture(later)
    store.finish_capture(shelf.capture(kept, "a"))
    assert [one.id for one in store.captures(kept.id)] == ["a", "b"]
    assert store.capture("b") == later
    assert store.captures(kept.id + 1) == ()
    with pytest.raises(StoreError, match="no such capture"):
        store.capture("unknown")


def test_finishing_twice_is_finishing_once(store: SqlStore, shelf):
    kept = shelf.post()
    request_id = store.request_capture(shelf.request(kept), NOW)
    capture = shelf.capture(kept, request_id=request_id)
    for _ in range(2):
        store.finish_capture(capture, alerts=[shelf.alert("capture:1")])
    assert store.captures(kept.id) == (capture,)
    assert len(store.alerts()) == 1


def test_finishing_again_leaves_a_newer_request_open(store: SqlStore, shelf):
    kept = shelf.post()
    capture = shelf.capture(kept)
    store.request_capture(shelf.request(kept), NOW)
    store.finish_capture(capture)
    asked_again = store.request_capture(shelf.request(kept), NOW)
    store.finish_capture(capture)
    assert [one.id for one in lease(store)] == [asked_again]


def test_a_capture_without_a_request_id_closes_the_open_request(store: SqlStore, shelf):
    kept, other = shelf.post("a"), shelf.post("b")
    store.request_capture(shelf.request(kept), NOW)
    left = store.request_capture(shelf.request(other), NOW)
    store.finish_capture(shelf.capture(kept))
    assert [one.id for one in lease(store)] == [left]


def test_recovered_evidence_of_unknown_requests_and_mentions_is_recorded(store: SqlStore, shelf):
    kept = shelf.post()
    request_id = store.request_capture(shelf.request(kept), NOW)
    stranger = replace(shelf.capture(kept), mention_id=kept.id + 50, request_id=request_id)
    store.finish_capture(stranger)
    assert store.capture("capture-1") == stranger
    assert [one.id for one in lease(store)] == [request_id]


def test_alerts_that_waited_for_evidence_are_due_when_it_is_there(store: SqlStore, shelf):
    kept, other = shelf.post("a"), shelf.post("b")
    later = NOW + HOUR
    waiting = shelf.alert("waits", mention_id=kept.id, next_attempt_at=later)
    for alert in (waiting, shelf.alert("tried", mention_id=kept.id), shelf.alert("other", mention_id=other.id)):
        store.enqueue(replace(alert, next_attempt_at=later if alert.dedupe_key != "tried" else None))
    (tried,) = store.lease_alerts(NOW, limit=9, lease_for=MINUTE)
    store.settle_alert(tried.id, tried.status, next_attempt_at=later)
    store.finish_capture(shelf.capture(kept))
    assert [one.dedupe_key for one in store.lease_alerts(NOW, limit=9, lease_for=MINUTE)] == ["waits"]


def test_observations_come_back_oldest_first(store: SqlStore, shelf):
    kept = shelf.post()
    for minutes, state in ((2, LiveState.EDITED), (1, LiveState.LIVE), (3, LiveState.BOT_WALL)):
        seen = Observation(
            mention_id=kept.id, state=state, signal="s", observed_at=NOW + minutes * MINUTE, capture_id="c"
        )
        store.save_observation(seen)
    found = store.observations(kept.id)
    assert [one.state for one in found] == [LiveState.LIVE, LiveState.EDITED, LiveState.BOT_WALL]
    assert found[2] == seen


def interrupted(store: SqlStore, now=NOW, limit: int = 10) -> list[tuple[int, int]]:
    """Lease, and let the program be killed: the next one frees all leases."""
    found = [(one.id, one.interruptions) for one in lease(store, now, limit)]
    store.release_leases()
    return found


def test_a_lease_is_counted_until_it_has_an_end(store: SqlStore, shelf):
    request_id = store.request_capture(shelf.request(shelf.post()), NOW)
    assert [interrupted(store) for _ in range(3)] == [[(request_id, 0)], [(request_id, 1)], [(request_id, 2)]]
    lease(store)
    store.return_capture(request_id)
    store.return_capture(request_id)  # a second time changes nothing
    assert interrupted(store) == [(request_id, 3)]
    lease(store)
    store.retry_capture(request_id, next_attempt_at=NOW, error="timeout")
    assert interrupted(store) == [(request_id, 0)]


def test_what_was_interrupted_comes_last_and_alone(store: SqlStore, shelf):
    first, second = (store.request_capture(shelf.request(shelf.post(number)), NOW) for number in ("1", "2"))
    assert interrupted(store) == [(first, 0), (second, 0)]
    fresh = store.request_capture(shelf.request(shelf.post("3")), NOW + HOUR)
    later = NOW + 2 * HOUR
    assert [one.id for one in lease(store, later)] == [fresh]
    assert [one.id for one in lease(store, later)] == [first]
    assert [one.id for one in lease(store, later)] == [second]
