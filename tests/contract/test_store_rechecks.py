"""Every store keeps alike when a kept mention is looked at again."""

from __future__ import annotations

from datetime import timedelta

from monitor.domain import CaptureOutcome
from monitor.ports import Recheck
from monitor.store import SqlStore
from monitor.testing.builders import NOW

HOUR = timedelta(hours=1)


def lease(store: SqlStore, now, limit: int = 10):
    return store.lease_rechecks(now, limit=limit, lease_for=HOUR)


def test_what_was_kept_is_taken_up_once(store: SqlStore, shelf):
    one, two, failed = (shelf.post(name, url=f"https://x.example/{name}") for name in "abc")
    store.finish_capture(shelf.capture(one, "1", captured_at=NOW + HOUR))
    store.finish_capture(shelf.capture(one, "2", captured_at=NOW))
    store.finish_capture(shelf.capture(two, "3"))
    store.finish_capture(shelf.capture(failed, "4", outcome=CaptureOutcome.FAILED))
    assert store.sync_rechecks(NOW + 6 * HOUR) == 2
    assert store.sync_rechecks(NOW + 6 * HOUR) == 0
    assert lease(store, NOW + 5 * HOUR) == ()
    assert lease(store, NOW + 6 * HOUR) == (
        Recheck(mention_id=one.id, kept_at=NOW),
        Recheck(mention_id=two.id, kept_at=NOW),
    )


def test_a_capture_of_an_unknown_mention_is_passed_over(store: SqlStore, shelf):
    kept = shelf.post()
    store.finish_capture(shelf.capture(kept, "1", mention_id=kept.id + 5))
    assert store.sync_rechecks(NOW) == 0


def test_leases_run_out_and_the_limit_and_order_hold(store: SqlStore, shelf):
    ids = []
    for number, name in enumerate("abc"):
        kept = shelf.post(name, url=f"https://x.example/{name}")
        store.finish_capture(shelf.capture(kept, name))
        store.sync_rechecks(NOW - number * HOUR)
        ids.append(kept.id)
    assert [one.mention_id for one in lease(store, NOW, limit=2)] == [ids[2], ids[1]]
    assert [one.mention_id for one in lease(store, NOW)] == [ids[0]]
    assert lease(store, NOW + HOUR / 2) == ()
    assert len(lease(store, NOW + HOUR)) == 3
    store.release_leases()
    assert lease(store, NOW + HOUR) == ()  # whatever ended the program must not be met again at once
    assert len(lease(store, NOW + 2 * HOUR)) == 3


def test_what_was_looked_at_comes_again_with_its_suspicion(store: SqlStore, shelf):
    kept = shelf.post()
    store.finish_capture(shelf.capture(kept))
    store.sync_rechecks(NOW)
    lease(store, NOW)
    store.finish_recheck(kept.id, due_at=NOW + 2 * HOUR, suspicion="HTTP 404")
    assert lease(store, NOW + HOUR) == ()
    (due,) = lease(store, NOW + 2 * HOUR)
    assert due.suspicion == "HTTP 404"
    store.finish_recheck(kept.id, due_at=NOW)
    assert lease(store, NOW)[0].suspicion == ""
