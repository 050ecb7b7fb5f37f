"""The one client against real loopback servers, friendly and hostile."""

from __future__ import annotations

import asyncio
import gzip
import logging
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path

import brotli
import pytest
import zstandard

from monitor.clock import SystemClock
from monitor.contract import Http
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
from monitor.http import HttpClient, HttpLimits
from monitor.testing import FakeClock, LoopbackServer, Received, reply

MIB = 1024 * 1024
BOMB = gzip.compress(b"\0" * (64 * MIB), 1)
QUICK = HttpLimits(deadline=timedelta(seconds=1.5))


class Client:
    """Hold a client that may reach the given servers, for one test."""

    def __init__(self, *servers: LoopbackServer, limits: HttpLimits = QUICK, clock: FakeClock | None = None) -> None:
        self.client = HttpClient(
            clock=clock or SystemClock(),
            allow=frozenset(server.address for server in servers),
            user_agent="goodname/0 (+mailto:somebody@example.org)",
            limits=limits,
        )
        self.http = self.client.for_source("town", obey_robots=False)

    async def __aenter__(self) -> Http:
        return self.http

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()


async def test_plain_fetch() -> None:
    async with (
        LoopbackServer(lambda _: reply("hallo", headers={"ETag": '"1"', "X-Two": "a"})) as server,
        Client(server) as http,
    ):
        got = await http.get(server.url("/a?b=c#d"), params={"q": "ä ö"}, headers={"X-Key": "1"})
    assert (got.status, got.body, got.remote_ip, got.redirects) == (200, b"hallo", "127.0.0.1", ())
    assert got.headers["etag"] == '"1"'
    assert (got.media_type, got.charset) == ("text/html", "utf-8")
    request = server.received[0]
    assert request.target == "/a?b=c&q=%C3%A4+%C3%B6"
    assert request.headers["user-agent"] == "goodname/0 (+mailto:somebody@example.org)"
    assert request.headers["accept-encoding"] == "gzip, deflate, br, zstd"
    assert request.headers["x-key"] == "1"
    assert "cookie" not in request.headers


async def test_ipv6_and_several_values_of_a_header() -> None:
    script = lambda _: b"HTTP/1.1 200 OK\r\nLink: <a>\r\nLink: <b>\r\nContent-Length: 0\r\n\r\n"  # noqa: E731
    async with LoopbackServer(script, host="::1") as server, Client(server) as http:
        got = await http.get(server.url())
    assert got.headers["link"] == "<a>, <b>"
    assert got.remote_ip == "::1"


async def test_conditional_fetch() -> None:
    async with LoopbackServer(lambda _: reply(status=304)) as server, Client(server) as http:
        got = await http.get(server.url(), etag='"1"', last_modified="Thu, 15 Jan 2026 12:00:00 GMT")
        assert got.not_modified
        assert got.body == b""
        with pytest.raises(SourceUnavailable):
            await http.get(server.url())
    assert server.received[0].headers["if-none-match"] == '"1"'
    assert server.received[0].headers["if-modified-since"] == "Thu, 15 Jan 2026 12:00:00 GMT"


PACKED = {
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("size", [10, MIB])
async def test_compressed(name: str, size: int) -> None:
    body = bytes(range(250)) * (size // 250)
    async with (
        LoopbackServer(lambda _: reply(PACKED[name](body), headers={"Content-Encoding": name})) as server,
        Client(server) as http,
    ):
        assert (await http.get(server.url())).body == body


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (401, {}, AuthenticationFailed),
        (403, {}, AccessForbidden),
        (404, {}, SourceChanged),
        (429, {}, RateLimited),
        (500, {}, SourceUnavailable),
        (302, {}, SourceChanged),
        (204, {}, SourceChanged),
    ],
)
async def test_statuses(status: int, headers: Mapping[str, str], kind: type[MonitorError]) -> None:
    async with (
        LoopbackServer(lambda _: reply("" if status == 204 else "no", status=status, headers=headers)) as server,
        Client(server) as http,
    ):
        with pytest.raises(kind) as caught:
            await http.get(server.url())
        if status != 204:
            assert (await http.get(server.url("/2"), ok=frozenset({status}))).status == status or status == 429
    assert getattr(caught.value, "connector", "") == "town"


