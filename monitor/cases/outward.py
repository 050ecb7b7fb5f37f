"""Decide whether something may go out: not before a case has rested, and not about what is not kept. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from monitor.cases.exhibits import CaseExhibit
from monitor.cases.plan import rests_until
from monitor.domain import Action, Case, CaseStatus
from monitor.errors import InputError


def require_something(case: Case, exhibits: Sequence[CaseExhibit]) -> None:
    """Let a paper be written about something; InputError when nothing is confirmed in this case."""
    if not exhibits:
        raise InputError(
            "There is nothing confirmed in this case to write about.",
            why="A letter or notice names the mentions that a person has confirmed.",
            try_=f"Run `goodname hits mark ID confirmed`, then `goodname case add {case.id} --mention ID`.",
        )


def require_ready(
    case: Case, actions: Sequence[Action], exhibits: Sequence[CaseExhibit], now: datetime, *, because: str = ""
) -> str:
    """Let an outward step go on, or say what stands in its way.

    With `because` it goes on all the same, and what stood in its way is given back to be logged with the reason.
    InputError when the case is closed or holds nothing confirmed, which no reason can mend.
    """
    if case.status is CaseStatus.CLOSED:
        raise InputError("This case is closed.", why=case.closed_because, try_="Open a new one: `goodname case new`.")
    require_something(case, exhibits)
    hindrances = [*_rest(case, actions, now), *_copies(exhibits)]
    if not hindrances:
        return ""
    if because.strip():
        return f"{'; '.join(hindrances)}. It went on because: {because.strip()}"
    raise InputError(
        "Nothing goes out yet.",
        why="; ".join(hindrances) + ".",
        try_='Wait for it, or go on with your reason, which is logged: --because "…".',
    )


def _rest(case: Case, actions: Iterable[Action], now: datetime) -> list[str]:
    until = rests_until(case, actions)
    if until is None or now >= until:
        return []
    return [f"the case rests until {until:%Y-%m-%d %H:%M} UTC, so that nothing is written in the first heat"]


def _copies(exhibits: Iterable[CaseExhibit]) -> list[str]:
    return [f"mention {one.mention_id} has no complete copy yet" for one in exhibits if not one.is_kept]
