"""Send every outgoing request of the program under the same rules."""

from __future__ import annotations

import json as jsons
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from monitor.contract import MAX_MESSAGE, STREAM_IDLE, Response
from monitor.http.guard import AddressGuard
from monitor.http.limits import HttpLimits
from monitor.http.rates import HostRates
from monitor.http.requests import FetchRequest, StreamRequest
from monitor.ports import Clock, SharedTurns

if TYPE_CHECKING:
    from monitor.http.fetching import Fetcher


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
        self._rates = HostRates(
            clock, min_interval=self.limits.min_interval, per_host=self.limits.per_host, shared=shared
        )
        self._fetcher: Fetcher | None = None

    def for_source(self, name: str, *, obey_robots: bool, limits: HttpLimits | None = None) -> SourceHttp:
        """Give a source its own handle; errors then name it. `limits` replaces the client's, for media for example.

        Rates (`min_interval`, `per_host`) are the client's in any case.
        """
        return SourceHttp(self, name, obey_robots=obey_robots, limits=limits or self.limits)

    @property
    def fetcher(self) -> Fetcher:
        """Give what carries out the requests, made for the first of them."""
        if self._fetcher is None:
            from monitor.http.fetching import Fetcher  # noqa: PLC0415 # aiohttp is heavy, and many commands never ask

            self._fetcher = Fetcher(
                clock=self._clock, user_agent=self._user_agent, limits=self.limits, guard=self.guard, rates=self._rates
            )
        return self._fetcher

    async def close(self) -> None:
        """Close connections and lookup threads; idempotent."""
        if self._fetcher is not None:
            await self._fetcher.close()
        self.guard.close()


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
        request = FetchRequest(
            source=self._name, headers=sent, ok=ok, limits=self._limits, obey_robots=self._obey_robots
        )
        return await self._client.fetcher.fetch(url, params, request)

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
        request = FetchRequest(
            source=self._name,
            headers=headers,
            ok=ok,
            limits=self._limits,
            obey_robots=False,
            method="POST",
            body=body,
        )
        return await self._client.fetcher.fetch(url, None, request)

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
        return self._client.fetcher.open_stream(url, params, request)
