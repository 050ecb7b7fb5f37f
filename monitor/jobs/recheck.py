"""Look again at pages that were kept: still there, edited, gone, or behind a wall."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.domain import (
    Alert,
    AlertKind,
    ArtifactRole,
    Capture,
    CaptureOutcome,
    CaptureRequest,
    Completeness,
    Level,
    LiveState,
    Mention,
    Observation,
    Observed,
    Origin,
)
from monitor.errors import EvidenceError, MonitorError
from monitor.jobs.by_hand import SOURCE as BY_HAND
from monitor.ports import Capturer, Clock, Look, Looker, LookRequest, PageRows, Recheck, Store, Vault
from monitor.text import content_sha256, is_web_url
from monitor.text.passages import tokens

log = logging.getLogger("goodname.recheck")

LEASE = timedelta(minutes=10)
PARALLEL = 4
FIRST_AFTER = timedelta(hours=6)
CONFIRM_AFTER = timedelta(hours=1)
"""A page that looks gone is looked at again after this long, and called gone only then."""

_STEPS = (
    (timedelta(days=2), timedelta(hours=6)),
    (timedelta(days=14), timedelta(days=1)),
    (timedelta(days=90), timedelta(days=7)),
    (timedelta(days=730), timedelta(days=30)),
)
_LATER = timedelta(days=90)
_GONE_STEP = timedelta(days=7)
_PUZZLED = (LiveState.NETWORK, LiveState.BOT_WALL, LiveState.LOGIN_WALL, LiveState.UNKNOWN)
_WALLS = {Completeness.LOGIN_WALL: LiveState.LOGIN_WALL, Completeness.BOT_WALL: LiveState.BOT_WALL}
_GONE_STATUS = frozenset({404, 410})


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Hold what looking again needs; changes of mentions at `min_level` or above are told at once."""

    store: Store
    vault: Vault
    looker: Looker
    capturer: Capturer
    clock: Clock
    min_level: Level = Level.LIKELY


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """Say what one look comes to: the state, whether it is news, when to look again, and a suspicion to confirm."""

    state: LiveState
    signal: str
    is_news: bool
    due_at: datetime
    suspicion: str = ""


def step(age: timedelta, state: LiveState) -> timedelta:
    """Give how long to wait until the next look: longer the older a post is, and the longer it is gone."""
    every = next((wait for limit, wait in _STEPS if age < limit), _LATER)
    if state is LiveState.GONE:
        return max(every, _GONE_STEP)
    return min(every, timedelta(days=1)) if state is LiveState.NETWORK else every


def settle(look: Look, due: Recheck, before: LiveState | None, now: datetime) -> Settled:
    """Decide what a look comes to; pure. Gone takes two looks; a wall or a fault in between proves nothing."""
    every = step(now - due.kept_at, look.state)
    if look.state is LiveState.GONE and before is not LiveState.GONE and not due.suspicion:
        signal = f"it looks gone, to be confirmed: {look.signal}"
        return Settled(
            state=LiveState.UNKNOWN,
            signal=signal,
            is_news=False,
            due_at=now + CONFIRM_AFTER,
            suspicion=look.signal,
        )
    is_change = look.state in (LiveState.GONE, LiveState.EDITED) and (
        look.state is LiveState.EDITED or before is not LiveState.GONE
    )
    is_back = look.state is LiveState.LIVE and before is LiveState.GONE
    keeps_suspicion = look.state in _PUZZLED and bool(due.suspicion)
    return Settled(
        state=look.state,
        signal=look.signal,
        is_news=is_change or is_back,
        due_at=now + (min(every, CONFIRM_AFTER * 6) if keeps_suspicion else every),
        suspicion=due.suspicion if keeps_suspicion else "",
    )


async def run(desk: Desk, *, limit: int = PARALLEL) -> tuple[Observation, ...]:
    """Look again at what is due; gives what was observed."""
    now = desk.clock.now()
    await asyncio.to_thread(desk.store.sync_rechecks, now + FIRST_AFTER)
    due = await asyncio.to_thread(desk.store.lease_rechecks, now, limit=limit, lease_for=LEASE)
    seen = await asyncio.gather(*(look_again(desk, one) for one in due))
    return tuple(one for one in seen if one)


