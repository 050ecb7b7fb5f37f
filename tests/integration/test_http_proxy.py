"""The browser's proxy: the same gate, exactly one request a connection, bounded."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from monitor.http import AddressGuard
from monitor.http.proxy import CALLS_HOME, GuardedProxy, ProxyLimits
from monitor.testing import LoopbackServer, Received, reply


async def _public(name: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"] if name == "inside.example" else ["93.184.216.34"]


def _proxy(*servers: LoopbackServer, limits: ProxyLimits | None = None) -> GuardedProxy:
    return GuardedProxy(AddressGuard([server.address for server in servers], lookup=_public), limits=limits)


async def _ask(proxy: GuardedProxy, *pieces: bytes) -> bytes:
    """Send raw bytes through the proxy and give everything that comes back; a cut connection ends in b"CUT"."""
    port = int((await proxy.start()).rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = b""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        while piece := await reader.read(65536):
            got += piece
    except ConnectionError:
        got += b"CUT"
    finally:
        writer.close()
    return got


async def test_plain_http_is_passed_on_once() -> None:
    async with LoopbackServer(lambda _: reply("page")) as server, _proxy(server) as proxy:
        first = f"GET {server.url('/a?b=%20c')} HTTP/1.1\r\nHost: evil.example\r\nProxy-Connection: keep-alive\r\n\r\n"
        second = "GET http://10.0.0.1/ HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n"
        got = await _ask(proxy, (first + second).encode())
    assert got.endswith(b"\r\n\r\npage")
    assert got.count(b"HTTP/1.1") == 1
    assert [request.target for request in server.received] == ["/a?b=%20c"]
    head = server.received[0].headers
    assert head["host"] == server.address
    assert head["connection"] == "close"
    assert "proxy-connection" not in head


async def test_bodies_are_passed_on() -> None:
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(5))
        writer.write(reply("ok"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, GuardedProxy(AddressGuard([address])) as proxy:
        sent = f"POST http://{address}/ HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n\r\n".encode()
        assert (await _ask(proxy, sent)).endswith(b"ok")
    assert got[0].endswith(b"\r\n\r\nhello")


async def test_tunnels() -> None:
    async with LoopbackServer(lambda _: reply("through")) as server, _proxy(server) as proxy:
        tunnel = f"CONNECT {server.address} HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode()
        got = await _ask(proxy, tunnel, b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 200 ")
    assert got.endswith(b"through")


@pytest.mark.parametrize(
    "target",
    [
        "10.0.0.1:443",
        "127.0.0.1:443",
        "[::1]:443",
        "169.254.169.254:80",
        "inside.example:443",
        "a.example:22",
        "0x7f.1:8080",
        *sorted(f"{host}:443" for host in CALLS_HOME)[:3],
        "UPDATE.googleapis.com.:443",
    ],
)
@pytest.mark.parametrize("form", ["CONNECT {0} HTTP/1.1\r\n\r\n", "GET http://{0}/ HTTP/1.1\r\n\r\n"])
async def test_refusals_are_answered_and_listed(target: str, form: str) -> None:
    async with _proxy() as proxy:
        got = await _ask(proxy, form.format(target).encode())
        assert got.startswith(b"HTTP/1.1 403 ")
        assert len(proxy.blocked) == 1
        assert proxy.blocked[0].rpartition(":")[2] == target.rpartition(":")[2]
        assert len(proxy.reset()) == 1
        assert proxy.blocked == ()


@pytest.mark.parametrize(
    "head",
    [
        "GET / HTTP/1.1",
        "GET https://a.example/ HTTP/1.1",
        "GET ftp://a.example/ HTTP/1.1",
        "GET http://u:p@a.example/ HTTP/1.1",
        "GET http:// HTTP/1.1",
        "GET http://[::1 HTTP/1.1",
        "TRACE http://a.example/ HTTP/1.1",
        "CONNECT a.example HTTP/1.1",
        "CONNECT a.example:x HTTP/1.1",
        "CONNECT :443 HTTP/1.1",
        "CONNECT a.example:99999 HTTP/1.1",
        "nonsense",
        "",
        "GET http://a.example/ HTTP/1.1\r\nTransfer-Encoding: chunked",
        "POST http://a.example/ HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6",
        "POST http://a.example/ HTTP/1.1\r\nContent-Length: +5",
        "POST http://a.example/ HTTP/1.1\r\nContent-Length: 99999999999",
        "GET http://a.example/ HTTP/1.1\r\n folded",
        "GET http://a.example/ HTTP/1.1\r\nBad Name : x",
        "GET http://a.example/ HTTP/1.1\r\nA: b\nC: d",
        "GET http://a.example/ HTTP/1.1\r\nA: " + "b" * 70_000,
    ],
)
async def test_bad_requests(head: str) -> None:
    async with _proxy() as proxy:
        got = await _ask(proxy, head.encode() + b"\r\n\r\n")
    assert re.match(rb"HTTP/1.1 400 |CUT$", got)


async def test_too_much_is_cut_so_that_it_cannot_pass_for_whole() -> None:
    async def endless(_: Received) -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            yield b"x" * 65536

    limits = ProxyLimits(max_bytes=1_000_000)
    async with LoopbackServer(endless) as server, _proxy(server, limits=limits) as proxy:
        got = await _ask(proxy, f"GET {server.url()} HTTP/1.1\r\n\r\n".encode())
    assert got.endswith(b"CUT")
    assert len(got) < 1_100_000


async def test_a_drip_ends_with_the_deadline() -> None:
    async def drip(_: Received) -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            yield b"x"
            await asyncio.sleep(0.02)

    limits = ProxyLimits(deadline=timedelta(seconds=0.5))
    async with LoopbackServer(drip) as server, _proxy(server, limits=limits) as proxy:
        assert (await _ask(proxy, f"GET {server.url()} HTTP/1.1\r\n\r\n".encode())).endswith(b"CUT")


async def test_nobody_there() -> None:
    async with LoopbackServer(lambda _: b"") as server:
        pass
    async with _proxy(server) as proxy:
        assert (await _ask(proxy, f"CONNECT {server.address} HTTP/1.1\r\n\r\n".encode())).startswith(b"HTTP/1.1 502 ")
        assert proxy.blocked == ()


async def test_closing_cuts_open_connections() -> None:
    async with LoopbackServer(lambda _: reply("x")) as server:
        proxy = _proxy(server)
        port = int((await proxy.start()).rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"CONNECT {server.address} HTTP/1.1\r\n\r\n".encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        await proxy.close()
        await proxy.close()
        assert await reader.read() == b""
        writer.close()
