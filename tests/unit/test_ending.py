"""Tasks come to an end: in time, or cut off; an error of theirs goes nowhere else."""

from __future__ import annotations

import asyncio

from monitor.ending import cut_off, end_within


async def test_what_ends_in_time_is_waited_for() -> None:
    done: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0)
        done.append("work")

    assert await end_within(30, {asyncio.create_task(work())})
    assert done == ["work"]
    assert await end_within(30, ())


async def test_the_late_are_cut_off_and_heard_out() -> None:
    heard: list[str] = []

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # it takes its time over tidying up
            heard.append("over")
            raise ValueError("odd")

    late = asyncio.create_task(stubborn())
    assert not await end_within(0.01, [late])
    assert heard == ["over"]
    assert isinstance(late.exception(), ValueError)


async def test_a_set_that_shrinks_meanwhile_is_cut_off_whole() -> None:
    tasks = {asyncio.create_task(asyncio.Event().wait()) for _ in range(3)}
    known = tuple(tasks)
    for task in known:
        task.add_done_callback(tasks.discard)
    await cut_off(tasks)
    assert all(task.cancelled() for task in known)
    assert tasks == set()
