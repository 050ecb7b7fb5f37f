"""Keep pages as evidence before they disappear."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from monitor.domain import (
    Alert,
    AlertKind,
    ArtifactRole,
    Capture,
    CaptureOutcome,
    CaptureRequest,
    Completeness,
    Observed,
    Origin,
)
from monitor.errors import EvidenceError, StoreError
from monitor.ports import Capturer, CaptureStore, Clock, Staging, Vault

log = logging.getLogger("goodname.preserve")

LEASE = timedelta(minutes=5)
ATTEMPTS = 4
INTERRUPTIONS = 3
"""A page during whose capture the program ended so often in a row is not touched again."""

PARALLEL = 2
"""Measured: two captures at once give the most a minute; four are slower."""


def recover(store: CaptureStore, vault: Vault, clock: Clock) -> tuple[Capture, ...]:
    """Finish what a crash interrupted, and tell the database of sealed captures it has not heard of. Idempotent."""
    recovered = vault.recover()
    known = store.capture_ids()
    missed = tuple(capture for capture in vault.captures() if capture.id not in known)
    for capture in missed:
        store.finish_capture(capture, _alerts(capture, clock.now()))
    return tuple({capture.id: capture for capture in (*recovered, *missed)}.values())


async def run(
    store: CaptureStore, vault: Vault, capturer: Capturer, clock: Clock, *, limit: int = PARALLEL, only: int = 0
) -> tuple[Capture, ...]:
    """Lease capture requests and keep their pages; gives the captures that were sealed.

    Nothing is leased while the disk has no room. A page that could not be kept is tried four times over some hours;
    then a failed capture, with whatever the source itself had answered, is sealed and told of. `only` keeps just the
    request with this id.
    """
    if not await asyncio.to_thread(vault.has_room):
        return ()  # nothing is tried, so that no page is given up for want of room; `room` tells of it
    requests = await asyncio.to_thread(store.lease_captures, clock.now(), limit=limit, lease_for=LEASE, only=only)
    captures = await asyncio.gather(*(keep_one(store, vault, capturer, request, clock) for request in requests))
    return tuple(capture for capture in captures if capture)


async def keep_one(
    store: CaptureStore, vault: Vault, capturer: Capturer, request: CaptureRequest, clock: Clock
) -> Capture | None:
    """Keep one leased request's page; None when it failed and will be tried again."""
    if request.interruptions >= INTERRUPTIONS:
        return await asyncio.to_thread(_park, store, vault, request, clock.now())
    staging: Staging | None = None
    try:
        staging = await asyncio.to_thread(vault.stage, request, clock.now())
        observed = await capturer.capture(request, staging)
        capture = await asyncio.to_thread(vault.commit, staging, request, observed)
        await asyncio.to_thread(store.finish_capture, capture, _alerts(capture, clock.now(), request))
    except asyncio.CancelledError:
        await asyncio.shield(asyncio.to_thread(_give_back, store, staging, request))
        raise
    except StoreError:
        # The lease runs out and the request is tried again; a capture that was already sealed is found by `recover`.
        log.warning("the database could not record a capture", extra={"request": request.id}, exc_info=True)
        return None
    except Exception as error:  # noqa: BLE001  # boundary: one page must not stop the others
        if staging:
            await asyncio.to_thread(staging.discard)
        return await asyncio.to_thread(_after_failure, store, vault, request, error, clock)
    return capture


def _park(store: CaptureStore, vault: Vault, request: CaptureRequest, now: datetime) -> Capture | None:
    """Leave a page alone that seems to end the program, and say so; what the source had answered is kept."""
    words = f"the program ended {request.interruptions} times while it was keeping this page, so the page is left alone"
    log.error("a page is left alone", extra={"request": request.id, "why": words})
    return _record_failed(store, vault, request, words, now)


def _give_back(store: CaptureStore, staging: Staging | None, request: CaptureRequest) -> None:
    """Undo a lease at an orderly end of the program, so that it does not count against the page."""
    if staging:
        staging.discard()
    store.return_capture(request.id)


def _after_failure(
    store: CaptureStore, vault: Vault, request: CaptureRequest, error: Exception, clock: Clock
) -> Capture | None:
    words = str(error) if isinstance(error, EvidenceError) else f"unexpected fault ({type(error).__name__})"
    known = isinstance(error, EvidenceError)
    log.log(
        logging.WARNING if known else logging.ERROR,
        "a page could not be kept",
        extra={"request": request.id, "attempt": request.attempts, "why": words},
        exc_info=None if known else error,
    )
    now = clock.now()
    if request.attempts >= ATTEMPTS:
        return _record_failed(store, vault, request, words, now)
    _try_later(store, request, words, now + timedelta(minutes=1) * 5 ** max(0, request.attempts - 1))
    return None


def _try_later(store: CaptureStore, request: CaptureRequest, words: str, at: datetime) -> None:
    try:
        store.retry_capture(request.id, next_attempt_at=at, error=words)
    except StoreError:  # the lease runs out by itself
        log.warning("a capture could not be put off", extra={"request": request.id}, exc_info=True)


def _record_failed(
    store: CaptureStore, vault: Vault, request: CaptureRequest, words: str, now: datetime
) -> Capture | None:
    try:
        capture = _seal_failed(vault, request, words, now)
        store.finish_capture(capture, _alerts(capture, now, request))
    except (EvidenceError, StoreError) as error:
        log.warning("a failed capture could not be recorded", extra={"request": request.id}, exc_info=True)
        _try_later(store, request, str(error), now + timedelta(hours=1))
        return None
    return capture


def _seal_failed(vault: Vault, request: CaptureRequest, words: str, now: datetime) -> Capture:
    staging = vault.stage(request, now)
    if request.raw:
        staging.add(ArtifactRole.SOURCE, "source", request.raw_media_type, Origin.DECODED, request.raw)
    observed = Observed(
        requested_url=request.url,
        final_url="",
        http_status=0,
        started_at=now,
        captured_at=now,
        outcome=CaptureOutcome.FAILED,
        completeness=Completeness.UNKNOWN,
        software={},
        failure=words,
        incomplete=("the page itself",),
    )
    return vault.commit(staging, request, observed)


def _alerts(capture: Capture, now: datetime, request: CaptureRequest | None = None) -> tuple[Alert, ...]:
    if capture.outcome is not CaptureOutcome.FAILED:
        return ()
    return (
        Alert(
            kind=AlertKind.CAPTURE_FAILED,
            dedupe_key=f"capture_failed:{capture.mention_id}:{capture.revision}",
            created_at=now,
            subject_id=request.subject_id if request else "",
            mention_id=capture.mention_id,
            payload={"why": capture.failure, "source": request.facts.get("source", "") if request else ""},
        ),
    )
