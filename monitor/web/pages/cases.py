"""Cases: a tile for each, and one case with its six steps at a glance. Nothing is sent to anybody from here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from monitor.cases.files import Overview
from monitor.cases.letters import LETTERS
from monitor.cases.picture import spread_svg, summary
from monitor.cases.plan import ItemState, PlanItem, next_items
from monitor.cases.registry import JURISDICTIONS
from monitor.domain import (
    ActionOutcome,
    Case,
    CaseClock,
    CaseStatus,
    Confidence,
    Hit,
    Owner,
    PosterState,
    ReviewVerdict,
    Role,
    Step,
)
from monitor.ports import Pile, ReviewFilter
from monitor.web.pages._case import Opened, day_of, desk_of, one_of, open_case
from monitor.web.pages._forms import own_form, require, see_other
from monitor.web.rendering import page, visitor
from monitor.web.shell import SANDBOX
from monitor.web.site import Visitor

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)

MOST_EXHIBITS = 100
_MOST_REVIEWED = 200
_STEPS = {
    Step.PLAN: "Stay calm, make a plan",
    Step.EVIDENCE: "Gather evidence",
    Step.IDENTIFY: "Who is responsible",
    Step.LETTER: "Ask in a letter",
    Step.REPORT: "Report to the platform",
    Step.LEGAL: "For counsel",
}
_SETTLED = (ItemState.DONE, ItemState.SKIPPED)
_OUTCOMES = (
    ActionOutcome.REMOVED,
    ActionOutcome.CORRECTED,
    ActionOutcome.REFUSED,
    ActionOutcome.NO_REPLY,
    ActionOutcome.OPEN,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """Hold what a list shows of one case: the next day that is due, if one is."""

    case: Case
    next_day: CaseClock | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StepView:
    """Hold one step of a case with its items, and how many of them are done."""

    step: Step
    title: str
    items: tuple[PlanItem, ...]

    @property
    def settled(self) -> int:
        """Count what is done or was left out for a reason."""
        return sum(item.state in _SETTLED for item in self.items)


def tiles_of(who: Visitor, cases: Iterable[Case]) -> list[Tile]:
    """Give a tile for each case, open ones first."""
    days: dict[int, CaseClock] = {}
    for clock in who.site.store.clocks():
        if not clock.is_done:
            days.setdefault(clock.case_id, clock)
    listed = sorted(cases, key=lambda one: one.status is CaseStatus.CLOSED)
    return [Tile(case=one, next_day=days.get(one.id)) for one in listed]


def cases_of(who: Visitor) -> list[Case]:
    """Give the cases that this visitor may see, newest first."""
    return [one for one in who.site.store.cases() if one.subject_id in who.watched]


@router.get("/cases")
def cases(request: Request) -> Response:
    """List the cases that this visitor may see."""
    who = visitor(request)
    open_to = [one for one in who.watched.values() if who.may(one.id, Role.HELPER)]
    tiles = tiles_of(who, cases_of(who))
    return page(request, "cases.html", tiles=tiles, subjects=open_to, places=JURISDICTIONS)


@router.post("/cases")
def new(
    request: Request,
    subject: Annotated[str, Form()] = "",
    title: Annotated[str, Form(max_length=200)] = "",
    place: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Open a case; mentions are added on its page."""
    require(request, subject, Role.HELPER)
    who = visitor(request)
    made = desk_of(who).open(subject, title, jurisdictions=place or ())
    who.log("opened a case", subject_id=subject, detail=f"case {made.id}")
    return see_other(f"/cases/{made.id}")


