"""Serve raw bytes on the loopback address, well-formed or as hostile as a test wants them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from monitor.ending import cut_off


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """Hold one request that reached the server; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


Script = Callable[[Received], bytes | AsyncIterator[bytes] | Awaitable[bytes]]


def reply(body: bytes | str = b"", *, status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """Write a whole, honest answer that says that the connection ends; `headers` may replace what it says of itself."""
    raw = body.encode() if isinstance(body, str) else body
    usual = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(raw)), "Connection": "close"}
    lines = {**usual, **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Answer\r\n{head}\r\n".encode("latin-1") + raw


class LoopbackServer:
    """Answer each request with what `script` gives: bytes, or an async iterator of pieces, sent as they come.

    An answer without Content-Length ends when the connection does. `received` holds every request. An async
    context manager.
    """

    def __init__(self, script: Script, *, host: str = "127.0.0.1") -> None:
        self._script = script
        self._host = host
        self._server: asyncio.Server | None = None
        self._address = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self.received: list[Received] = []

    @property
    def address(self) -> str:
        """Give "host:port", as an allow list wants it; stays known after the end."""
        assert self._address, "the server was never started"
        return self._address

    def url(self, path: str = "/") -> str:
        """Give the address of a path."""
        return f"http://{self.address}{path}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self._host, 0)
        port = self._server.sockets[0].getsockname()[1]
        self._address = f"[{self._host}]:{port}" if ":" in self._host else f"{self._host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None, "the server is not running"
        self._server.close()
        await cut_off(self._tasks)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            received = _read(await reader.readuntil(b"\r\n\r\n"))
            length = int(received.headers.get("content-length", "0"))
            received = replace(received, body=await reader.readexactly(length))
            self.received.append(received)
            await self._send(self._script(received), writer)
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()  # the client has left, as it should from a hostile server
        finally:
            writer.close()

    @staticmethod
    async def _send(answer: bytes | AsyncIterator[bytes] | Awaitable[bytes], writer: asyncio.StreamWriter) -> None:
        if isinstance(answer, AsyncIterator):
            async for piece in answer:
                writer.write(piece)
                await writer.drain()
            return
        writer.write(answer if isinstance(answer, bytes) else await answer)
        await writer.drain()


def _read(head: bytes) -> Received:
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    pairs = (line.partition(":") for line in lines[1:] if line)
    return Received(method=method, target=target, headers={name.lower(): value.strip() for name, _, value in pairs})
