"""What is told together: one alert for each statement and interval, dangers at once, nothing dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from monitor.domain import Alert, AlertKind, Level
from monitor.jobs.grouping import DANGER_EVERY, Grouping, decide, key_of
from monitor.ports import Begun, Book, GroupState, Step

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULES = Grouping(every=6 * HOUR, most_an_hour=3, spread_from=5)
NOTHING = Book()
REPEAT = "likely:ada/fraud"


def alert(number: int, statement: str = "fraud", subject: str = "ada", *, danger: bool = False) -> Alert:
    payload: dict[str, object] = {"statement_id": statement, **({"at_once": True} if danger else {})}
    return Alert(
        id=number,
        kind=AlertKind.MATCH,
        dedupe_key=f"k{number}",
        created_at=NOW + timedelta(seconds=number),
        subject_id=subject,
        mention_id=number,
        level=Level.LIKELY,
        payload=payload,
    )


def steps(due: Sequence[Alert], book: Book = NOTHING, rules: Grouping = RULES, **more) -> dict[int, Step]:
    return {turn.alert_id: turn.step for turn in decide(due, book, rules, NOW, **more)}


def group(**state) -> Book:
    return Book(groups={REPEAT: GroupState(**state)})


def test_the_first_tells_of_all_that_came_with_it() -> None:
    assert steps([alert(1), alert(2), alert(3)]) == {1: Step.BEGIN, 2: Step.FOLD, 3: Step.FOLD}


def test_each_statement_has_its_own_alert() -> None:
    assert steps([alert(1), alert(2, "theft")]) == {1: Step.BEGIN, 2: Step.BEGIN}


def test_within_the_interval_one_waits_and_takes_in_the_others() -> None:
    turns = decide([alert(1), alert(2)], group(told_at=NOW - HOUR), RULES, NOW)
    assert [(turn.step, turn.until, turn.into) for turn in turns] == [
        (Step.WAIT, NOW + 5 * HOUR, 0),
        (Step.FOLD, None, 1),
    ]
    assert steps([alert(9)], group(told_at=NOW - HOUR, carrier=4)) == {9: Step.FOLD}


def test_a_carrier_whose_time_has_come_begins() -> None:
    book = Book(rounds={1: Begun(key=REPEAT)}, groups={REPEAT: GroupState(carrier=1, told_at=NOW - 6 * HOUR)})
    assert steps([alert(1)], book) == {1: Step.BEGIN}


def test_a_round_that_has_begun_is_sent_again_and_takes_nothing_more_in() -> None:
    book = Book(
        rounds={1: Begun(key=REPEAT, begun_at=NOW)}, groups={REPEAT: GroupState(told_at=NOW - timedelta(seconds=1))}
    )
    assert steps([alert(1), alert(2)], book) == {1: Step.BEGIN, 2: Step.WAIT}


def test_dangers_wait_for_neither_night_nor_cap_nor_snooze() -> None:
    key = key_of(alert(1, danger=True))
    book = Book(told={"ada": (NOW,) * 9}, snoozed={key: NOW + HOUR})
    assert steps([alert(1, danger=True)], book, quiet_until=NOW + 8 * HOUR) == {1: Step.BEGIN}
    told = Book(groups={key: GroupState(told_at=NOW)})
    (turn,) = decide([alert(1, danger=True)], told, RULES, NOW)
    assert (turn.step, turn.until) == (Step.WAIT, NOW + DANGER_EVERY)


def test_by_night_one_carrier_takes_in_all_that_comes() -> None:
    turns = decide([alert(1), alert(2)], Book(), RULES, NOW, quiet_until=NOW + 8 * HOUR)
    assert [(turn.step, turn.until) for turn in turns] == [(Step.WAIT, NOW + 8 * HOUR), (Step.FOLD, None)]


def test_what_is_above_the_cap_goes_together_when_there_is_room() -> None:
    due = [alert(number, f"statement-{number}") for number in range(1, 7)]
    turns = {turn.alert_id: turn for turn in decide(due, Book(), RULES, NOW)}
    assert [turns[number].step for number in range(1, 7)] == [*[Step.BEGIN] * 3, Step.WAIT, Step.FOLD, Step.FOLD]
    assert turns[4].until == NOW + HOUR
    assert {turns[5].into, turns[6].into} == {4}


def test_quick_spread_is_told_at_once_by_night_too() -> None:
    due = [alert(number) for number in range(1, 6)]
    turns = decide(due, Book(), RULES, NOW, quiet_until=NOW + 8 * HOUR)
    assert [turn.step for turn in turns] == [Step.WAIT, *[Step.FOLD] * 4, Step.HURRY]
    assert turns[-1].alert_id == 1
    hurried = Book(rounds={1: Begun(key=REPEAT, is_spread=True)}, groups={REPEAT: GroupState(carrier=1, recent=5)})
    (turn,) = decide(due[:1], hurried, RULES, NOW, quiet_until=NOW + 8 * HOUR)
    assert (turn.step, turn.is_spread) == (Step.BEGIN, True)


def test_quick_spread_is_told_once_an_interval() -> None:
    book = group(recent=50, spread_at=NOW - HOUR, told_at=NOW - HOUR, carrier=4)
    assert steps([alert(9)], book) == {9: Step.FOLD}
    later = group(recent=50, spread_at=NOW - 7 * HOUR, told_at=NOW - HOUR, carrier=4)
    assert steps([alert(9)], later) == {9: Step.FOLD, 4: Step.HURRY}


def test_repeats_may_wait_for_the_summary_but_dangers_and_spread_do_not() -> None:
    rules = Grouping(every=6 * HOUR, most_an_hour=3, spread_from=5, repeats_wait=True)
    assert steps([alert(1), alert(2, danger=True)], rules=rules) == {1: Step.LEAVE, 2: Step.BEGIN}
    (turn,) = decide([alert(1)], group(recent=4), rules, NOW)
    assert (turn.step, turn.is_spread, turn.count) == (Step.BEGIN, True, 5)


def test_what_is_snoozed_is_left_to_the_summary_until_then() -> None:
    assert steps([alert(1)], Book(snoozed={REPEAT: NOW + HOUR})) == {1: Step.LEAVE}
    assert steps([alert(1)], Book(snoozed={REPEAT: NOW})) == {1: Step.BEGIN}


def test_what_was_acknowledged_is_left_to_the_summary_until_something_higher_is_told() -> None:
    seen = {REPEAT: NOW - HOUR}
    assert steps([alert(1)], Book(acknowledged=seen)) == {1: Step.LEAVE}
    assert steps([alert(1, danger=True)], Book(acknowledged={"danger:ada": NOW - HOUR})) == {1: Step.BEGIN}
    spread = Book(acknowledged=seen, groups={REPEAT: GroupState(recent=4)})
    (turn,) = decide([alert(1)], spread, RULES, NOW)
    assert (turn.step, turn.is_spread, turn.count) == (Step.BEGIN, True, 5)
    after = Book(acknowledged=seen, groups={REPEAT: GroupState(spread_at=NOW - timedelta(minutes=5))})
    assert steps([alert(1)], after) == {1: Step.BEGIN}


def test_a_likely_repeat_ends_what_was_acknowledged_of_possible_ones() -> None:
    possible = replace(alert(1), level=Level.POSSIBLE)
    seen, likely = {"other:ada/fraud": NOW - HOUR}, GroupState(told_at=NOW - 2 * HOUR)
    assert steps([possible], Book(acknowledged=seen, groups={REPEAT: likely})) == {1: Step.LEAVE}
    assert steps([possible, alert(2)], Book(acknowledged=seen)) == {1: Step.LEAVE, 2: Step.BEGIN}
    assert steps([alert(1), replace(possible, id=2, created_at=NOW + HOUR)], Book(acknowledged=seen)) == {
        1: Step.BEGIN,
        2: Step.BEGIN,
    }


def test_a_time_from_a_clock_that_ran_ahead_holds_nothing_up() -> None:
    ahead = NOW + timedelta(days=3650)
    book = Book(groups={REPEAT: GroupState(told_at=ahead, spread_at=ahead)}, told={"ada": (ahead,) * 9})
    assert steps([alert(1)], book) == {1: Step.BEGIN}


alerts = some.lists(
    some.builds(
        lambda number, statement, subject, danger: alert(number, statement, subject, danger=danger),
        some.integers(1, 10_000),
        some.sampled_from(["", "fraud", "theft"]),
        some.sampled_from(["ada", "bo"]),
        some.booleans(),
    ),
    unique_by=lambda one: one.id,
    max_size=40,
)
states = some.builds(
    GroupState,
    carrier=some.sampled_from([0, 77_777]),
    told_at=some.none() | some.integers(-20, 20).map(lambda hours: NOW + hours * HOUR),
    spread_at=some.none() | some.integers(-20, 20).map(lambda hours: NOW + hours * HOUR),
    recent=some.integers(0, 30),
)


@given(due=alerts, data=some.data(), repeats_wait=some.booleans(), night=some.booleans())
def test_each_alert_gets_one_turn_and_is_folded_only_into_one_that_tells(due, data, repeats_wait, night) -> None:
    book = Book(groups={key: data.draw(states) for key in sorted({key_of(one) for one in due})})
    rules = Grouping(every=6 * HOUR, most_an_hour=2, spread_from=5, repeats_wait=repeats_wait)
    turns = decide(due, book, rules, NOW, quiet_until=NOW + 8 * HOUR if night else None)
    own = [turn for turn in turns if turn.step is not Step.HURRY]
    assert sorted(turn.alert_id for turn in own) == sorted(one.id for one in due)
    tells = {turn.alert_id for turn in own if turn.step in (Step.BEGIN, Step.WAIT)} | {77_777}
    assert all(turn.into in tells and turn.into != turn.alert_id for turn in own if turn.step is Step.FOLD)
    assert all(turn.until and turn.until > NOW for turn in own if turn.step is Step.WAIT)
    subject_of = {one.id: one.subject_id for one in due}
    for subject in ("ada", "bo"):
        begun = [t for t in own if t.step is Step.BEGIN and subject_of[t.alert_id] == subject and not t.is_spread]
        assert len([turn for turn in begun if not turn.key.startswith("danger:")]) <= 2
