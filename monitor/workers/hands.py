"""Know what a worker has in hand, so that it can be said to whoever looks at its health."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from monitor.ports import Doing, WorkerState
from monitor.workers.jobs import CAPTURE, POLL, read_capture, read_poll
from monitor.workers.queue import Handler


@dataclass(frozen=True, slots=True)
class _Held:
    kind: str
    about: str
    since: float


class Hands:
    """Count the jobs of one process and name those that it is at; for one event loop, read from any thread."""

    def __init__(self, monotonic: Callable[[], float], started_at: datetime) -> None:
        self._monotonic = monotonic
        self._started_at = started_at
        self._held: dict[int, _Held] = {}
        self._number = self._done = self._failed = 0
        self.name = f"{socket.gethostname()}:{os.getpid()}"

    def watch(self, handlers: Mapping[str, Handler]) -> dict[str, Handler]:
        """Give handlers that do the same, and are seen at it."""
        return {kind: self._watched(kind, handler) for kind, handler in handlers.items()}

    def state(self, kinds: tuple[str, ...], *, leads: bool) -> WorkerState:
        """Say how this worker is now; what it has been at longest comes first."""
        now = self._monotonic()
        held = sorted(self._held.copy().values(), key=lambda one: one.since)
        return WorkerState(
            name=self.name,
            kinds=kinds,
            started_at=self._started_at,
            leads=leads,
            doing=tuple(Doing(kind=one.kind, about=one.about, for_s=round(now - one.since, 1)) for one in held),
            done=self._done,
            failed=self._failed,
        )

    def _watched(self, kind: str, handler: Handler) -> Handler:
        async def handle(payload: bytes | None) -> None:
            with self._holding(kind, _about(kind, payload)):
                await handler(payload)

        return handle

    @contextmanager
    def _holding(self, kind: str, about: str) -> Iterator[None]:
        self._number += 1
        number, is_done = self._number, False
        self._held[number] = _Held(kind, about, self._monotonic())
        try:
            yield
            is_done = True
        finally:
            del self._held[number]
            self._done += is_done
            self._failed += not is_done


def _about(kind: str, payload: bytes | None) -> str:
    """Name what a job is about; a payload that cannot be read is the handler's matter."""
    try:
        if kind == POLL:
            return read_poll(payload).source
        return str(read_capture(payload)) if kind == CAPTURE else ""
    except ValueError:
        return ""
