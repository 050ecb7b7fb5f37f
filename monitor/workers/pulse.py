"""Know whether a worker goes on: its loops turn, and no piece of work in hand hangs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from monitor.jobs.poll import LEASE
from monitor.ports import Clock

HANGS_AFTER_S = LEASE.total_seconds()
"""Whoever has not ended one piece of work by then has outlived the longest lease: others may do the same work."""

STANDS_AFTER_S = 120.0
"""A loop looks for work every five seconds; a question to the database fails after sixty."""


class Pulse:
    """Note each turn of a loop and each piece of work that begins and ends; for one event loop.

    A job that does many pieces, such as all mentions that wait to be judged, goes on for as long as each piece ends.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turned: dict[str, float] = {}
        self._begun: dict[object, tuple[str, float]] = {}

    def turned(self, loop: str) -> None:
        """Note that a loop looked for work."""
        self._turned[loop] = self._clock.monotonic()

    def rest(self) -> None:
        """Expect no more turns, as when no more work is taken."""
        self._turned.clear()

    @contextmanager
    def piece(self, kind: str) -> Iterator[None]:
        """Do one piece of work of a kind within the block."""
        mark = object()
        self._begun[mark] = kind, self._clock.monotonic()
        try:
            yield
        finally:
            del self._begun[mark]

    def stuck(self) -> tuple[str, ...]:
        """Name what does not go on: kinds of jobs that hang, "queue" where a loop stands; nothing when all is well."""
        now = self._clock.monotonic()
        hanging = {kind for kind, begun in self._begun.values() if now - begun > HANGS_AFTER_S}
        is_standing = any(now - at > STANDS_AFTER_S for at in self._turned.values())
        return (*sorted(hanging), *(["queue"] if is_standing else []))
