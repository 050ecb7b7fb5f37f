"""Keep what a source answered, without secrets, and give it again in place of the source.

A recording is a JSON file: `goodname source record NAME` writes one, the kit for connector authors replays it.
"""

from __future__ import annotations

import base64
import json
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from monitor.contract import MAX_MESSAGE, STREAM_IDLE, Http, Query, Response
from monitor.errors import InputError
from monitor.http.answers import error_for
from monitor.testing.streams import MOST_RECORDED, UPGRADED, as_lines, stream_key, streamed

VERSION = 1
MASK = "SECRET"
_KEPT_HEADERS = re.compile(r"content-type|etag|last-modified|link|retry-after|x-ratelimit-.*|location|date")
_SECRET_NAMES = re.compile(r"(?i)(token|key|secret|password|passwd|auth|session|cookie|signature|jwt|bearer)")
_SECRET_JSON = re.compile(r'(?i)("[\w-]*(?:token|secret|password|jwt)[\w-]*"\s*:\s*")[^"]*(")')
_SHORTEST_SECRET = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """Hold one question and its answer; the address bears no secret."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    posted: bool = False

    def response(self) -> Response:
        """Give the answer as the client gives it."""
        return Response(
            url=self.url,
            status=self.status,
            headers=dict(self.headers),
            body=self.body,
            not_modified=self.status == 304,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """Hold what one poll asked and was answered; `at` is the poll's moment, aware UTC."""

    connector: str
    query: Query
    at: datetime
    exchanges: tuple[Exchange, ...]

    @classmethod
    def load(cls, path: Path) -> Recording:
        """Read a recording; InputError when the file is none."""
        try:
            told = json.loads(path.read_text("utf-8"))
            if told["version"] != VERSION:
                raise InputError(
                    f"{path.name} is a recording of version {told['version']}.", why=f"This reads {VERSION}."
                )
            return cls(
                connector=told["connector"],
                query=Query(key=told["query"]["key"], terms=tuple(told["query"]["terms"])),
                at=datetime.fromisoformat(told["at"]),
                exchanges=tuple(_exchange_of(one) for one in told["exchanges"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path.name} is no recording.", why=f"{type(error).__name__}: {error}") from None

    def dumps(self) -> str:
        """Write it as JSON; bodies that are text stay readable."""
        told = {
            "version": VERSION,
            "connector": self.connector,
            "query": {"key": self.query.key, "terms": list(self.query.terms)},
            "at": self.at.isoformat(),
            "exchanges": [_told(one) for one in self.exchanges],
        }
        return json.dumps(told, indent=1, ensure_ascii=False) + "\n"

    @property
    def hosts(self) -> frozenset[str]:
        """Name the hosts that were asked."""
        return frozenset(urlsplit(one.url).netloc for one in self.exchanges)

    def with_bodies(self, change: Callable[[Exchange], bytes]) -> Recording:
        """Give the same recording with other bodies."""
        return replace(self, exchanges=tuple(replace(one, body=change(one)) for one in self.exchanges))


class ReplayHttp:
    """Answer from a recording under the real client's rules; an address that was not recorded is a 404.

    `secrets` are masked in addresses before they are compared. `answers` replaces every answer. At the `kill_at`-th
    question (from 1) `killed` is raised, as if the process had ended there. `asked` holds every address.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        secrets: Iterable[str] = (),
        answers: Callable[[Response], Response] | None = None,
        kill_at: int = 0,
        killed: BaseException | None = None,
    ) -> None:
        self.asked: list[str] = []
        self._recording = recording
        self._secrets = tuple(secrets)
        self._answers = answers
        self._kill_at = kill_at
        self._killed = killed or KeyboardInterrupt()
        self._script: dict[str, deque[Response]] = {}
        for exchange in recording.exchanges:
            self._script.setdefault(_comparable(exchange.url), deque()).append(exchange.response())

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
        """Give the recorded answer."""
        full = with_params(url, params)
        return self._give(full, ok, may_be_unchanged=bool(etag or last_modified))

    async def post_json(
        self,
        url: str,
        *,
        json: Mapping[str, object],
        headers: Mapping[str, str] | None = None,
        ok: frozenset[int] = frozenset({200}),
    ) -> Response:
        """Give the recorded answer."""
        return self._give(url, ok, may_be_unchanged=False)

    async def post_form(
        self,
        url: str,
        *,
        form: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        ok: frozenset[int] = frozenset({200}),
    ) -> Response:
        """Give the recorded answer."""
        return self._give(url, ok, may_be_unchanged=False)

    def stream(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        idle: timedelta = STREAM_IDLE,
        max_message: int = MAX_MESSAGE,
    ) -> AbstractAsyncContextManager[AsyncIterator[tuple[bytes, ...]]]:
        """Give the recorded messages, all of them, wherever the position stands."""
        full = with_params(url, params)
        self._ask(full)
        recorded = (one for one in self._recording.exchanges if stream_key(one.url) == stream_key(full))
        given = next((one.response() for one in recorded), _nothing(full))
        given = replace(self._answers(given) if self._answers else given, url=full)
        return streamed(given, now=self._recording.at)

    def _ask(self, full: str) -> None:
        self.asked.append(full)
        if len(self.asked) == self._kill_at:
            raise self._killed

    def _give(self, full: str, ok: frozenset[int], *, may_be_unchanged: bool) -> Response:
        self._ask(full)
        script = self._script.get(_comparable(masked(full, self._secrets)), deque())
        given = script.popleft() if len(script) > 1 else script[0] if script else _nothing(full)
        given = replace(self._answers(given) if self._answers else given, url=full)
        if given.status not in ok and not (given.status == 304 and may_be_unchanged):
            host = urlsplit(full).netloc
            raise error_for(given.status, given.headers, host=host, source="", now=self._recording.at)
        return given


class RecordingHttp:
    """Ask through another client and keep every answer, with secrets masked."""

    def __init__(self, http: Http, *, secrets: Iterable[str] = ()) -> None:
        self.exchanges: list[Exchange] = []
        self._http = http
        self._secrets = tuple(secrets)

    async def get(self, url: str, *, params: Mapping[str, str] | None = None, **options: Any) -> Response:  # noqa: ANN401 # handed on
        """Ask, and keep the answer."""
        answer = await self._http.get(url, params=params, **options)
        self._keep(with_params(url, params), answer, posted=False)
        return answer

    async def post_json(self, url: str, **options: Any) -> Response:  # noqa: ANN401 # handed on
        """Ask, and keep the answer."""
        answer = await self._http.post_json(url, **options)
        self._keep(url, answer, posted=True)
        return answer

    async def post_form(self, url: str, **options: Any) -> Response:  # noqa: ANN401 # handed on
        """Ask, and keep the answer."""
        answer = await self._http.post_form(url, **options)
        self._keep(url, answer, posted=True)
        return answer

    @asynccontextmanager
    async def stream(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        **options: Any,  # noqa: ANN401 # handed on
    ) -> AsyncIterator[AsyncIterator[tuple[bytes, ...]]]:
        """Listen, and keep the first 2,000 messages as the lines of one body."""
        messages: list[bytes] = []

        async def heard(batches: AsyncIterator[tuple[bytes, ...]]) -> AsyncIterator[tuple[bytes, ...]]:
            async for batch in batches:
                messages.extend(batch[: MOST_RECORDED - len(messages)])
                yield batch

        try:
            async with self._http.stream(url, params=params, **options) as batches:
                yield heard(batches)
        finally:
            full = with_params(url, params)
            answer = Response(url=full, status=UPGRADED, headers={}, body=as_lines(messages))
            self._keep(full, answer, posted=False)

    def _keep(self, url: str, answer: Response, *, posted: bool) -> None:
        headers = {name: value for name, value in answer.headers.items() if _KEPT_HEADERS.fullmatch(name)}
        self.exchanges.append(
            Exchange(
                url=masked(url, self._secrets),
                status=answer.status,
                headers={name: _without(value, self._secrets) for name, value in headers.items()},
                body=_body_without(answer.body, self._secrets),
                posted=posted,
            )
        )


def with_params(url: str, params: Mapping[str, str] | None) -> str:
    """Give an address with its parameters."""
    if not params:
        return url
    parts = urlsplit(url)
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *params.items()]
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", urlencode(pairs), ""))


def masked(url: str, secrets: Iterable[str]) -> str:
    """Mask in an address what is secret: a password, parameters that are named like one, and the given values."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    known = tuple(secrets)
    pairs = [
        (name, MASK if _SECRET_NAMES.search(name) else _without(value, known))
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    path = _without(parts.path, known)
    return urlunsplit((parts.scheme, host, path, urlencode(pairs), ""))


def secrets_of(settings: Any) -> tuple[str, ...]:  # noqa: ANN401 # any settings model
    """Give every secret value that a connector's settings hold."""
    found = []
    for value in vars(settings).values():
        reveal = getattr(value, "get_secret_value", None)
        if reveal is not None and len(str(reveal())) >= _SHORTEST_SECRET:
            found.append(str(reveal()))
    return tuple(found)


def _without(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def _body_without(body: bytes, secrets: Iterable[str]) -> bytes:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return body
    return _SECRET_JSON.sub(rf"\g<1>{MASK}\g<2>", _without(text, secrets)).encode()


def _comparable(url: str) -> str:
    parts = urlsplit(url)
    pairs = sorted(parse_qsl(parts.query, keep_blank_values=True))
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", urlencode(pairs), ""))


def _nothing(url: str) -> Response:
    return Response(url=url, status=404, headers={"content-type": "text/plain"}, body=b"")


def _told(one: Exchange) -> dict[str, object]:
    told: dict[str, object] = {"url": one.url, "status": one.status, "headers": dict(one.headers)}
    if one.posted:
        told["posted"] = True
    try:
        told["body"] = one.body.decode("utf-8")
    except UnicodeDecodeError:
        told["body_base64"] = base64.b64encode(one.body).decode()
    return told


def _exchange_of(told: Mapping[str, Any]) -> Exchange:
    body = base64.b64decode(told["body_base64"]) if "body_base64" in told else str(told["body"]).encode()
    return Exchange(
        url=told["url"],
        status=int(told["status"]),
        headers=dict(told["headers"]),
        body=body,
        posted=bool(told.get("posted", False)),
    )
