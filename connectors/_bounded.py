"""Parse others' bytes so that none can take the service down: a few in a thread, many in a killable process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from connectors._entry import Parsed
from monitor.errors import SourceChanged

INLINE_BYTES = 256 * 1024
"""Larger bodies are parsed in a process of their own: hostile ones take time that grows with the square of the size."""

CPU_SECONDS = 8
WALL_SECONDS = 30.0
"""A busy machine may take longer over an honest page; the time that counts is the processor's."""

MEMORY_BYTES = 768 * 1024 * 1024
_LONGEST_RESULT = 64 * 1024 * 1024

Options = TypeVar("Options", bound=BaseModel)


async def parse_bounded(
    module: str, read: Callable[[bytes, Options], Parsed], body: bytes, options: Options, *, apart: bool = False
) -> Parsed:
    """Run `read(body, options)`; in a process when the body is large or `apart` is asked for.

    `module` is the module that holds `read` and calls `serve` when it is run. Raises SourceChanged when the body
    cannot be parsed within the limits on time and memory.
    """
    if len(body) <= INLINE_BYTES and not apart:
        try:
            return await asyncio.to_thread(read, body, options)
        except RecursionError as error:
            raise _too_hard() from error
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(WALL_SECONDS):
            output, _ = await worker.communicate(options.model_dump_json().encode() + b"\n" + body)
    except TimeoutError as error:
        raise _too_hard() from error
    finally:
        if worker.returncode is None:
            with suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()
    if worker.returncode != 0 or len(output) > _LONGEST_RESULT:
        raise _too_hard()
    try:
        return Parsed.model_validate_json(output)
    except ValidationError as error:
        raise _too_hard() from error


def _too_hard() -> SourceChanged:
    return SourceChanged(
        "The answer is too large or too tangled to be read.",
        why=f"Reading it took more than {CPU_SECONDS} seconds or {MEMORY_BYTES // 2**20} MiB.",
        try_="Open the address in a browser; if it is right, watch a smaller page or feed.",
    )


def serve(read: Callable[[bytes, Options], Parsed], options: type[Options]) -> None:
    """Parse standard input for `parse_bounded` and write the result to standard output."""
    _bind_resources()
    line, _, body = sys.stdin.buffer.read().partition(b"\n")
    result = read(body, options.model_validate_json(line))
    sys.stdout.buffer.write(result.model_dump_json().encode("utf-8", "replace"))


def _bind_resources() -> None:
    if sys.platform == "win32":
        return  # the time limit of the parent still holds
    import resource  # noqa: PLC0415 - there is no such module on Windows

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