@pytest.mark.parametrize("form", ["90", "Thu, 15 Jan 2026 12:01:30 GMT"])
@pytest.mark.parametrize("status", [429, 503])
async def test_never_earlier_than_retry_after(form: str, status: int) -> None:
    clock = FakeClock()
    script = lambda _: reply(status=status, headers={"Retry-After": form})  # noqa: E731
    async with LoopbackServer(script) as server, Client(server, clock=clock) as http:
        for seconds in (0, 60, 29):
            clock.advance(seconds)
            with pytest.raises(RateLimited) as caught:
                await http.get(server.url())
            assert caught.value.retry_at is not None
            assert (caught.value.retry_at - FakeClock().now()).total_seconds() == 90
        assert len(server.received) == 1
        clock.advance(2)
        with pytest.raises(RateLimited):
            await http.get(server.url())
        assert len(server.received) == 2


async def test_the_last_request_of_a_window_is_noticed() -> None:
    clock = FakeClock()
    head = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-01-15T12:05:00Z"}
    async with LoopbackServer(lambda _: reply("ok", headers=head)) as server, Client(server, clock=clock) as http:
        assert (await http.get(server.url())).body == b"ok"
        with pytest.raises(RateLimited):
            await http.get(server.url())
        clock.advance(301)
        assert (await http.get(server.url())).body == b"ok"


# Redirects


async def test_redirects_are_followed_and_listed() -> None:
    def script(request: Received) -> bytes:
        step = int(request.target[1:] or 0)
        return reply(status=302, headers={"Location": f"/{step + 1}"}) if step < 5 else reply("there")

    async with LoopbackServer(script) as server, Client(server) as http:
        got = await http.get(server.url("/0"))
        assert got.body == b"there"
        assert got.url == server.url("/5")
        assert got.redirects == tuple(server.url(f"/{step}") for step in range(5))


async def test_a_circle_ends() -> None:
    async with LoopbackServer(lambda _: reply(status=301, headers={"Location": "/"})) as server, Client(server) as http:
        with pytest.raises(SourceUnavailable, match="redirects"):
            await http.get(server.url())
    assert len(server.received) == 6


async def test_credentials_stay_on_their_origin() -> None:
    async with (
        LoopbackServer(lambda _: reply("b")) as other,
        LoopbackServer(lambda _: reply(status=307, headers={"Location": other.url()})) as server,
        Client(server, other) as http,
    ):
        sent = {"Authorization": "Bearer x", "X-Api-Key": "y", "Cookie": "z", "Accept-Language": "de"}
        await http.get(server.url(), headers=sent, etag='"1"')
    for name in ("authorization", "x-api-key", "cookie", "if-none-match"):
        assert name in server.received[0].headers
        assert name not in other.received[0].headers
    assert other.received[0].headers["accept-language"] == "de"


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://127.0.0.1/",
        "http://127.0.0.1:1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://localhost/",
        "file:///etc/passwd",
        "ftp://a.example/",
        "gopher://127.0.0.1:70/",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://user:pass@a.example/",
        "http://",
        "http://[::1",
        "http://a.example:99999/",
        "http://\udcff\udcfe/",
        "//10.0.0.1/x",
        "http://" + "a" * 9000,
    ],
)
async def test_bad_redirects(location: str) -> None:
    head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location.encode("utf-8", "surrogateescape")
    async with LoopbackServer(lambda _: head + b"\r\n\r\n") as server, Client(server) as http:
        with pytest.raises((FetchError, SourceUnavailable)):
            await http.get(server.url())


