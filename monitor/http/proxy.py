"""Put a browser behind the same gate: a proxy on the loopback address that connects to vetted addresses only."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

from monitor.ending import cut_off
from monitor.errors import AddressForbidden, ConnectorError, FetchError, MonitorError
from monitor.http.guard import AddressGuard, host_key
from monitor.http.proxy_request import LONGEST_HEAD, BadRequest, ProxyRequest, read_request

_LOG = logging.getLogger("goodname.http")
_STEP = 64 * 1024
_CONNECT_SECONDS = 10.0
_MOST_CONNECTIONS = 256
_MOST_BLOCKED = 1000
_MOST_ADDRESSES = 1000

CALLS_HOME = frozenset(
    {
        "accounts.google.com",
        "android.clients.google.com",
        "clients1.google.com",
        "clients2.google.com",
        "clients2.googleusercontent.com",
        "clients3.google.com",
        "clients4.google.com",
        "clientservices.googleapis.com",
        "content-autofill.googleapis.com",
        "dl.google.com",
        "edgedl.me.gvt1.com",
        "optimizationguide-pa.googleapis.com",
        "passwordsleakcheck-pa.googleapis.com",
        "redirector.gvt1.com",
        "safebrowsing.googleapis.com",
        "sb-ssl.google.com",
        "t0.gstatic.com",
        "tools.google.com",
        "update.googleapis.com",
        "www.googleapis.com",
    }
)
"""Hosts that Chromium contacts on its own account; a page that is kept must not be mixed with such traffic."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProxyLimits:
    """Bound one connection: bytes in both directions together, and its whole life."""

    max_bytes: int = 64 * 1024 * 1024
    deadline: timedelta = timedelta(seconds=120)


class GuardedProxy:
    """Serve CONNECT and plain HTTP on 127.0.0.1, one request a connection.

    Refusals are answered with 403 and listed in `blocked` as "host:port". `denied_hosts` are refused whatever
    their address. Usable as an async context manager.
    """

    def __init__(
        self, guard: AddressGuard, *, denied_hosts: Iterable[str] = CALLS_HOME, limits: ProxyLimits | None = None
    ) -> None:
        self._guard = guard
        self._denied = frozenset(host.lower() for host in denied_hosts)
        self._limits = limits or ProxyLimits()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._blocked: list[str] = []
        self._addresses: dict[str, str] = {}

    @property
    def blocked(self) -> tuple[str, ...]:
        """Give the refused destinations since the last `reset`, in order, each once."""
        return tuple(dict.fromkeys(self._blocked))

    @property
    def addresses(self) -> Mapping[str, str]:
        """Give the IP address that each "host:port" was last connected to."""
        return self._addresses

    def reset(self) -> tuple[str, ...]:
        """Give the refused destinations and forget them."""
        blocked = self.blocked
        self._blocked.clear()
        return blocked

    async def start(self) -> str:
        """Listen on a free port and give the proxy's address, "http://127.0.0.1:PORT"."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=LONGEST_HEAD)
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    async def close(self) -> None:
        """Stop listening and cut every connection; idempotent."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        await cut_off(self._tasks)
        await server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= _MOST_CONNECTIONS:
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self._limits.deadline.total_seconds()):
                opened = await self._open(reader, writer)
                if opened is not None:
                    await self._relay(*opened, reader, writer)
        except (OSError, TimeoutError) as error:
            _cut(writer)
            _LOG.debug("proxy connection cut", extra={"outcome": type(error).__name__})
        finally:
            writer.close()

    async def _open(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[ProxyRequest, asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Read the request and connect; None when it was answered with a refusal."""
        try:
            request = await read_request(reader)
            return request, *await self._connect(request)
        except AddressForbidden:
            await _answer(writer, "403 Forbidden")
        except BadRequest:
            await _answer(writer, "400 Bad Request")
        except (MonitorError, OSError, ValueError):
            await _answer(writer, "502 Bad Gateway")
        except asyncio.IncompleteReadError:
            _LOG.debug("proxy client left", extra={"outcome": "IncompleteReadError"})
        return None

    async def _relay(
        self,
        request: ProxyRequest,
        far_reader: asyncio.StreamReader,
        far_writer: asyncio.StreamWriter,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        allowance = _Allowance(self._limits.max_bytes)
        try:
            if request.is_tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _both_ways(reader, writer, far_reader, far_writer, allowance)
            else:
                far_writer.write(request.head)
                await _pump(reader, far_writer, allowance, exactly=request.body_length)
                await _pump(far_reader, writer, allowance)
        finally:
            far_writer.close()

    async def _connect(self, request: ProxyRequest) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        target = host_key(request.host, request.port)
        try:
            if request.host.rstrip(".").lower() in self._denied:
                raise AddressForbidden(f"{target} is not contacted.", why="The browser asks for itself, not the page.")
            addresses = await self._guard.check_host(request.host, request.port)
        except (FetchError, ConnectorError) as error:
            if isinstance(error, AddressForbidden) and len(self._blocked) < _MOST_BLOCKED:
                self._blocked.append(target)
            _LOG.info("proxy", extra={"host": target, "outcome": type(error).__name__})
            raise
        _LOG.info("proxy", extra={"host": target, "outcome": "ok"})
        address, reader, writer = await _open_first(addresses, request.port)
        if len(self._addresses) < _MOST_ADDRESSES or target in self._addresses:
            self._addresses[target] = address
        return reader, writer


class _Allowance:
    """Count down the bytes that a connection may still move."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise ConnectionAbortedError("too many bytes")


async def _open_first(addresses: tuple[str, ...], port: int) -> tuple[str, asyncio.StreamReader, asyncio.StreamWriter]:
    failure: OSError = OSError("no address")
    for address in addresses:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return address, *await asyncio.open_connection(address, port, limit=_STEP)
        except OSError as error:  # TimeoutError is one
            failure = error
    raise failure


async def _pump(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, allowance: _Allowance, *, exactly: int | None = None
) -> None:
    """Copy until the end, or exactly so many bytes, without holding more than one step."""
    left = exactly
    while left is None or left > 0:
        piece = await source.read(_STEP if left is None else min(_STEP, left))
        if not piece:
            return
        allowance.take(len(piece))
        left = None if left is None else left - len(piece)
        sink.write(piece)
        await sink.drain()


async def _both_ways(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
    allowance: _Allowance,
) -> None:
    """Copy in both directions until one side ends."""
    ways = (
        asyncio.ensure_future(_pump(reader, far_writer, allowance)),
        asyncio.ensure_future(_pump(far_reader, writer, allowance)),
    )
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cut_off(ways)


def _cut(writer: asyncio.StreamWriter) -> None:
    """Reset the connection: a polite end would make half an answer look like a whole one."""
    plug = writer.get_extra_info("socket")
    if plug is not None:
        with contextlib.suppress(OSError):  # the peer may have closed it already
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _answer(writer: asyncio.StreamWriter, status: str) -> None:
    """Send a short refusal; a peer that has gone is no matter."""
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode("ascii"))
    try:
        await writer.drain()
    except OSError as error:
        _LOG.debug("proxy client left", extra={"outcome": type(error).__name__})
