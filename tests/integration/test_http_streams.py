"""Streams through the one client, from real WebSocket servers, friendly and hostile."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import WSMsgType, web

from monitor.clock import SystemClock
from monitor.errors import (
    AccessForbidden,
    AddressForbidden,
    AuthenticationFailed,
    FetchError,
    MonitorError,
    RateLimited,
    SourceChanged,
    SourceUnavailable,
    TooLarge,
)
from monitor.http import HttpClient, HttpLimits, streams
from monitor.http.client import SourceHttp
from monitor.testing import FakeClock, LoopbackServer, Received, reply

Talk = Callable[[web.WebSocketResponse, web.Request], Awaitable[None]]
HttpLimitsForTests = HttpLimits(deadline=timedelta(seconds=2))


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[str]:
    """Run a WebSocket server; gives "host:port"."""

    async def upgrade(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        await talk(socket, request)
        return socket

    app = web.Application()
    app.router.add_get("/subscribe", upgrade)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client(*allow: str, clock: FakeClock | None = None) -> AsyncIterator[SourceHttp]:
    made = HttpClient(
        clock=clock or SystemClock(), allow=frozenset(allow), user_agent="goodname/0", limits=HttpLimitsForTests
    )
    try:
        yield made.for_source("town", obey_robots=False)
    finally:
        await made.close()


async def first_batches(http: SourceHttp, url: str, most: int = 100, idle: float = 120) -> list[tuple[bytes, ...]]:
    found: list[tuple[bytes, ...]] = []
    async with http.stream(url, idle=timedelta(seconds=idle), max_message=1000) as batches:
        async for batch in batches:
            found.append(batch)
            if len(found) == most:
                break
    return found


async def stay(socket: web.WebSocketResponse) -> None:
    async for _ in socket:
        pass


async def test_messages_come_whole_and_in_order_with_what_was_asked() -> None:
    asked: list[web.Request] = []

    async def talk(socket: web.WebSocketResponse, request: web.Request) -> None:
        asked.append(request)
        for n in range(2500):
            await (socket.send_str(f"é{n}") if n % 2 else socket.send_bytes(f"é{n}".encode()))
        await stay(socket)

    async with serving(talk) as address, client(address) as http:
        url = f"ws://{address}/subscribe"
        got: list[bytes] = []
        async with http.stream(url, params={"cursor": "7"}, headers={"X-One": "1"}) as batches:
            async for batch in batches:
                assert len(batch) <= streams.MOST_MESSAGES
                got.extend(batch)
                if len(got) == 2500:
                    break
    assert got == [f"é{n}".encode() for n in range(2500)]
    assert asked[0].query["cursor"] == "7"
    assert asked[0].headers["X-One"] == "1"
    assert "Sec-WebSocket-Extensions" not in asked[0].headers


async def test_what_came_before_the_end_is_given_before_the_end_is_told() -> None:
    async def talk(socket: web.WebSocketResponse, _: web.Request) -> None:
        await socket.send_str("one")
        await socket.close(code=1001)

    async with (
        serving(talk) as address,
        client(address) as http,
        http.stream(f"ws://{address}/subscribe") as batches,
    ):
        assert await anext(batches) == (b"one",)
        with pytest.raises(SourceUnavailable, match="1001"):
            await anext(batches)


async def test_a_message_over_the_cap_is_refused_and_takes_no_memory() -> None:
    async def talk(socket: web.WebSocketResponse, _: web.Request) -> None:
        await socket.send_bytes(b"x" * (16 * 1024 * 1024))
        await stay(socket)

    async with serving(talk) as address, client(address) as http:
        tracemalloc.start()
        try:
            with pytest.raises(TooLarge):
                await first_batches(http, f"ws://{address}/subscribe")
            # The server's own copies are in this process, too: the message, and the frame it is written as.
            assert tracemalloc.get_traced_memory()[1] < 64 * 1024 * 1024
        finally:
            tracemalloc.stop()


async def test_a_stream_that_says_nothing_is_told_and_an_open_one_shows_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "QUIET_S", 0.1)

    async def talk(socket: web.WebSocketResponse, _: web.Request) -> None:
        await stay(socket)

    async with serving(talk) as address, client(address) as http:
        assert await first_batches(http, f"ws://{address}/subscribe", most=2) == [(), ()]
        with pytest.raises(SourceUnavailable, match="sends nothing"):
            await first_batches(http, f"ws://{address}/subscribe", idle=0.25)


def accepted(received: Received) -> bytes:
    key = received.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()  # as RFC 6455 says
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ).encode()


async def test_a_server_that_answers_no_ping_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "PING_S", 0.2)

    async def dead(received: Received) -> AsyncIterator[bytes]:
        yield accepted(received)
        await asyncio.sleep(30)

    async with LoopbackServer(dead) as server, client(server.address) as http:
        with pytest.raises(SourceUnavailable, match=r"ping|closed"):
            await asyncio.wait_for(first_batches(http, f"ws://{server.address}/subscribe", most=1), 5)


async def test_a_message_that_drips_is_not_waited_for() -> None:
    async def drip(received: Received) -> AsyncIterator[bytes]:
        yield accepted(received) + b"\x81\x7e\x03\x00"  # a text of 768 bytes begins
        while True:
            yield b"x"
            await asyncio.sleep(0.05)

    async with LoopbackServer(drip) as server, client(server.address) as http:
        with pytest.raises(SourceUnavailable, match="sends nothing"):
            await asyncio.wait_for(first_batches(http, f"ws://{server.address}/subscribe", idle=0.5), 5)


@pytest.mark.parametrize(
    "frames",
    [
        b"\x83\x01x",  # a reserved opcode
        b"\xf1\x01x",  # reserved bits
        b"\x09\x05hello",  # a control frame in pieces
        b"\x89\x7e\x00\xff" + b"x" * 255,  # a ping that is too long
        b"\x80\x01x",  # goes on with what never began
        b"\x88\x01x",  # a close of one byte
        b"\x81\xff" + b"\xff" * 8 + b"abcd",  # longer than anything
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"",
    ],
)
async def test_frames_that_break_the_protocol_are_an_error_in_words(frames: bytes) -> None:
    async def break_it(received: Received) -> AsyncIterator[bytes]:
        yield accepted(received) + frames

    async with LoopbackServer(break_it) as server, client(server.address) as http:
        with pytest.raises((SourceUnavailable, TooLarge)):
            await asyncio.wait_for(first_batches(http, f"ws://{server.address}/subscribe"), 5)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, SourceChanged),
        (302, SourceChanged),
        (401, AuthenticationFailed),
        (403, AccessForbidden),
        (404, SourceChanged),
        (429, RateLimited),
        (500, SourceUnavailable),
        (503, SourceUnavailable),
    ],
)
async def test_what_is_answered_in_place_of_the_upgrade(status: int, error: type[MonitorError]) -> None:
    async with LoopbackServer(lambda _: reply("no", status=status)) as server, client(server.address) as http:
        with pytest.raises(error):
            await first_batches(http, f"ws://{server.address}/subscribe")
        assert len(server.received) == 1


async def test_a_wrong_handshake_is_no_stream() -> None:
    wrong = "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: no\r\n\r\n"
    async with LoopbackServer(lambda _: wrong.encode()) as server, client(server.address) as http:
        with pytest.raises(SourceChanged):
            await first_batches(http, f"ws://{server.address}/subscribe")


async def test_retry_after_is_kept_to_by_the_next_try() -> None:
    clock = FakeClock()
    refusal = reply("no", status=429, headers={"Retry-After": "90"})
    async with LoopbackServer(lambda _: refusal) as server, client(server.address, clock=clock) as http:
        for _ in range(2):
            with pytest.raises(RateLimited) as told:
                await first_batches(http, f"ws://{server.address}/subscribe")
            assert told.value.retry_at == clock.now() + timedelta(seconds=90)
        assert len(server.received) == 1


async def test_a_redirect_is_never_followed() -> None:
    async with LoopbackServer(lambda _: reply("")) as other:
        there = {"Location": f"http://{other.address}/subscribe"}
        async with (
            LoopbackServer(lambda _: reply("", status=307, headers=there)) as server,
            client(server.address, other.address) as http,
        ):
            with pytest.raises(SourceChanged, match="redirects"):
                await first_batches(http, f"ws://{server.address}/subscribe")
        assert other.received == []


@pytest.mark.parametrize(
    "url",
    [
        "wss://127.0.0.1:{port}/subscribe",
        "ws://localhost:{port}/subscribe",
        "wss://[::1]/subscribe",
        "wss://169.254.169.254/subscribe",
        "ws://192.0.2.1/subscribe",
        "wss://2130706433/subscribe",
        "ftp://127.0.0.1/subscribe",
        "file:///etc/passwd",
        "wss://user:secret@example.org/subscribe",
        "ws://example.org/subscribe",
        "wss://",
    ],
)
async def test_addresses_that_are_not_listened_to(url: str) -> None:
    async with LoopbackServer(lambda _: reply("")) as server, client() as http:
        with pytest.raises((AddressForbidden, FetchError, SourceUnavailable)):
            await first_batches(http, url.format(port=server.address.rpartition(":")[2]))
        assert server.received == []


async def test_streams_take_no_connection_from_requests_to_the_same_host() -> None:
    async def talk(socket: web.WebSocketResponse, _: web.Request) -> None:
        await socket.send_str("hello")
        await stay(socket)

    async with serving(talk) as address, client(address) as http:
        url = f"ws://{address}/subscribe"
        async with http.stream(url) as one, http.stream(url) as two, http.stream(url) as three:
            for batches in (one, two, three):
                assert await anext(batches) == (b"hello",)
            answer = await http.get(f"http://{address}/nothing", ok=frozenset({404}))
            assert answer.status == 404


async def test_leaving_closes_the_connection() -> None:
    left = asyncio.Event()

    async def talk(socket: web.WebSocketResponse, _: web.Request) -> None:
        await socket.send_str("hello")
        async for message in socket:
            assert message.type is not WSMsgType.TEXT
        left.set()

    async with serving(talk) as address, client(address) as http:
        await first_batches(http, f"ws://{address}/subscribe", most=1)
        await asyncio.wait_for(left.wait(), 5)
