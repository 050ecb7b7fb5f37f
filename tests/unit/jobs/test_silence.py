"""Silence is told once, and once when it is over; no alarm because a clock was turned or a machine slept."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from monitor.domain import Alert, AlertKind, Coverage, HealthState, SourceHealth
from monitor.jobs import silence
from monitor.jobs.telling import Manner, Mode, Quiet, plan
from monitor.testing import NOW, FakeClock

EVERY = timedelta(minutes=15)


class Rows:
    """What the job asks of the store, in memory."""

    def __init__(self) -> None:
        self.sources: dict[str, SourceHealth] = {}
        self.alerts: list[Alert] = []
        self.kept: dict[str, str] = {}

    def read(self, at, *, failures=0, source="forum", good=True) -> None:
        last = at if good else (self.sources[source].last_good_at if source in self.sources else None)
        self.sources[source] = SourceHealth(
            source=source,
            state=HealthState.OK if good else HealthState.DEGRADED,
            last_good_at=last,
            next_due_at=at + EVERY,
            failures=failures,
            last_error="" if good else "it is down",
            items=0,
            every=EVERY,
        )

    def health(self):
        return tuple(self.sources.values())

    def enqueue(self, alert: Alert) -> bool:
        if alert.dedupe_key in {one.dedupe_key for one in self.alerts}:
            return False
        self.alerts.append(alert)
        return True

    def setting(self, key: str) -> str:
        return self.kept.get(key, "")

    def set_setting(self, key: str, value: str) -> None:
        self.kept[key] = value

    def kinds(self) -> list[AlertKind]:
        return [alert.kind for alert in self.alerts]


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
def watch(rows):
    clock, vigil = FakeClock(), silence.Vigil()

    def run(after: timedelta = timedelta(0), unread=()) -> FakeClock:
        clock.advance(after)
        silence.run(rows, vigil, clock, unread)
        return clock

    return run


def test_three_failures_in_a_row_are_told_once_and_the_return_once(rows, watch):
    rows.read(NOW)
    for failures in range(1, 9):
        rows.read(NOW, failures=failures, good=False)
        watch(timedelta(seconds=10))
        assert len(rows.alerts) == (failures >= 3)
    assert rows.alerts[0].payload["error"] == "it is down"
    rows.read(watch().now())
    for _ in range(3):
        watch(timedelta(seconds=10))
    assert rows.kinds() == [AlertKind.SOURCE_FAILING, AlertKind.SOURCE_BACK]


def test_a_source_that_nobody_looks_at_is_told_after_three_intervals(rows, watch):
    rows.read(NOW)
    watch()
    watch(EVERY * 3)
    assert rows.alerts == []
    watch(timedelta(minutes=1))
    assert rows.kinds() == [AlertKind.SOURCE_FAILING]
    assert "nothing has looked" in str(rows.alerts[0].payload["error"])
    watch(timedelta(days=3))
    assert len(rows.alerts) == 1
    rows.read(watch().now())
    watch()
    assert rows.kinds() == [AlertKind.SOURCE_FAILING, AlertKind.SOURCE_BACK]


def test_every_silence_is_told_anew(rows, watch):
    for _ in range(3):
        rows.read(watch().now())
        watch()
        watch(EVERY * 4)
    assert rows.kinds().count(AlertKind.SOURCE_FAILING) == 3
    assert rows.kinds().count(AlertKind.SOURCE_BACK) == 2


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(hours=1), timedelta(days=3652), timedelta(days=-400)])
def test_a_turned_clock_or_a_sleeping_machine_is_no_silence(rows, watch, jump):
    rows.read(NOW)
    clock = watch()
    clock.jump(jump)
    watch(timedelta(seconds=5))
    assert rows.alerts == []
    watch(EVERY * 4)
    assert rows.kinds() == [AlertKind.SOURCE_FAILING], "and a real silence is still told afterwards"


def test_a_restart_tells_nothing_twice(rows):
    rows.read(NOW)
    rows.read(NOW, failures=3, good=False)
    for _ in range(3):
        silence.run(rows, silence.Vigil(), FakeClock())
    assert len(rows.alerts) == 1


def test_a_crash_between_telling_and_remembering_tells_once(rows):
    rows.read(NOW)
    rows.read(NOW, failures=3, good=False)
    silence.run(rows, silence.Vigil(), FakeClock())
    rows.kept.clear()
    silence.run(rows, silence.Vigil(), FakeClock())
    assert len(rows.alerts) == 1


def test_a_source_that_cannot_be_set_up_is_told_and_a_removed_one_forgotten(rows, watch):
    gap = Coverage(
        source="broken", state=HealthState.UNCHECKED, checks=0, failures=0, last_good_at=None, why="no such key"
    )
    watch(unread=(gap,))
    watch(unread=(gap,))
    assert [alert.payload["error"] for alert in rows.alerts] == ["no such key"]
    watch()
    assert rows.kinds() == [AlertKind.SOURCE_FAILING], "it is gone from the configuration, not back"
    assert rows.kept == {"silence.told": ""}


def test_a_day_of_silence_is_told_once_more_and_at_any_hour(rows, watch):
    rows.read(NOW)
    rows.read(NOW, failures=3, good=False)
    watch()
    for _ in range(23):
        watch(timedelta(hours=1))
    assert len(rows.alerts) == 1
    for _ in range(5):
        watch(timedelta(hours=1))
    first, second = rows.alerts
    assert (first.kind, second.kind) == (AlertKind.SOURCE_FAILING, AlertKind.SOURCE_FAILING)
    assert (first.payload.get("at_once"), second.payload["at_once"]) == (None, True)
    night = Quiet(starts=time(0), ends=time(23, 59), timezone="UTC")
    manner = Manner(owner=("mail",), quiet=night)
    assert plan(first, Mode(), manner, NOW).wait_until is not None
    assert plan(second, Mode(), manner, NOW).channels == ("mail",)
    rows.read(watch().now())
    watch()
    assert rows.kinds()[2:] == [AlertKind.SOURCE_BACK]


def test_a_day_of_silence_counts_over_restarts_and_not_by_a_turned_clock(rows):
    rows.read(NOW)
    rows.read(NOW, failures=3, good=False)
    clock = FakeClock()
    for _ in range(4):
        vigil = silence.Vigil()
        clock.jump(timedelta(days=3652))
        for _ in range(7):
            silence.run(rows, vigil, clock)
            clock.advance(timedelta(hours=1))
        silence.run(rows, vigil, clock)
        clock.jump(timedelta(days=-3652))
    assert len(rows.alerts) == 2, "28 hours in four runs of seven"
    assert rows.alerts[1].dedupe_key.endswith(":day")


def test_a_day_of_silence_is_told_by_a_service_that_is_started_anew_every_hour(rows):
    rows.read(NOW)
    rows.read(NOW, failures=3, good=False)
    clock = FakeClock()
    for hour in range(28):
        vigil = silence.Vigil()
        for _ in range(11):
            silence.run(rows, vigil, clock)
            clock.advance(timedelta(minutes=5))
        clock.advance(timedelta(minutes=4))
        silence.run(rows, vigil, clock)
        clock.advance(timedelta(minutes=1))
        assert len(rows.alerts) == 1 + (hour >= 26), "each life loses less than five minutes of its hour"
