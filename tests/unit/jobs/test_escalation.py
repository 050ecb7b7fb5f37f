"""A helper is told once when nobody looked at what should not wait; never while paused, never of own words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.domain import Alert, AlertKind
from monitor.jobs.escalation import WINDOW, Told, unseen
from monitor.jobs.telling import Manner, Mode, Plan, plan

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
AFTER = 6 * HOUR


def told(number: int = 1, ago: timedelta = AFTER, subject: str = "ada", **payload: object) -> Told:
    alert = Alert(
        id=number,
        kind=AlertKind.MATCH,
        dedupe_key=f"k{number}",
        created_at=NOW - ago,
        subject_id=subject,
        mention_id=number,
        payload=payload or {"at_once": True},
    )
    return Told(alert=alert, told_at=NOW - ago)


def ids(some, mode=Mode(), after=AFTER, escalated=None) -> list[int]:  # noqa: B008  # a frozen value
    return [one.alert.id for one in unseen(some, mode, after, NOW, escalated or {})]


def test_nobody_looked_for_so_long() -> None:
    assert ids([told()]) == [1]
    assert ids([told(ago=AFTER - timedelta(seconds=1))]) == []
    assert ids([told(ago=AFTER + WINDOW)]) == []
    assert ids([told()], after=timedelta(0)) == []
    assert ids([told(statement_id="fraud")]) == []
    assert ids([replace(told(), is_own_words=True)]) == []


def test_whoever_looked_after_it_was_told_ends_it() -> None:
    assert ids([replace(told(), seen_at=NOW - AFTER)]) == []
    assert ids([replace(told(), seen_at=NOW - 7 * HOUR)]) == [1]


@pytest.mark.parametrize("mode", [Mode(paused_until=NOW + HOUR), Mode(is_handed_over=True), Mode(is_storm=True)])
def test_neither_in_a_pause_nor_when_the_helper_was_told_before(mode: Mode) -> None:
    assert ids([told()], mode) == []
    assert ids([told()], Mode(paused_until=NOW)) == [1]


def test_once_for_a_person_until_somebody_looks() -> None:
    assert ids([told(2, 7 * HOUR), told(1), told(3, subject="eve")]) == [2, 3]
    assert ids([told(2, 7 * HOUR), told(1)], escalated={"ada": NOW - HOUR}) == []
    late = told(4, AFTER)
    assert ids([late], escalated={"ada": NOW - 8 * HOUR}) == []
    assert ids([replace(late, seen_at=NOW - 7 * HOUR)], escalated={"ada": NOW - 8 * HOUR}) == [4]
    assert ids([late], escalated={"ada": NOW - WINDOW}) == [4]


def test_it_goes_to_the_helper_alone() -> None:
    word = Alert(kind=AlertKind.UNSEEN, dedupe_key="u", created_at=NOW)
    manner = Manner(owner=("mail",), helper=("friend",))
    assert plan(word, Mode(), manner, NOW) == Plan(channels=("friend",))
    assert plan(word, Mode(paused_until=NOW + HOUR), manner, NOW) == Plan(is_folded=True)
    assert plan(word, Mode(), Manner(owner=("mail",)), NOW) == Plan(is_folded=True)