async def test_strangers_cannot_send_us_to_listed_hosts() -> None:
    """Only who is on the list may redirect to who is on the list."""
    async with LoopbackServer(lambda _: reply("secret")) as inside:
        client = HttpClient(clock=SystemClock(), allow=frozenset({inside.address}), user_agent="goodname/0")
        from yarl import URL

        with pytest.raises(AddressForbidden):
            client.fetcher._headers_for(URL("https://a.example/"), URL(inside.url()), {})
        await client.close()
    assert inside.received == []


# Addresses


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "http:///path",
        "a.example/",
        "//a.example/",
        "http://[",
        "http://[::1",
        "http://a b.example/",
        "http://a.example:port/",
        "http://\ud800.example/",
        "http://" + "a" * 10_000 + ".example/",
        "http://" + "ä" * 70 + ".example/",
        "http://%00/",
        "file:///etc/passwd",
        "http://user@a.example/",
    ],
)
async def test_odd_addresses(url: str) -> None:
    async with Client() as http:
        with pytest.raises((FetchError, SourceUnavailable)):
            await http.get(url)


# Hostile answers: each must end in an error of ours, soon, without much memory.


async def _endless(_: Received) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n\r\n"
    while True:
        yield b"\0" * 65536


async def _drip(_: Received) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    while True:
        yield b"a"
        await asyncio.sleep(0.05)


async def _dripping_head(_: Received) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"X-A: b\r\n"
        await asyncio.sleep(0.05)


async def _silence(_: Received) -> AsyncIterator[bytes]:
    await asyncio.sleep(60)
    yield b""


async def _huge_head(_: Received) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-Big: "
    for _ in range(20 * 16):
        yield b"a" * 65536
    yield b"\r\n\r\n"


async def _many_heads(_: Received) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(200_000):
        yield b"X-%d: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" % number
    yield b"\r\n"


def _zipped_endlessly(_: Received) -> bytes:
    return reply(BOMB, headers={"Content-Encoding": "gzip"})


