"""Turn an answer's status into the error it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from monitor.errors import (
    AccessForbidden,
    AuthenticationFailed,
    ConnectorError,
    RateLimited,
    SourceChanged,
    SourceUnavailable,
)
from monitor.http.retry import is_exhausted, retry_at


def error_for(status: int, headers: Mapping[str, str], *, host: str, source: str, now: datetime) -> ConnectorError:
    """Choose the error for a status that was not asked for; `headers` have lower-case names, `now` is aware UTC."""
    if status == 429 or (status == 503 and "retry-after" in headers) or (status == 403 and is_exhausted(headers)):
        return RateLimited(
            f"{host} asked for fewer requests.",
            retry_at=retry_at(headers, now),
            connector=source,
            why=f"It answered {status}.",
        )
    kind, what, try_ = _meaning(status)
    return kind(what.format(host=host), connector=source, why=f"It answered {status}.", try_=try_)


def _meaning(status: int) -> tuple[type[ConnectorError], str, str]:
    if status == 401:
        return AuthenticationFailed, "{host} refused the credentials.", "Check this source's credentials."
    if status in (402, 403, 451):
        return AccessForbidden, "{host} does not allow this address to be read.", "Open the address in a browser."
    if status in (404, 410):
        return SourceChanged, "The address does not exist on {host}.", "Check the address in a browser."
    if status >= 500 or status in (304, 408, 425):
        return SourceUnavailable, "{host} does not answer as it should.", "Wait; it is tried again by itself."
    return SourceChanged, "{host} did not understand the request.", ""
