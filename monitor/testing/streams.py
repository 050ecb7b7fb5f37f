"""Give a recorded or scripted answer as a stream: each line of its body is one message."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from urllib.parse import urlsplit

from monitor.contract import Response
from monitor.http.answers import error_for

UPGRADED = 101
MOST_RECORDED = 2_000
_A_BATCH = 3  # small, so that a short recording has several pages
_PLAIN = {"wss": "https", "ws": "http"}


def stream_key(url: str) -> str:
    """Name a stream by host and path alone: where it goes on from stands in the query."""
    parts = urlsplit(url)
    return f"{_PLAIN.get(parts.scheme, parts.scheme)}://{parts.netloc}{parts.path or '/'}"


@asynccontextmanager
async def streamed(given: Response, *, now: datetime) -> AsyncIterator[AsyncIterator[tuple[bytes, ...]]]:
    """Open the stream, or raise what the real client raises for its status; it ends after the last message."""
    if given.status not in (UPGRADED, 200):
        raise error_for(given.status, given.headers, host=urlsplit(given.url).netloc, source="", now=now)
    yield _batches(given.body)


async def _batches(body: bytes) -> AsyncIterator[tuple[bytes, ...]]:
    lines = tuple(line for line in body.split(b"\n") if line.strip())
    for start in range(0, len(lines), _A_BATCH):
        yield lines[start : start + _A_BATCH]


def as_lines(messages: Iterable[bytes]) -> bytes:
    """Write messages as a body that gives them again."""
    return b"\n".join(b" ".join(one.split(b"\n")) for one in messages)
