"""Lend libraries that fetch by themselves a session that keeps the house rules: deadlines, caps, typed errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from monitor.errors import (
    AccessForbidden,
    AuthenticationFailed,
    ConnectorError,
    RateLimited,
    SourceChanged,
    SourceUnavailable,
)

if TYPE_CHECKING:
    import requests

MAX_BYTES = 20 * 1024 * 1024
_PIECE = 64 * 1024
_LONGEST_WAIT = timedelta(days=7)


class LibrarySession:
    """Stand in for requests.Session: no proxies from the environment, no redirects, bounded time and size.

    Bad statuses and network faults leave it as ConnectorErrors, so that no library sleeps and retries on its own.
    A `base_url` replaces scheme, host and port of every address. `body` holds the last answer's bytes. `now` is the
    poll's moment, aware UTC. `was_delivered` says whether the last request may have been carried out: not when it was
    refused by its status or never left. The library behind it is imported with the first session. Not for use in two
    threads at once.
    """

    def __init__(self, *, connector: str, now: datetime, seconds: float, base_url: str = "") -> None:
        import requests  # noqa: PLC0415 - it comes with an optional library

        self._connector = connector
        self._now = now
        self._seconds = seconds
        self._base = urlsplit(base_url) if base_url else None
        self._wait_until: datetime | None = None
        self._faults = (requests.RequestException, OSError)
        self._session = requests.Session()
        self._session.trust_env = False
        self.headers = self._session.headers
        self.body = b""
        self.was_delivered = False

    def close(self) -> None:
        """Give back the connections."""
        self._session.close()

    def request(self, method: str, url: str, **options: object) -> requests.Response:
        """Fetch once and give a whole, successful answer; raise ConnectorError for anything else."""
        self.was_delivered = False
        if self._wait_until:
            raise self._limited(self._wait_until, "Its answer said that nothing is left for now.")
        options |= {"timeout": self._seconds, "allow_redirects": False, "stream": True}
        ask: Callable[..., requests.Response] = self._session.request
        try:
            response = ask(method, self._address(url), **options)
            with response:
                self._read(response)
        except self._faults as error:
            self.was_delivered = not _never_left(error)
            raise SourceUnavailable(
                f"{self._host(url)} does not answer as it should.",
                connector=self._connector,
                why=f"The connection failed ({type(error).__name__}).",
            ) from None  # the library's own words may repeat headers
        self._refuse(response)
        self.was_delivered = True
        if response.headers.get("x-ratelimit-remaining", "").partition(".")[0] == "0":
            self._wait_until = self._reset_at(response)
            del response.headers["x-ratelimit-remaining"]  # else the library sleeps until then, thread and all
        return response

    def _address(self, url: str) -> str:
        if self._base is None:
            return url
        parts = urlsplit(url)
        path = self._base.path.rstrip("/") + parts.path
        return urlunsplit((self._base.scheme, self._base.netloc, path, parts.query, ""))

    def _host(self, url: str) -> str:
        return urlsplit(self._address(url)).netloc

    def _read(self, response: requests.Response) -> None:
        until, pieces, size = monotonic() + self._seconds, [], 0
        for piece in response.iter_content(_PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BYTES or monotonic() > until:
                raise SourceUnavailable(
                    "The service's answer is too large or too slow.",
                    connector=self._connector,
                    why=f"{MAX_BYTES // 2**20} MiB and {self._seconds:.0f} seconds are allowed.",
                )
        self.body = b"".join(pieces)
        response._content = self.body  # noqa: SLF001 - a streamed body has no other place for the library to find it

    def _refuse(self, response: requests.Response) -> None:
        status, host = response.status_code, urlsplit(response.url).netloc
        if status in (200, 201, 202):
            return
        if status == 429 or (status == 503 and "retry-after" in response.headers):
            raise self._limited(self._reset_at(response), f"It answered {status}.")
        kind, what = _meaning(status)
        raise kind(what.format(host=host), connector=self._connector, why=f"It answered {status}.")

    def _limited(self, retry_at: datetime | None, why: str) -> ConnectorError:
        return RateLimited(
            "The service asked for fewer requests.", retry_at=retry_at, connector=self._connector, why=why
        )

    def _reset_at(self, response: requests.Response) -> datetime | None:
        """Read Retry-After (seconds or date) or a reset header (seconds from now or Unix time)."""
        for name in ("retry-after", "x-rate-limit-reset", "x-ratelimit-reset"):
            given = response.headers.get(name, "").strip()
            moment = self._moment(given)
            if moment:
                return min(max(moment, self._now), self._now + _LONGEST_WAIT)
        return None

    def _moment(self, given: str) -> datetime | None:
        try:
            number = float(given)
            return datetime.fromtimestamp(number, UTC) if number > 10**9 else self._now + timedelta(seconds=number)
        except (ValueError, OverflowError, OSError):
            pass
        try:
            return parsedate_to_datetime(given).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None


def _never_left(error: Exception) -> bool:
    """Tell whether no connection was made at all (urllib3 says so in the reason of what requests raises)."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


def _meaning(status: int) -> tuple[type[ConnectorError], str]:
    if status == 401:
        return AuthenticationFailed, "{host} refused the credentials."
    if status in (402, 403, 451):
        return AccessForbidden, "{host} does not allow this to be read."
    if status >= 500 or status in (408, 425):
        return SourceUnavailable, "{host} does not answer as it should."
    return SourceChanged, "{host} did not understand the request."


def missing_library(connector: str, extra: str) -> AuthenticationFailed:
    """Say that an optional library is needed, and how to get it."""
    return AuthenticationFailed(
        f"The {connector} source needs a library that is not installed.",
        connector=connector,
        why=f"It belongs to the optional part `{extra}`.",
        try_=f'Run `pip install "goodname[{extra}]"`.',
    )
