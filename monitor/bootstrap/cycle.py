"""What one whole pass came to."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain import Capture, Poll


@dataclass(frozen=True, kw_only=True, slots=True)
class CycleReport:
    """Sum up one whole pass."""

    recovered: tuple[Capture, ...]
    polled: tuple[Poll, ...]
    assessed: int
    captures: tuple[Capture, ...]
    delivered: int
    undelivered: int
    digest_due: bool
