"""Ask time stamp authorities (RFC 3161), one after the other, until one gives a token that can be trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from monitor.contract import Response
from monitor.errors import ConnectorError, FetchError, TimestampFailed
from monitor.evidence.canonical import stamp
from monitor.evidence.tokens import check_token, read_facts
from monitor.ports import RFC3161, Clock, Token

_HEADERS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}


class Poster(Protocol):
    """Send bytes under the house rules."""

    async def post(
        self, url: str, *, body: bytes, headers: Mapping[str, str], ok: frozenset[int] = frozenset({200})
    ) -> Response:
        """Send bytes and give the answer; raises what `monitor.contract.Http.post_json` does."""
        ...


class Authorities:
    """Ask authorities at these addresses; `pem` holds their pinned root and intermediate certificates."""

    kind = RFC3161

    def __init__(self, urls: Sequence[str], pem: bytes, *, http: Poster, clock: Clock) -> None:
        self._urls = tuple(urls)
        self._pem = pem
        self._http = http
        self._clock = clock

    @property
    def is_configured(self) -> bool:
        """Tell whether there is any authority to ask."""
        return bool(self._urls)

    async def stamp(self, message: bytes) -> Token:
        """Give the first token that the pinned certificates vouch for; TimestampFailed says why there is none."""
        faults = []
        for url in self._urls:
            try:
                return await self._ask(url, message)
            except (ConnectorError, FetchError, TimestampFailed) as fault:
                faults.append(f"{url}: {fault.why or fault.what}")
        raise TimestampFailed(why="; ".join(faults) or "no authority is configured")

    async def finish(self, message: bytes, body: bytes) -> Token | None:  # the port's names
        """Give nothing: an authority's token is whole from the start."""
        return None

    async def _ask(self, url: str, message: bytes) -> Token:
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415 # heavy: only to ask

        # `data` takes the message itself and hashes it; SHA-256 must be asked for.
        asked = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).build()
        answer = await self._http.post(url, body=asked.as_bytes(), headers=_HEADERS)
        checked = await asyncio.to_thread(check_token, answer.body, message, self._pem, asked=asked)
        if not checked.is_trusted:
            raise TimestampFailed(why="; ".join(checked.refusals))
        return Token(body=answer.body, certificates=self._pem, facts=self._facts(url, answer.body, checked.accepted_by))

    def _facts(self, url: str, body: bytes, accepted_by: Sequence[str]) -> dict[str, str]:
        said = read_facts(body)
        # How far this machine's clock was off, as an outsider saw it.
        ahead = (self._clock.now() - said.at).total_seconds()
        return {
            "kind": RFC3161,
            "authority": url,
            "checked_by": ", ".join(accepted_by),
            "time": stamp(said.at),
            "serial": said.serial,
            "policy": said.policy,
            "clock_ahead_seconds": f"{ahead:.0f}",
        }
