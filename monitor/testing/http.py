"""Answer a connector's requests from a script, under the same status rules as the real client."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import BaseModel

from monitor.contract import (
    MAX_MESSAGE,
    STREAM_IDLE,
    Connector,
    Context,
    Http,
    Ledger,
    MemoryLedger,
    Page,
    Query,
    Response,
)
from monitor.errors import MonitorError
from monitor.http.answers import error_for
from monitor.testing.builders import NOW
from monitor.testing.streams import streamed


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Record one request as a connector made it; `url` includes its parameters, `json` is what was sent, if any."""

    url: str
    json: Mapping[str, object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str = ""
    last_modified: str = ""


def answer(
    body: bytes | str = b"",
    *,
    status: int = 200,
    media_type: str = "text/html; charset=utf-8",
    headers: Mapping[str, str] | None = None,
    url: str = "",
) -> Response:
    """Build one answer; an empty `url` becomes the address asked for."""
    return Response(
        url=url,
        status=status,
        headers={"content-type": media_type, **{name.lower(): value for name, value in (headers or {}).items()}},
        body=body.encode() if isinstance(body, str) else body,
        not_modified=status == 304,
        remote_ip="192.0.2.1",
    )


class FakeHttp:
    """Serve scripted answers by address, in order; the last one of an address repeats.

    Implements contract.Http: a status that was not asked for raises what the real client raises. An address
    without a script is a 404. `asked` holds every request. An error in a script is raised as it is.
    """

    def __init__(
        self, script: Mapping[str, Response | MonitorError | bytes | str] | None = None, *, now: datetime = NOW
    ) -> None:
        self.asked: list[Asked] = []
        self._now = now
        self._script: dict[str, deque[Response | MonitorError]] = {}
        for url, one in (script or {}).items():
            self.set(url, one)

    def set(self, url: str, *answers: Response | MonitorError | bytes | str) -> None:
        """Replace the script of one address; bytes and text are bodies of plain 200 answers."""
        self._script[_same(url)] = deque(answer(one) if isinstance(one, (bytes, str)) else one for one in answers)

    async def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        etag: str = "",
        last_modified: str = "",
        ok: frozenset[int] = frozenset({200}),
    ) -> Response:
        """Give the next answer of the script."""
        full = _same(url, params)
        self.asked.append(Asked(url=full, headers=dict(headers or {}), etag=etag, last_modified=last_modified))
        given = self._next(full)
        if given.status not in ok and not (given.status == 304 and (etag or last_modified)):
            raise error_for(given.status, given.headers, host=urlsplit(full).netloc, source="", now=self._now)
        return given if given.url else replace(given, url=full)

    async def post_json(
        self,
        url: str,
        *,
        json: Mapping[str, object],
        headers: Mapping[str, str] | None = None,
        ok: frozenset[int] = frozenset({200}),
    ) -> Response:
        """Give the next answer of the address's script; it serves every way of asking."""
        return self._posted(url, json, headers, ok)

    async def post_form(
        self,
        url: str,
        *,
        form: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        ok: frozenset[int] = frozenset({200}),
    ) -> Response:
        """Give the next answer of the address's script; what was sent stands in `Asked.json`, too."""
        return self._posted(url, form, headers, ok)

    def stream(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        idle: timedelta = STREAM_IDLE,
        max_message: int = MAX_MESSAGE,
    ) -> AbstractAsyncContextManager[AsyncIterator[tuple[bytes, ...]]]:
        """Give the lines of the address's next answer as messages, then end; the script bears no query."""
        full = _same(url, params)
        self.asked.append(Asked(url=full, headers=dict(headers or {})))
        given = self._next(_same(url))
        return streamed(given if given.url else replace(given, url=full), now=self._now)

    def _posted(
        self, url: str, sent: Mapping[str, object], headers: Mapping[str, str] | None, ok: frozenset[int]
    ) -> Response:
        full = _same(url)
        self.asked.append(Asked(url=full, json=dict(sent), headers=dict(headers or {})))
        given = self._next(full)
        if given.status not in ok:
            raise error_for(given.status, given.headers, host=urlsplit(full).netloc, source="", now=self._now)
        return given if given.url else replace(given, url=full)

    def _next(self, full: str) -> Response:
        script = self._script.get(full) or deque([answer(status=404)])
        given = script.popleft() if len(script) > 1 else script[0]
        if isinstance(given, MonitorError):
            raise given
        return given


def context(http: Http, *, now: datetime = NOW, source: str = "a-source", ledger: Ledger | None = None) -> Context:
    """Build what a connector is handed; give the same `ledger` again to go on with its counts."""
    return Context(source=source, http=http, now=now, ledger=ledger or MemoryLedger())


async def collect(
    connector: Connector, ctx: Context, cursor: BaseModel | None = None, query: Query | None = None
) -> Sequence[Page]:
    """Poll once and give every page; without a cursor the first poll is made."""
    start = cursor if cursor is not None else connector.spec.cursor()
    pages = []
    async with aclosing(connector.poll(ctx, query or Query(), start)) as walk:  # type: ignore[type-var]  # an async generator
        async for page in walk:
            pages.append(page)  # noqa: PERF401 - a comprehension over aclosing hides what is closed when
    return pages


def _same(url: str, params: Mapping[str, str] | None = None) -> str:
    parts = urlsplit(url)
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *(params or {}).items()]
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", urlencode(pairs), ""))
