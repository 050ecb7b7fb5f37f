"""Fetch with aiohttp under the house rules; loaded with the first request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from monitor.contract import Response
from monitor.errors import AddressForbidden, MonitorError, RateLimited, SourceChanged, SourceUnavailable, TooLarge
from monitor.http.answers import error_for
from monitor.http.bodies import decode, read_capped
from monitor.http.faults import FAULTS, Budget, boundary
from monitor.http.guard import AddressGuard
from monitor.http.limits import HttpLimits
from monitor.http.rates import HostRates
from monitor.http.requests import FetchRequest, StreamRequest
from monitor.http.retry import is_exhausted, retry_at
from monitor.http.robots import Robots
from monitor.http.sessions import make_session
from monitor.http.streams import open_stream
from monitor.http.urls import REDIRECTS, read_stream_url, read_url, redirect_target, site_key
from monitor.ports import Clock

_LOG = logging.getLogger("goodname.http")
_EVERYWHERE = frozenset({"accept", "accept-language"})  # request headers that may follow a redirect to another origin
_THREAD_FROM = 32 * 1024  # smaller bodies are decompressed on the spot


class _Answer(aiohttp.ClientResponse):
    """Remember the peer's address, which aiohttp forgets as soon as the body is complete."""

    remote_ip = ""

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Read the head of the answer."""
        transport = connection.transport
        peer = transport.get_extra_info("peername") if transport is not None else None
        self.remote_ip = str(peer[0]) if peer else ""
        return await super().start(connection)


class Fetcher:
    """Carry out the requests of one client: one pool of connections, opened by the first in the loop that runs then."""

    def __init__(
        self, *, clock: Clock, user_agent: str, limits: HttpLimits, guard: AddressGuard, rates: HostRates
    ) -> None:
        self._limits = limits
        self._guard = guard
        self._clock = clock
        self._user_agent = user_agent
        self._agent = user_agent.partition("/")[0].strip() or "goodname"
        self._rates = rates
        self._robots = Robots(clock, self._agent, self._fetch_robots)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close connections; idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def fetch(self, url: str, params: Mapping[str, str] | None, request: FetchRequest) -> Response:
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
        return self._guard.is_listed(url.raw_host or "", url.port or 0)

    async def _hop(self, url: URL, headers: Mapping[str, str], request: FetchRequest, budget: Budget) -> Response:
        self._guard.check_port(url.raw_host or "", url.port or 0)
        self._guard.check_literal(url.raw_host or "", url.port or 0)
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

    async def _send(self, url: URL, headers: Mapping[str, str], request: FetchRequest, budget: Budget) -> Response:
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

    async def _exchange(self, url: URL, headers: Mapping[str, str], request: FetchRequest) -> Response:
        session = self._open()
        limits = request.limits
        with self._guard.hop() as hop:
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

    def _accept(self, answer: Response, key: str, request: FetchRequest) -> Response:
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
            guard=self._guard,
            rates=self._rates,
            clock=self._clock,
            user_agent=self._user_agent,
        )

    async def _fetch_robots(self, url: str, ok: frozenset[int]) -> Response:
        request = FetchRequest(source="robots", headers={}, ok=ok, limits=self._limits, obey_robots=False)
        return await self.fetch(url, None, request)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = make_session(
                self._guard, self._user_agent, per_host=self._limits.per_host, response_class=_Answer
            )
        return self._session


def _headers(given: CIMultiDictProxy[str]) -> dict[str, str]:
    """Give lower-case names; repeated headers are joined as RFC 9110 (5.3) says."""
    head: dict[str, str] = {}
    for name, value in given.items():
        key = name.lower()
        head[key] = f"{head[key]}, {value}" if key in head else value
    return head
