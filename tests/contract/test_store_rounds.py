"""Every store keeps alike which alerts are told together."""

from __future__ import annotations

from datetime import timedelta

from monitor.domain import AlertStatus
from monitor.ports import GroupState, Step, Turn
from monitor.store import SqlStore
from monitor.testing.builders import NOW

HOUR = timedelta(hours=1)
KEY = "likely:ada/fraud"


def filled(store: SqlStore, shelf, how_many: int) -> list[int]:
    for number in range(how_many):
        store.enqueue(shelf.alert(f"k{number}", created_at=NOW - HOUR + timedelta(minutes=number)))
    return sorted(one.id for one in store.alerts())


def turn(number: int, step: Step, **more) -> Turn:
    return Turn(alert_id=number, key=KEY, step=step, subject_id="ada", **more)


def status(store: SqlStore) -> dict[int, AlertStatus]:
    return {one.id: one.status for one in store.alerts()}


def test_a_round_counts_what_was_folded_into_it_when_it_begins(store: SqlStore, shelf) -> None:
    first, second, third, late = filled(store, shelf, 4)
    assert store.take_turns([turn(first, Step.WAIT, until=NOW), turn(second, Step.FOLD, into=first)], NOW) == {}
    book = store.rounds({third: KEY}, ["ada"], NOW)
    assert book.groups[KEY] == GroupState(carrier=first, recent=1), "the first is an hour old by now"
    begun = store.take_turns([turn(first, Step.BEGIN), turn(third, Step.FOLD, into=first)], NOW)
    assert (begun[first]["count"], begun[first]["hours"]) == (3, 1)
    assert store.folded_into(first) == (second, third)
    assert store.take_turns([turn(first, Step.BEGIN)], NOW + HOUR) == {}, "a round begins once"
    store.take_turns([turn(late, Step.FOLD, into=first)], NOW)
    assert status(store) == {
        first: AlertStatus.PENDING,
        second: AlertStatus.FOLDED,
        third: AlertStatus.FOLDED,
        late: AlertStatus.PENDING,
    }, "nothing joins a round that has begun"
    assert store.folded_into(first) == (second, third)
    book = store.rounds({late: KEY, first: KEY}, ["ada"], NOW)
    assert (book.groups[KEY].carrier, book.groups[KEY].told_at, book.told) == (0, NOW, {"ada": (NOW,)})
    assert book.rounds[first].begun_at == NOW


def test_nothing_joins_a_carrier_that_was_left_to_the_summary(store: SqlStore, shelf) -> None:
    first, second = filled(store, shelf, 2)
    store.take_turns([turn(first, Step.WAIT, until=NOW + HOUR)], NOW)
    store.settle_alert(first, AlertStatus.FOLDED)
    assert store.rounds({second: KEY}, ["ada"], NOW).groups[KEY].carrier == 0
    store.take_turns([turn(second, Step.FOLD, into=first)], NOW)
    assert status(store)[second] is AlertStatus.PENDING


def test_a_hurried_carrier_is_due_and_marked(store: SqlStore, shelf) -> None:
    first, second = filled(store, shelf, 2)
    waiting = [turn(first, Step.WAIT, until=NOW + HOUR), turn(second, Step.FOLD, into=first)]
    store.take_turns([*waiting, turn(first, Step.HURRY, is_spread=True)], NOW)
    book = store.rounds({first: KEY}, ["ada"], NOW)
    assert book.rounds[first].is_spread
    assert book.groups[KEY].spread_at == NOW
    assert [one.id for one in store.lease_alerts(NOW, limit=5, lease_for=HOUR)] == [first]
    begun = store.take_turns([turn(first, Step.BEGIN, is_spread=True)], NOW)
    assert (begun[first]["spread"], begun[first]["at_once"], begun[first]["count"]) == (True, True, 2)


def test_groups_are_snoozed_until_a_moment(store: SqlStore, shelf) -> None:
    (first,) = filled(store, shelf, 1)
    (mention,) = {one.mention_id for one in store.alerts()}
    assert store.groups_of(mention) == ()
    store.take_turns([turn(first, Step.LEAVE)], NOW)
    assert (store.groups_of(mention), store.groups_of(mention + 1)) == ((KEY,), ())
    assert status(store)[first] is AlertStatus.FOLDED
    store.snooze(KEY, NOW + HOUR)
    store.snooze(KEY, NOW + 2 * HOUR)
    assert store.rounds({first: KEY}, [], NOW).snoozed == {KEY: NOW + 2 * HOUR}


def test_what_was_acknowledged_is_kept_until_it_is_taken_back(store: SqlStore, shelf) -> None:
    (first,) = filled(store, shelf, 1)
    store.acknowledge([KEY, "danger:ada"], NOW)
    store.acknowledge([KEY], NOW + HOUR)
    assert store.rounds({first: KEY}, [], NOW).acknowledged == {KEY: NOW + HOUR}
    # A possible repeat looks at the likely ones of the same statement as well.
    assert store.rounds({first: "other:ada/fraud"}, [], NOW).acknowledged == {KEY: NOW + HOUR}
    assert (store.take_back([KEY]), store.take_back([KEY])) == (True, False)
    assert store.rounds({first: KEY}, [], NOW).acknowledged == {}


def test_a_link_is_spent_once_and_forgotten_when_it_is_over(store: SqlStore) -> None:
    assert not store.is_spent("a" * 64)
    assert store.spend_link("a" * 64, NOW + HOUR, NOW)
    assert not store.spend_link("a" * 64, NOW + HOUR, NOW)
    assert store.is_spent("a" * 64)
    assert store.spend_link("b" * 64, NOW + 3 * HOUR, NOW + 2 * HOUR)
    assert not store.is_spent("a" * 64)


def test_a_setting_is_made_once(store: SqlStore) -> None:
    assert [store.setting_once("some.key", value) for value in ("one", "two")] == ["one", "one"]
