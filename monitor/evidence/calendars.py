"""Ask OpenTimestamps calendars for a place in a Bitcoin block, and later for the way to it. Needs the extra `ots`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Protocol

from monitor.contract import Response
from monitor.errors import ConnectorError, FetchError, TimestampFailed
from monitor.evidence.proofs import BadProof, ProofFacts, completed, promised, read_proof, salted, software
from monitor.ports import ATTESTED, OPENTIMESTAMPS, PENDING, Token

_HEADERS = {"Accept": "application/vnd.opentimestamps.v1"}
_SENT = {**_HEADERS, "Content-Type": "application/x-www-form-urlencoded"}
_SALT_BYTES = 16
_MOST_PROMISES = 16
_NOT_YET = 404
_REFUSALS = (ConnectorError, FetchError, BadProof)


class Exchange(Protocol):
    """Send and fetch bytes under the house rules."""

    async def post(
        self, url: str, *, body: bytes, headers: Mapping[str, str], ok: frozenset[int] = frozenset({200})
    ) -> Response:
        """Send bytes and give the answer; raises what `monitor.contract.Http.post_json` does."""
        ...

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, ok: frozenset[int] = frozenset({200})
    ) -> Response:
        """Fetch an address; raises what `monitor.contract.Http.get` does."""
        ...


class Calendars:
    """Have a message's salted hash put into a Bitcoin block by the calendars at these addresses."""

    kind = OPENTIMESTAMPS

    def __init__(self, urls: Sequence[str], *, http: Exchange) -> None:
        self._urls = tuple(urls)
        self._http = http

    @property
    def is_configured(self) -> bool:
        """Tell whether there is any calendar to ask."""
        return bool(self._urls)

    async def stamp(self, message: bytes) -> Token:
        """Give a proof that holds every calendar's promise; TimestampFailed when none gave one.

        All are asked: a promise of several is kept even when one of them goes away before it does.
        """
        salt = os.urandom(_SALT_BYTES)
        answers: list[bytes] = []
        body, faults = b"", []
        for url in self._urls:
            try:
                said = await self._http.post(f"{url.rstrip('/')}/digest", body=salted(message, salt), headers=_SENT)
                body = await asyncio.to_thread(promised, message, salt, [*answers, said.body])
            except _REFUSALS as fault:
                faults.append(f"{url}: {_why(fault)}")
            else:
                answers.append(said.body)
        if not answers:
            raise TimestampFailed(why="; ".join(faults) or "no calendar is configured")
        return _token(body, read_proof(body, message))

    async def finish(self, message: bytes, body: bytes) -> Token | None:
        """Give the proof with the way to a block, or None while no calendar has one.

        Asked is each calendar that gave a promise, at the address it named in it. TimestampFailed when the proof is
        not one about this message, or when none has a block and one did not answer as it should.
        """
        try:
            facts = await asyncio.to_thread(read_proof, body, message)
        except BadProof as fault:
            raise TimestampFailed(why=f"the proof kept: {fault}") from fault
        faults = []
        for commitment, address in facts.promises[:_MOST_PROMISES]:
            try:
                body, facts = await self._follow(body, message, commitment, address)
            except _REFUSALS as fault:
                faults.append(f"{address}: {_why(fault)}")
        if facts.blocks:
            return _token(body, facts)
        if faults:
            raise TimestampFailed(why="; ".join(faults))
        return None

    async def _follow(self, body: bytes, message: bytes, commitment: bytes, address: str) -> tuple[bytes, ProofFacts]:
        url = f"{address.rstrip('/')}/timestamp/{commitment.hex()}"
        said = await self._http.get(url, headers=_HEADERS, ok=frozenset({200, _NOT_YET}))
        if said.status != _NOT_YET:
            body = await asyncio.to_thread(completed, body, message, commitment, said.body)
        return body, await asyncio.to_thread(read_proof, body, message)


def _token(body: bytes, facts: ProofFacts) -> Token:
    calendars = ", ".join(sorted({address for _, address in facts.promises}))
    said = {"kind": OPENTIMESTAMPS, "authority": calendars, "checked_by": software(), "status": PENDING}
    if facts.blocks:
        first = facts.blocks[0]
        said |= {"status": ATTESTED, "serial": f"Bitcoin block {first.height}", "merkle_root": first.merkle_root}
    return Token(body=body, certificates=b"", facts=said)


def _why(fault: Exception) -> str:
    return fault.why or fault.what if isinstance(fault, ConnectorError | FetchError) else str(fault)
