"""Write the ends of polls together: those that end while the database is busy share its next transaction."""

from __future__ import annotations

import asyncio

from monitor.ports import PollEnd, PollStore


class PollEnds:
    """Gather ends and write them, one transaction at a time; for one event loop.

    Alone, an end is written at once. When many sources are polled side by side, hundreds share one commit.
    """

    def __init__(self, store: PollStore) -> None:
        self._store = store
        self._waiting: list[tuple[PollEnd, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def add(self, end: PollEnd) -> None:
        """Return when the end is kept; raises StoreError when it could not be."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((end, kept))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="poll ends")
        await kept

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            writing = asyncio.to_thread(self._store.finish_polls, [end for end, _ in batch])
            # Whatever went wrong belongs to those who wait, and must not leave them waiting.
            (outcome,) = await asyncio.gather(writing, return_exceptions=True)
            for _, kept in batch:
                if kept.done():  # whoever waited was cancelled
                    continue
                if isinstance(outcome, BaseException):
                    kept.set_exception(outcome)
                else:
                    kept.set_result(None)
