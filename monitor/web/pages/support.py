"""Support and safety: what to do first, and what this program does not do."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from monitor.web.rendering import page

router = APIRouter(include_in_schema=False)


@router.get("/support")
def support(request: Request) -> Response:
    """Show it; nothing here depends on who looks."""
    return page(request, "support.html")
