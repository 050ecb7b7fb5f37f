"""Turn templates into pages; others' words are always plain text, and links lead to the web only."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from monitor.domain import Role
from monitor.text import is_web_url
from monitor.web.passwords import form_token
from monitor.web.site import Site, Visitor
from monitor.web.words import LEVELS, LIVE, STANCES, STATES, VERDICTS, ago, count, size

if TYPE_CHECKING:
    from jinja2 import Environment

STATIC = {"style.css": "text/css", "script.js": "text/javascript", "icon.svg": "image/svg+xml"}

PAGES = (
    ("/", "Today"),
    ("/review", "Review"),
    ("/statements", "Statements"),
    ("/cases", "Cases"),
    ("/clients", "Clients"),
    ("/evidence", "Evidence"),
    ("/sources", "Sources"),
    ("/rules", "Rules"),
    ("/alerts", "Alerts"),
    ("/people", "People"),
    ("/support", "Support and safety"),
    ("/settings", "Settings"),
)


@cache
def static_file(name: str) -> bytes:
    """Give one of our own files."""
    return (files("monitor.web") / "static" / name).read_bytes()


@cache
def static_url(name: str) -> str:
    """Give the address of one of our own files; it changes with the file, so that browsers may keep it."""
    return f"/static/{name}?{hashlib.sha256(static_file(name)).hexdigest()[:12]}"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 # loaded when a page is shown

    made = Environment(
        loader=PackageLoader("monitor.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        static=static_url, pages=PAGES, addresses=frozenset(dict(PAGES)), is_web_url=is_web_url, count=count, Role=Role
    )
    made.globals.update(levels=LEVELS, stances=STANCES, verdicts=VERDICTS, live=LIVE, states=STATES)
    made.filters.update(size=size, query=urlencode)
    return made


def visitor(request: Request) -> Visitor:
    """Give who is looking; for pages behind the sign-in."""
    found: Visitor | None = request.state.visitor
    assert found is not None, "the shell lets nobody else through"
    return found


def render(request: Request, template: str, /, **facts: Any) -> Markup:  # noqa: ANN401  # a template takes facts of any kind
    """Render one template with what every page may use: the visitor, the time, the forms' hidden field."""
    site: Site = request.app.state.site
    now = site.clock.now()
    who: Visitor | None = request.state.visitor

    def moment(at: datetime | None) -> Markup:
        return _moment(at, now, site)

    hidden = Markup("")
    if who and who.token:
        hidden = Markup('<input type="hidden" name="token" value="{}">').format(form_token(who.token))
    return Markup(  # noqa: S704  # Jinja's own output, escaped by it
        _environment()
        .get_template(template)
        .render(
            me=who,
            path=request.url.path,
            moment=moment,
            hidden=hidden,
            revealed=bool(who and who.is_revealed(now)),
            **facts,
        )
    )


def page(request: Request, template: str, /, *, status: int = 200, **facts: Any) -> HTMLResponse:  # noqa: ANN401  # a template takes facts of any kind
    """Answer with a page."""
    return HTMLResponse(render(request, template, **facts), status_code=status)


def _moment(at: datetime | None, now: datetime, site: Site) -> Markup:
    if at is None:
        return Markup("not known")
    local = at.astimezone(site.zone)
    stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    full = local.strftime("%d %B %Y, %H:%M").lstrip("0")
    words = ago(now - at) if timedelta(0) <= now - at < timedelta(days=2) else full
    return Markup('<time datetime="{}" title="{}">{}</time>').format(stamp, full, words)
