"""Measure what the programs that this process started hold in memory."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def started_bytes() -> int:
    """Give the memory that all descendants of this process have for themselves; 0 where the system does not tell."""
    parents: dict[int, list[int]] = {}
    for entry in _PROC.glob("[0-9]*"):
        parents.setdefault(_parent(entry), []).append(int(entry.name))
    found, waiting = 0, [os.getpid()]
    while waiting:
        for child in parents.get(waiting.pop(), ()):
            waiting.append(child)
            found += _own(child)
    return found


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, LookupError, ValueError):  # it ended meanwhile
        return 0


def _own(pid: int) -> int:
    """Give resident pages that are not shared with others, in bytes."""
    try:
        _, resident, shared = (_PROC / str(pid) / "statm").read_text().split()[:3]
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
