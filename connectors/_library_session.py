"""Lend libraries that fetch by themselves a session that sends everything through the guarded client."""

from __future__ import annotations

import asyncio
import socket
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from monitor.contract import Context, Response
from monitor.errors import (
    AddressForbidden,
    AuthenticationFailed,
    ConnectorError,
    FetchError,
    RateLimited,
    SourceChanged,
    TooLarge,
)

if TYPE_CHECKING:
    import requests

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TAKEN = frozenset({200, 201, 202, *_REDIRECTS})
_Pairs = Mapping[str, object] | Iterable[tuple[str, object]] | None


class LibrarySession:
    """Stand in for requests.Session in a library that runs in a thread, while the loop that made it goes on running.

    Bad statuses and network faults leave it as the program's own errors, so that no library sleeps and retries on its
    own. A `base_url` replaces scheme, host and port of every address. `body` holds the last answer's bytes;
    `was_delivered` says whether the last request may have been carried out: not when it was refused by its status or
    never left. Not for use in two threads at once.
    """

    def __init__(self, ctx: Context, *, connector: str, base_url: str = "") -> None:
        self._ctx = ctx
        self._connector = connector
        self._base = urlsplit(base_url) if base_url else None
        self._loop = asyncio.get_running_loop()
        self.headers: dict[str, str] = {}
        self.body = b""
        self.was_delivered = False

    def close(self) -> None:
        """Do nothing: the connections belong to the client."""

    def request(self, method: str, url: str, **options: object) -> requests.Response:
        """Fetch once and give a whole, successful answer; raise the program's own errors for anything else."""
        self.was_delivered = False
        try:
            sending = self._send(method, self._address(url), options)
            answer = asyncio.run_coroutine_threadsafe(sending, self._loop).result()
        except (ConnectorError, FetchError) as error:
            self.was_delivered = not _never_left(error)
            raise
        if answer.status in _REDIRECTS:  # it could lead to another listing, which must not be taken for this one
            raise SourceChanged(
                f"{urlsplit(answer.url).netloc} did not understand the request.",
                connector=self._connector,
                why=f"It answered {answer.status}.",
            )
        self.was_delivered, self.body = True, answer.body
        return _for_the_library(answer)

    async def _send(self, method: str, url: str, options: Mapping[str, object]) -> Response:
        headers = {**self.headers, **_texts(options.get("headers"))}
        login = options.get("auth")
        if isinstance(login, tuple):
            headers["Authorization"] = "Basic " + b64encode(":".join(map(str, login)).encode()).decode()
        if method.upper() == "GET":
            return await self._ctx.http.get(url, params=_texts(options.get("params")), headers=headers, ok=_TAKEN)
        return await self._ctx.http.post_form(url, form=_texts(options.get("data")), headers=headers, ok=_TAKEN)

    def _address(self, url: str) -> str:
        if self._base is None:
            return url
        parts = urlsplit(url)
        path = self._base.path.rstrip("/") + parts.path
        return urlunsplit((self._base.scheme, self._base.netloc, path, parts.query, ""))


def _texts(given: object) -> dict[str, str]:
    """Give pairs as requests takes them, a mapping or a list, as texts; what is None is left out."""
    pairs: Iterable[tuple[object, object]]
    pairs = given.items() if isinstance(given, Mapping) else given if isinstance(given, list) else ()
    return {str(name): str(value) for name, value in pairs if value is not None}


def _for_the_library(answer: Response) -> requests.Response:
    import requests  # noqa: PLC0415 - it comes with an optional library

    made = requests.Response()
    made.status_code = answer.status
    made.url = answer.url
    made.encoding = answer.charset or "utf-8"
    made.headers.update(answer.headers)
    if answer.headers.get("x-ratelimit-remaining", "").partition(".")[0] == "0":
        del made.headers["x-ratelimit-remaining"]  # else praw sleeps; the client itself sends nothing before the time
    made._content = answer.body  # noqa: SLF001 - there is no other way to make one
    return made


def _never_left(error: ConnectorError | FetchError) -> bool:
    """Tell whether a request was surely not carried out: refused by its status, or never sent."""
    cause = error.__cause__
    if isinstance(error, (AddressForbidden, RateLimited)):
        return True
    if isinstance(error, TooLarge):
        return False
    if cause is None:
        return error.why.startswith("It answered")
    return isinstance(cause, socket.gaierror) or "ClientConnector" in type(cause).__name__


def missing_library(connector: str, extra: str) -> AuthenticationFailed:
    """Say that an optional library is needed, and how to get it."""
    return AuthenticationFailed(
        f"The {connector} source needs a library that is not installed.",
        connector=connector,
        why=f"It belongs to the optional part `{extra}`.",
        try_=f'Run `pip install "goodname[{extra}]"`.',
    )
