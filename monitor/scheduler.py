"""When each job runs; knows times and nothing else. The only door to APScheduler.

A handful of fixed jobs; what is due within a job is a table in the database, never a job of its own here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from monitor.ending import cut_off, end_within
from monitor.ports import Clock

log = logging.getLogger("goodname.scheduler")

Run = Callable[[], Awaitable[object]]

PATIENCE = 3
"""A job that has not started for this many of its intervals is stuck: the wall clock was turned, most likely."""

STUCK_MIN_S = 5.0

TURNED_S = 30.0
"""The wall clock was turned, or the machine slept, when it and the monotonic clock part by more than this."""

WATCH_EVERY_S = 1.0


@dataclass(kw_only=True, slots=True)
class _Job:
    """Hold one fixed job and, on the monotonic clock, when it last started and ended."""

    name: str
    every_s: float
    run: Run
    started: float
    ended: float
    is_running: bool = False


class _Every(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fire at an interval counted from now, whatever was missed.

    APScheduler's own interval trigger reckons every missed time one by one: a clock set ten years ahead would keep it
    busy for minutes with a job that runs each second.
    """

    def __init__(self, every_s: float) -> None:
        self._every = timedelta(seconds=every_s)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return now + self._every if previous_fire_time else now


class Scheduler:
    """Run each added job at its interval, never twice at once, and go on when the wall clock is turned.

    APScheduler reckons in wall-clock time and stands still when the clock jumps back; a watch on the monotonic clock
    sees that, schedules every job anew, and calls `when_turned` with how far the wall clock was moved.
    """

    def __init__(self, clock: Clock, *, when_turned: Callable[[timedelta], Awaitable[object]] | None = None) -> None:
        self._clock = clock
        self._when_turned = when_turned
        self._jobs: dict[str, _Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._watch: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._inner = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )

    def add(self, name: str, every_s: float, run: Run) -> None:
        """Add a job before `start`; `run` should handle its own faults, one that leaves it is logged."""
        now = self._clock.monotonic()
        self._jobs[name] = _Job(name=name, every_s=every_s, run=run, started=now, ended=now)

    def start(self) -> None:
        """Start within the running loop; every job runs at once and then at its interval."""
        for job in self._jobs.values():
            self._schedule(job)
        self._inner.add_listener(self._missed, EVENT_JOB_MISSED)
        self._inner.start()
        self._watch = asyncio.create_task(self._watch_over(), name="watch")

    async def run_now(self, name: str) -> None:
        """Start a job beside its times, unless it is at work."""
        await self._fire(self._jobs[name])

    def idle_s(self) -> dict[str, float]:
        """Give the seconds since each job last ended; a job that runs for long grows too."""
        now = self._clock.monotonic()
        return {name: now - job.ended for name, job in self._jobs.items()}

    async def stop(self, grace_s: float) -> bool:
        """Start nothing new, wait for what runs, cancel the rest after `grace_s`; True when nothing was cancelled."""
        self._is_stopping = True
        if self._watch:
            await cut_off({self._watch})
        if self._inner.running:
            self._inner.shutdown(wait=False)
        return await end_within(grace_s, self._tasks)

    def _schedule(self, job: _Job) -> None:
        self._inner.add_job(
            self._fire,
            _Every(job.every_s),
            args=[job],
            id=job.name,
            next_run_time=self._clock.now(),
            replace_existing=True,
        )

    async def _fire(self, job: _Job) -> None:
        """Start a job as a task of our own, so that stopping can wait for it; a job still at work is left alone."""
        if job.is_running or self._is_stopping:
            return
        job.is_running = True
        job.started = self._clock.monotonic()
        task = asyncio.create_task(self._run(job), name=job.name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, job: _Job) -> None:
        try:
            await job.run()
        finally:
            job.is_running = False
            job.ended = self._clock.monotonic()

    async def _watch_over(self) -> None:
        before = self._offset()
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            now, offset = self._clock.monotonic(), self._offset()
            if abs(offset - before) > TURNED_S:
                self._turned(timedelta(seconds=offset - before))
            before = offset
            for job in self._jobs.values():
                if not job.is_running and now - job.started > max(PATIENCE * job.every_s, STUCK_MIN_S):
                    log.warning("a job was stuck and is scheduled anew", extra={"job": job.name})
                    self._reschedule(job)

    def _offset(self) -> float:
        """Give by how much the wall clock is ahead of the monotonic one, in seconds."""
        return self._clock.now().timestamp() - self._clock.monotonic()

    def _turned(self, by: timedelta) -> None:
        log.warning("the clock was turned, or the machine slept", extra={"by": str(by)})
        if self._when_turned:
            task = asyncio.create_task(self._tell_turned(self._when_turned, by), name="turned")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        for job in self._jobs.values():
            if not job.is_running:
                self._reschedule(job)

    @staticmethod
    async def _tell_turned(when_turned: Callable[[timedelta], Awaitable[object]], by: timedelta) -> None:
        await when_turned(by)

    def _reschedule(self, job: _Job) -> None:
        try:
            self._inner.remove_job(job.name)
        except JobLookupError:
            log.warning("a stuck job had vanished from the schedule", extra={"job": job.name})
        job.started = self._clock.monotonic()
        self._schedule(job)
        self._inner.wakeup()

    def _missed(self, event: JobExecutionEvent) -> None:
        log.warning("a job was missed", extra={"job": event.job_id})
