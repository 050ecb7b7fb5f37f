"""A server on the loopback address together with the real client that may contact it."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Self

from monitor.contract import Context, Ledger
from monitor.http import HttpClient
from monitor.testing import NOW, FakeClock, LoopbackServer, context


class GuardedServer(LoopbackServer):
    """Answer from a script; `context` hands a connector the guarded client, whose allow list names this server."""

    client: HttpClient

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.client = HttpClient(clock=FakeClock(), allow={self.address}, user_agent="goodname/0")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.close()
        await super().__aexit__(kind, error, trace)

    def context(self, *, now: datetime = NOW, ledger: Ledger | None = None) -> Context:
        """Build what a connector is handed."""
        return context(self.client.for_source("town", obey_robots=False), now=now, ledger=ledger)

    async def stop(self) -> None:
        """Answer nobody any more; the client stays."""
        await super().__aexit__(None, None, None)
