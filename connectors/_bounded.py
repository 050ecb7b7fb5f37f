"""Parse others' bytes so that none can take the service down: a few in a thread, many in killable processes."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from connectors._entry import Parsed
from connectors._parser_pool import Limits, ParserPool, TooHardError, Work
from monitor.errors import SourceChanged

INLINE_BYTES = 256 * 1024
"""Larger bodies are parsed in another process: hostile ones take time that grows with the square of the size."""

Options = TypeVar("Options", bound=BaseModel)


@cache
def _shared_pool() -> ParserPool:
    pool = ParserPool()
    atexit.register(pool.close)
    return pool


async def parse_bounded(
    read: Callable[[bytes, Options], Parsed],
    body: bytes,
    options: Options,
    *,
    apart: bool = False,
    pool: ParserPool | None = None,
) -> Parsed:
    """Run `read(body, options)`; in a parser process when the body is large or `apart` is asked for.

    `read` is one of those that `_parser` knows. At most two bodies are parsed apart at once, others wait. Cancelling
    kills the process that is at the body. Raises SourceChanged when the body cannot be parsed within the limits on
    time and memory.
    """
    if len(body) <= INLINE_BYTES and not apart:
        try:
            return await asyncio.to_thread(read, body, options)
        except RecursionError as error:
            raise _too_hard(Limits()) from error
    pool = pool or _shared_pool()
    work = Work(read.__module__, options.model_dump_json(), body)
    try:
        return await asyncio.get_running_loop().run_in_executor(pool.threads, _parse_apart, pool, work)
    except (TooHardError, ValidationError) as error:
        raise _too_hard(pool.limits) from error
    except asyncio.CancelledError:
        work.cancel()
        raise


def _parse_apart(pool: ParserPool, work: Work) -> Parsed:
    return Parsed.model_validate_json(pool.parse(work))


def _too_hard(limits: Limits) -> SourceChanged:
    return SourceChanged(
        "The answer is too large or too tangled to be read.",
        why=f"Reading it took more than {limits.cpu_seconds} seconds or {limits.memory_bytes // 2**20} MiB.",
        try_="Open the address in a browser; if it is right, watch a smaller page or feed.",
    )
