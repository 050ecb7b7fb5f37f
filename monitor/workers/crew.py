"""One process of several that share an installation: it plans when it leads, and works either way."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from monitor.bootstrap import App, Notices, Settings, open_app, service_manager
from monitor.errors import MonitorError, StoreError
from monitor.logs import set_up_logging
from monitor.workers.hands import Hands
from monitor.workers.jobs import ALERT, ASSESS, CAPTURE, KINDS, POLL, RECHECK, plan, read_capture, read_poll
from monitor.workers.pulse import Pulse
from monitor.workers.queue import Handler, JobQueue, open_queue

log = logging.getLogger("goodname.workers")

T = TypeVar("T")

TARGETS_A_TICK = 2_000
CAPTURES_A_TICK = 200

COUNT_EVERY_S = 10.0
SHOW_LIFE_S = 10.0


class Crew:
    """Plan and work on an opened installation through a queue."""

    def __init__(self, app: App, queue: JobQueue, leads: Callable[[], Awaitable[bool]]) -> None:
        self._app = app
        self._queue = queue
        self._leads = leads
        self._pulse = Pulse(app.clock)
        self._counted_at = -COUNT_EVERY_S
        self._hands = Hands(app.clock.monotonic, app.clock.now())
        self._is_leader = False
        self.figures: Mapping[str, Mapping[str, int]] = {}

    async def leads(self) -> bool:
        """Tell whether this process is the one that plans; else it tries to become it. StoreError when cut off."""
        self._is_leader = await self._leads()
        return self._is_leader

    async def plan(self) -> int:
        """Order what is due, if this process leads; gives how many jobs were added.

        Targets are leased first and ordered after. A crash in between leaves them leased, and they are ordered when
        the leases run out. Streams are listened to by the leader itself.
        """
        await self._count()
        listeners = self._app.listeners
        if not await self.leads():
            await listeners.stop()
            return 0
        await listeners.keep_to(await asyncio.to_thread(self._app.sync_targets))
        now = self._app.clock.now()
        waiting = await asyncio.to_thread(self._app.store.waiting, now, most=CAPTURES_A_TICK)
        leased = await self._app.lease_targets(TARGETS_A_TICK)
        return await self._queue.put(plan([one for one in leased if not listeners.start(one)], waiting))

    async def _count(self) -> None:
        """Count what stands in the queue, every ten seconds, for whoever looks at the service's health."""
        if self._app.clock.monotonic() - self._counted_at >= COUNT_EVERY_S:
            self._counted_at = self._app.clock.monotonic()
            state = await self._queue.state()
            self.figures = {"waiting": state.waiting, "running": state.running, "parked": state.parked}

    async def work(self, kinds: Collection[str] = tuple(KINDS), *, concurrency: int = 0) -> None:
        """Do jobs of these kinds until `stop`; StoreError when the database went away."""
        places = concurrency or self._app.settings.queue.concurrency
        known = self._handlers()
        handlers = self._hands.watch({kind: known[kind] for kind in kinds})
        showing = asyncio.create_task(self._show_life(tuple(handlers)), name="show-life")
        try:
            await self._queue.work(handlers, concurrency=places, turned=self._pulse.turned)
        finally:
            showing.cancel()
            with suppress(StoreError):  # where it cannot be said, an hour's silence says it
                await asyncio.to_thread(self._app.store.forget_worker, self._hands.name)

    async def _show_life(self, kinds: tuple[str, ...]) -> None:
        """Write down every ten seconds that this worker is there, and what it does."""
        while True:
            try:
                state = self._hands.state(kinds, leads=self._is_leader)
                await asyncio.to_thread(self._app.store.see_worker, state)
            except StoreError as error:
                log.warning("the database could not note this worker", extra={"why": str(error)})
            await asyncio.sleep(SHOW_LIFE_S)

    def stop(self) -> None:
        """Take no more jobs; `work` ends when those in hand are done. Idempotent."""
        self._queue.stop()
        self._pulse.rest()

    def stuck(self) -> tuple[str, ...]:
        """Name the kinds of jobs that hang here past every lease, and "queue" when it looks for no more work."""
        return self._pulse.stuck()

    def is_well(self) -> bool:
        """Tell whether everything here goes on; what does not is logged."""
        stuck = self.stuck()
        if stuck:
            log.error("something does not go on", extra={"jobs": stuck})
        return not stuck

    def _handlers(self) -> Mapping[str, Handler]:
        return {
            CAPTURE: self._capture,
            ALERT: self._alert,
            ASSESS: self._assess,
            POLL: self._poll,
            RECHECK: self._recheck,
        }

    async def _poll(self, payload: bytes | None) -> None:
        order = read_poll(payload)
        target = await asyncio.to_thread(
            self._app.store.leased_target, order.source, order.query_key, order.leased_until
        )
        if target is None or target.source not in self._app.sources:
            return
        if await self._piece(POLL, self._app.poll_target(target)) is None:
            # The lease still runs, so that nobody else orders it; the job itself is tried again, and polls under it.
            raise StoreError("The database could not keep a poll.", try_="Check that PostgreSQL runs.")

    async def _capture(self, payload: bytes | None) -> None:
        await self._piece(CAPTURE, self._app.preserve(read_capture(payload)))

    async def _assess(self, _payload: bytes | None) -> None:
        while await self._piece(ASSESS, asyncio.to_thread(self._app.assess)):
            continue

    async def _alert(self, _payload: bytes | None) -> None:
        while (await self._piece(ALERT, self._app.deliver())).sent:
            continue

    async def _recheck(self, _payload: bytes | None) -> None:
        while await self._piece(RECHECK, self._app.evidence.recheck()):
            continue

    async def _piece(self, kind: str, work: Awaitable[T]) -> T:
        with self._pulse.piece(kind):
            return await work


@asynccontextmanager
async def open_crew(app: App) -> AsyncIterator[Crew]:
    """Join the processes that share an installation, as one that may lead."""
    async with open_queue(app.settings.store.url.get_secret_value()) as queue, queue.leadership() as leads:
        yield Crew(app, queue, leads)


async def serve_worker(settings: Settings, kinds: Collection[str], concurrency: int) -> int:
    """Open the installation and work within the present loop until SIGTERM or SIGINT; gives the exit code.

    A worker plans nothing. It ends with 75 when the database went away: whoever supervises it starts it again.
    """
    loop = asyncio.get_running_loop()
    async with open_app(settings) as app, open_queue(settings.store.url.get_secret_value()) as queue:
        crew = Crew(app, queue, _never)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, crew.stop)
        await asyncio.to_thread(app.recover)  # what a killed worker of this machine had begun
        notices = Notices(service_manager())
        feeding = asyncio.create_task(notices.feed_watchdog(crew.is_well), name="watchdog")
        notices.send(f"READY=1\nSTATUS=working on {', '.join(sorted(kinds))}")
        log.info("worker started", extra={"jobs": sorted(kinds)})
        try:
            await crew.work(kinds, concurrency=concurrency)
        except MonitorError as error:
            log.error("the worker ends, to be started again", extra={"why": str(error)})
            return os.EX_TEMPFAIL
        finally:
            feeding.cancel()
            notices.send("STOPPING=1")
        log.info("worker stopped")
    return 0


async def _never() -> bool:
    return False


def worker(settings: Settings, kinds: Collection[str], concurrency: int) -> int:
    """Run `goodname worker`: JSON logs on standard error, until SIGTERM or SIGINT; gives the exit code."""
    set_up_logging(settings.log_level, sys.stderr)
    return asyncio.run(serve_worker(settings, kinds, concurrency))
