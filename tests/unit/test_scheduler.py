"""The scheduler runs its jobs at their times, also when the wall clock is turned."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from monitor.clock import SystemClock
from monitor.scheduler import STUCK_MIN_S, Scheduler


class MonotonicOnly(SystemClock):
    """Keep the monotonic clock real while the wall clock is turned, as a machine does."""

    def monotonic(self) -> float:
        return time.clock_gettime(time.CLOCK_MONOTONIC)


async def until(condition, seconds: float) -> bool:
    """Wait for a condition in real time."""
    end = time.clock_gettime(time.CLOCK_MONOTONIC) + seconds
    while time.clock_gettime(time.CLOCK_MONOTONIC) < end:
        if condition():
            return True
        await asyncio.sleep(0.02)
    return False


async def test_a_job_runs_at_once_and_again_and_never_twice_at_a_time() -> None:
    running, most, runs = 0, 0, 0

    async def job() -> None:
        nonlocal running, most, runs
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.15)
        running -= 1
        runs += 1

    scheduler = Scheduler(SystemClock())
    scheduler.add("job", 0.1, job)
    scheduler.start()
    assert await until(lambda: runs >= 3, 5)
    assert await scheduler.stop(2)
    assert most == 1


async def test_a_job_can_be_run_beside_its_times_but_not_twice_at_a_time() -> None:
    runs, going_on = 0, asyncio.Event()

    async def job() -> None:
        nonlocal runs
        runs += 1
        await going_on.wait()

    scheduler = Scheduler(SystemClock())
    scheduler.add("job", 3600.0, job)
    scheduler.start()
    assert await until(lambda: runs == 1, 5)
    await scheduler.run_now("job")
    going_on.set()
    assert await until(lambda: not scheduler._tasks, 5)
    assert runs == 1
    await scheduler.run_now("job")
    assert await until(lambda: runs == 2, 5)
    assert await scheduler.stop(2)


async def test_a_stop_waits_for_the_job_in_flight_and_cancels_a_late_one() -> None:
    done = asyncio.Event()

    async def short() -> None:
        await asyncio.sleep(0.2)
        done.set()

    scheduler = Scheduler(SystemClock())
    scheduler.add("short", 60, short)
    scheduler.start()
    await asyncio.sleep(0.05)
    assert await scheduler.stop(5)
    assert done.is_set()

    async def endless() -> None:
        await asyncio.Event().wait()

    late = Scheduler(SystemClock())
    late.add("endless", 60, endless)
    late.start()
    await asyncio.sleep(0.05)
    assert not await late.stop(0.1)


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(hours=1), timedelta(days=3650), timedelta(days=-400)])
async def test_a_turned_wall_clock_does_not_stop_the_jobs(jump: timedelta) -> None:
    runs = 0

    async def job() -> None:
        nonlocal runs
        runs += 1

    scheduler = Scheduler(MonotonicOnly())
    scheduler.add("job", 0.5, job)
    scheduler.start()
    assert await until(lambda: runs >= 1, 5)
    with time_machine.travel(datetime.now(UTC) + jump, tick=True):
        before = runs
        assert await until(lambda: runs >= before + 2, STUCK_MIN_S + 5)
        await scheduler.stop(1)