async def look_now(desk: Desk, mention_id: int) -> Observation | None:
    """Look at one mention now, whether or not it is due; StoreError when there is none."""
    mention = await asyncio.to_thread(desk.store.mention, mention_id)
    due = Recheck(mention_id=mention_id, kept_at=mention.first_seen_at)
    return await look_again(desk, due)


async def look_again(desk: Desk, due: Recheck) -> Observation | None:
    """Look at one kept mention; None when that was not possible, and it is tried again later."""
    try:
        return await _look_again(desk, due)
    except MonitorError as error:
        extra = {"mention": due.mention_id, "why": str(error)}
        log.warning("a kept page could not be looked at again", extra=extra)
    except Exception:  # boundary: one page must not stop the others
        log.exception("looking again at a kept page broke", extra={"mention": due.mention_id})
    later = desk.clock.now() + timedelta(days=1)
    await asyncio.to_thread(desk.store.finish_recheck, due.mention_id, due_at=later, suspicion=due.suspicion)
    return None


async def _look_again(desk: Desk, due: Recheck) -> Observation:
    mention = await asyncio.to_thread(desk.store.mention, due.mention_id)
    kept = await asyncio.to_thread(_kept, desk, mention.id)
    earlier = await asyncio.to_thread(desk.store.observations, mention.id)
    before = _last_known(earlier)
    look = await _look(desk, mention, kept, before)
    if look.state is LiveState.EDITED:
        look = await asyncio.to_thread(_as_revision, desk, mention, look, kept)
    now = desk.clock.now()
    settled = settle(look, due, before, now)
    seen = Observation(
        mention_id=mention.id,
        state=settled.state,
        signal=settled.signal,
        observed_at=now,
        capture_id=kept.id if kept else "",
    )
    await asyncio.to_thread(_record, desk, mention, seen, settled)
    return seen


def _kept(desk: Desk, mention_id: int) -> Capture | None:
    """Give the newest capture that has the words, else the newest that is no failure."""
    kept = [one for one in desk.store.captures(mention_id) if one.outcome is not CaptureOutcome.FAILED]
    whole = [one for one in kept if one.completeness is Completeness.FOUND]
    newest = whole or kept
    return newest[-1] if newest else None


def _last_known(earlier: Sequence[Observation]) -> LiveState | None:
    """Give the last state that says where the post is; walls and faults say nothing about it."""
    known = [one.state for one in earlier if one.state not in _PUZZLED]
    return known[-1] if known else None


async def _look(desk: Desk, mention: Mention, kept: Capture | None, before: LiveState | None) -> Look:
    text = mention.text or mention.title
    if not is_web_url(mention.url) or not text.strip():
        return Look(state=LiveState.UNKNOWN, signal="there is no page or no text to look for")
    baseline, media_type = await asyncio.to_thread(_baseline, desk.vault, kept)
    asked = LookRequest(url=mention.url, text=text, baseline=baseline, baseline_media_type=media_type)
    look = await desk.looker.look(asked)
    if not look.needs_browser:
        return look
    return await _look_with_browser(desk, mention, look, keep=before is not None or kept is not None)


def _baseline(vault: Vault, kept: Capture | None) -> tuple[bytes, str]:
    """Give the page as the server sent it when the post was kept, to compare like with like."""
    for artifact in kept.artifacts if kept else ():
        if kept and artifact.role is ArtifactRole.PAGE and artifact.origin is Origin.DECODED:
            try:
                return vault.read(kept.id, artifact.path), artifact.media_type
            except EvidenceError as error:
                log.error("kept evidence is not what was stored", extra={"capture": kept.id, "why": str(error)})
    return b"", ""


async def _look_with_browser(desk: Desk, mention: Mention, first: Look, *, keep: bool) -> Look:
    """See what a browser shows; the page is kept when it shows no trace of the words for the first time."""
    request = _request(mention, {"recheck": "looked at again with a browser"})
    staging = await asyncio.to_thread(desk.vault.stage, request, desk.clock.now())
    try:
        observed = await desk.capturer.capture(request, staging)
        look = _from_browser(observed, first)
        if look.state is LiveState.UNKNOWN and keep and not await asyncio.to_thread(_was_unknown, desk, mention.id):
            capture = await asyncio.to_thread(desk.vault.commit, staging, request, observed)
            await asyncio.to_thread(desk.store.finish_capture, capture)
    except EvidenceError as error:
        return replace(first, signal=f"{first.signal}; a browser could not show it: {error}")
    finally:
        await asyncio.to_thread(staging.discard)  # without effect on what was sealed
    return look


