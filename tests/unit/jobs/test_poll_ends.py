"""Ends of polls share a transaction when they come together, and nobody is left waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from monitor.domain import Poll, PollOutcome
from monitor.errors import StoreBusy
from monitor.jobs.poll_ends import PollEnds
from monitor.ports import PollEnd, PollStore
from monitor.testing.builders import NOW


def end(number: int) -> PollEnd:
    poll = Poll(
        connector="feed",
        source=f"s{number}",
        query_key="*",
        started_at=NOW,
        finished_at=NOW,
        outcome=PollOutcome.UNCHANGED,
    )
    return PollEnd(poll=poll, next_due_at=NOW + timedelta(minutes=15))


def ends_over(write: Any) -> PollEnds:
    return PollEnds(cast("PollStore", SimpleNamespace(finish_polls=write)))


async def test_those_that_end_while_another_is_written_are_written_together() -> None:
    batches: list[int] = []
    is_open = threading.Event()

    def write(given: Sequence[PollEnd]) -> None:
        is_open.wait(10)
        batches.append(len(given))

    ends = ends_over(write)
    first = asyncio.create_task(ends.add(end(0)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the writer has taken the first
    others = [asyncio.create_task(ends.add(end(number))) for number in range(1, 50)]
    await asyncio.sleep(0)
    is_open.set()
    await asyncio.gather(first, *others)
    assert batches == [1, 49]
    await ends.add(end(50))
    assert batches == [1, 49, 1]


@pytest.mark.parametrize("error", [StoreBusy(why="locked"), TypeError("a bug")])
async def test_what_goes_wrong_reaches_everyone_who_waits(error: Exception) -> None:
    def write(given: Sequence[PollEnd]) -> None:
        raise error

    ends = ends_over(write)
    outcomes = await asyncio.gather(*(ends.add(end(number)) for number in range(3)), return_exceptions=True)
    assert [type(one) for one in outcomes] == [type(error)] * 3


async def test_one_who_no_longer_waits_holds_up_nobody() -> None:
    kept: list[str] = []
    ends = ends_over(lambda given: kept.extend(one.poll.source for one in given))
    gone = asyncio.create_task(ends.add(end(1)))
    await asyncio.sleep(0)
    gone.cancel()
    await ends.add(end(2))
    assert kept == ["s1", "s2"]
