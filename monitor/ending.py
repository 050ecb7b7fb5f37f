"""End tasks of an event loop in order: none is left running, and none is left with an error that nobody heard of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any


async def cut_off(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel what still runs, and wait until it is over, whatever it raises then."""
    known = tuple(tasks)
    for task in known:
        task.cancel()
    await asyncio.gather(*known, return_exceptions=True)


async def end_within(grace_s: float, tasks: Iterable[asyncio.Task[Any]]) -> bool:
    """Wait so long for all of them and cut off the late ones; True when there were none."""
    known = tuple(tasks)
    if not known:
        return True
    _, late = await asyncio.wait(known, timeout=grace_s)
    await cut_off(late)
    return not late
