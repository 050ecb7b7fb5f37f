"""A worker goes on when its loops turn and each piece of work ends within a lease."""

from __future__ import annotations

import pytest

from monitor.testing.fakes import FakeClock
from monitor.workers.jobs import ASSESS, CAPTURE, POLL
from monitor.workers.pace import HANGS_AFTER_S, STANDS_AFTER_S, Pace


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def pace(clock: FakeClock) -> Pace:
    return Pace(clock)


def test_with_nothing_in_hand_all_is_well(pace, clock):
    clock.advance(10 * HANGS_AFTER_S)
    assert pace.stuck() == ()


def test_what_does_not_end_within_a_lease_hangs_until_it_ends(pace, clock):
    with pace.piece(POLL):
        clock.advance(HANGS_AFTER_S)
        assert pace.stuck() == ()
        with pace.piece(POLL), pace.piece(CAPTURE):
            clock.advance(1)
            assert pace.stuck() == (POLL,)
            clock.advance(HANGS_AFTER_S)
            assert pace.stuck() == (CAPTURE, POLL)
    assert pace.stuck() == ()


def test_many_pieces_one_after_another_are_no_hanging(pace, clock):
    for _ in range(3):
        with pace.piece(ASSESS):
            clock.advance(HANGS_AFTER_S)
            assert pace.stuck() == ()


def test_what_breaks_is_not_in_hand_any_more(pace, clock):
    with pytest.raises(ValueError, match="odd"), pace.piece(POLL):
        raise ValueError("odd")
    clock.advance(2 * HANGS_AFTER_S)
    assert pace.stuck() == ()


def test_one_loop_that_stands_is_enough(pace, clock):
    pace.turned("captures")
    clock.advance(STANDS_AFTER_S)
    pace.turned("rest")
    assert pace.stuck() == ()
    clock.advance(1)
    assert pace.stuck() == ("queue",)
    pace.turned("captures")
    assert pace.stuck() == ()


def test_a_loop_that_was_ended_need_not_turn(pace, clock):
    pace.turned("rest")
    clock.advance(2 * STANDS_AFTER_S)
    pace.rest()
    assert pace.stuck() == ()
