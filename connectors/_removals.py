"""Decide which items a page no longer shows although it still could."""

from __future__ import annotations

from collections.abc import Sequence


def removed(before: Sequence[str], now: Sequence[str]) -> tuple[str, ...]:
    """Give the ids that were taken off a page, oldest knowledge first.

    Pages that show only the newest so many push old items out as new ones come in. That is not a removal: when the
    missing ones all stood at one end, and at least as many new ones came in at the other, they were pushed out.
    """
    shown, known = set(now), set(before)
    missing = tuple(one for one in before if one not in shown)
    if not missing or len(missing) == len(before):
        return missing
    is_tail = tuple(before[-len(missing) :]) == missing
    is_head = tuple(before[: len(missing)]) == missing
    if is_tail and _run(now, known) >= len(missing):
        return ()
    if is_head and _run(tuple(reversed(now)), known) >= len(missing):
        return ()
    return missing


def _run(now: Sequence[str], known: set[str]) -> int:
    """Count how many new ones stand together at the beginning."""
    count = 0
    for one in now:
        if one in known:
            break
        count += 1
    return count
