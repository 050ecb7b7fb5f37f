"""What a person did and decided in a case: what was sent and what came of it, leads, days, and the hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from monitor.domain import Action, ActionOutcome, Confidence, Owner, PosterState, Step
from monitor.errors import InputError
from monitor.web.pages._case import day_of, one_of, open_case
from monitor.web.pages._forms import own_form

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)

Words = Annotated[str, Form(max_length=2_000)]
Day = Annotated[str, Form(max_length=10)]


@router.post("/cases/{case_id}/sent")
def sent(
    request: Request,
    case_id: int,
    what: Annotated[str, Form(max_length=100)] = "",
    to: Words = "",
    on: Day = "",
    reference: Words = "",
    because: Words = "",
) -> Response:
    """Record that a person has sent something; refused while the case rests, unless a reason is given."""
    opened = open_case(request, case_id)
    kind, _, named = what.partition(":")
    action = Action(
        case_id=case_id,
        step=_step(kind),
        title=f"draft {named}" if kind == "letter" else named or "packet",
        made_at=opened.who.site.clock.now(),
        addressee=to.strip(),
        notice=opened.desk.registry.notice(named).id if kind == "notice" else "",
        paper_id=_number(named) if kind == "letter" else 0,
        reference=reference.strip(),
        sent_at=_start_of(day_of(on)),
    )
    opened.desk.send(case_id, action, because=because)
    return opened.done("recorded what was sent", "report")


@router.post("/cases/{case_id}/outcome")
def outcome(
    request: Request,
    case_id: int,
    action: Annotated[int, Form()] = 0,
    outcome: Annotated[str, Form()] = "",
    reference: Words = "",
) -> Response:
    """Record what came of something that was sent."""
    opened = open_case(request, case_id)
    opened.desk.outcome(case_id, action, one_of(ActionOutcome, outcome), reference=reference.strip())
    return opened.done("recorded an outcome", "report")


@router.post("/cases/{case_id}/lead")
def lead(
    request: Request, case_id: int, value: Words = "", basis: Words = "", confidence: Annotated[str, Form()] = "weak"
) -> Response:
    """Keep a supposition as this visitor's own."""
    opened = open_case(request, case_id)
    opened.desk.add_lead(case_id, value, basis, one_of(Confidence, confidence), opened.who.account.name)
    return opened.done("kept a lead", "identify")


@router.post("/cases/{case_id}/poster")
def poster(request: Request, case_id: int, state: Annotated[str, Form()] = "") -> Response:
    """Keep a person's decision whether the poster can be named."""
    opened = open_case(request, case_id)
    opened.desk.set_poster(case_id, one_of(PosterState, state))
    return opened.done("decided about the poster", "identify")


@router.post("/cases/{case_id}/clock")
def clock(
    request: Request,
    case_id: int,
    rule: Annotated[str, Form(max_length=100)] = "",
    day: Day = "",
    title: Words = "",
    by: Annotated[str, Form()] = "self",
) -> Response:
    """Set a day: by a rule and the day it starts, or outright with what is due then."""
    opened = open_case(request, case_id)
    given = day_of(day)
    if given is None:
        raise InputError("It is not said which day.", why="A period needs the day it starts, or the day it ends.")
    if rule:
        opened.desk.set_clock(case_id, rule=rule, starts_on=given, by=one_of(Owner, by))
    elif title.strip():
        opened.desk.set_day(case_id, title=title.strip(), due_on=given, by=one_of(Owner, by))
    else:
        raise InputError("It is not said what is due on that day.", try_="Choose a rule, or write what is due.")
    return opened.done("set a day", "legal")


@router.post("/cases/{case_id}/hold")
def hold(request: Request, case_id: int, because: Words = "", do: Annotated[str, Form()] = "place") -> Response:
    """Place the legal hold with a reason, or lift it."""
    opened = open_case(request, case_id)
    if do == "lift":
        opened.desk.lift_hold(case_id, opened.who.account.name)
        return opened.done("lifted the hold", "legal")
    opened.desk.place_hold(case_id, because, opened.who.account.name)
    return opened.done("placed a hold", "legal")


def _step(kind: str) -> Step:
    steps = {"letter": Step.LETTER, "notice": Step.REPORT, "packet": Step.LEGAL}
    if kind not in steps:
        raise InputError("It is not said what was sent.", why="A letter, a notice, or the packet.")
    return steps[kind]


def _number(given: str) -> int:
    if not (given.isascii() and given.isdigit() and len(given) < 18):
        raise InputError("There is no such letter.", try_="Choose one of this case.")
    return int(given)


def _start_of(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(0, 0), tzinfo=UTC)
