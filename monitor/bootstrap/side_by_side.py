"""Polls that run side by side: as many as there is room for, each when it is due, none waiting for a slow one."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from monitor.bootstrap.app import App
from monitor.domain import Poll, Target
from monitor.ending import end_within

log = logging.getLogger("goodname.polls")

PARALLEL_POLLS = 32


class Polls:
    """Start polls of what is due and leave them running; for one event loop."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._running: set[asyncio.Task[Poll | None]] = set()
        self._unkept: list[Target] = []
        self._is_over = False

    async def turn(self, within_s: float) -> None:
        """Start what is due for so many seconds; polls that are still running then go on."""
        listeners = self._app.listeners
        await listeners.keep_to(await asyncio.to_thread(self._app.sync_targets))
        await self._give_back()
        over_at = self._app.clock.monotonic() + within_s
        while await self._lease_and_start() and not self._is_over:
            if not await self._half_end(over_at):
                return

    async def end(self, grace_s: float) -> bool:
        """Start none any more, and wait for those that run; tells whether all of them ended in time."""
        self._is_over = True
        return await end_within(grace_s, self._running)

    async def _lease_and_start(self) -> bool:
        """Start as many polls as there is room for; tells whether more may be due than there was room."""
        room = PARALLEL_POLLS - len(self._running)
        leased = await self._app.lease_targets(room) if room > 0 else ()
        for target in leased:
            if self._app.listeners.start(target):
                continue
            task = asyncio.create_task(self._app.poll_target(target), name=f"poll {target.source}")
            self._running.add(task)
            task.add_done_callback(partial(self._ended, target))
        return bool(self._running) and len(leased) == max(room, 0)

    def _ended(self, target: Target, task: asyncio.Task[Poll | None]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        if error := task.exception():
            log.error("a poll broke", extra={"source": target.source}, exc_info=error)
        elif task.result() is None and target.source in self._app.sources:
            self._unkept.append(target)

    async def _give_back(self) -> None:
        """Let go of what was polled while the database took nothing: its lease alone would hold it for long."""
        count = len(self._unkept)
        if count:
            await asyncio.to_thread(self._app.store.release_targets, tuple(self._unkept[:count]))
            del self._unkept[:count]  # others may have ended meanwhile

    async def _half_end(self, over_at: float) -> bool:
        """Wait until half the polls in hand have ended; tells whether there is time for more.

        Half makes few leases of many polls, and lets no slow one hold up the rest.
        """
        few = len(self._running) // 2
        while len(self._running) > few:
            rest = over_at - self._app.clock.monotonic()
            if rest <= 0:
                return False
            await asyncio.wait(self._running, timeout=rest, return_when=asyncio.FIRST_COMPLETED)
        return self._app.clock.monotonic() < over_at
