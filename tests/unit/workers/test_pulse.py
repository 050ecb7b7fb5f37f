"""A worker goes on when its loops turn and each piece of work ends within a lease."""

from __future__ import annotations

import pytest

from monitor.testing.fakes import FakeClock
from monitor.workers.jobs import ASSESS, CAPTURE, POLL
from monitor.workers.pulse import HANGS_AFTER_S, STANDS_AFTER_S, Pulse


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def pulse(clock: FakeClock) -> Pulse:
    return Pulse(clock)


def test_with_nothing_in_hand_all_is_well(pulse, clock):
    clock.advance(10 * HANGS_AFTER_S)
    assert pulse.stuck() == ()


def test_what_does_not_end_within_a_lease_hangs_until_it_ends(pulse, clock):
    with pulse.piece(POLL):
        clock.advance(HANGS_AFTER_S)
        assert pulse.stuck() == ()
        with pulse.piece(POLL), pulse.piece(CAPTURE):
            clock.advance(1)
            assert pulse.stuck() == (POLL,)
            clock.advance(HANGS_AFTER_S)
            assert pulse.stuck() == (CAPTURE, POLL)
    assert pulse.stuck() == ()


def test_many_pieces_one_after_another_are_no_hanging(pulse, clock):
    for _ in range(3):
        with pulse.piece(ASSESS):
            clock.advance(HANGS_AFTER_S)
            assert pulse.stuck() == ()


def test_what_breaks_is_not_in_hand_any_more(pulse, clock):
    with pytest.raises(ValueError, match="odd"), pulse.piece(POLL):
        raise ValueError("odd")
    clock.advance(2 * HANGS_AFTER_S)
    assert pulse.stuck() == ()


def test_one_loop_that_stands_is_enough(pulse, clock):
    pulse.turned("captures")
    clock.advance(STANDS_AFTER_S)
    pulse.turned("rest")
    assert pulse.stuck() == ()
    clock.advance(1)
    assert pulse.stuck() == ("queue",)
    pulse.turned("captures")
    assert pulse.stuck() == ()


def test_a_loop_that_was_ended_need_not_turn(pulse, clock):
    pulse.turned("rest")
    clock.advance(2 * STANDS_AFTER_S)
    pulse.rest()
    assert pulse.stuck() == ()
