"""Alerts are told together on a real database; whatever crashes, each is told by one alert or left to the summary."""

from __future__ import annotations

import asyncio
import atexit
import re
import shutil
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from monitor.domain import Account, Alert, AlertKind, AlertStatus, Level, Role
from monitor.errors import DeliveryError
from monitor.jobs import deliver, escalation, telling
from monitor.jobs.grouping import Grouping
from monitor.jobs.telling import Manner, Quiet
from monitor.notify import WordRenderer
from monitor.store import SqlStore, open_store
from monitor.testing import FakeClock, make_subject
from monitor.testing.fakes import FakeNotifier
from monitor.web import Feeds

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUIET = Quiet(starts=time(21), ends=time(8), timezone="UTC")
RULES = Grouping(every=6 * HOUR, most_an_hour=3, spread_from=8)


class EmptyVault:
    def chain_head(self) -> str:
        return ""


class World:
    """Put alerts into the outbox, let time pass, and deliver, with crashes and refusals on the way."""

    def __init__(self, store: SqlStore, clock: FakeClock, rules: Grouping = RULES) -> None:
        self.store, self.clock = store, clock
        self.notifier = FakeNotifier("mail", "chat")
        self.manner = Manner(owner=("mail", "chat"), quiet=QUIET, grouping=rules)
        self.number = 0
        self.url = ""

    def add(self, how_many: int, statement: str = "fraud", *, danger: bool = False, mention: int = 0) -> None:
        for _ in range(how_many):
            self.number += 1
            payload = {"statement_id": statement, **({"at_once": True} if danger else {})}
            self.store.enqueue(
                Alert(
                    kind=AlertKind.MATCH,
                    dedupe_key=f"match:{self.number}",
                    created_at=self.clock.now(),
                    subject_id="ada",
                    mention_id=mention,
                    level=Level.LIKELY,
                    payload=payload,
                )
            )

    def office(self) -> deliver.Office:
        return deliver.Office(
            store=self.store,
            vault=EmptyVault(),
            notifier=self.notifier,
            renderer=WordRenderer(),
            clock=self.clock,
            manner=self.manner,
        )

    def deliver(self) -> deliver.DeliveryReport:
        while (report := asyncio.run(deliver.run(self.office()))).is_going_on:
            continue
        return report

    def drain(self) -> None:
        for _ in range(40):
            self.clock.advance(3 * HOUR)
            self.deliver()

    def crash_while_deciding(self) -> None:
        """Lease and decide about what is due, and then do nothing more, as a killed process does."""
        taken = self.store.lease_alerts(self.clock.now(), limit=20, lease_for=timedelta(minutes=5))
        if taken:
            deliver._sort(self.office(), taken, timedelta(0))

    def texts(self, channel: str = "mail") -> list[str]:
        return [message.text for name, message in self.notifier.sent if name == channel]


