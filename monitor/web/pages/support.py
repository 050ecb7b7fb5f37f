"""Support and safety: what to do first, and what this program does not do."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from monitor.web.helplines import by_region, helplines
from monitor.web.rendering import page, visitor

router = APIRouter(include_in_schema=False)


@router.get("/support")
def support(request: Request) -> Response:
    """Show it; nothing here depends on who looks."""
    site = visitor(request).site
    today = site.clock.now().astimezone(site.zone).date()
    listed = helplines()
    is_old = any(one.is_old(today) for one in listed)
    return page(request, "support.html", regions=by_region(listed), today=today, is_old=is_old)
