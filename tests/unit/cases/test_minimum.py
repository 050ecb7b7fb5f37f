from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.cases.minimum import Exhibit, Place, minimum_set, missing, without_copy
from monitor.domain import CaptureOutcome

START = datetime(2026, 1, 1, tzinfo=UTC)


def exhibit(
    mention: int, *, day: int, concern: int = 50, capture: CaptureOutcome | None = None, marked: bool = False
) -> Exhibit:
    said_at = START + timedelta(days=day)
    return Exhibit(mention_id=mention, said_at=said_at, concern=concern, capture=capture, is_marked=marked)


def test_the_first_the_three_newest_and_the_three_worst() -> None:
    ten = [exhibit(number, day=number, concern=100 if number in (2, 4, 9) else 10) for number in range(10)]
    needed = {one.mention_id: one.places for one in minimum_set(ten)}
    assert needed == {
        0: (Place.FIRST,),
        2: (Place.WORST,),
        4: (Place.WORST,),
        7: (Place.NEWEST,),
        8: (Place.NEWEST,),
        9: (Place.NEWEST, Place.WORST),
    }


def test_a_persons_mark_comes_before_every_score() -> None:
    ten = [exhibit(n, day=n, concern=100 if n in (2, 4, 5) else 10, marked=n in (1, 3)) for n in range(10)]
    worst = [one.mention_id for one in minimum_set(ten) if Place.WORST in one.places]
    assert worst == [1, 2, 3]


def test_no_mark_is_dropped_for_there_being_many() -> None:
    ten = [exhibit(n, day=n, concern=100, marked=n in (0, 1, 2, 3, 4)) for n in range(10)]
    assert [one.mention_id for one in minimum_set(ten) if Place.WORST in one.places] == [0, 1, 2, 3, 4]


def test_what_is_partial_or_failed_is_not_kept() -> None:
    some = [
        exhibit(1, day=1, capture=CaptureOutcome.COMPLETE),
        exhibit(2, day=2, capture=CaptureOutcome.PARTIAL),
        exhibit(3, day=3, capture=CaptureOutcome.FAILED),
        exhibit(4, day=4),
    ]
    assert without_copy(some) == (2, 3, 4)
    assert missing(minimum_set(some)) == (
        "mention 2 (newest, worst)",
        "mention 3 (newest, worst)",
        "mention 4 (newest)",
    )


def test_nothing_needs_nothing() -> None:
    assert minimum_set([]) == ()


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 100)), max_size=20))
def test_there_are_never_more_than_seven_and_always_the_first(pairs: list[tuple[int, int]]) -> None:
    exhibits = [exhibit(number, day=day, concern=concern) for number, (day, concern) in enumerate(pairs)]
    needed = minimum_set(exhibits)
    assert len(needed) <= 7
    assert len(needed) >= min(len(exhibits), 3)
    if exhibits:
        assert Place.FIRST in needed[0].places
        assert {one.mention_id for one in needed} <= {one.mention_id for one in exhibits}
