"""Hostile answers to every HTTP connector, through the real client: an error of ours, soon, and nobody else waits."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from connectors.feed import FeedConnector, FeedSettings
from connectors.page import PageConnector, PageSettings
from monitor.clock import SystemClock
from monitor.contract import Connector, Context
from monitor.domain import HealthState
from monitor.errors import ConnectorError, FetchError, RateLimited, SourceChanged, SourceUnavailable, TooLarge
from monitor.http import HttpClient, HttpLimits
from monitor.testing import NOW, LoopbackServer, Received, collect, reply

MIB = 1024 * 1024
BOMB = gzip.compress(b"\0" * (64 * MIB), 1)
FEED = "<rss version='2.0'><channel><item><guid>1</guid><title>a</title></item></channel></rss>"
CONNECTORS: dict[str, Callable[[str], Connector]] = {
    "feed": lambda url: FeedConnector(FeedSettings(url=url)),
    "page": lambda url: PageConnector(PageSettings(url=url, item=".post")),
}


async def _drip(_: Received) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n"
    while True:
        yield b"<"
        await asyncio.sleep(0.05)


async def _endless(_: Received) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n\r\n<rss><channel>"
    while True:
        yield b"<item><title>again</title></item>" * 1000


async def _big_header(_: Received) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX: "
    for _ in range(320):
        yield b"a" * 65536


Script = Callable[[Received], bytes | AsyncIterator[bytes]]
HOSTILE: dict[str, tuple[Script, type[Exception]]] = {
    "500": (lambda _: reply("oops", status=500), SourceUnavailable),
    "429 in seconds": (lambda _: reply(status=429, headers={"Retry-After": "120"}), RateLimited),
    "429 with a date": (
        lambda _: reply(status=429, headers={"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}),
        RateLimited,
    ),
    "JSON": (lambda _: reply('{"error": 1}', headers={"Content-Type": "application/json"}), SourceChanged),
    "HTML": (lambda _: reply("<!doctype html><html><body><h1>Log in</h1></body></html>"), SourceChanged),
    "empty": (lambda _: reply(""), SourceChanged),
    "cut off": (lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n<rss><channel>", SourceUnavailable),
    "cut off without saying": (lambda _: b"HTTP/1.1 200 OK\r\n\r\n<rss><chan", SourceChanged),
    "bomb": (
        lambda _: reply(BOMB, headers={"Content-Encoding": "gzip"}),
        TooLarge,
    ),
    "endless": (_endless, TooLarge),
    "drip": (_drip, SourceUnavailable),
    "circle": (lambda _: reply(status=302, headers={"Location": "/"}), SourceUnavailable),
    "20 MB header": (_big_header, SourceUnavailable),
    "bad chunk": (lambda _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", SourceUnavailable),
    "deep nesting": (lambda _: reply("<div>" * 100_000), SourceChanged),
    "deep JSON": (lambda _: reply("[" * 100_000, headers={"Content-Type": "application/json"}), SourceChanged),
    "binary": (lambda _: reply(bytes(range(256)) * 100), SourceChanged),
    "private redirect": (lambda _: reply(status=302, headers={"Location": "http://10.0.0.1/"}), FetchError),
}


def _client(*servers: LoopbackServer) -> HttpClient:
    return HttpClient(
        clock=SystemClock(),
        allow={server.address for server in servers},
        user_agent="goodname/0",
        limits=HttpLimits(deadline=timedelta(seconds=2)),
    )


def _except_robots(script: Script) -> Script:
    return lambda request: reply(status=404) if request.target == "/robots.txt" else script(request)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", CONNECTORS)
async def test_hostile_answers(kind: str, name: str) -> None:
    script, error = HOSTILE[name]
    async with LoopbackServer(_except_robots(script)) as server:
        client = _client(server)
        connector = CONNECTORS[kind](server.url())
        ctx = Context(source="town", http=client.for_source("town", obey_robots=kind == "page"), now=NOW)
        try:
            started = time.monotonic()
            with pytest.raises((ConnectorError, FetchError)) as caught:
                await collect(connector, ctx)
            assert time.monotonic() - started < 15
            assert isinstance(caught.value, error)
            assert caught.value.what
            health = await connector.check(ctx)
            assert health.state is not HealthState.OK
            assert health.what
        finally:
            await client.close()


TANGLED = {
    "feed": b"<rss version='2.0'><channel><item><author>" + b"a" * 400_000 + b"</author></item></channel></rss>",
    "page": b"<a " + b" ".join(b"a%d" % number for number in range(200_000)) + b">",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CONNECTORS)
async def test_what_takes_minutes_to_parse_is_given_up_and_delays_nobody(kind: str) -> None:
    async with LoopbackServer(lambda _: reply(TANGLED[kind])) as bad, LoopbackServer(lambda _: reply(FEED)) as good:
        client = _client(bad, good)
        try:
            ctx = Context(source="bad", http=client.for_source("bad", obey_robots=False), now=NOW)
            tangled = asyncio.create_task(collect(CONNECTORS[kind](bad.url()), ctx))
            polls = 0
            longest = 0.0
            while not tangled.done():
                started = time.monotonic()
                await collect(CONNECTORS["feed"](good.url()), ctx)
                longest = max(longest, time.monotonic() - started)
                polls += 1
            with pytest.raises(SourceChanged, match="too tangled"):
                await tangled
            assert polls >= 5
            assert longest < 5
        finally:
            await client.close()