def _was_unknown(desk: Desk, mention_id: int) -> bool:
    return any(one.state is LiveState.UNKNOWN for one in desk.store.observations(mention_id)[-1:])


def _from_browser(observed: Observed, first: Look) -> Look:
    how = "" if observed.options.get("browser") == "none" else " in a browser"
    if observed.completeness is Completeness.FOUND:
        return Look(state=LiveState.LIVE, signal=f"HTTP {observed.http_status}; its words are there{how}")
    if observed.completeness in _WALLS:
        state = _WALLS[observed.completeness]
        return Look(state=state, signal=f"HTTP {observed.http_status}; {observed.failure}{how}")
    if observed.http_status in _GONE_STATUS:
        return Look(state=LiveState.GONE, signal=f"HTTP {observed.http_status}{how}")
    return Look(state=LiveState.UNKNOWN, signal=f"{first.signal}, nor{how or ' in what was fetched'}")


def _as_revision(desk: Desk, mention: Mention, look: Look, kept: Capture | None) -> Look:
    """Make a new revision of an edit, and ask for its own capture; one that is known already is no news."""
    words = [word for word, _, _ in tokens(look.passage)]
    revisions = desk.store.revisions(mention.id)
    known = [one.revision for one in revisions if words and words == [word for word, _, _ in tokens(one.text)]]
    if known:
        return Look(state=LiveState.LIVE, signal=f"its words are those of revision {known[-1]}")
    if look.passage and mention.text:
        sha256 = content_sha256(mention.title, look.passage, mention.rating)
        edited = replace(
            mention, text=look.passage, content_sha256=sha256, raw_sha256="", first_seen_at=desk.clock.now()
        )
        desk.store.save_page(
            PageRows(source=mention.source, query_key="recheck", mentions=(edited,), raw=(), cursor="{}")
        )
        mention = desk.store.mention(mention.id)
    facts = {"recheck": "edited", "signal": look.signal, "recheck_of": kept.id if kept else ""}
    desk.store.request_capture(_request(mention, facts), desk.clock.now())
    return look


def _request(mention: Mention, facts: dict[str, str]) -> CaptureRequest:
    return CaptureRequest(
        id=0,
        mention_id=mention.id,
        revision=mention.revision,
        url=mention.url,
        quotes=(mention.text or mention.title,),
        anchor=mention.anchor,
        facts={"source": mention.source, "external_id": mention.external_id, **facts},
    )


def _record(desk: Desk, mention: Mention, seen: Observation, settled: Settled) -> None:
    """Keep what was observed; the custody log holds all but an untroubled look."""
    if seen.capture_id and seen.state is not LiveState.LIVE:
        detail = {"state": seen.state.value, "signal": seen.signal, "url": mention.url}
        desk.vault.record("recheck", actor="goodname", capture_id=seen.capture_id, detail=detail)
    desk.store.save_observation(seen)
    if settled.is_news:
        for alert in _alerts(desk, mention, seen):
            desk.store.enqueue(alert)
    desk.store.finish_recheck(mention.id, due_at=settled.due_at, suspicion=settled.suspicion)


def _alerts(desk: Desk, mention: Mention, seen: Observation) -> list[Alert]:
    """Tell whom it concerns at once; the digest tells of every change."""
    return [
        Alert(
            kind=AlertKind.CHANGE,
            dedupe_key=f"change:{mention.id}:{one.judgement.subject_id}:{seen.state}:{seen.observed_at.isoformat()}",
            created_at=seen.observed_at,
            subject_id=one.judgement.subject_id,
            mention_id=mention.id,
            level=one.judgement.level,
            payload={"source": mention.source, "state": seen.state.value, "at": seen.observed_at.isoformat()},
        )
        for one in desk.store.assessments(mention.id)
        if one.judgement.about.score > 0
        and (mention.source == BY_HAND or one.judgement.level.rank >= desk.min_level.rank)
    ]
