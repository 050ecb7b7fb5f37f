"""Listen to streams: each a supervised task beside the polls, told about in the same words.

A stream holds the lease of its target for as long as it runs. Once a minute it is written down as a poll is: that
somebody listened and how much came, or why nobody could. A short break is no failure; the stream is opened again from
the kept position, after a wait that grows. A fault that waiting does not mend ends it, and it is tried again at the
target's interval, as a poll is.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from monitor.contract import Capability, Connector, Page, Query, Streaming
from monitor.domain import Target
from monitor.ending import cut_off
from monitor.errors import RateLimited, StoreError, TemporaryError
from monitor.jobs.keep import rows_from
from monitor.jobs.poll import Source, Tally, next_due, not_before, parse_cursor, summed_up
from monitor.jobs.poll_ends import PollEnds
from monitor.ports import Clock, PageResult, PollEnd, PollStore

log = logging.getLogger("goodname.listen")

BEAT_S = 60.0
"""So often a running stream is written down as a check; a failing one, too."""

SAVE_EVERY_S = 5.0
"""The position of a stream that brings nothing to keep is saved so often; what came since is heard again."""

LONGEST_PAUSE_S = 60.0
STEADY_S = 60.0
"""A stream that held for so long is opened again at once; shorter ones after a growing wait."""

STALL_S = 300.0
"""A connector that gives not even an empty page for so long hangs."""

LEASE = timedelta(minutes=3)

_Result = TypeVar("_Result")


def is_stream(connector: Connector) -> bool:
    """Tell whether a connector is listened to, rather than polled."""
    return Capability.STREAM in connector.spec.capabilities and isinstance(connector, Streaming)


def pause_s(tries: int) -> float:
    """Give the wait before a stream is opened again after so many short tries: 1, 2, 4 s and so on to a minute."""
    return min(2.0 ** min(max(tries - 1, 0), 10), LONGEST_PAUSE_S)


class Listener:
    """Listen to one leased stream; `run` ends by being cancelled, or at a fault that waiting does not mend."""

    def __init__(
        self,
        store: PollStore,
        source: Source,
        target: Target,
        clock: Clock,
        ends: PollEnds,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store, self._source, self._target = store, source, target
        self._clock, self._ends, self._sleep = clock, ends, sleep
        self._failures = target.failures
        self._tally = Tally()
        self._since = clock.now()
        self._beat_at = self._saved_at = clock.monotonic()
        self._is_heard = False
        self._is_well = False
        self._tries = 0

    async def run(self) -> None:
        """Listen, and open the stream again whenever it breaks."""
        try:
            fault = await self._listen()
            while isinstance(fault, (TemporaryError, StoreError)) and not isinstance(fault, RateLimited):
                await self._wait_after(fault)
                fault = await self._listen()
        except asyncio.CancelledError:
            if self._is_heard:
                await self._write_down(None, due=self._clock.now(), lease_until=None)
            raise
        due = next_due(self._target, self._failures + 1, fault, self._clock.now())
        await self._write_down(fault, due=due, lease_until=None)

    async def _listen(self) -> Exception:
        """Open the stream once and keep what it brings; gives why it ended."""
        opened = self._clock.monotonic()
        try:
            await self._hear()
        except Exception as caught:  # noqa: BLE001  # boundary: a plugin's fault stops its own source only
            fault = TemporaryError("The stream hangs.") if isinstance(caught, TimeoutError) else caught
        else:
            fault = TemporaryError("The stream ended.")
        self._tries = 1 if self._clock.monotonic() - opened >= STEADY_S else self._tries + 1
        return fault

    async def _hear(self) -> None:
        source, target, connector = self._source, self._target, self._source.connector
        assert isinstance(connector, Streaming)
        cursor = parse_cursor(source, await asyncio.to_thread(self._store.cursor, target.source, target.query_key))
        query = Query(key=target.query_key, terms=target.terms)
        stream = connector.stream(source.context(self._clock.now()), query, cursor)
        async with aclosing(stream) as pages:  # type: ignore[type-var]  # the contract promises an async generator's aclose
            while True:
                async with asyncio.timeout(STALL_S):
                    page = await anext(pages, None)
                if page is None:
                    return
                await self._keep(page)
                await self._note_heard()

    async def _keep(self, page: Page) -> None:
        is_due = self._clock.monotonic() - self._saved_at >= SAVE_EVERY_S
        result = await _to_its_end(lambda: self._sift_and_save(page, is_due=is_due))
        self._tally.count(page, result or PageResult(new=0, revised=0, gone=0))
        if result:
            self._saved_at = self._clock.monotonic()

    def _sift_and_save(self, page: Page, *, is_due: bool) -> PageResult | None:
        """Keep what is wanted of a page and the position after it in one transaction; None when nothing needs it."""
        sifted = self._source.sift(page) if self._source.sift else page
        if not (sifted.items or sifted.gone or is_due):
            return None
        return self._store.save_page(rows_from(self._source.name, self._target.query_key, sifted, self._clock.now()))

    async def _note_heard(self) -> None:
        self._is_heard = True
        if not self._is_well or self._is_time():
            await self._beat(None)

    async def _wait_after(self, fault: Exception) -> None:
        log.warning("a stream broke", extra={"source": self._source.name, "why": str(fault)})
        if self._is_time() and not isinstance(fault, StoreError):
            await self._beat(None if self._is_heard else fault)
        await self._sleep(pause_s(self._tries) * random.uniform(1, 1.25))  # noqa: S311  # so that not all come back at once

    def _is_time(self) -> bool:
        return self._clock.monotonic() - self._beat_at >= BEAT_S

    async def _beat(self, fault: Exception | None) -> None:
        now = self._clock.now()
        await self._write_down(fault, due=now, lease_until=now + LEASE)

    async def _write_down(self, fault: Exception | None, *, due: datetime, lease_until: datetime | None) -> None:
        """Record the time since the last beat as one check."""
        now = self._clock.now()
        self._failures = self._failures + 1 if fault else 0
        poll = summed_up(self._source, self._target, self._tally, fault, self._since, max(now, self._since))
        self._tally, self._since, self._beat_at = Tally(), now, self._clock.monotonic()
        self._is_heard, self._is_well = False, fault is None
        asked = not_before(fault, now)
        end = PollEnd(poll=poll, next_due_at=due, failures=self._failures, lease_until=lease_until, not_before=asked)
        try:
            await self._ends.add(end)
        except StoreError:
            log.warning("the database could not keep how a stream went", extra={"source": self._source.name})


async def _to_its_end(work: Callable[[], _Result]) -> _Result:
    """Run work in a thread; when cancelled, wait for it first, so that nothing is written after the end was told."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


