"""Hostile answers to every HTTP connector, through the real client: an error of ours, soon, and nobody else waits."""

from __future__ import annotations

import asyncio
import gc
import gzip
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import brotli
import pytest
import zstandard

from connectors.bluesky import BlueskyConnector, BlueskySettings
from connectors.feed import FeedConnector, FeedSettings
from connectors.google_places import GooglePlacesConnector, GooglePlacesSettings
from connectors.hackernews import HackerNewsConnector, HackerNewsSettings
from connectors.jetstream import JetstreamConnector, JetstreamSettings
from connectors.mastodon import MastodonConnector, MastodonSettings
from connectors.page import PageConnector, PageSettings
from connectors.reddit import RedditConnector, RedditSettings
from connectors.web_search import WebSearchConnector, WebSearchSettings
from connectors.wikipedia import WikipediaConnector, WikipediaSettings
from connectors.x import XConnector, XSettings
from connectors.youtube import YouTubeConnector, YouTubeSettings
from monitor.clock import SystemClock
from monitor.contract import Connector, Context, Query
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
    "searxng": lambda url: WebSearchConnector(WebSearchSettings(base_url=url)),
    "brave": lambda url: WebSearchConnector(
        WebSearchSettings.model_validate({"engine": "brave", "base_url": url, "api_key": "k"})
    ),
    "reddit": lambda url: RedditConnector(
        RedditSettings.model_validate({"client_id": "c", "client_secret": "s", "base_url": url})
    ),
    "x": lambda url: XConnector(XSettings.model_validate({"bearer_token": "t", "base_url": url})),
    "youtube": lambda url: YouTubeConnector(YouTubeSettings.model_validate({"api_key": "k", "base_url": url})),
    "bluesky": lambda url: BlueskyConnector(
        BlueskySettings.model_validate({"base_url": url, "handle": "h", "app_password": "p"})
    ),
    "mastodon": lambda url: MastodonConnector(MastodonSettings(base_url=url, hashtags=("tag",))),
    "google_places": lambda url: GooglePlacesConnector(
        GooglePlacesSettings.model_validate({"api_key": "k", "place_id": "ChIJN1t_tDeuEmsRUs", "base_url": url})
    ),
    "wikipedia": lambda url: WikipediaConnector(WikipediaSettings(base_url=f"{url}w/api.php")),
    "hackernews": lambda url: HackerNewsConnector(HackerNewsSettings(base_url=url)),
    "jetstream": lambda url: JetstreamConnector(JetstreamSettings(base_url=url)),
}
NAMES = Query(terms=("FIRST LAST",))
BROTLI_BOMB = brotli.compress(b"\0" * (256 * MIB), quality=5)
ZSTD_BOMB = zstandard.compress(b"\0" * (256 * MIB))
SIGN_INS = {
    "/api/v1/access_token": '{"access_token": "t", "token_type": "bearer", "expires_in": 3600, "scope": "*"}',
    "/xrpc/com.atproto.server.createSession": '{"accessJwt": "a"}',
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
Errors = type[Exception] | tuple[type[Exception], ...]
HOSTILE: dict[str, tuple[Script, Errors]] = {
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
    "brotli bomb": (lambda _: reply(BROTLI_BOMB, headers={"Content-Encoding": "br"}), TooLarge),
    "zstd bomb": (lambda _: reply(ZSTD_BOMB, headers={"Content-Encoding": "zstd"}), TooLarge),
    "gzip cut off": (
        lambda _: reply(gzip.compress(FEED.encode() * 99)[:60], headers={"Content-Encoding": "gzip"}),
        SourceUnavailable,
    ),
    "no gzip": (lambda _: reply(FEED, headers={"Content-Encoding": "gzip"}), SourceUnavailable),
    "two layers": (lambda _: reply(BOMB, headers={"Content-Encoding": "gzip, br"}), SourceChanged),
    "says 9 GB": (lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n<", TooLarge),
    "no HTTP": (lambda _: b"220 mail.example ESMTP\r\n", SourceUnavailable),
    "nothing": (lambda _: b"", SourceUnavailable),
    "endless": (_endless, TooLarge),
    "drip": (_drip, SourceUnavailable),
    "circle": (lambda _: reply(status=302, headers={"Location": "/"}), (SourceUnavailable, SourceChanged)),
    "20 MB header": (_big_header, SourceUnavailable),
    "bad chunk": (lambda _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", SourceUnavailable),
    "deep nesting": (lambda _: reply("<div>" * 100_000), SourceChanged),
    "deep JSON": (lambda _: reply("[" * 100_000, headers={"Content-Type": "application/json"}), SourceChanged),
    "binary": (lambda _: reply(bytes(range(256)) * 100), SourceChanged),
    "private redirect": (
        lambda _: reply(status=302, headers={"Location": "http://10.0.0.1/"}),
        (FetchError, SourceChanged),
    ),
}


def _client(*servers: LoopbackServer) -> HttpClient:
    return HttpClient(
        clock=SystemClock(),
        allow={server.address for server in servers},
        user_agent="goodname/0",
        limits=HttpLimits(deadline=timedelta(seconds=5), per_host=99),
    )


def _in_front(script: Script) -> Script:
    """Let a connector through to what it reads: no robots.txt, and a sign-in that works."""

    def answer(request: Received) -> bytes | AsyncIterator[bytes]:
        if request.target == "/robots.txt":
            return reply(status=404)
        body = SIGN_INS.get(request.target)
        return reply(body, headers={"Content-Type": "application/json"}) if body else script(request)

    return answer


async def _meet(kind: str, url: str, client: HttpClient, error: Errors) -> None:
    """Poll and check once; a word for a person comes of it, within seconds."""
    connector = CONNECTORS[kind](url)
    ctx = Context(source=kind, http=client.for_source(kind, obey_robots=kind == "page"), now=NOW)
    started = time.monotonic()
    with pytest.raises((ConnectorError, FetchError)) as caught:
        await collect(connector, ctx, query=NAMES)
    assert time.monotonic() - started < 15, kind
    # Where a stream is asked for, any answer but an upgrade is wrong before its body is looked at.
    is_changed = kind == "jetstream" and isinstance(caught.value, SourceChanged)
    assert is_changed or isinstance(caught.value, error), (kind, caught.value)
    assert caught.value.what, kind
    health = await connector.check(ctx)
    assert health.state is not HealthState.OK, kind
    assert health.what, kind


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_answers(name: str) -> None:
    """Every connector at once, beside a feed that is well and must not wait."""
    script, error = HOSTILE[name]
    async with LoopbackServer(_in_front(script)) as server, LoopbackServer(lambda _: reply(FEED)) as good:
        client = _client(server, good)
        try:
            meetings = [asyncio.create_task(_meet(kind, server.url(), client, error)) for kind in CONNECTORS]
            longest = 0.0
            while not all(task.done() for task in meetings):
                ctx = Context(source="good", http=client.for_source("good", obey_robots=False), now=NOW)
                started = time.monotonic()
                await collect(CONNECTORS["feed"](good.url()), ctx)
                longest = max(longest, time.monotonic() - started)
                await asyncio.sleep(0.02)
            await asyncio.gather(*meetings)
            assert longest < 5, "a well source had to wait"
        finally:
            await client.close()


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is measured on Linux")
@pytest.mark.parametrize(
    "name", ["bomb", "brotli bomb", "zstd bomb", "endless", "20 MB header", "deep JSON", "deep nesting"]
)
async def test_hostile_answers_take_little_memory(name: str) -> None:
    """One connector after another; what counts is the peak of this process above what it held before."""
    script, error = HOSTILE[name]
    async with LoopbackServer(_in_front(script)) as server:
        client = _client(server)
        try:
            for kind in CONNECTORS:
                before = _reset_peak()
                await _meet(kind, server.url(), client, error)
                assert _peak() - before < 64 * 1024, (kind, "KiB")
        finally:
            await client.close()


def _reset_peak() -> int:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> int:
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


TANGLED = {
    "feed": b"<rss version='2.0'><channel><item><author>" + b"a" * 400_000 + b"</author></item></channel></rss>",
    "page": b"<a " + b" ".join(b"a%d" % number for number in range(200_000)) + b">",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TANGLED)
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
