"""Bound what one request may cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpLimits:
    """Set the caps: sizes in bytes, `deadline` for everything from the first connection to the last byte.

    `max_body` counts bytes on the wire, `max_decoded` bytes after decompression. `min_interval` is the time between
    two requests to one host, `per_host` how many may run at once; waiting for a turn is not counted against the
    deadline.
    """

    max_body: int = 5 * 1024 * 1024
    max_decoded: int = 20 * 1024 * 1024
    deadline: timedelta = timedelta(seconds=15)
    max_redirects: int = 5
    min_interval: timedelta = timedelta(seconds=1)
    per_host: int = 2
