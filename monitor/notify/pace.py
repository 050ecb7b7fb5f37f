"""Keep a distance between messages to one destination."""

from __future__ import annotations

import asyncio


class Pace:
    """Let a few messages through at once and then one every `interval_s` seconds.

    Services cut off senders that are too quick. 0 seconds: no limit.
    """

    def __init__(self, interval_s: float, burst: int = 5) -> None:
        self._interval_s = interval_s
        self._burst = burst
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for this message's turn."""
        if self._interval_s <= 0:
            return
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now - self._interval_s * (self._burst - 1))
        wait = self._next - now
        self._next += self._interval_s
        if wait > 0:
            await asyncio.sleep(wait)
