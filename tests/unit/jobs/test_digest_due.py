"""When a daily summary is due: no day doubled, none skipped, whatever the clock does."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bootstrap.build import build_timetables
from monitor.jobs.digest import SHORTEST, Timetable, due_period, run
from monitor.settings import Settings
from monitor.store import open_store
from monitor.testing import FakeClock

LONDON = Timetable(at=time(8, 0), timezone="Europe/London")
STARTED = datetime(2026, 1, 1, tzinfo=UTC)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def walk(timetable: Timetable, start: datetime, end: datetime, step: timedelta) -> list[tuple[datetime, datetime]]:
    """Ask at every step, as the daemon does, and collect the periods that came due."""
    periods: list[tuple[datetime, datetime]] = []
    last_end = None
    now = start
    while now <= end:
        period = due_period(timetable, now, last_end=last_end, started=start)
        if period:
            periods.append(period)
            last_end = period[1]
        now += step
    return periods


def test_is_due_at_the_local_time_in_winter_and_summer() -> None:
    assert LONDON.latest_end(utc(2026, 1, 15, 8, 0)) == utc(2026, 1, 15, 8, 0)
    assert LONDON.latest_end(utc(2026, 1, 15, 7, 59)) == utc(2026, 1, 14, 8, 0)
    assert LONDON.latest_end(utc(2026, 7, 15, 7, 0)) == utc(2026, 7, 15, 7, 0)


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"])
@pytest.mark.parametrize("at", [time(0, 0), time(1, 30), time(2, 30), time(8, 0), time(23, 59)])
def test_a_year_has_one_summary_a_day_without_gap_or_overlap(zone: str, at: time) -> None:
    timetable = Timetable(at=at, timezone=zone)
    periods = walk(timetable, utc(2026, 1, 1), utc(2027, 1, 1), timedelta(hours=1))
    days = [end.astimezone(ZoneInfo(zone)).date() for _, end in periods]
    assert len(days) == len(set(days))
    assert {(later - earlier).days for earlier, later in pairwise(days)} == {1}
    assert all(earlier[1] == later[0] for earlier, later in pairwise(periods))


def test_a_stopped_machine_gets_one_summary_for_all_the_days_it_missed() -> None:
    last_end = utc(2026, 3, 1, 8, 0)
    assert due_period(LONDON, utc(2026, 3, 5, 12, 0), last_end=last_end, started=STARTED) == (
        last_end,
        utc(2026, 3, 5, 8, 0),
    )


def test_a_clock_set_back_doubles_nothing() -> None:
    last_end = utc(2026, 3, 5, 8, 0)
    assert due_period(LONDON, utc(2026, 3, 5, 7, 30), last_end=last_end, started=STARTED) is None
    assert due_period(LONDON, utc(2026, 3, 5, 8, 30), last_end=last_end, started=STARTED) is None


def test_the_first_summary_comes_even_when_installed_shortly_before() -> None:
    started = utc(2026, 3, 5, 7, 0)
    assert due_period(LONDON, utc(2026, 3, 5, 8, 0), last_end=None, started=started) == (started, utc(2026, 3, 5, 8, 0))


def test_an_installation_younger_than_the_last_set_time_waits() -> None:
    assert due_period(LONDON, utc(2026, 3, 5, 9, 0), last_end=None, started=utc(2026, 3, 5, 8, 30)) is None


@given(
    zones=st.tuples(
        *[st.sampled_from(["Pacific/Kiritimati", "Europe/London", "America/Los_Angeles", "Asia/Tokyo"])] * 2
    ),
    change_after_h=st.integers(1, 60),
)
def test_a_change_of_time_zone_neither_doubles_nor_skips_a_day(zones: tuple[str, str], change_after_h: int) -> None:
    before, after = (Timetable(at=time(8, 0), timezone=zone) for zone in zones)
    last_end, now, ends = None, utc(2026, 3, 2), []
    started = now
    for hour in range(24 * 8):
        timetable = before if hour < change_after_h else after
        period = due_period(timetable, now, last_end=last_end, started=started)
        if period:
            ends.append(period[1])
            last_end = period[1]
        now += timedelta(hours=1)
    gaps = [later - earlier for earlier, later in pairwise(ends)]
    assert all(SHORTEST <= gap < timedelta(hours=48) for gap in gaps)


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"])
@pytest.mark.parametrize("weekday", [0, 6])
def test_a_year_has_one_weekly_summary_a_week_without_gap_or_overlap(zone: str, weekday: int) -> None:
    timetable = Timetable(at=time(2, 30), timezone=zone, weekday=weekday)
    periods = walk(timetable, utc(2026, 1, 1), utc(2027, 1, 1), timedelta(hours=1))
    days = [end.astimezone(ZoneInfo(zone)).date() for _, end in periods]
    assert len(days) in (52, 53)
    assert {day.weekday() for day in days} == {weekday}
    assert {(later - earlier).days for earlier, later in pairwise(days)} == {7}
    assert all(earlier[1] == later[0] for earlier, later in pairwise(periods))


def test_a_machine_that_stood_still_for_weeks_gets_one_weekly_summary() -> None:
    monday = Timetable(at=time(8, 0), timezone="UTC", weekday=0)
    last_end = utc(2026, 3, 2, 8, 0)
    assert due_period(monday, utc(2026, 3, 25, 12, 0), last_end=last_end, started=STARTED) == (
        last_end,
        utc(2026, 3, 23, 8, 0),
    )


@pytest.mark.parametrize(
    ("every", "daily", "weekly"),
    [
        ("day", {"": True, "a": False, "b": True}, {"": False, "a": True, "b": True}),
        ("week", {"": False, "a": False, "b": True}, {"": True, "a": True, "b": True}),
        ("both", {"": True, "a": False, "b": True}, {"": True, "a": True, "b": True}),
    ],
)
def test_each_client_has_its_rhythm(every: str, daily: dict[str, bool], weekly: dict[str, bool]) -> None:
    given = {"every": every, "weekday": "sunday", "clients": {"a": "week", "b": "both"}}
    day, week = build_timetables(Settings.model_validate({"digest": given}))
    assert (day.weekday, week.weekday) == (None, 6)
    assert {client: day.serves(client) for client in daily} == daily
    assert {client: week.serves(client) for client in weekly} == weekly


def test_both_summaries_are_put_into_the_outbox_once(tmp_path: Path) -> None:
    clock = FakeClock()
    with closing(open_store(f"sqlite:///{tmp_path}/goodname.db", clock=clock)) as store:
        timetables = build_timetables(Settings.model_validate({"digest": {"every": "both"}}))
        for _ in range(24 * 15):
            clock.advance(timedelta(hours=1))
            for timetable in timetables:
                run(store, timetable, clock)
        keys = [alert.dedupe_key.partition(":")[0] for alert in store.alerts(limit=100)]
    assert keys.count("digest") in (15, 16)
    assert keys.count("digest.weekly") in (2, 3)
