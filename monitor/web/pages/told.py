"""How the owner is told for now: pause, hand over, storm mode. Evidence is kept the same all the while."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from monitor.jobs import telling
from monitor.web.pages._forms import own_form, require_owner, see_other, unknown
from monitor.web.rendering import visitor

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)
_PAUSES = {f"pause-{days}": days for days in telling.PAUSES}
_SWITCHES = ("handover", "storm")


@router.post("/told")
def told(request: Request, wish: Annotated[str, Form(max_length=40)] = "") -> Response:
    """Change how the owner is told; what is asked for is a button's value on the first page."""
    require_owner(request)
    who = visitor(request)
    store, now = who.site.store, who.site.clock.now()
    mode = telling.mode_of(store)
    what, _, switch = wish.rpartition("-")
    if wish in _PAUSES:
        mode = telling.pause(mode, _PAUSES[wish], now)
    elif wish == "pause-off":
        mode = replace(mode, paused_until=None)
    elif what in _SWITCHES and switch in ("on", "off"):
        if switch == "on" and not who.site.operations.has_helper:
            unknown()
        is_on = switch == "on"
        mode = replace(mode, is_storm=is_on) if what == "storm" else replace(mode, is_handed_over=is_on)
    else:
        unknown()
    telling.keep_mode(store, mode)
    who.log("changed how messages are sent", detail=wish)
    return see_other("/")
