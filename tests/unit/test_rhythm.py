"""A source is quiet when nothing new comes for far longer than it used to."""

from __future__ import annotations

from datetime import timedelta

from monitor.domain import Rhythm
from monitor.testing import NOW

DAY = timedelta(days=1)


def after(*gaps: timedelta) -> tuple[Rhythm, object]:
    rhythm, at = Rhythm().after_find(NOW), NOW
    for gap in gaps:
        at += gap
        rhythm = rhythm.after_find(at)
    return rhythm, at


def test_nothing_is_known_of_a_source_that_brought_little():
    rhythm, at = after(DAY, DAY, DAY)
    assert rhythm.quiet_since(at + 900 * DAY) is None
    assert Rhythm().quiet_since(NOW) is None


def test_quiet_after_three_usual_gaps():
    rhythm, at = after(DAY, 2 * DAY, DAY, DAY, 2 * DAY)
    assert rhythm.quiet_since(at + 5 * DAY) is None
    assert rhythm.quiet_since(at + 7 * DAY) == at


def test_a_busy_source_is_never_quiet_within_two_days():
    rhythm, at = after(*[timedelta(minutes=1)] * 30)
    assert rhythm.quiet_since(at + timedelta(hours=47)) is None
    assert rhythm.quiet_since(at + timedelta(hours=49)) == at


def test_a_long_gap_of_old_is_forgotten():
    rhythm, at = after(*[DAY] * 5, 60 * DAY)
    assert rhythm.quiet_since(at + 100 * DAY) is None
    calm, at = after(*[DAY] * 5, 60 * DAY, *[DAY] * 40)
    assert calm.quiet_since(at + 10 * DAY) == at


def test_a_clock_set_back_is_no_negative_gap():
    rhythm, _ = after(DAY, -5 * DAY, DAY)
    assert rhythm.longest_gap > timedelta(0)
