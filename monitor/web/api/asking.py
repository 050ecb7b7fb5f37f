"""Check who asks, and what their token may be used for."""

from __future__ import annotations

from fastapi import HTTPException, Request

from monitor.domain import Scope
from monitor.web.rendering import visitor
from monitor.web.site import Visitor


def reader(request: Request) -> Visitor:
    """Give who reads: somebody signed in, or a program whose token may read."""
    return _asking(request, Scope.READ)


def reviewer(request: Request) -> Visitor:
    """Give who records: a program whose token may review. A page elsewhere cannot send a token by itself."""
    if request.state.scopes is None:
        raise HTTPException(403, "Changes here need a token; the pages are for people who are signed in.")
    return _asking(request, Scope.REVIEW)


def _asking(request: Request, scope: Scope) -> Visitor:
    scopes = request.state.scopes
    if scopes is not None and scope not in scopes:
        raise HTTPException(403, f"This token may not {scope.value}.")
    return visitor(request)
