"""Do the same work on many items, a few abreast, and give what came of it in the items' order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

_EACH = 8  # items in hand for each thread: enough that none waits, and few where one fails

One = TypeVar("One")
Done = TypeVar("Done")


def abreast(count: int, work: Callable[[One], Done], items: Iterable[One]) -> Iterator[Done]:
    """Work on `count` items at a time, in threads unless it is one; items are read as they are needed.

    What `work` raises is raised here, in the item's turn, and nothing more is begun then.
    """
    if count == 1:
        yield from map(work, items)
        return
    waiting = iter(items)
    with ThreadPoolExecutor(count) as pool:
        while window := list(islice(waiting, count * _EACH)):
            yield from pool.map(work, window)
