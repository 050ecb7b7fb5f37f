"""Listen to WebSockets under the same rules as every other request: guard, rates, deadlines, caps."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import aiohttp
from yarl import URL

from monitor.errors import AddressForbidden, MonitorError, RateLimited, SourceChanged, SourceUnavailable, TooLarge
from monitor.http.answers import error_for
from monitor.http.faults import boundary
from monitor.http.guard import AddressGuard
from monitor.http.rates import HostRates
from monitor.http.requests import StreamRequest
from monitor.http.sessions import make_session
from monitor.http.urls import site_key
from monitor.ports import Clock

_LOG = logging.getLogger("goodname.http")

LINGER_S = 1.0
"""A batch is handed over so long after its first message."""

QUIET_S = 30.0
"""An open stream that sends nothing gives an empty batch so often."""

PING_S = 20.0
"""The other side is asked for a sign of life when it sent nothing for so long, and has half of that to answer."""

MOST_MESSAGES = 1_000
_MOST_BYTES = 2 * 1024 * 1024
_CLOSE_S = 1.0


@asynccontextmanager
async def open_stream(
    url: URL, request: StreamRequest, *, guard: AddressGuard, rates: HostRates, clock: Clock, user_agent: str
) -> AsyncIterator[AsyncIterator[tuple[bytes, ...]]]:
    """Open a WebSocket and give its batches; see contract.Http.

    Each has a session of its own, so that it takes no connection away from requests to the same host.
    """
    key = site_key(url)
    _check(url, guard, key)
    session = make_session(guard, user_agent, per_host=0, traces=[_no_redirects(request.source, key)])
    started, socket, batches, outcome = clock.monotonic(), None, None, "Cancelled"
    try:
        try:
            async with rates.turn(key, paced=not guard.is_listed(url.raw_host or "", url.port or 0)):
                socket = await _upgrade(session, url, request, guard, rates, clock)
        finally:
            await rates.tell_pauses()
        batches = _Batches(socket, key, request)
        yield batches
        outcome = "ok"
    except MonitorError as error:
        outcome = type(error).__name__
        raise
    finally:
        if socket is not None:
            await socket.close()
        await session.close()
        _LOG.info(
            "stream",
            extra={
                "source": request.source,
                "host": key,
                "messages": batches.messages if batches else 0,
                "bytes": batches.bytes if batches else 0,
                "ms": round((clock.monotonic() - started) * 1000),
                "outcome": outcome,
            },
        )


def _check(url: URL, guard: AddressGuard, key: str) -> None:
    host, port = url.raw_host or "", url.port or 0
    guard.check_port(host, port)
    guard.check_literal(host, port)
    if url.scheme != "https" and not guard.is_listed(host, port):
        raise AddressForbidden(
            f"{key} is not listened to without encryption.",
            why="A stream stays open for days, and whoever stands between could put words into it.",
            try_="Use an address that starts with wss://.",
        )


def _no_redirects(source: str, key: str) -> aiohttp.TraceConfig:
    async def refuse(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, _told: aiohttp.TraceRequestRedirectParams
    ) -> None:
        raise SourceChanged(
            f"{key} redirects a stream.",
            connector=source,
            why="A stream is listened to where the settings say, nowhere else.",
            try_="Check the base address in this source's settings.",
        )

    config = aiohttp.TraceConfig()
    config.on_request_redirect.append(refuse)
    return config


async def _upgrade(
    session: aiohttp.ClientSession,
    url: URL,
    request: StreamRequest,
    guard: AddressGuard,
    rates: HostRates,
    clock: Clock,
) -> aiohttp.ClientWebSocketResponse[bool]:
    key = site_key(url)
    with boundary(key, request.source), guard.hop() as hop:
        try:
            async with asyncio.timeout(request.deadline.total_seconds()):
                return await session.ws_connect(
                    url,
                    headers=request.headers,
                    heartbeat=PING_S,
                    max_msg_size=request.max_message,
                    compress=0,  # so that no small message can become a large one
                    decode_text=False,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                )
        except aiohttp.WSServerHandshakeError as refused:
            head = {name.lower(): value for name, value in (refused.headers or {}).items()}
            error = error_for(refused.status, head, host=key, source=request.source, now=clock.now())
            if isinstance(error, RateLimited) and error.retry_at is not None:
                rates.pause(key, error.retry_at)
            raise error from refused
        except OSError as error:
            if hop.refused:
                raise AddressForbidden(
                    f"{key} is not contacted.", why=f"It leads to {hop.refused}, not a public address."
                ) from error
            raise


class _Batches:
    """Gather messages as they come: the first is waited for, the rest of its second is taken along."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse[bool], key: str, request: StreamRequest) -> None:
        self.messages = 0
        self.bytes = 0
        self._socket = socket
        self._key = key
        self._source = request.source
        self._idle = request.idle.total_seconds()
        self._quiet = 0.0
        self._ended: MonitorError | None = None

    def __aiter__(self) -> _Batches:
        return self

    async def __anext__(self) -> tuple[bytes, ...]:
        """Give the next batch; what came before the end is handed over before the end is told."""
        if self._ended is not None:
            raise self._ended
        patience = min(QUIET_S, self._idle - self._quiet)
        batch = await self._gather(patience)
        if batch:
            self._quiet = 0.0
        elif self._ended is not None:
            raise self._ended
        else:
            self._quiet += patience
            if self._quiet >= self._idle:
                raise SourceUnavailable(
                    f"{self._key} sends nothing.",
                    connector=self._source,
                    why=f"The stream is open, and nothing whole came for {self._idle:g} seconds.",
                )
        return batch

    async def _gather(self, patience: float) -> tuple[bytes, ...]:
        messages: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(patience) as waiting:
                while len(messages) < MOST_MESSAGES and size < _MOST_BYTES:
                    messages.append(await self._next())
                    size += len(messages[-1])
                    if len(messages) == 1:
                        waiting.reschedule(asyncio.get_running_loop().time() + LINGER_S)
        except TimeoutError:
            pass
        except MonitorError as error:
            self._ended = error
        self.messages += len(messages)
        self.bytes += size
        return tuple(messages)

    async def _next(self) -> bytes:
        with boundary(self._key, self._source):
            message = await self._socket.receive()
        if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            return bytes(message.data)
        raise self._end_of(message)  # type: ignore[arg-type]  # a union of which each member has the same three fields

    def _end_of(self, message: aiohttp.WSMessage) -> MonitorError:
        fault = message.data
        if isinstance(fault, aiohttp.WebSocketError) and fault.code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG:
            return TooLarge(f"{self._key} sent a message that is larger than the cap.")
        if message.type is aiohttp.WSMsgType.ERROR:
            is_silent = isinstance(fault, (TimeoutError, aiohttp.ServerTimeoutError))
            why = (
                "It answers no ping." if is_silent else "What it sent breaks the WebSocket protocol, or was cut short."
            )
        else:
            why = f"It closed the stream with code {self._socket.close_code}."
        return SourceUnavailable(f"{self._key} ended the stream.", connector=self._source, why=why)