@cache
def _folder() -> Path:
    """Make a folder with an empty database, so that every example begins with a copy instead of all migrations."""
    folder = Path(tempfile.mkdtemp(prefix="told-together-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_store(f"sqlite:///{folder / 'empty.db'}", clock=FakeClock(NOON)).close()
    return folder


def world(rules: Grouping = RULES, at: datetime = NOON) -> tuple[SqlStore, World]:
    clock = FakeClock(at)
    path = Path(tempfile.mkdtemp(dir=_folder())) / "goodname.db"
    shutil.copy(_folder() / "empty.db", path)
    store = open_store(f"sqlite:///{path}", clock=clock)
    made = World(store, clock, rules)
    made.url = f"sqlite:///{path}"
    return store, made


def told_of(text: str) -> int:
    """Read how many mentions a message says it tells of."""
    found = re.search(r"(\d+) new mentions", text)
    return int(found[1]) if found else 1


def test_reposts_are_one_alert_now_and_one_with_the_count_later() -> None:
    store, here = world()
    with closing(store):
        here.add(1)
        here.deliver()
        assert len(here.texts()) == 1
        for _ in range(5):
            here.clock.advance(20 * 60)
            here.add(1)
            here.deliver()
        assert len(here.texts()) == 1
        here.clock.advance(6 * HOUR)
        here.deliver()
        assert len(here.texts()) == 2
        assert "5 new mentions likely repeat the same statement." in here.texts()[1]
        assert here.texts("chat") == here.texts("mail")


def test_a_night_of_reposts_is_one_alert_in_the_morning() -> None:
    rules = Grouping(every=6 * HOUR, most_an_hour=3, spread_from=0)
    store, here = world(rules, NOON + 10 * HOUR)
    with closing(store):
        here.add(300)
        here.deliver()
        assert here.texts() == []
        here.clock.advance(10 * HOUR)
        here.deliver()
        assert [told_of(text) for text in here.texts()] == [300]


def test_quick_spread_wakes_once() -> None:
    store, here = world(at=NOON + 10 * HOUR)
    with closing(store):
        here.add(50)
        here.deliver()
        assert len(here.texts()) == 1
        assert told_of(here.texts()[0]) >= RULES.spread_from
        here.drain()
        assert sum(map(told_of, here.texts())) == 50


def test_what_was_told_is_the_same_on_a_channel_that_took_it_later() -> None:
    store, here = world()
    with closing(store):
        here.add(3)
        here.notifier.fail(DeliveryError("Busy.", channel="mail"))
        here.deliver()
        here.add(4)
        here.drain()
        first = {channel: next(m.text for c, m in here.notifier.sent if c == channel) for channel in ("mail", "chat")}
        assert first["mail"] == first["chat"]
        assert [sum(map(told_of, here.texts(channel))) for channel in ("mail", "chat")] == [7, 7]


events = some.lists(
    some.one_of(
        some.tuples(some.just("add"), some.integers(1, 12), some.sampled_from(["fraud", "theft", "arson", ""])),
        some.tuples(some.just("danger"), some.integers(1, 3), some.just("")),
        some.tuples(some.just("wait"), some.integers(1, 600), some.just("")),
        some.tuples(some.just("deliver"), some.just(0), some.just("")),
        some.tuples(some.just("crash"), some.just(0), some.just("")),
        some.tuples(some.just("refuse"), some.integers(1, 3), some.just("")),
    ),
    min_size=3,
    max_size=25,
)


@settings(max_examples=25)
@given(events=events)
def test_each_mention_is_told_by_exactly_one_alert_whatever_happens(events) -> None:
    store, here = world()
    with closing(store):
        for name, number, statement in events:
            if name == "add":
                here.add(number, statement)
            elif name == "danger":
                here.add(number, danger=True)
            elif name == "wait":
                here.clock.advance(number * 60)
            elif name == "deliver":
                here.deliver()
            elif name == "crash":
                here.crash_while_deciding()
            else:
                here.notifier.fail(*[DeliveryError("Busy.", channel="x")] * number)
        here.drain()
        kept = {one.id: one for one in store.alerts(limit=10_000)}
        sent = {number for number, one in kept.items() if one.status is AlertStatus.SENT}
        folded = [member for number in sorted(sent) for member in store.folded_into(number)]
        assert sorted([*sent, *folded]) == sorted(kept), "each is told by itself or by exactly one alert that was sent"
        for channel in ("mail", "chat"):
            assert sum(map(told_of, here.texts(channel))) == here.number, "the counts add up to what there was"


def test_what_was_acknowledged_waits_for_the_summary_and_is_in_the_access_log() -> None:
    store, told = world()
    with closing(store):
        told.add(1, mention=7)
        told.deliver()
        telling.acknowledge(store, 7, "ada", told.clock.now())
        told.clock.advance(7 * HOUR)
        told.add(2)
        told.deliver()
        assert len(told.texts()) == 1
        told.add(1, danger=True)
        told.deliver()
        assert len(told.texts()) == 2
        assert telling.take_back(store, 7, "ada", told.clock.now())
        assert not telling.take_back(store, 7, "ada", told.clock.now())
        told.add(1)
        told.deliver()
        assert len(told.texts()) == 3
        log = [(one.action, one.account, one.mention_id, one.subject_id) for one in store.access_events()]
        assert log == [("acknowledgement taken back", "ada", 7, "ada"), ("acknowledged", "ada", 7, "ada")]


def test_what_was_told_among_many_is_acknowledged_by_its_own_statement() -> None:
    store, told = world(Grouping(every=6 * HOUR, most_an_hour=1, spread_from=0))
    with closing(store):
        told.add(1, "first")
        told.deliver()
        told.add(1, "second", mention=8)
        told.deliver()
        assert store.groups_of(8) == ("many:ada",)
        telling.acknowledge(store, 8, "ada", told.clock.now())
        told.drain()
        before = len(told.texts())
        told.add(1, "second")
        told.drain()
        assert len(told.texts()) == before


def test_a_helper_is_told_once_when_nobody_looked_also_over_restarts() -> None:
    store, told = world()
    told.notifier = FakeNotifier("mail", "chat", "friend")
    told.manner = replace(told.manner, helper=("friend",), escalate_after=6 * HOUR)
    with closing(store):
        told.add(1, danger=True, mention=7)
        told.deliver()
        for hours, expected in ((5, 0), (1, 1), (0, 1), (3, 1)):
            told.clock.advance(hours * HOUR)
            again = open_store(told.url, clock=told.clock)
            with closing(again):
                escalation.run(again, told.manner, told.clock)
            told.deliver()
            assert len(told.texts("friend")) == expected
        assert "6 hours ago" in told.texts("friend")[0]
        assert len(told.texts()) == 1


@pytest.mark.parametrize("how", ["acknowledged", "looked", "paused"])
def test_a_helper_is_not_told_of_what_somebody_saw_or_during_a_pause(how: str) -> None:
    store, told = world()
    told.notifier = FakeNotifier("mail", "chat", "friend")
    told.manner = replace(told.manner, helper=("friend",), escalate_after=6 * HOUR)
    with closing(store):
        told.add(1, danger=True, mention=7)
        told.deliver()
        told.clock.advance(HOUR)
        if how == "acknowledged":
            telling.acknowledge(store, 7, "ada", told.clock.now())
        elif how == "looked":
            account = store.add_account("ada", "hash", {"*": Role.OWNER})
            escalation.note_look(store, account, told.clock.now())
        else:
            telling.keep_mode(store, telling.pause(telling.Mode(), 7, told.clock.now()))
        told.clock.advance(6 * HOUR)
        assert escalation.run(store, told.manner, told.clock) == 0


def test_the_feed_lists_a_group_once_with_its_count_and_nothing_that_was_left_to_the_summary() -> None:
    store, here = world(replace(RULES, spread_from=0))
    owner = Account(id=1, name="o", password_hash="", grants={"*": Role.OWNER}, created_at=NOON)
    with closing(store):
        store.save_subject(make_subject(id="ada"))
        feeds = Feeds(
            store=store,
            clock=here.clock,
            render=lambda alert: deliver.render(here.office(), alert),
            probe=pytest.fail,
            figures=pytest.fail,
        )
        here.add(6)
        assert len(feeds.entries(owner)) == 6, "nothing was decided about them yet"
        here.deliver()
        here.drain()
        assert sorted(told_of(entry.text) for entry in feeds.entries(owner)) == [told_of(t) for t in here.texts()]
        assert sum(told_of(entry.text) for entry in feeds.entries(owner)) == 6
        assert len(feeds.entries(owner)) < 6
        before = feeds.entries(owner)
        telling.keep_mode(store, telling.pause(telling.Mode(), 7, here.clock.now()))
        here.add(1, "theft")
        here.deliver()
        assert feeds.entries(owner) == before
