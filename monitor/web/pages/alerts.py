"""How people are told: the channels, a test with a real find, and a look at the next summary."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from monitor.domain import Hit, Level, Role
from monitor.ports import Pile, ReviewFilter
from monitor.web.pages._forms import own_form, require_owner
from monitor.web.rendering import page, visitor
from monitor.web.site import Visitor

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)


@router.get("/alerts")
def alerts(request: Request, client: str = "") -> Response:
    """Show the channels, what was told lately, and the summary of one client."""
    return _show(request, client, ())


@router.post("/alerts/test")
async def try_channels(request: Request, real: Annotated[str, Form(alias="with")] = "") -> Response:
    """Send a test message on every channel, or an alert about the last real find."""
    require_owner(request)
    who = visitor(request)
    hit = await run_in_threadpool(_last, who) if real == "hit" else None
    tried = await who.site.operations.try_channels(hit)
    await run_in_threadpool(who.log, "tested the channels")
    return await run_in_threadpool(_show, request, "", tried)


def _last(who: Visitor) -> Hit | None:
    chosen = ReviewFilter(subjects=who.subjects, min_level=Level.POSSIBLE, pile=Pile.ALL, limit=1)
    return next(iter(who.site.store.review_hits(chosen)), None)


def _show(request: Request, client: str, tried: tuple[tuple[str, str], ...]) -> Response:
    who = visitor(request)
    clients = sorted({one.client_id for one in who.watched.values() if who.may(one.id, Role.VIEWER)})
    chosen = client if client in clients else clients[0] if clients else None
    is_revealed = who.is_revealed(who.site.clock.now())
    shown = who.site.operations.summary(chosen) if chosen is not None and is_revealed else None
    return page(
        request,
        "alerts.html",
        channels=who.site.operations.channels if who.account.is_owner else (),
        tried=tried,
        clients=clients,
        chosen=chosen,
        summary=shown,
    )
