"""Make aiohttp sessions that keep the house rules: the guard on every socket, no proxy, no cookies."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from monitor.http.bodies import ACCEPT_ENCODING
from monitor.http.guard import AddressGuard

_LONGEST_HEADER = 32 * 1024


class GuardedResolver(AbstractResolver):
    """Hand aiohttp vetted addresses only."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,
    ) -> list[ResolveResult]:
        """Resolve a name; raises AddressForbidden when any answer is forbidden."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._guard.vet_host(host, port)
        ]

    async def close(self) -> None:
        """Do nothing; the guard is closed by its owner."""


def make_session(
    guard: AddressGuard,
    user_agent: str,
    *,
    per_host: int,
    response_class: type[aiohttp.ClientResponse] = aiohttp.ClientResponse,
    traces: Sequence[aiohttp.TraceConfig] = (),
) -> aiohttp.ClientSession:
    """Make a session within the running loop; deadlines are its user's business."""
    connector = aiohttp.TCPConnector(
        resolver=GuardedResolver(guard),
        socket_factory=guard.make_socket,
        use_dns_cache=False,
        limit=100,
        limit_per_host=per_host,
    )
    return aiohttp.ClientSession(
        connector=connector,
        response_class=response_class,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        requote_redirect_url=False,
        timeout=aiohttp.ClientTimeout(total=None),  # the deadline is kept by the budget of each fetch
        headers={"User-Agent": user_agent, "Accept-Encoding": ACCEPT_ENCODING},
        max_line_size=_LONGEST_HEADER,
        max_field_size=_LONGEST_HEADER,
        trace_configs=list(traces),
    )
