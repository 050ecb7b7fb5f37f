"""Where the program looks: how each source does, the log of its polls, a try of one; adding, pausing, taking away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from monitor.errors import MonitorError
from monitor.ports import AskKind, Offer, SourceTrial, Spent
from monitor.web.pages._forms import own_form, require_owner, see_other, unknown
from monitor.web.rendering import page, visitor
from monitor.web.site import Visitor

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)
_POLLS = 30
_PREFIX = "set."
"""Stands before the names of a connector's own settings in forms."""

Name = Annotated[str, Form(max_length=200)]


@router.get("/sources")
async def sources(request: Request, name: str = "") -> Response:
    """Show how every source does; for the owner also what was spent, and the log of one's polls."""
    return await _show(request, name, None)


@router.post("/sources/try")
async def try_source(request: Request, name: Name = "") -> Response:
    """Try one source's credentials and a cheap call; nothing is stored."""
    await run_in_threadpool(_require_known, request, name)
    return await _show(request, name, await visitor(request).site.operations.try_source(name))


@router.post("/sources/pause")
def pause(request: Request, name: Name = "", do: Annotated[str, Form()] = "pause") -> Response:
    """Stop reading a source for now, or go on."""
    who = _require_known(request, name)
    is_paused = do != "resume"
    who.site.operations.additions.pause_source(name, is_paused=is_paused)
    who.log("paused a source" if is_paused else "went on with a source", detail=name)
    return see_other("/sources")


@router.post("/sources/drop")
def drop(request: Request, name: Name = "") -> Response:
    """Take away a source that was added here; what it found stays."""
    who = _require_known(request, name)
    who.site.operations.additions.drop_source(name)
    who.log("took a source away", detail=name)
    return see_other("/sources")


@router.get("/sources/add")
def ask(request: Request, connector: str = "", first: str = "") -> Response:
    """Ask what to read with, and then for that connector's settings."""
    require_owner(request)
    return form(request, _offer(visitor(request), connector), first=bool(first))


@router.post("/sources/add")
async def add(
    request: Request,
    name: Name = "",
    connector: Name = "",
    every: Annotated[str, Form(max_length=20)] = "15m",
    first: Annotated[str, Form()] = "",
) -> Response:
    """Add a source and try it at once; it stays also when the try fails, so that nothing has to be typed again."""
    require_owner(request)
    who = visitor(request)
    typed = await request.form()
    given = {key.removeprefix(_PREFIX): str(value) for key, value in typed.items() if key.startswith(_PREFIX)}
    offer = _offer(who, connector)
    try:
        await run_in_threadpool(who.site.operations.additions.add_source, name.strip(), connector, every, given)
    except MonitorError as error:
        shown = {"name": name, "every": every, **given}
        return await run_in_threadpool(form, request, offer, shown, error, first=bool(first))
    await run_in_threadpool(who.log, "added a source", detail=f"{name} by {connector}")
    tried = await who.site.operations.try_source(name.strip())
    if first:
        return await run_in_threadpool(form, request, None, first=True, added=name.strip(), tried=tried)
    return await _show(request, name.strip(), tried)


def form(  # what a page shows is one fact each
    request: Request,
    offer: Offer | None,
    typed: Mapping[str, str] | None = None,
    fault: MonitorError | None = None,
    *,
    first: bool = False,
    added: str = "",
    tried: SourceTrial | None = None,
) -> Response:
    """Show the form: the choice of a connector, or its settings. Secrets are never shown again."""
    given = typed or {}
    asks = offer.asks if offer else ()
    return page(
        request,
        "source_add.html",
        status=400 if fault else 200,
        offers=visitor(request).site.operations.additions.offers(),
        offer=offer,
        shown={ask.name: "" if ask.kind is AskKind.HIDDEN else given.get(ask.name, ask.value) for ask in asks},
        name=given.get("name", ""),
        every=given.get("every", "15m"),
        fault=fault,
        first=first,
        added=added,
        tried=tried,
        sources=visitor(request).site.operations.sources(),
    )


def _offer(who: Visitor, connector: str) -> Offer | None:
    return next((one for one in who.site.operations.additions.offers() if one.name == connector), None)


def _require_known(request: Request, name: str) -> Visitor:
    require_owner(request)
    who = visitor(request)
    if name not in {one.name for one in who.site.operations.sources()}:
        unknown()
    return who


async def _show(request: Request, name: str, tried: SourceTrial | None) -> Response:
    who = visitor(request)
    spent = await who.site.operations.additions.spending() if who.account.is_owner else {}
    return await run_in_threadpool(_page, request, name, tried, spent)


def _page(request: Request, name: str, tried: SourceTrial | None, spent: Mapping[str, Spent]) -> Response:
    who = visitor(request)
    found = who.site.operations.sources()
    known = name in {one.name for one in found} and who.account.is_owner
    jobs = who.site.queue() if who.account.is_owner else {}
    return page(
        request,
        "sources.html",
        sources=found,
        chosen=name if known else "",
        polls=who.site.store.polls(source=name, limit=_POLLS) if known else (),
        tried=tried,
        spent=spent,
        parked=sum(jobs.get("parked", {}).values()),
    )
