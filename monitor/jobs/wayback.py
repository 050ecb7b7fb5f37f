"""Offer one kept page to a public web archive, when a person asks for it: it publishes that somebody cares."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from monitor.contract import Http
from monitor.domain import CaptureOutcome
from monitor.errors import ConnectorError, EvidenceError, FetchError, InputError
from monitor.ports import Store, Vault
from monitor.text import is_web_url

_ANSWERED = frozenset(range(200, 400)) - {304}


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """Say what the archive answered: where it leads to now, and its status."""

    url: str
    archived_url: str
    status: int


async def offer(store: Store, vault: Vault, http: Http, archive: str, mention_id: int, *, actor: str) -> Offered:
    """Ask the archive at this address to keep a mention's page, and record it; nothing of ours is sent but the URL.

    InputError when no archive is configured or nothing is kept here first, EvidenceError when the archive refuses.
    """
    if not archive:
        raise InputError(
            "No public archive is configured.",
            why="asking one publishes that somebody cares about the page, so it is off until you name one",
            try_="Set [evidence] wayback, such as https://web.archive.org/save/",
        )
    mention = await asyncio.to_thread(store.mention, mention_id)
    kept = [
        one for one in await asyncio.to_thread(store.captures, mention_id) if one.outcome is not CaptureOutcome.FAILED
    ]
    if not kept or not is_web_url(mention.url):
        raise InputError(
            "This page is not kept here yet.", try_="Keep it first; the poster may look at the archive too."
        )
    try:
        answer = await http.get(archive + mention.url, ok=_ANSWERED)
    except (ConnectorError, FetchError) as error:
        raise EvidenceError("The archive did not take the page.", why=str(error), try_="Try again later.") from error
    offered = Offered(url=mention.url, archived_url=answer.url, status=answer.status)
    detail = {
        "archive": archive,
        "url": offered.url,
        "archived_url": offered.archived_url,
        "status": str(answer.status),
    }
    await asyncio.to_thread(vault.record, "wayback", actor=actor, capture_id=kept[-1].id, detail=detail)
    return offered
