"""Make aiohttp sessions that keep the house rules: the guard on every socket, no proxy, no cookies."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp

from monitor.http.bodies import ACCEPT_ENCODING
from monitor.http.guard import AddressGuard, GuardedResolver

_LONGEST_HEADER = 32 * 1024


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
