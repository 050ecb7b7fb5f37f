"""Every store keeps alerts until they are delivered, and small settings, alike."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.domain import Alert, AlertKind, AlertStatus, Delivery, DeliveryOutcome, Level
from monitor.errors import StoreError
from monitor.store import SqlStore
from monitor.testing.builders import NOW

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def lease(store: SqlStore, now=NOW, limit: int = 10):
    return store.lease_alerts(now, limit=limit, lease_for=MINUTE)


def keys(alerts) -> list[str]:
    return [one.dedupe_key for one in alerts]


def test_every_field_comes_back(store: SqlStore):
    given = Alert(
        kind=AlertKind.SPREAD,
        dedupe_key="spread:1:äöü",
        created_at=NOW - HOUR,
        subject_id="subject-1",
        mention_id=2**40,
        level=Level.POSSIBLE,
        next_attempt_at=NOW,
        payload={"sources": ["a", "b"], "nested": {"n": 1.5, "none": None}, "text": "\ud800\x00"},
    )
    assert store.enqueue(given)
    (kept,) = store.alerts()
    assert kept.id > 0
    fields = ("kind", "dedupe_key", "created_at", "subject_id", "mention_id", "level", "next_attempt_at", "payload")
    assert [getattr(kept, name) for name in fields] == [getattr(given, name) for name in fields]
    assert (kept.status, kept.attempts) == (AlertStatus.PENDING, 0)


def test_a_known_key_is_not_told_again(store: SqlStore, shelf):
    assert store.enqueue(shelf.alert("k"))
    assert not store.enqueue(shelf.alert("k", level=Level.LIKELY))
    (kept,) = store.alerts()
    store.settle_alert(kept.id, AlertStatus.SENT)
    assert not store.enqueue(shelf.alert("k"))
    assert len(store.alerts()) == 1


def test_pending_alerts_are_leased_oldest_first_within_the_limit(store: SqlStore, shelf):
    for key, minutes in (("a", 3), ("b", 1), ("c", 2)):
        store.enqueue(shelf.alert(key, created_at=NOW + minutes * MINUTE))
    assert keys(lease(store, limit=2)) == ["b", "c"]
    assert keys(lease(store)) == ["a"]
    assert lease(store) == ()


def test_attempts_are_counted_when_leased_and_leases_run_out(store: SqlStore, shelf):
    store.enqueue(shelf.alert())
    assert lease(store)[0].attempts == 1
    assert lease(store, NOW + timedelta(seconds=59)) == ()
    assert lease(store, NOW + MINUTE)[0].attempts == 2
    assert store.alerts()[0].attempts == 2


def test_an_alert_waits_for_its_time(store: SqlStore, shelf):
    store.enqueue(shelf.alert(next_attempt_at=NOW + HOUR))
    assert lease(store) == ()
    assert len(lease(store, NOW + HOUR)) == 1


def test_settling(store: SqlStore, shelf):
    for key in ("sent", "given-up", "again"):
        store.enqueue(shelf.alert(key))
    by_key = {one.dedupe_key: one.id for one in lease(store)}
    store.settle_alert(by_key["sent"], AlertStatus.SENT)
    store.settle_alert(by_key["given-up"], AlertStatus.GIVEN_UP)
    store.settle_alert(by_key["again"], AlertStatus.PENDING, next_attempt_at=NOW + HOUR)
    assert lease(store, NOW + HOUR - MINUTE) == ()
    assert keys(lease(store, NOW + HOUR)) == ["again"]
    assert keys(store.alerts(status=AlertStatus.GIVEN_UP)) == ["given-up"]
    assert keys(store.alerts(limit=2)) == ["again", "given-up"]


def test_deliveries(store: SqlStore, shelf):
    store.enqueue(shelf.alert("a"))
    store.enqueue(shelf.alert("b"))
    newest, oldest = store.alerts()
    outcomes = [
        (oldest.id, "mail", DeliveryOutcome.FAILED),
        (oldest.id, "mail", DeliveryOutcome.SENT),
        (oldest.id, "chat", DeliveryOutcome.REFUSED),
        (newest.id, "chat", DeliveryOutcome.SENT),
    ]
    given = [
        Delivery(alert_id=alert_id, channel=channel, attempt=n, outcome=outcome, delivered_at=NOW, error="e")
        for n, (alert_id, channel, outcome) in enumerate(outcomes)
    ]
    for one in given:
        store.save_delivery(one)
    assert store.delivered_channels(oldest.id) == {"mail"}
    assert store.delivered_channels(newest.id) == {"chat"}
    assert store.delivered_channels(newest.id + 1) == frozenset()
    assert list(store.deliveries()) == given[::-1]
    assert list(store.deliveries(alert_id=oldest.id, limit=2)) == [given[2], given[1]]


def test_a_delivery_of_nothing_is_refused(store: SqlStore):
    attempt = Delivery(alert_id=9, channel="c", attempt=1, outcome=DeliveryOutcome.SENT, delivered_at=NOW)
    with pytest.raises(StoreError):
        store.save_delivery(attempt)


def test_settings(store: SqlStore):
    assert store.setting("last digest") == ""
    store.set_setting("last digest", "1")
    store.set_setting("last digest", "2")
    store.set_setting("other", "ä")
    assert (store.setting("last digest"), store.setting("other")) == ("2", "ä")
