"""Read one proxy request strictly, and rewrite plain HTTP so that exactly one request can follow from it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from yarl import URL

LONGEST_HEAD = 64 * 1024
_MOST_BODY = 5 * 1024 * 1024
_HOP_BY_HOP = frozenset(
    {"connection", "proxy-connection", "proxy-authorization", "keep-alive", "te", "upgrade", "trailer"}
)
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


class BadRequest(ValueError):
    """The browser's request is not one that is passed on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProxyRequest:
    """Name the destination; for plain HTTP also the head to send on and the length of the body behind it."""

    host: str
    port: int
    is_tunnel: bool
    head: bytes = b""
    body_length: int = 0


async def read_request(reader: asyncio.StreamReader) -> ProxyRequest:
    """Read the head of one request; raises BadRequest, or IncompleteReadError when the client leaves."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise BadRequest("the head is too long") from error
    lines = raw.decode("latin-1").split("\r\n")[:-2]
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest("no request line")
    if words[0] == "CONNECT":
        return _tunnel(words[1])
    return _plain(words[0], words[1], lines[1:])


def _tunnel(authority: str) -> ProxyRequest:
    host, _, port = authority.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise BadRequest("no host and port")
    return ProxyRequest(host=host.strip("[]"), port=int(port), is_tunnel=True)


def _plain(method: str, target: str, lines: list[str]) -> ProxyRequest:
    try:
        url = URL(target, encoded=True)
        port = url.port
    except ValueError as error:
        raise BadRequest("no address") from error
    if method not in _METHODS or url.scheme != "http" or not url.raw_host or port is None or url.user is not None:
        raise BadRequest("only plain http addresses")
    kept, length = _headers(lines)
    authority = url.raw_authority
    head = [f"{method} {url.raw_path_qs or '/'} HTTP/1.1", f"Host: {authority}", *kept, "Connection: close", "", ""]
    return ProxyRequest(
        host=url.raw_host, port=port, is_tunnel=False, head="\r\n".join(head).encode("latin-1"), body_length=length
    )


def _headers(lines: list[str]) -> tuple[list[str], int]:
    """Give the headers to pass on and the body's length; two meanings of where the body ends are refused."""
    kept: list[str] = []
    lengths: set[str] = set()
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip() or not name or "\n" in line or "\r" in line:
            raise BadRequest("no header")
        key = name.lower()
        if key == "transfer-encoding":
            raise BadRequest("no chunked requests")
        if key == "content-length":
            lengths.add(value.strip())
        if key not in _HOP_BY_HOP and key != "host":
            kept.append(line)
    if not lengths:
        return kept, 0
    length = lengths.pop()
    if lengths or not length.isdecimal() or int(length) > _MOST_BODY:
        raise BadRequest("no usable length")
    return kept, int(length)
