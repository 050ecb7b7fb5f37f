"""Write down everything that a browser context asks and is answered, frames of other sites and all.

Bodies come from the browser, so they are decoded: their compression is off, and the archive says so. What the browser
does not give (large media, ranges) is fetched again, through the same guard, and marked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from monitor.contract import Http
from monitor.domain import Origin
from monitor.errors import ConnectorError, FetchError
from monitor.ports import Clock
from monitor.text.links import is_web_url

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Request, Response

MAX_BYTES = 48 * 1024 * 1024
"""How much of bodies one capture's archive holds; the rest is named."""

_MOST_REQUESTS = 3_000
_MOST_REFETCHED = 24
_BODY_SECONDS = 5.0
_NO_BODY = frozenset({204, 205, 304})
Headers = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Exchange:
    """Hold one question and its answer; `body` is None while or because there is none, and `why` says so in words."""

    url: str
    method: str
    asked_at: datetime
    request_headers: Headers = ()
    posted: bytes = b""
    status: int = 0
    reason: str = ""
    headers: Headers = ()
    body: bytes | None = None
    origin: Origin = Origin.DECODED
    why: str = ""
    is_media: bool = False  # a browser loads it in pieces, and stops when it has enough

    @property
    def media_type(self) -> str:
        """Give the answer's media type without parameters, lower case, or an empty string."""
        named = (value for name, value in self.headers if name.lower() == "content-type")
        return next(named, "").partition(";")[0].strip().lower()[:100]

    @property
    def is_answered(self) -> bool:
        """Tell whether the server answered, and its answer is there."""
        return self.status > 0 and self.body is not None


@dataclass(eq=False)
class Traffic:  # without slots: Playwright marks the owners of its listeners
    """Collect the exchanges of one browser context, in the order they were asked."""

    clock: Clock
    exchanges: list[Exchange] = field(default_factory=list)
    _of: dict[Request, Exchange] = field(default_factory=dict)
    _chores: set[asyncio.Task[None]] = field(default_factory=set)
    _size: int = 0
    _unwritten: int = 0

    def watch(self, context: BrowserContext) -> None:
        """Begin to write down what this context does."""
        context.on("request", self._on_request)
        context.on("requestfinished", lambda request: self._chore(self._finish(request)))
        context.on("requestfailed", self._on_failed)

    async def settle(self, http: Http, seconds: float) -> None:
        """Wait for bodies that are still being read, at most so long; fetch again what the browser does not give."""
        if self._chores:
            await asyncio.wait(tuple(self._chores), timeout=seconds)
        for chore in tuple(self._chores):
            chore.cancel()
        lacking = [one for one in self.exchanges if _can_be_refetched(one)]
        for exchange in lacking[:_MOST_REFETCHED]:
            await self._refetch(http, exchange)

    def misses(self) -> tuple[str, ...]:
        """Name every request that has no record, in words."""
        found = [
            f"{one.method} {one.url[:300]}: {one.why or 'no answer'}" for one in self.exchanges if not one.is_answered
        ]
        if self._unwritten:
            found.append(f"{self._unwritten} more requests were not written down")
        return tuple(found)

    def _on_request(self, request: Request) -> None:
        if not is_web_url(request.url):
            return  # data: and blob: addresses have their bytes in them
        if len(self.exchanges) >= _MOST_REQUESTS:
            self._unwritten += 1
            return
        exchange = Exchange(url=request.url, method=request.method, asked_at=self.clock.now())
        exchange.is_media = request.resource_type == "media"
        self._of[request] = exchange
        self.exchanges.append(exchange)

    def _on_failed(self, request: Request) -> None:
        exchange = self._of.get(request)
        if exchange is not None and not exchange.status:
            exchange.why = (request.failure or "it failed")[:200]

    async def _finish(self, request: Request) -> None:
        exchange = self._of.get(request)
        if exchange is None or exchange.is_media:
            return
        exchange.request_headers = tuple(sorted((await request.all_headers()).items()))
        exchange.posted = (request.post_data_buffer or b"")[:MAX_BYTES]
        response = await request.response()
        if response is None:
            exchange.why = exchange.why or "no answer"
            return
        exchange.status, exchange.reason = response.status, response.status_text
        exchange.headers = tuple((one["name"], one["value"]) for one in await response.headers_array())
        await self._read(response, exchange)

    async def _read(self, response: Response, exchange: Exchange) -> None:
        from playwright.async_api import Error as PlaywrightError  # noqa: PLC0415 - part of an optional extra

        if 300 <= response.status < 400 or response.status in _NO_BODY or exchange.method == "HEAD":
            exchange.body = b""
            return
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await response.body()
        except (PlaywrightError, TimeoutError):
            exchange.why = "the browser does not give its body"
            return
        self._take(exchange, body)

    async def _refetch(self, http: Http, exchange: Exchange) -> None:
        try:
            answer = await http.get(exchange.url)
        except (ConnectorError, FetchError) as fault:
            exchange.why = f"{exchange.why}; fetched again: {fault.what}"
            return
        exchange.origin = Origin.REFETCHED
        exchange.status, exchange.reason = answer.status, ""
        exchange.headers = tuple(answer.headers.items())
        self._take(exchange, answer.body)

    def _take(self, exchange: Exchange, body: bytes) -> None:
        if self._size + len(body) > MAX_BYTES:
            exchange.why = f"its {len(body)} bytes are more than the archive holds"
            return
        self._size += len(body)
        exchange.body = body

    def _chore(self, work: Coroutine[object, object, None]) -> None:
        from playwright.async_api import Error as PlaywrightError  # noqa: PLC0415 - part of an optional extra

        async def quietly() -> None:
            try:
                await work
            except PlaywrightError:
                return  # the page has gone; what is missing is named

        task = asyncio.ensure_future(quietly())
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)


def _can_be_refetched(one: Exchange) -> bool:
    """Fetch again what was asked without consequence and answered well, and where only the body is missing."""
    return (
        one.body is None
        and one.method == "GET"
        and (one.status in (200, 206) or one.is_media)
        and "more than" not in one.why
    )