@router.get("/cases/{case_id}")
def case(request: Request, case_id: int) -> Response:
    """Show one case: six steps, what is done and what is missing."""
    opened = open_case(request, case_id, Role.VIEWER)
    overview = opened.desk.overview(case_id)
    facts = dict(overview.case.facts)
    registry = opened.desk.registry
    may_save = opened.who.may(overview.case.subject_id, Role.HELPER)
    return page(
        request,
        "case.html",
        case=overview.case,
        overview=overview,
        steps=_steps(overview),
        next_items=next_items(overview.items),
        places=[JURISDICTIONS[code] for code in overview.case.jurisdictions],
        may_save=may_save,
        may_work=may_save and overview.case.status is CaseStatus.OPEN,
        exhibits=overview.exhibits[:MOST_EXHIBITS],
        needed={one.mention_id: one for one in overview.needed},
        spread=summary(overview.spread),
        unadded=_unadded(opened),
        suggestions=opened.desk.suggestions(case_id),
        notices=opened.desk.notices(overview.case, overview.exhibits),
        given=[(name, fact, facts.get(name, "")) for name, fact in registry.facts.items() if fact.origin == "person"],
        rules=registry.clocks_for(overview.case.jurisdictions),
        kinds=LETTERS,
        outcomes=_OUTCOMES,
        owners=list(Owner),
        posters=list(PosterState),
        confidences=list(Confidence),
    )


@router.get("/cases/{case_id}/spread.svg")
def spread(request: Request, case_id: int) -> Response:
    """Draw how far it has spread; counts and the names of sources only."""
    opened = open_case(request, case_id, Role.VIEWER)
    drawn = spread_svg(opened.desk.overview(case_id).spread)
    return Response(
        drawn.encode("utf-8", "replace"), media_type="image/svg+xml", headers={"Content-Security-Policy": SANDBOX}
    )


@router.post("/cases/{case_id}/add")
def add(request: Request, case_id: int, mention: Annotated[list[int] | None, Form()] = None) -> Response:
    """Add confirmed mentions; what has no complete copy is asked for."""
    opened = open_case(request, case_id)
    opened.desk.add(case_id, mention or ())
    return opened.done("added mentions", "evidence")


@router.post("/cases/{case_id}/worst")
def worst(
    request: Request, case_id: int, mention: Annotated[list[int] | None, Form()] = None, do: Annotated[str, Form()] = ""
) -> Response:
    """Mark a mention as among the most concerning ones, or take the mark away."""
    opened = open_case(request, case_id)
    opened.desk.mark_worst(case_id, mention or (), is_worst=do != "unmark")
    return opened.done("marked the worst", "evidence")


@router.post("/cases/{case_id}/plan")
def plan(
    request: Request,
    case_id: int,
    item: Annotated[str, Form()] = "",
    outcome: Annotated[str, Form()] = "done",
    because: Annotated[str, Form(max_length=2_000)] = "",
    owner: Annotated[str, Form()] = "self",
    due: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Keep what a person says of one line of the checklist: how it stands, whose it is, and by when."""
    opened = open_case(request, case_id)
    opened.desk.tick(
        case_id,
        item,
        one_of(ActionOutcome, outcome),
        because=because,
        owner=one_of(Owner, owner),
        due_on=day_of(due),
    )
    return opened.done("changed the plan", "plan")


@router.post("/cases/{case_id}/close")
def close(request: Request, case_id: int, because: Annotated[str, Form(max_length=2_000)] = "") -> Response:
    """Close a case with a reason; what it holds stays."""
    opened = open_case(request, case_id)
    opened.desk.close(case_id, because)
    return opened.done("closed a case")


def _steps(overview: Overview) -> list[StepView]:
    return [
        StepView(step=step, title=title, items=tuple(item for item in overview.items if item.step is step))
        for step, title in _STEPS.items()
    ]


def _unadded(opened: Opened) -> list[Hit]:
    """Give confirmed mentions of this one that are not in the case yet."""
    chosen = ReviewFilter(subjects=frozenset({opened.case.subject_id}), pile=Pile.DONE, limit=_MOST_REVIEWED)
    known = set(opened.case.mention_ids)
    confirmed = ReviewVerdict.CONFIRMED.value
    return [
        one
        for one in opened.who.site.store.review_hits(chosen)
        if one.review == confirmed and one.mention_id not in known
    ]
