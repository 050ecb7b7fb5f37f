"""Read addresses strictly before anything is sent to them."""

from __future__ import annotations

from collections.abc import Mapping

from yarl import URL

from monitor.contract import Response
from monitor.errors import AddressForbidden, FetchError
from monitor.http.guard import PUBLIC_PORTS, host_key

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST = 8192


def read_url(url: str, params: Mapping[str, str] | None = None) -> URL:
    """Read an http or https address, without its fragment.

    Raises FetchError when it is malformed, AddressForbidden for other schemes and for credentials inside it. The
    messages do not repeat the address, which may hold a key.
    """
    try:
        target = _parse(url, params)
    except (ValueError, TypeError) as error:  # UnicodeError is a ValueError
        raise FetchError("The address cannot be read.", why=type(error).__name__) from error
    if target.scheme not in ("http", "https"):
        raise AddressForbidden(
            f"Addresses that start with {target.scheme[:20]!r} are not fetched.", why="Only http and https are."
        )
    if not target.raw_host:
        raise FetchError("The address names no host.")
    if target.user is not None or target.password is not None:
        raise AddressForbidden(
            "The address holds a user name or a password.",
            why="It would end up in logs.",
            try_="Use the source's own settings for them.",
        )
    return target


def read_stream_url(url: str, params: Mapping[str, str] | None = None) -> URL:
    """Read the address of a WebSocket: wss and ws stand for https and http; raises like `read_url`."""
    scheme, separator, rest = url.strip().partition("://")
    plain = {"wss": "https", "ws": "http"}.get(scheme.lower(), scheme)
    return read_url(f"{plain}{separator}{rest}", params)


def _parse(url: str, params: Mapping[str, str] | None) -> URL:
    if len(url) > _LONGEST:
        raise ValueError("too long")
    target = URL(url.strip()).with_fragment(None)
    return target.update_query(dict(params)) if params else target


def redirect_target(answer: Response, asked: URL) -> URL | None:
    """Give where an answer redirects to, or None when it does not; raises like `read_url`."""
    location = answer.headers.get("location", "")
    if answer.status not in REDIRECTS or not location:
        return None
    try:
        joined = str(asked.join(URL(location.strip())))
    except (ValueError, TypeError) as error:
        raise FetchError("The address redirects to one that cannot be read.", why=type(error).__name__) from error
    return read_url(joined)


def site_key(url: URL) -> str:
    """Name the host for rates and messages; with its port only when that is an unusual one."""
    host, port = url.raw_host or "", url.port or 0
    key = host_key(host, port)
    return key.rpartition(":")[0] if port in PUBLIC_PORTS else key
