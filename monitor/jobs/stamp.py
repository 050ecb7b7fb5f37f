"""Have an authority outside sign the time of each capture; nothing waits for it, and nothing is lost without it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.errors import EvidenceError, TimestampFailed
from monitor.ports import Clock, Store, Timestamper, Vault

log = logging.getLogger("goodname.stamp")

BATCH = 20
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
MANIFEST = "manifest.json"

_FAILURES = "timestamp.failures"
_NEXT_AT = "timestamp.next_at"
_LAST_ERROR = "timestamp.last_error"


@dataclass(frozen=True, kw_only=True, slots=True)
class StampState:
    """Say how time stamps stand: how many captures wait for one, and why and until when, if authorities failed."""

    is_configured: bool
    waiting: int
    failures: int
    next_at: datetime | None
    last_error: str


def state(store: Store, vault: Vault, timestamper: Timestamper) -> StampState:
    """Say how time stamps stand."""
    kept = store.setting(_NEXT_AT)
    return StampState(
        is_configured=timestamper.is_configured,
        waiting=len(vault.unstamped()),
        failures=int(store.setting(_FAILURES) or 0),
        next_at=datetime.fromisoformat(kept) if kept else None,
        last_error=store.setting(_LAST_ERROR),
    )


async def run(store: Store, vault: Vault, timestamper: Timestamper, clock: Clock, *, force: bool = False) -> int:
    """Stamp captures that wait, oldest first; gives how many were stamped.

    When no authority gives a token that can be trusted, all wait: a minute at first, each time twice as long, six hours
    at most. `force` asks at once.
    """
    if not timestamper.is_configured:
        return 0
    kept = await asyncio.to_thread(store.setting, _NEXT_AT)
    if kept and not force and clock.now() < datetime.fromisoformat(kept):
        return 0
    waiting = await asyncio.to_thread(vault.unstamped)
    done = 0
    for capture_id in waiting[:BATCH]:
        try:
            message = await asyncio.to_thread(vault.read, capture_id, MANIFEST)
            token = await timestamper.stamp(message)
        except TimestampFailed as error:
            await asyncio.to_thread(_wait, store, clock.now(), error)
            return done
        except EvidenceError:
            log.warning("a capture cannot be stamped", extra={"capture": capture_id}, exc_info=True)
            continue
        await asyncio.to_thread(vault.keep_token, capture_id, token)
        done += 1
    if done and kept:
        await asyncio.to_thread(_forget, store)
    return done


def _wait(store: Store, now: datetime, error: TimestampFailed) -> None:
    failures = int(store.setting(_FAILURES) or 0) + 1
    wait = min(FIRST_WAIT * 2 ** min(failures - 1, 20), LONGEST_WAIT)
    store.set_setting(_FAILURES, str(failures))
    store.set_setting(_NEXT_AT, (now + wait).isoformat())
    store.set_setting(_LAST_ERROR, error.why)
    log.warning("no time stamp authority answered as it should", extra={"why": error.why, "failures": failures})


def _forget(store: Store) -> None:
    for key in (_FAILURES, _NEXT_AT, _LAST_ERROR):
        store.set_setting(key, "")
