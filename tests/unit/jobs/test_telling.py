"""Who is told, and when: a table of modes, kinds and hours."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from monitor.domain import Alert, AlertKind
from monitor.errors import InputError
from monitor.jobs.telling import Manner, Mode, Plan, Quiet, pause, plan, require_helper

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
NIGHT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
MORNING = datetime(2026, 7, 2, 8, 0, tzinfo=UTC)
QUIET = Quiet(starts=time(21), ends=time(8), timezone="UTC")
MANNER = Manner(owner=("mail",), helper=("helper",), quiet=QUIET)
ALONE = Manner(owner=("mail",), quiet=QUIET)
PAUSED = Mode(paused_until=NIGHT + timedelta(days=7))
GIVEN = Mode(is_handed_over=True)
STORM = Mode(is_storm=True)


def alert(kind: AlertKind = AlertKind.MATCH, **payload: object) -> Alert:
    return Alert(kind=kind, dedupe_key="k", created_at=NOON, payload=payload)


@pytest.mark.parametrize(
    ("mode", "manner", "kind", "at_once", "now", "expected"),
    [
        (Mode(), MANNER, AlertKind.MATCH, False, NOON, Plan(channels=("mail",))),
        (Mode(), MANNER, AlertKind.MATCH, False, NIGHT, Plan(wait_until=MORNING)),
        (Mode(), MANNER, AlertKind.MATCH, True, NIGHT, Plan(channels=("mail",))),
        (Mode(), MANNER, AlertKind.SOURCE_FAILING, False, NIGHT, Plan(wait_until=MORNING)),
        (Mode(), MANNER, AlertKind.DIGEST, False, NIGHT, Plan(channels=("mail",))),
        (Mode(), MANNER, AlertKind.TEST, False, NIGHT, Plan(channels=("mail", "helper"))),
        (Mode(), Manner(owner=("mail",)), AlertKind.MATCH, False, NIGHT, Plan(channels=("mail",))),
        (PAUSED, MANNER, AlertKind.MATCH, False, NOON, Plan(is_folded=True)),
        (PAUSED, MANNER, AlertKind.MATCH, True, NOON, Plan(is_folded=True)),
        (PAUSED, MANNER, AlertKind.TEST, False, NOON, Plan(channels=("mail", "helper"))),
        (GIVEN, MANNER, AlertKind.MATCH, False, NIGHT, Plan(channels=("helper",))),
        (GIVEN, MANNER, AlertKind.DIGEST, False, NOON, Plan(channels=("helper", "mail"))),
        (STORM, MANNER, AlertKind.CHANGE, False, NOON, Plan(channels=("helper",))),
        (GIVEN, ALONE, AlertKind.MATCH, False, NOON, Plan(channels=("mail",))),
        (
            Mode(paused_until=PAUSED.paused_until, is_handed_over=True),
            MANNER,
            AlertKind.MATCH,
            False,
            NOON,
            Plan(channels=("helper",)),
        ),
    ],
)
def test_who_is_told_and_when(mode, manner, kind, at_once, now, expected) -> None:
    payload = {"at_once": True} if at_once else {}
    assert plan(alert(kind, **payload), mode, manner, now) == expected


@pytest.mark.parametrize("kind", AlertKind)
@pytest.mark.parametrize("mode", [Mode(), PAUSED, GIVEN, STORM])
@pytest.mark.parametrize("hour", range(24))
def test_nothing_is_ever_dropped(kind: AlertKind, mode: Mode, hour: int) -> None:
    """Every alert has a channel, a moment, or a summary that tells it."""
    now = NOON.replace(hour=hour)
    found = plan(alert(kind), mode, MANNER, now)
    assert found.channels or found.wait_until or found.is_folded
    assert found.wait_until is None or now < found.wait_until <= now + timedelta(hours=12)


@pytest.mark.parametrize(
    ("now", "zone", "over"),
    [
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), "Europe/Berlin", datetime(2026, 3, 29, 6, 0, tzinfo=UTC)),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Europe/Berlin", datetime(2026, 10, 25, 7, 0, tzinfo=UTC)),
        (datetime(2026, 7, 1, 12, 0, tzinfo=UTC), "Asia/Tokyo", datetime(2026, 7, 1, 23, 0, tzinfo=UTC)),
        (datetime(2026, 7, 1, 12, 0, tzinfo=UTC), "UTC", None),
    ],
)
def test_quiet_hours_follow_the_local_clock(now: datetime, zone: str, over: datetime | None) -> None:
    assert Quiet(starts=time(21), ends=time(8), timezone=zone).over_at(now) == over


def test_hours_within_one_day_and_none_at_all() -> None:
    noon = Quiet(starts=time(11), ends=time(13), timezone="UTC")
    assert noon.over_at(NOON) == NOON + timedelta(hours=1)
    assert noon.over_at(NIGHT) is None
    assert Quiet(starts=time(8), ends=time(8), timezone="UTC").over_at(NOON) is None


def test_a_pause_has_an_end() -> None:
    assert pause(GIVEN, 7, NOON) == Mode(paused_until=NOON + timedelta(days=7), is_handed_over=True)
    with pytest.raises(InputError, match="365 days"):
        pause(Mode(), 365, NOON)


def test_handing_over_needs_a_helper() -> None:
    require_helper(MANNER)
    with pytest.raises(InputError, match="no helper"):
        require_helper(ALONE)
