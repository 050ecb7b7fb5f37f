"""The bar for alerts follows from reviews."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matching.tuning import Reviewed, false_a_week, suggest

REVIEWED = [(95, True), (90, True), (80, False), (75, True), (70, False), (70, False), (60, None)]


def hits(*rows: tuple[int, bool | None]) -> list[Reviewed]:
    return [Reviewed(score=score, is_right=right) for score, right in rows]


@pytest.mark.parametrize(("at_most", "likely", "lost"), [(0, 81, 1), (0.5, 71, 0), (9, 35, 0)])
def test_the_lowest_bar_that_keeps_to_the_wish(at_most: float, likely: int, lost: int) -> None:
    found = suggest(hits(*REVIEWED), 2.0, at_most, lowest=35)
    assert (found.likely, found.lost, found.right, found.wrong) == (likely, lost, 3, 3)
    assert found.false_a_week <= at_most


def test_without_reviews_there_is_no_suggestion() -> None:
    assert suggest(hits((90, None)), 1.0, 5).likely is None


def test_unreviewed_hits_count_as_often_wrong_as_reviewed_ones() -> None:
    assert false_a_week(hits((90, True), (90, False), (90, None), (90, None)), 1.0, 50) == 2.0
    assert false_a_week(hits((90, None), (40, True)), 2.0, 50) == 0.5


@given(st.lists(st.tuples(st.integers(0, 100), st.sampled_from([True, False, None])), max_size=30), st.floats(0, 5))
def test_a_suggestion_always_keeps_to_the_wish(rows: list[tuple[int, bool | None]], at_most: float) -> None:
    found = suggest(hits(*rows), 1.0, at_most)
    if found.likely is not None:
        assert 1 <= found.likely <= 100
        assert false_a_week(hits(*rows), 1.0, found.likely) <= at_most
    assert found.kept + found.lost == found.right