HOSTILE: dict[str, tuple[Callable[[Received], bytes | AsyncIterator[bytes] | Awaitable[bytes]], type[MonitorError]]] = {
    "endless": (_endless, TooLarge),
    "drip": (_drip, SourceUnavailable),
    "dripping head": (_dripping_head, SourceUnavailable),
    "silence": (_silence, SourceUnavailable),
    "20 MB header": (_huge_head, SourceUnavailable),
    "200,000 headers": (_many_heads, SourceUnavailable),
    "gzip bomb": (_zipped_endlessly, TooLarge),
    "says it is huge": (lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", TooLarge),
    "negative length": (lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", SourceUnavailable),
    "two lengths": (
        lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        SourceUnavailable,
    ),
    "bad chunk": (lambda _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello", SourceUnavailable),
    "huge chunk": (
        lambda _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 100 + b"\r\nhello",
        SourceUnavailable,
    ),
    "cut chunk": (lambda _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhello", SourceUnavailable),
    "cut body": (lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", SourceUnavailable),
    "cut head": (lambda _: b"HTTP/1.1 200 OK\r\nContent-", SourceUnavailable),
    "nothing": (lambda _: b"", SourceUnavailable),
    "not HTTP": (lambda _: b"SSH-2.0-OpenSSH_9.2\r\n\r\n", SourceUnavailable),
    "status 999999": (lambda _: b"HTTP/1.1 999999 X\r\n\r\n", SourceUnavailable),
    "status 99": (lambda _: b"HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n", MonitorError),
    "switching": (lambda _: b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n", MonitorError),
    "HTTP/9": (lambda _: b"HTTP/9.9 200 OK\r\n\r\nx", SourceUnavailable),
    "binary head": (lambda _: b"HTTP/1.1 200 \xff\xfe\r\nX-\x00: \x01\r\n\r\n", SourceUnavailable),
    "lying gzip": (lambda _: reply("plain", headers={"Content-Encoding": "gzip"}), SourceUnavailable),
    "layers": (lambda _: reply("x", headers={"Content-Encoding": "gzip, gzip"}), SourceChanged),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_answers(name: str) -> None:
    script, kind = HOSTILE[name]
    async with LoopbackServer(script) as server, Client(server) as http:
        started = time.monotonic()
        with pytest.raises(kind):
            await http.get(server.url())
        assert time.monotonic() - started < 5


@pytest.mark.parametrize(("suffix", "encoding"), [("br", "br"), ("zst", "zstd")])
async def test_bombs_cost_little_memory(shared_data: Path, suffix: str, encoding: str) -> None:
    bomb = (shared_data / "hostile" / "text" / f"bomb_512MiB.{suffix}").read_bytes()
    async with (
        LoopbackServer(lambda _: reply(bomb, headers={"Content-Encoding": encoding})) as server,
        Client(server, limits=HttpLimits()) as http,
    ):
        tracemalloc.start()
        try:
            with pytest.raises(TooLarge):
                await http.get(server.url())
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 64 * MIB


async def test_the_deadline_counts_all_hops_together() -> None:
    async def script(request: Received) -> AsyncIterator[bytes]:
        await asyncio.sleep(0.4)
        yield reply(status=302, headers={"Location": f"{request.target}x"})

    async with (
        LoopbackServer(script) as server,
        Client(server, limits=HttpLimits(deadline=timedelta(seconds=1))) as http,
    ):
        with pytest.raises(SourceUnavailable, match="too long"):
            await http.get(server.url())
    assert len(server.received) <= 3


async def test_a_slow_host_does_not_hold_up_another() -> None:
    async with (
        LoopbackServer(_silence) as slow,
        LoopbackServer(lambda _: reply("ok")) as quick,
        Client(slow, quick) as http,
    ):
        waiting = [asyncio.create_task(http.get(slow.url())) for _ in range(8)]
        started = time.monotonic()
        for _ in range(5):
            assert (await http.get(quick.url())).body == b"ok"
        assert time.monotonic() - started < 1
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_closed_port_is_a_passing_fault() -> None:
    async with LoopbackServer(lambda _: b"") as server:
        address = server.address
    client = HttpClient(clock=SystemClock(), allow={address}, user_agent="goodname/0")
    try:
        with pytest.raises(SourceUnavailable):
            await client.for_source("town", obey_robots=False).get(f"http://{address}/")
    finally:
        await client.close()


async def test_larger_limits_for_one_handle() -> None:
    async with (
        LoopbackServer(lambda _: reply(b"x" * MIB)) as server,
        Client(server, limits=HttpLimits(max_body=1000)) as http,
    ):
        with pytest.raises(TooLarge):
            await http.get(server.url())
        client = Client(server, limits=HttpLimits(max_body=1000))
        async with client:
            media = client.client.for_source("media", obey_robots=False, limits=HttpLimits(max_body=2 * MIB))
            assert len((await media.get(server.url())).body) == MIB


async def test_log_has_no_secrets(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with LoopbackServer(lambda _: reply("ok")) as server, Client(server) as http:
        await http.get(server.url("/path?key=canary1"), params={"t": "canary2"}, headers={"X-Key": "canary3"})
        with pytest.raises(MonitorError) as caught:
            await http.get("http://a.example:99/canary4?canary5")
    records = [record for record in caplog.records if record.name == "goodname.http"]
    assert [(record.host, record.status, record.bytes, record.outcome) for record in records] == [
        (server.address, 200, 2, "ok")
    ]
    logged = " ".join(str(record.__dict__) for record in caplog.records)
    assert "canary" not in logged
    assert "canary" not in str(caught.value)


async def test_closing_twice_is_fine() -> None:
    client = HttpClient(clock=SystemClock(), allow=(), user_agent="goodname/0")
    await client.close()
    await client.close()
