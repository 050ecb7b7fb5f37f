"""Keep one page that a person points at: the lawful way into places that no connector reads."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import dataclass

from monitor.contract import ANY_STATUS, Http, Response
from monitor.domain import (
    Assessment,
    Capture,
    CaptureOutcome,
    CaptureRequest,
    Level,
    Mention,
    RawResponse,
)
from monitor.errors import CaptureFailed, ConnectorError, FetchError
from monitor.jobs import preserve
from monitor.jobs.assess import BY_HAND, Rules, as_added_by_hand, capture_facts
from monitor.ports import Capturer, Clock, Decision, PageRows, Store, Vault
from monitor.text import canonical_url, content_sha256, fallback_id, is_web_url, read_page

log = logging.getLogger("goodname.by_hand")

SOURCE = BY_HAND


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Hold what keeping a page by hand needs."""

    store: Store
    vault: Vault
    capturer: Capturer
    http: Http
    clock: Clock
    rules: Rules


def checked_url(url: str) -> str:
    """Give the address without blanks around it; FetchError when it is no web address."""
    url = url.strip()
    if not is_web_url(url):
        raise FetchError(
            "This is not a web address.",
            why="an address starts with http:// or https:// and holds no user name",
            try_="Copy the address from the browser's address bar.",
        )
    return url


async def read_url(http: Http, url: str) -> tuple[str, str]:
    """Fetch a page and give its title and visible text; FetchError or ConnectorError when it cannot be had."""
    response = await http.get(checked_url(url))
    return read_page(response.body, response.charset)


def kept(store: Store, url: str, subject_id: str) -> Capture | None:
    """Give the last capture of a page that was added by hand for this subject and could be kept; None: not known."""
    canonical = canonical_url(checked_url(url))
    mention = store.find(SOURCE, fallback_id(canonical, "", ""))
    if mention is None:
        return None
    judged = (one.judgement for one in store.assessments(mention.id))
    if not any(one.subject_id == subject_id and one.level is not Level.NONE for one in judged):
        return None
    usable = [one for one in store.captures(mention.id) if one.outcome is not CaptureOutcome.FAILED]
    return max(usable, key=lambda one: one.captured_at, default=None)


async def keep_url(desk: Desk, url: str, subject_id: str, quotes: tuple[str, ...] = ()) -> Capture:
    """Keep a page now, as a mention of this subject; CaptureFailed when nothing could be kept or recorded.

    A page that our own client may not read (a wall, an error) is still captured as a browser shows it. Keeping the
    same address again adds a capture, and a revision when its words changed.
    """
    url = checked_url(url)
    response = await _fetch(desk.http, url)
    mention = await asyncio.to_thread(_store_mention, desk, url, response, subject_id)
    request = CaptureRequest(
        id=0,
        mention_id=mention.id,
        revision=mention.revision,
        url=url,
        subject_id=subject_id,
        quotes=quotes,
        raw=response.body if response else b"",
        raw_media_type=response.media_type if response else "",
        attempts=preserve.ATTEMPTS,
        facts=capture_facts(mention, None, desk.rules) | {"subject": subject_id, "added": "by hand"},
    )
    capture = await preserve.keep_one(desk.store, desk.vault, desk.capturer, request, desk.clock)
    if capture is None:
        raise CaptureFailed(why="the page, the disk or the database did not allow it; the log says more")
    return capture


async def _fetch(http: Http, url: str) -> Response | None:
    try:
        return await http.get(url, ok=ANY_STATUS)
    except (FetchError, ConnectorError) as error:
        log.warning("a page added by hand could not be read by our own client", extra={"why": str(error)})
        return None


def _store_mention(desk: Desk, url: str, response: Response | None, subject_id: str) -> Mention:
    title, text = read_page(response.body, response.charset) if response else ("", "")
    raw = response.body if response else b""
    sha256 = hashlib.sha256(raw).hexdigest() if raw else ""
    external_id = fallback_id(canonical_url(url), title, text)
    mention = Mention(
        source=SOURCE,
        external_id=external_id,
        url=url,
        canonical_url=canonical_url(url),
        title=title[:1_000],
        text=text[:400_000],
        first_seen_at=desk.clock.now(),
        content_sha256=content_sha256(title, text),
        raw_sha256=sha256,
    )
    kept = (RawResponse(sha256=sha256, media_type=response.media_type, body=raw),) if response and raw else ()
    desk.store.save_page(PageRows(source=SOURCE, query_key="*", mentions=(mention,), raw=kept, cursor="{}"))
    stored = desk.store.find(SOURCE, external_id)
    if stored is None:
        raise CaptureFailed(why="the database did not keep the mention")
    desk.store.save_decisions([_decision(desk, stored, subject_id)])
    return stored


def _decision(desk: Desk, mention: Mention, subject_id: str) -> Decision:
    """Judge as usual, and let the person's word stand for whom it is about."""
    judged = {judgement.subject_id: judgement for judgement in desk.rules.matcher.judge(mention)}
    judged[subject_id] = as_added_by_hand(judged.get(subject_id), subject_id)
    now = desk.clock.now()
    return Decision(
        mention_id=mention.id,
        revision=mention.revision,
        assessments=tuple(
            Assessment(mention_id=mention.id, revision=mention.revision, judgement=judgement, assessed_at=now)
            for judgement in judged.values()
        ),
    )
