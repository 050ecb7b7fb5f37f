"""How one statement spread: its wordings, the sources in time, and who posted it, as leads only."""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter, Request
from fastapi.responses import Response

from monitor.domain import Role
from monitor.web.pages._forms import require, unknown
from monitor.web.pictures import LEFT, RIGHT, ROW_HEIGHT, timeline
from monitor.web.rendering import page, visitor

router = APIRouter(include_in_schema=False)
_MOST = 500


@router.get("/statements")
def statements(request: Request) -> Response:
    """List the statements that this visitor may see."""
    who = visitor(request)
    listed = [one for one in who.site.store.statements(active_only=False) if one.subject_id in who.watched]
    return page(request, "statements.html", statements=listed)


@router.get("/statements/{subject_id}/{statement_id}")
def statement(request: Request, subject_id: str, statement_id: str) -> Response:
    """Show one statement."""
    require(request, subject_id, Role.VIEWER)
    who = visitor(request)
    known = {one.id: one for one in who.site.store.statements(subject_id, active_only=False)}
    if statement_id not in known:
        unknown()
    hits = who.site.store.spread(subject_id, statement_id, _MOST)
    return page(
        request,
        "spread.html",
        subject=who.watched[subject_id],
        statement=known[statement_id],
        hits=hits,
        picture=timeline(hits),
        authors=Counter(hit.author for hit in hits if hit.author).most_common(20),
        sources=Counter(hit.source for hit in hits).most_common(20),
        row_height=ROW_HEIGHT,
        left=LEFT,
        right=RIGHT,
    )
