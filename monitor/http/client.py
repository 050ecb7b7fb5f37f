"""Send every outgoing request of the program under the same rules."""

from __future__ import annotations

import asyncio
import json as jsons
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import urlencode

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from monitor.contract import MAX_MESSAGE, STREAM_IDLE, Response
from monitor.errors import AddressForbidden, MonitorError, RateLimited, SourceChanged, SourceUnavailable, TooLarge
from monitor.http.answers import error_for
from monitor.http.bodies import decode, read_capped
from monitor.http.faults import FAULTS, Budget, boundary
from monitor.http.guard import AddressGuard
from monitor.http.limits import HttpLimits
from monitor.http.rates import HostRates
from monitor.http.retry import is_exhausted, retry_at
from monitor.http.robots import Robots
from monitor.http.sessions import make_session
from monitor.http.streams import StreamRequest, open_stream
from monitor.http.urls import REDIRECTS, read_stream_url, read_url, redirect_target, site_key
from monitor.ports import Clock, SharedTurns

_LOG = logging.getLogger("goodname.http")
_EVERYWHERE = frozenset({"accept", "accept-language"})  # request headers that may follow a redirect to another origin
_THREAD_FROM = 32 * 1024  # smaller bodies are decompressed on the spot


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    """Hold what stays the same over the hops of one fetch."""

    source: str
    headers: Mapping[str, str]
    ok: frozenset[int]
    limits: HttpLimits
    obey_robots: bool
    method: str = "GET"
    body: bytes | None = field(default=None, repr=False)