class Listeners:
    """Run the streams of one service, each in a task of its own.

    `source_of` gives a configured source by its name, `make` what listens to it.
    """

    def __init__(self, source_of: Callable[[str], Source | None], make: Callable[[Source, Target], Listener]) -> None:
        self._source_of = source_of
        self._make = make
        self._running: dict[tuple[str, str], tuple[Source, Target, asyncio.Task[None]]] = {}

    def start(self, target: Target) -> bool:
        """Listen to a leased target; one that is listened to already goes on. False when it is no stream."""
        source, key = self._source_of(target.source), (target.source, target.query_key)
        if source is None or not is_stream(source.connector):
            return False
        if key not in self._running:
            task = asyncio.create_task(self._make(source, target).run(), name=f"listen {target.source}")
            self._running[key] = (source, target, task)
            task.add_done_callback(lambda done: self._ended(key, done))
        return True

    def _ended(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        if key in self._running and self._running[key][2] is task:
            del self._running[key]
        if not task.cancelled() and (error := task.exception()):
            log.error("a listener broke", extra={"source": key[0]}, exc_info=error)

    async def keep_to(self, targets: Sequence[Target]) -> None:
        """End the streams that are not among these targets; open those anew whose names or settings changed."""
        if not self._running:
            return
        wanted = {(one.source, one.query_key): one for one in targets}
        for key, (source, target, task) in tuple(self._running.items()):
            present = wanted.get(key)
            is_same = self._source_of(target.source) is source
            if present is not None and is_same and present.terms == target.terms:
                continue
            task.cancel()
            await asyncio.wait({task})
            if present is not None:
                self.start(replace(target, terms=present.terms, every=present.every))

    async def stop(self) -> None:
        """End all streams; what they were keeping is kept."""
        await cut_off(task for _, _, task in self._running.values())
