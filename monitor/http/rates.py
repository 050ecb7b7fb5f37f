"""Be a polite guest: few requests at once, room between them, and none before the host wants one."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.errors import RateLimited
from monitor.ports import Clock, SharedTurns

_MOST_HOSTS = 4096  # redirects may lead anywhere; the idle hosts seen longest ago are forgotten first
_LONGEST_INTERVAL = timedelta(seconds=30)


@dataclass(slots=True)
class _Host:
    turns: asyncio.Semaphore
    interval: timedelta
    next_at: float = 0.0
    paused_until: datetime | None = None
    users: int = 0


class HostRates:
    """Share one host's patience among all sources that read from it, and with `shared` among all machines.

    `sleep` takes seconds; it exists so that a test can turn the clock instead of waiting. Machines share the room
    between requests and the pauses; how many requests run at once each counts for itself.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        min_interval: timedelta,
        per_host: int,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        shared: SharedTurns | None = None,
    ) -> None:
        self._clock = clock
        self._interval = min_interval
        self._per_host = per_host
        self._sleep = sleep
        self._shared = shared
        self._untold: dict[str, datetime] = {}
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

    @asynccontextmanager
    async def turn(self, key: str, *, paced: bool = True) -> AsyncIterator[None]:
        """Wait for a turn at a host; raises RateLimited at once while the host asked to be left alone.

        `paced` false leaves out the interval, for hosts of one's own.
        """
        host = self._host(key)
        host.users += 1
        try:
            self._refuse_paused(key, host)
            async with host.turns:
                if paced:
                    await self._wait(key, host)
                self._refuse_paused(key, host)
                yield
        finally:
            host.users -= 1

    def pause(self, key: str, until: datetime) -> None:
        """Send nothing to a host before that moment."""
        host = self._host(key)
        host.paused_until = max(until, host.paused_until or until)
        if self._shared:
            self._untold[key] = host.paused_until

    async def tell_pauses(self) -> None:
        """Let the other machines know of pauses that are new; idempotent."""
        while self._shared and self._untold:
            await self._shared.pause(*self._untold.popitem())

    def slow_down(self, key: str, interval: timedelta) -> None:
        """Leave at least that long between requests to a host, 30 seconds at most."""
        host = self._host(key)
        host.interval = max(self._interval, min(interval, _LONGEST_INTERVAL))

    async def _wait(self, key: str, host: _Host) -> None:
        if self._shared:
            seconds, paused_until = await self._shared.reserve(key, host.interval)
            if paused_until:
                host.paused_until = max(paused_until, host.paused_until or paused_until)
            if seconds:
                await self._sleep(seconds)
            return
        now = self._clock.monotonic()
        start = max(now, host.next_at)
        host.next_at = start + host.interval.total_seconds()
        if start > now:
            await self._sleep(start - now)

    def _refuse_paused(self, key: str, host: _Host) -> None:
        if host.paused_until is not None and self._clock.now() < host.paused_until:
            raise RateLimited(f"{key} asked for fewer requests.", retry_at=host.paused_until)

    def _host(self, key: str) -> _Host:
        host = self._hosts.get(key)
        if host is None:
            host = self._hosts[key] = _Host(asyncio.Semaphore(self._per_host), self._interval)
            self._forget()
        self._hosts.move_to_end(key)
        return host

    def _forget(self) -> None:
        for key in list(self._hosts)[: max(0, len(self._hosts) - _MOST_HOSTS)]:
            host = self._hosts[key]
            if not host.users and (host.paused_until is None or host.paused_until < self._clock.now()):
                del self._hosts[key]
