"""Turn whatever the libraries raise into the program's own errors, once, at the edge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import aiohttp

from monitor.errors import ConnectorError, FetchError, SourceUnavailable, why_of

# What aiohttp, yarl and the system were seen to raise for odd addresses and answers; UnicodeError is a ValueError.
FAULTS = (aiohttp.ClientError, OSError, TimeoutError, ValueError, RuntimeError, EOFError, ExceptionGroup)
_LONGEST_REASON = 200


@contextmanager
def boundary(host: str, source: str) -> Iterator[None]:
    """Let only the program's own errors out; those of a source get its name."""
    try:
        yield
    except ConnectorError as error:
        error.connector = error.connector or source
        raise
    except aiohttp.InvalidURL as error:
        raise FetchError("The address cannot be read.", why=type(error).__name__) from error
    except TimeoutError as error:
        raise SourceUnavailable(f"{host} took too long.", connector=source) from error
    except FAULTS as error:
        raise SourceUnavailable(f"{host} cannot be read just now.", connector=source, why=reason(error)) from error


def reason(error: BaseException) -> str:
    """Say why in one line, without the address asked for: its query may hold a key."""
    if isinstance(error, aiohttp.ClientConnectorError):
        text = why_of(error.os_error)
    elif isinstance(error, aiohttp.ClientResponseError):
        text = error.message.partition("\n")[0]
    elif isinstance(error, (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError)):
        text = "The answer was cut short or malformed."
    else:
        text = type(error).__name__
    return text[:_LONGEST_REASON]


class Budget:
    """Count the time that a fetch is at work over all its hops, leaving out waits for a turn."""

    def __init__(self, deadline: timedelta) -> None:
        self._left = deadline.total_seconds()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the body against what is left; raises TimeoutError when that is used up."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(max(self._left, 0)):
                yield
        finally:
            self._left -= loop.time() - started
