"""Put the pages together behind the shell."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException as PlainHttpFault

from monitor.errors import MonitorError
from monitor.web import api
from monitor.web.feeds import Feeds, feeds_router
from monitor.web.health import Probe, create_app
from monitor.web.pages import (
    alerts,
    answer,
    case_ledger,
    case_papers,
    cases,
    clients,
    evidence,
    mention,
    people,
    review,
    rules,
    session,
    settings,
    sources,
    start,
    statements,
    support,
    today,
    told,
)
from monitor.web.rendering import STATIC, page, static_file
from monitor.web.shell import Shell
from monitor.web.site import Site

OPEN = ("/healthz", "/login", "/link/", "/act/", "/static/", "/feed.atom", "/calendar.ics", "/metrics")
"""What answers without a sign-in: health without words, the doors, signed links in messages,
our own files, and feeds that want a token."""

_HEADINGS = {
    403: "This is not yours to do",
    404: "There is no such page",
    405: "There is no such page",
    422: "This does not make sense here",
}
_A_YEAR = "public, max-age=31536000, immutable"

_static = APIRouter(include_in_schema=False)


@_static.get("/static/{name}")
def _own_file(name: str) -> Response:
    if name not in STATIC:
        raise HTTPException(404)
    return Response(static_file(name), media_type=STATIC[name], headers={"Cache-Control": _A_YEAR})


def dashboard(site: Site, probe: Callable[[], Probe], feeds: Feeds) -> FastAPI:
    """Make the whole web application: every page, the feeds and `/healthz`, all behind the shell."""
    daily = (today, review, mention, evidence, statements)
    of_cases = (cases, case_papers, case_ledger, clients)
    pages = (*daily, *of_cases, told, sources, rules, alerts, people, support, settings, start, session)
    routers = [one.router for one in pages]
    app = create_app(probe, feeds_router(feeds), _static, api.router, session.doors, answer.doors, *routers)
    app.state.site = site
    app.add_exception_handler(PlainHttpFault, _http_fault)
    app.add_exception_handler(RequestValidationError, _odd_request)
    app.add_exception_handler(MonitorError, _own_fault)
    app.add_middleware(Shell, site=site, open_paths=OPEN)
    return app


async def _http_fault(request: Request, error: Exception) -> Response:
    assert isinstance(error, PlainHttpFault)
    what = _HEADINGS.get(error.status_code, "This did not work")
    why = error.detail if error.detail.endswith(".") else ""
    return _fault(request, error.status_code, what, why)


async def _odd_request(request: Request, error: Exception) -> Response:
    return _fault(request, 422, _HEADINGS[422], "A part of the address or of the form cannot be read.")


async def _own_fault(request: Request, error: Exception) -> Response:
    assert isinstance(error, MonitorError)
    return _fault(request, 400, error.what, error.why, error.try_)


def _fault(request: Request, status: int, what: str, why: str, try_: str = "") -> Response:
    if request.url.path.startswith("/api/") or "x-fragment" in request.headers:
        return JSONResponse({"detail": what, "why": why, "try": try_}, status_code=status)
    return page(request, "fault.html", status=status, what=what, why=why, try_=try_, back="/")
