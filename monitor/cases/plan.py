"""Say what is done in a case, what is missing and what comes next. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from monitor.cases.registry import ChecklistLine, registry
from monitor.domain import Action, ActionOutcome, Case, Owner, PosterState, Step

COOLING_OFF = timedelta(hours=24)
"""How long a case rests before the first word goes out, unless somebody says why not."""


class ItemState(StrEnum):
    """Say how an item of the checklist stands."""

    DONE = "done"
    SKIPPED = "skipped"
    MISSING = "missing"
    LATER = "later"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """Hold what the rest of the program knows of a case, for the checklist to be ticked from.

    `captured` counts mentions with a complete capture among `mentions`; `minimum_missing` names what the minimum set
    of evidence lacks.
    """

    mentions: int
    captured: int
    minimum_missing: tuple[str, ...]
    leads: int
    papers: int
    clocks: int
    is_held: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanItem:
    """Hold one line of the checklist: what, whose, by when, how it stands, and why it matters."""

    id: str
    step: Step
    title: str
    why: str
    owner: Owner
    state: ItemState
    due_on: date | None = None
    reason: str = ""


def checklist(case: Case, actions: Sequence[Action], seen: Seen) -> tuple[PlanItem, ...]:
    """Give the checklist of a case, in the order of the steps.

    What the program can see itself is ticked by itself; the rest is done when a person says so, and can be skipped
    with a reason. An item is due some days after the case was opened; nothing becomes urgent by itself.
    """
    said = {action.item: action for action in actions if action.item}
    lines = registry().checklist
    return tuple(_item(line, case, said.get(line.id), _is_seen(line.id, case, actions, seen)) for line in lines)


def item_ids() -> tuple[str, ...]:
    """Give the ids of the checklist, in order."""
    return tuple(line.id for line in registry().checklist)


def step_of(item_id: str) -> Step:
    """Say which step an item belongs to; KeyError when there is none of that name."""
    return {line.id: line.step for line in registry().checklist}[item_id]


def next_items(items: Iterable[PlanItem], most: int = 3) -> tuple[PlanItem, ...]:
    """Give what to do next: the first few that are missing, in order; later ones can wait."""
    return tuple(item for item in items if item.state is ItemState.MISSING)[:most]


def rests_until(case: Case, actions: Iterable[Action]) -> datetime | None:
    """Say until when nothing should go out, or None when the rest was skipped with a reason or said to be over.

    The rest runs from when the case was opened.
    """
    for action in actions:
        if action.item == "rest" and action.outcome in (ActionOutcome.DONE, ActionOutcome.SKIPPED):
            return None
    return case.opened_at + COOLING_OFF


def _item(line: ChecklistLine, case: Case, said: Action | None, is_seen: bool) -> PlanItem:
    due_on = None if line.after_days is None else (case.opened_at + timedelta(days=line.after_days)).date()
    if said is not None:
        due_on = said.due_on or due_on
    return PlanItem(
        id=line.id,
        step=line.step,
        title=line.title,
        why=line.why,
        owner=said.owner if said is not None else line.owner,
        state=_state(line, case, said, is_seen),
        due_on=due_on,
        reason=said.reason if said is not None else "",
    )


def _state(line: ChecklistLine, case: Case, said: Action | None, is_seen: bool) -> ItemState:
    if is_seen or (said is not None and said.outcome is ActionOutcome.DONE):
        return ItemState.DONE
    if said is not None and said.outcome is ActionOutcome.SKIPPED:
        return ItemState.SKIPPED
    if line.id in ("hold", "packet") and not case.counsel:
        return ItemState.LATER
    return ItemState.MISSING


def _is_seen(item_id: str, case: Case, actions: Sequence[Action], seen: Seen) -> bool:
    """Say whether the program itself can see that an item is done."""
    sent = {action.step for action in actions if action.sent_at is not None}
    given = {name for name, text in case.facts if text}
    facts = {
        "harm": "harm" in given,
        "unfavourable": {"unfavourable", "own_posts"} <= given,
        "keep": seen.mentions > 0 and seen.captured == seen.mentions,
        "minimum": seen.mentions > 0 and not seen.minimum_missing,
        "poster": case.poster is not PosterState.OPEN,
        "letter": Step.LETTER in sent,
        "report": Step.REPORT in sent,
        "clock": seen.clocks > 0,
        "hold": seen.is_held,
        "packet": Step.LEGAL in sent,
    }
    return facts.get(item_id, False)
