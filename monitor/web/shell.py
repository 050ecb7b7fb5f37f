"""Stand before every page: check the host and where a request comes from, ask for a sign-in, close every door after."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.web.signing_in import COOKIE, program_of, visitor_of
from monitor.web.site import Site

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""For kept files: whatever is in them runs nowhere and loads nothing."""

MAIL = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"
"""For a look at a mail of our own, which holds its styles within it; nothing in it runs or loads."""

_SAFE_METHODS = ("GET", "HEAD")
_MOST_SENT = 1_000_000
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HEADERS = {
    "Content-Security-Policy": CSP,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
_COME_IN = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Summary</title>'
    '<meta http-equiv="refresh" content="0"></head><body><main><h1>One moment</h1></main></body></html>'
)


class Shell:
    """Wrap the pages. Whatever is not in `open_paths` asks for a sign-in: a new page is closed until somebody opens it.

    `open_paths` are exact, or prefixes when they end in a slash.
    """

    def __init__(self, app: ASGIApp, site: Site, open_paths: Iterable[str]) -> None:
        self._app = app
        self._site = site
        self._open = tuple(open_paths)
        proxied = urlsplit(site.address)
        self._hosts = {*_LOOPBACK, *(host.casefold() for host in site.hosts)} | (
            {proxied.hostname} if proxied.hostname else set()
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; anything but HTTP is refused."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        answer: ASGIApp = self._refusal(scope, headers) or await self._admit(scope, headers)
        await answer(scope, receive, self._closing(send))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        host = _host_name(headers.get("host", ""))
        if host not in self._hosts:
            # A foreign name that points here would make its pages "same origin" with ours.
            return _refused(scope, 421, "This page is not known by that name. Add the name to `hosts` under [web].")
        if scope["method"] in _SAFE_METHODS:
            return None
        length = headers.get("content-length", "")
        if not length.isascii() or not length.isdigit() or int(length) > _MOST_SENT:
            return _refused(scope, 413, "This form is too large, or does not say how large it is.")
        if headers.get("authorization"):
            return None
        if self._is_own(headers):
            return None
        return _refused(
            scope,
            403,
            "This came from another place, so nothing was changed. Open the page itself and try again there; "
            "away from this machine that needs https.",
        )

    def _is_own(self, headers: Headers) -> bool:
        """Tell whether a page of ours sent this.

        With `no-referrer` browsers say `Origin: null` of our own forms, so what counts is Sec-Fetch-Site, and the
        origin only where a browser does not send that. "same-site" is not enough: other ports are the same site.
        """
        fetch_site = headers.get("sec-fetch-site")
        if fetch_site is not None:
            return fetch_site == "same-origin"
        origin = headers.get("origin", "null")
        own = (f"http://{headers.get('host', '')}", f"https://{headers.get('host', '')}")
        return origin in (*own, self._site.address.rstrip("/")) and origin != ""

    async def _admit(self, scope: Scope, headers: Headers) -> ASGIApp:
        path: str = scope["path"]
        state = scope.setdefault("state", {})
        token = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        if authorization := headers.get("authorization"):
            found = await run_in_threadpool(program_of, self._site, authorization)
            if found and path.startswith("/api/"):
                state["visitor"], state["scopes"] = found
                return self._app
            if scope["method"] in _SAFE_METHODS and self._is_open(path):
                # Feeds read the token themselves.
                state["visitor"], state["scopes"] = None, None
                return self._app
            return JSONResponse({"detail": "This token is not known, or not for this page."}, status_code=401)
        visitor = await run_in_threadpool(visitor_of, self._site, token) if token else None
        state["visitor"], state["scopes"] = visitor, None
        if visitor or self._is_open(path):
            return self._app
        return self._ask(scope, headers)

    def _is_open(self, path: str) -> bool:
        return any(path == one or (one.endswith("/") and path.startswith(one)) for one in self._open)

    def _ask(self, scope: Scope, headers: Headers) -> Response:
        if scope["path"].startswith("/api/") or scope["method"] not in _SAFE_METHODS:
            return JSONResponse({"detail": "Sign in first."}, status_code=401)
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") == "navigate":
            # A strict cookie stays at home when a mail or another site leads here; asked once more by our own page,
            # the browser sends it.
            return HTMLResponse(_COME_IN)
        here = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        return RedirectResponse(f"/login?next={quote(here, safe='')}", status_code=303)

    def _closing(self, send: Send) -> Send:
        async def closed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        return closed


def _refused(scope: Scope, status: int, why: str) -> Response:
    if scope["path"].startswith("/api/"):
        return JSONResponse({"detail": why}, status_code=status)
    return PlainTextResponse(why, status_code=status)


def _host_name(given: str) -> str:
    """Give the name in a Host header, without port and brackets; empty for what is none."""
    try:
        return (urlsplit(f"//{given}").hostname or "").casefold()
    except ValueError:
        return ""