class _Answer(aiohttp.ClientResponse):
    """Remember the peer's address, which aiohttp forgets as soon as the body is complete."""

    remote_ip = ""

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Read the head of the answer."""
        transport = connection.transport
        peer = transport.get_extra_info("peername") if transport is not None else None
        self.remote_ip = str(peer[0]) if peer else ""
        return await super().start(connection)


class HttpClient:
    """Fetch for everybody: one pool of connections, one guard, one set of rates.

    `allow` lists "host:port" entries that may be contacted although they are not public. `user_agent` is sent as
    it is and should name a contact; robots.txt is asked for its first word. The session is opened by the
    first request, in the loop that runs then. `shared` shares each host's patience with other machines.
    ConfigError when `allow` cannot be read.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        allow: Iterable[str],
        user_agent: str,
        limits: HttpLimits | None = None,
        guard: AddressGuard | None = None,
        shared: SharedTurns | None = None,
    ) -> None:
        self.limits = limits or HttpLimits()
        self.guard = guard or AddressGuard(allow)
        self._clock = clock
        self._user_agent = user_agent
        self._agent = user_agent.partition("/")[0].strip() or "goodname"
        self._rates = HostRates(
            clock, min_interval=self.limits.min_interval, per_host=self.limits.per_host, shared=shared
        )
        self._robots = Robots(clock, self._agent, self._fetch_robots)
        self._session: aiohttp.ClientSession | None = None

    def for_source(self, name: str, *, obey_robots: bool, limits: HttpLimits | None = None) -> SourceHttp:
        """Give a source its own handle; errors then name it. `limits` replaces the client's, for media for example.

        Rates (`min_interval`, `per_host`) are the client's in any case.
        """
        return SourceHttp(self, name, obey_robots=obey_robots, limits=limits or self.limits)

    async def close(self) -> None:
        """Close connections and lookup threads; idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        self.guard.close()

    async def fetch(self, url: str, params: Mapping[str, str] | None, request: _Request) -> Response:
        """Fetch an address, following redirects under the rules; raises what contract.Http names."""
        target = read_url(url, params)
        headers = dict(request.headers)
        passed: list[str] = []
        budget = Budget(request.limits.deadline)
        while True:
            answer = await self._hop(target, headers, request, budget)
            following = None if answer.status in request.ok else redirect_target(answer, target)
            if following is None:
                return replace(answer, redirects=tuple(passed))
            if request.body is not None:
                raise SourceChanged(
                    f"{site_key(target)} redirects a request that sends something.",
                    connector=request.source,
                    why="What is sent may be a secret, so it goes to no other address.",
                    try_="Check the base address in this source's settings.",
                )
            passed.append(str(target))
            if len(passed) > request.limits.max_redirects:
                raise SourceUnavailable(
                    "The address redirects too often.",
                    connector=request.source,
                    why=f"More than {len(passed) - 1} times.",
                )
            headers = self._headers_for(target, following, headers)
            target = following

    def _headers_for(self, old: URL, new: URL, headers: Mapping[str, str]) -> dict[str, str]:
        """Keep credentials on their own origin, and own hosts out of strangers' reach."""
        if old.origin() == new.origin():
            return dict(headers)
        if not self._is_listed(old) and self._is_listed(new):
            raise AddressForbidden(
                f"{site_key(new)} is not contacted.",
                why=f"{site_key(old)} redirects there, and only you may send us there.",
            )
        return {name: value for name, value in headers.items() if name.lower() in _EVERYWHERE}

    def _is_listed(self, url: URL) -> bool:
        return self.guard.is_listed(url.raw_host or "", url.port or 0)

    async def _hop(self, url: URL, headers: Mapping[str, str], request: _Request, budget: Budget) -> Response:
        self.guard.check_port(url.raw_host or "", url.port or 0)
        self.guard.check_literal(url.raw_host or "", url.port or 0)
        key = site_key(url)
        if request.obey_robots:
            rules = await self._robots.check(str(url))
            delay = rules.delay(self._agent)
            if delay is not None:
                self._rates.slow_down(key, delay)
        async with self._rates.turn(key, paced=not self._is_own(url)):
            with boundary(key, request.source):
                answer = await self._send(url, headers, request, budget)
        try:
            return self._accept(answer, key, request)
        finally:
            await self._rates.tell_pauses()

    def _is_own(self, url: URL) -> bool:
        host = url.raw_host or ""
        is_loopback = host in ("localhost", "::1") or host.startswith("127.")
        return is_loopback and self._is_listed(url)

    async def _send(self, url: URL, headers: Mapping[str, str], request: _Request, budget: Budget) -> Response:
        started = self._clock.monotonic()
        status, size, outcome = 0, 0, "Cancelled"
        try:
            async with budget.running():
                answer = await self._exchange(url, headers, request)
            status, size, outcome = answer.status, len(answer.body), "ok"
            return answer
        except (MonitorError, *FAULTS) as error:
            outcome = type(error).__name__
            raise
        finally:
            spent = round((self._clock.monotonic() - started) * 1000)
            _LOG.info(
                "request",
                extra={
                    "source": request.source,
                    "method": request.method,
                    "host": site_key(url),
                    "status": status,
                    "bytes": size,
                    "ms": spent,
                    "outcome": outcome,
                },
            )

    async def _exchange(self, url: URL, headers: Mapping[str, str], request: _Request) -> Response:
        session = self._open()
        limits = request.limits
        with self.guard.hop() as hop:
            try:
                answer = await session.request(
                    request.method, url, headers=headers, data=request.body, allow_redirects=False
                )
            except OSError as error:
                if hop.refused:
                    raise AddressForbidden(
                        f"{site_key(url)} is not contacted.", why=f"It leads to {hop.refused}, not a public address."
                    ) from error
                raise
        async with answer:
            head = _headers(answer.headers)
            body = b""
            if answer.status not in REDIRECTS and answer.status != 304:
                if (answer.content_length or 0) > limits.max_body:
                    raise TooLarge(why=f"It says it has {answer.content_length} bytes.")
                body = await read_capped(answer.content.iter_any(), limits.max_body)
            work = (body, head.get("content-encoding", ""), limits.max_decoded)
            body = decode(*work) if len(body) < _THREAD_FROM else await asyncio.to_thread(decode, *work)
            return Response(
                url=str(url),
                status=answer.status,
                headers=head,
                body=body,
                not_modified=answer.status == 304,
                remote_ip=answer.remote_ip if isinstance(answer, _Answer) else "",
            )

    def _accept(self, answer: Response, key: str, request: _Request) -> Response:
        """Give an answer that was asked for, or raise what its status means; remember when the host is to be left."""
        now = self._clock.now()
        validated = any(name.lower() in ("if-none-match", "if-modified-since") for name in request.headers)
        is_wanted = answer.status in request.ok or (answer.status == 304 and validated)
        if is_wanted or (answer.status in REDIRECTS and "location" in answer.headers):
            until = retry_at(answer.headers, now) if is_exhausted(answer.headers) else None
            if until is not None:
                self._rates.pause(key, until)
            return answer
        error = error_for(answer.status, answer.headers, host=key, source=request.source, now=now)
        if isinstance(error, RateLimited) and error.retry_at is not None:
            self._rates.pause(key, error.retry_at)
        raise error

    def open_stream(
        self, url: str, params: Mapping[str, str] | None, request: StreamRequest
    ) -> AbstractAsyncContextManager[AsyncIterator[tuple[bytes, ...]]]:
        """Open a WebSocket under the rules; raises what contract.Http names."""
        return open_stream(
            read_stream_url(url, params),
            request,
            guard=self.guard,
            rates=self._rates,
            clock=self._clock,
            user_agent=self._user_agent,
        )

    async def _fetch_robots(self, url: str, ok: frozenset[int]) -> Response:
        request = _Request(source="robots", headers={}, ok=ok, limits=self.limits, obey_robots=False)
        return await self.fetch(url, None, request)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = make_session(
                self.guard, self._user_agent, per_host=self.limits.per_host, response_class=_Answer
            )
        return self._session


