"""Have somebody outside vouch for the time of each capture; nothing waits for it, and nothing is lost without it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.errors import EvidenceError, TimestampFailed
from monitor.ports import RFC3161, Clock, Store, Timestamper, Vault

log = logging.getLogger("goodname.stamp")

BATCH = 20
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
FINISH_EVERY = timedelta(hours=1)
FINISH_BATCH = 100
MANIFEST = "manifest.json"

_FAILURES = "failures"
_NEXT_AT = "next_at"
_LAST_ERROR = "last_error"
_FINISH_AT = "timestamp.finish_at"
_FINISH_AFTER = "timestamp.finish_after"
_FINISH_ERROR = "timestamp.finish_error"


@dataclass(frozen=True, kw_only=True, slots=True)
class StampState:
    """Say how time stamps stand: how many captures wait for one, and why and until when, if authorities failed.

    `promised` counts the captures whose calendars have not yet kept their promise, `finish_error` is why the last look
    at that failed.
    """

    is_configured: bool
    waiting: int
    failures: int
    next_at: datetime | None
    last_error: str
    promised: int = 0
    finish_error: str = ""


def state(store: Store, vault: Vault, timestamper: Timestamper) -> StampState:
    """Say how time stamps stand."""
    kind = timestamper.kind
    kept = store.setting(_key(kind, _NEXT_AT))
    return StampState(
        is_configured=timestamper.is_configured,
        waiting=len(vault.unstamped(kind)),
        failures=int(store.setting(_key(kind, _FAILURES)) or 0),
        next_at=datetime.fromisoformat(kept) if kept else None,
        last_error=store.setting(_key(kind, _LAST_ERROR)),
        promised=0 if kind == RFC3161 else len(vault.unfinished()),
        finish_error="" if kind == RFC3161 else store.setting(_FINISH_ERROR),
    )


async def run(store: Store, vault: Vault, timestamper: Timestamper, clock: Clock, *, force: bool = False) -> int:
    """Stamp captures that wait, oldest first; gives how many were stamped.

    When no authority gives a token that can be trusted, all wait: a minute at first, each time twice as long, six hours
    at most. `force` asks at once.
    """
    if not timestamper.is_configured:
        return 0
    kept = await asyncio.to_thread(store.setting, _key(timestamper.kind, _NEXT_AT))
    if kept and not force and clock.now() < datetime.fromisoformat(kept):
        return 0
    waiting = await asyncio.to_thread(vault.unstamped, timestamper.kind)
    done = 0
    for capture_id in waiting[:BATCH]:
        try:
            message = await asyncio.to_thread(vault.read, capture_id, MANIFEST)
            token = await timestamper.stamp(message)
        except TimestampFailed as error:
            await asyncio.to_thread(_wait, store, timestamper.kind, clock.now(), error)
            return done
        except EvidenceError:
            log.warning("a capture cannot be stamped", extra={"capture": capture_id}, exc_info=True)
            continue
        await asyncio.to_thread(vault.keep_token, capture_id, token)
        done += 1
    if done and kept:
        await asyncio.to_thread(_forget, store, timestamper.kind)
    return done


async def finish(store: Store, vault: Vault, timestamper: Timestamper, clock: Clock, *, force: bool = False) -> int:
    """Ask what became of promised time stamps, once an hour; gives how many came. `force` asks at once.

    The captures take turns, so that one whose calendar is gone for ever keeps nobody else from being asked about. A
    round ends at the first calendar that does not answer as it should; the next goes on behind that capture.
    """
    kept = await asyncio.to_thread(store.setting, _FINISH_AT)
    if not timestamper.is_configured or (kept and not force and clock.now() < datetime.fromisoformat(kept)):
        return 0
    await asyncio.to_thread(store.set_setting, _FINISH_AT, (clock.now() + FINISH_EVERY).isoformat())
    last = await asyncio.to_thread(store.setting, _FINISH_AFTER)
    open_ends = sorted(await asyncio.to_thread(vault.unfinished))
    turn = [name for name in open_ends if name > last] + [name for name in open_ends if name <= last]
    done, why = 0, ""
    for capture_id in turn[:FINISH_BATCH]:
        last = capture_id
        try:
            done += await _finish_one(vault, timestamper, capture_id)
        except TimestampFailed as error:
            why = error.why
            log.warning("a promised time stamp could not be asked for", extra={"why": why, "capture": capture_id})
            break
        except EvidenceError:
            log.warning("a capture's proof cannot be read", extra={"capture": capture_id}, exc_info=True)
    await asyncio.to_thread(store.set_setting, _FINISH_AFTER, last)
    await asyncio.to_thread(store.set_setting, _FINISH_ERROR, why)
    return done


async def _finish_one(vault: Vault, timestamper: Timestamper, capture_id: str) -> int:
    message = await asyncio.to_thread(vault.read, capture_id, MANIFEST)
    token = await timestamper.finish(message, await asyncio.to_thread(vault.read_proof, capture_id))
    if token is None:
        return 0
    await asyncio.to_thread(vault.keep_token, capture_id, token)
    return 1


def _key(kind: str, name: str) -> str:
    return f"timestamp.{name}" if kind == RFC3161 else f"timestamp.{kind}.{name}"


def _wait(store: Store, kind: str, now: datetime, error: TimestampFailed) -> None:
    failures = int(store.setting(_key(kind, _FAILURES)) or 0) + 1
    wait = min(FIRST_WAIT * 2 ** min(failures - 1, 20), LONGEST_WAIT)
    store.set_setting(_key(kind, _FAILURES), str(failures))
    store.set_setting(_key(kind, _NEXT_AT), (now + wait).isoformat())
    store.set_setting(_key(kind, _LAST_ERROR), error.why)
    log.warning("nobody asked for a time stamp answered as they should", extra={"why": error.why, "failures": failures})


def _forget(store: Store, kind: str) -> None:
    for name in (_FAILURES, _NEXT_AT, _LAST_ERROR):
        store.set_setting(_key(kind, name), "")
