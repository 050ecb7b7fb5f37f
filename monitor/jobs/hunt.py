"""Retro-hunt: run changed rules over everything that was collected before, behind whatever is new."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from monitor.ports import Clock, Store

_HUNT = "hunt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Say how far a retro-hunt is: when it began, how many mentions it looks at, how many it has yet to look at."""

    started_at: datetime
    total: int
    left: int

    @property
    def done(self) -> int:
        """Count the mentions that were judged again."""
        return self.total - self.left


def start(store: Store, clock: Clock, *, subject_id: str = "", since: datetime | None = None) -> int:
    """Have what is stored judged again by the present rules; gives how many mentions wait for it.

    Nothing is judged here: `jobs.assess` takes them when nothing newer waits. A hunt that begins while another is
    under way takes over what that one has left.
    """
    store.forget_assessments(subject_id=subject_id, since=since)
    total = store.count_hunted()
    store.set_setting(_HUNT, json.dumps({"started_at": clock.now().isoformat(), "total": total}))
    return total


def progress(store: Store) -> Progress | None:
    """Say how far the newest retro-hunt is; None when none is under way."""
    kept = store.setting(_HUNT)
    left = store.count_hunted() if kept else 0
    if not left:
        return None
    facts = json.loads(kept)
    return Progress(
        started_at=datetime.fromisoformat(facts["started_at"]), total=max(left, int(facts["total"])), left=left
    )