def _headers(given: CIMultiDictProxy[str]) -> dict[str, str]:
    """Give lower-case names; repeated headers are joined as RFC 9110 (5.3) says."""
    head: dict[str, str] = {}
    for name, value in given.items():
        key = name.lower()
        head[key] = f"{head[key]}, {value}" if key in head else value
    return head


class SourceHttp:
    """Fetch for one source; implements contract.Http."""

    def __init__(self, client: HttpClient, name: str, *, obey_robots: bool, limits: HttpLimits) -> None:
        self._client = client
        self._name = name
        self._obey_robots = obey_robots
        self._limits = limits

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
        """Fetch an address; see contract.Http for what it raises."""
        sent = {"Accept": "*/*", **(headers or {})}
        if etag:
            sent["If-None-Match"] = etag
        if last_modified:
            sent["If-Modified-Since"] = last_modified
        request = _Request(source=self._name, headers=sent, ok=ok, limits=self._limits, obey_robots=self._obey_robots)
        return await self._client.fetch(url, params, request)

    async def post_json(
        self,
        url: str,
        *,
        json: Mapping[str, object],
        headers: Mapping[str, str] | None = None,
        ok: frozenset[int] = frozenset({200}),
    ) -> Response:
        """Send a JSON object; see contract.Http for what it raises."""
        sent = {"Accept": "application/json", **(headers or {}), "Content-Type": "application/json"}
        return await self.post(url, body=jsons.dumps(json).encode(), headers=sent, ok=ok)

    async def post_form(
        self,
        url: str,
        *,
        form: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        ok: frozenset[int] = frozenset({200}),
    ) -> Response:
        """Send the fields of a form; see contract.Http for what it raises."""
        media_type = "application/x-www-form-urlencoded"
        sent = {"Accept": "application/json", **(headers or {}), "Content-Type": media_type}
        return await self.post(url, body=urlencode(form).encode(), headers=sent, ok=ok)

    async def post(
        self, url: str, *, body: bytes, headers: Mapping[str, str], ok: frozenset[int] = frozenset({200})
    ) -> Response:
        """Send a body as it is, under the rules of `post_json`."""
        request = _Request(
            source=self._name,
            headers=headers,
            ok=ok,
            limits=self._limits,
            obey_robots=False,
            method="POST",
            body=body,
        )
        return await self._client.fetch(url, None, request)

    def stream(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        idle: timedelta = STREAM_IDLE,
        max_message: int = MAX_MESSAGE,
    ) -> AbstractAsyncContextManager[AsyncIterator[tuple[bytes, ...]]]:
        """Open a WebSocket; see contract.Http for what it gives and raises."""
        request = StreamRequest(
            source=self._name,
            headers=headers or {},
            idle=idle,
            max_message=max_message,
            deadline=self._limits.deadline,
        )
        return self._client.open_stream(url, params, request)
