"""What letting go of evidence needs of the store."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol


class RetentionStore(Protocol):
    """Find captures that are kept for nothing."""

    def unmatched_captures(self, before: datetime, *, without: Collection[int], limit: int) -> tuple[str, ...]:
        """Give captures taken before then that match nothing, oldest first.

        Their mention is judged, no version of it reached a level above none (or a person's newest word on each such
        judgement is that it is about somebody else), nobody said otherwise of it, nobody added it by hand, and it is
        not one of `without`.
        """
        ...
