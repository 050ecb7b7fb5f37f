"""Where the program looks: how each source does, the log of its polls, and a try of one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from monitor.ports import SourceTrial
from monitor.web.pages._forms import own_form, require_owner, unknown
from monitor.web.rendering import page, visitor

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)
_POLLS = 30


@router.get("/sources")
def sources(request: Request, name: str = "") -> Response:
    """Show how every source does; for the owner also the log of one's polls."""
    return _show(request, name, None)


@router.post("/sources/try")
async def try_source(request: Request, name: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Try one source's credentials and a cheap call; nothing is stored."""
    require_owner(request)
    who = visitor(request)
    if name not in {one.name for one in who.site.operations.sources()}:
        unknown()
    return _show(request, name, await who.site.operations.try_source(name))


def _show(request: Request, name: str, tried: SourceTrial | None) -> Response:
    who = visitor(request)
    found = who.site.operations.sources()
    known = name in {one.name for one in found} and who.account.is_owner
    return page(
        request,
        "sources.html",
        sources=found,
        chosen=name if known else "",
        polls=who.site.store.polls(source=name, limit=_POLLS) if known else (),
        tried=tried,
    )
