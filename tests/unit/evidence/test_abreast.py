"""Work on many items: in order, several at a time, and no further than a fault."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from monitor.evidence.abreast import abreast


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("items", [0, 1, 100])
def test_results_come_in_order(count: int, items: int) -> None:
    assert list(abreast(count, lambda one: one * 2, range(items))) == [one * 2 for one in range(items)]


def test_several_are_worked_on_at_a_time() -> None:
    together = threading.Barrier(4, timeout=60)
    assert len(list(abreast(4, lambda _: together.wait(), range(8)))) == 8


def test_one_at_a_time_needs_no_thread() -> None:
    assert set(abreast(1, lambda _: threading.get_ident(), range(3))) == {threading.get_ident()}


@pytest.mark.parametrize("count", [1, 3])
def test_a_fault_ends_it_before_all_is_read(count: int) -> None:
    read: list[int] = []

    def items() -> Iterator[int]:
        for number in range(10_000):
            read.append(number)
            yield number

    def work(number: int) -> int:
        if number == 5:
            raise ValueError(number)
        return number

    done: list[int] = []
    with pytest.raises(ValueError, match="5"):
        done.extend(abreast(count, work, items()))
    assert done == [0, 1, 2, 3, 4]
    assert len(read) < 100
