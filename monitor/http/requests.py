"""Say what is asked for, apart from the library that asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from monitor.http.limits import HttpLimits


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchRequest:
    """Hold what stays the same over the hops of one fetch."""

    source: str
    headers: Mapping[str, str]
    ok: frozenset[int]
    limits: HttpLimits
    obey_robots: bool
    method: str = "GET"
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamRequest:
    """Say who listens, and how patiently; `deadline` is for the opening."""

    source: str
    headers: Mapping[str, str]
    idle: timedelta
    max_message: int
    deadline: timedelta
