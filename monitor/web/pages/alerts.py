"""How people are told: the channels, a test with a real find, quiet hours, and a look at the next summary."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from monitor.domain import Hit, Level, Message, Role
from monitor.errors import MonitorError
from monitor.ports import Pile, ReviewFilter
from monitor.web.pages._forms import own_form, require_owner, see_other, unknown
from monitor.web.rendering import page, visitor
from monitor.web.shell import MAIL
from monitor.web.site import Visitor

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)

Name = Annotated[str, Form(max_length=200)]
First = Annotated[str, Form()]


@router.get("/alerts")
def alerts(request: Request, client: str = "") -> Response:
    """Show the channels, the quiet hours, and the summary of one client."""
    return _show(request, client=client)


@router.get("/start/alerts")
def first_alerts(request: Request) -> Response:
    """Ask, among the first steps, how to be told."""
    require_owner(request)
    return _show(request, first=True)


@router.post("/alerts/test")
async def try_channels(request: Request, real: Annotated[str, Form(alias="with")] = "", first: First = "") -> Response:
    """Send a test message on every channel, or an alert about the last real find."""
    require_owner(request)
    who = visitor(request)
    hit = await run_in_threadpool(_last, who) if real == "hit" else None
    tried = await who.site.operations.try_channels(hit)
    await run_in_threadpool(who.log, "tested the channels")
    return await run_in_threadpool(_show, request, first=bool(first), tried=tried)


@router.post("/alerts/add")
def add(request: Request, url: Annotated[str, Form(max_length=2_000)] = "", first: First = "") -> Response:
    """Add a channel; its address is kept and never shown again."""
    require_owner(request)
    who = visitor(request)
    try:
        name = who.site.operations.additions.add_channel(url)
    except MonitorError as error:
        return _show(request, first=bool(first), fault=error)
    who.log("added a channel", detail=name)
    return see_other("/start/alerts" if first else "/alerts")


@router.post("/alerts/pause")
def pause(request: Request, name: Name = "", do: Annotated[str, Form()] = "pause") -> Response:
    """Send nothing on a channel for now, or send again."""
    who = _require_known(request, name)
    is_paused = do != "resume"
    who.site.operations.additions.pause_channel(name, is_paused=is_paused)
    who.log("paused a channel" if is_paused else "went on with a channel", detail=name)
    return see_other("/alerts")


@router.post("/alerts/drop")
def drop(request: Request, name: Name = "") -> Response:
    """Take away a channel that was added here."""
    who = _require_known(request, name)
    who.site.operations.additions.drop_channel(name)
    who.log("took a channel away", detail=name)
    return see_other("/alerts")


@router.post("/alerts/quiet")
def quiet(
    request: Request,
    starts: Annotated[str, Form(max_length=5)] = "",
    ends: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Change the hours in which only a danger is told; both empty: none."""
    require_owner(request)
    who = visitor(request)
    hours = f"{starts.strip()}-{ends.strip()}" if starts.strip() or ends.strip() else ""
    try:
        who.site.operations.additions.set_quiet_hours(hours)
    except MonitorError as error:
        return _show(request, fault=error)
    who.log("changed the quiet hours", detail=hours)
    return see_other("/alerts")


@router.get("/alerts/summary")
def summary(request: Request, client: str = "") -> Response:
    """Show the next summary as the mail itself; nothing in it runs or loads."""
    _, shown = _summary(visitor(request), client)
    if shown is None or not shown.html:
        unknown()
    return Response(shown.page, media_type="text/html", headers={"Content-Security-Policy": MAIL})


def _require_known(request: Request, name: str) -> Visitor:
    require_owner(request)
    who = visitor(request)
    if name not in {one.name for one in who.site.operations.additions.channels()}:
        unknown()
    return who


def _last(who: Visitor) -> Hit | None:
    chosen = ReviewFilter(subjects=who.subjects, min_level=Level.POSSIBLE, pile=Pile.ALL, limit=1)
    return next(iter(who.site.store.review_hits(chosen)), None)


def _clients(who: Visitor) -> list[str]:
    return sorted({one.client_id for one in who.watched.values() if who.may(one.id, Role.VIEWER)})


def _summary(who: Visitor, client: str) -> tuple[str | None, Message | None]:
    """Give whose summary is shown, and the summary; none while words are hidden."""
    clients = _clients(who)
    chosen = client if client in clients else clients[0] if clients else None
    if chosen is None or not who.is_revealed(who.site.clock.now()):
        return chosen, None
    return chosen, who.site.operations.summary(chosen)


def _show(
    request: Request,
    *,
    client: str = "",
    first: bool = False,
    tried: tuple[tuple[str, str], ...] = (),
    fault: MonitorError | None = None,
) -> Response:
    who = visitor(request)
    chosen, shown = (None, None) if first else _summary(who, client)
    additions = who.site.operations.additions
    hours, may_change = additions.quiet_hours()
    starts, _, ends = hours.partition("-")
    return page(
        request,
        "start_alerts.html" if first else "alerts.html",
        status=400 if fault else 200,
        channels=additions.channels() if who.account.is_owner else (),
        tried=tried,
        fault=fault,
        hours=(starts, ends),
        may_change_hours=may_change,
        clients=_clients(who),
        chosen=chosen,
        summary=shown,
    )
