"""Tell at once when the disk has little room left, when captures stop because of it, and when that is over."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum

from monitor.domain import Alert, AlertKind
from monitor.ports import Clock, OnceStore

_TOLD = "room.told"
_MEGABYTE = 1 << 20


class Room(StrEnum):
    """Say how much room there is: enough, little, or too little for captures."""

    ENOUGH = "enough"
    LITTLE = "little"
    NONE = "none"


def judge(free: int, *, warn: int, reserve: int, before: Room) -> Room:
    """Decide from free bytes; it is over with a tenth more than the warning asks for, so as not to flutter."""
    if free < reserve:
        return Room.NONE
    if free < max(warn, reserve):
        return Room.LITTLE
    is_over = free >= max(warn, reserve) * 11 // 10
    return Room.ENOUGH if is_over or before is Room.ENOUGH else Room.LITTLE


def run(store: OnceStore, free: int, *, warn: int, reserve: int, clock: Clock) -> Alert | None:
    """Tell of a change; gives the alert that was put into the outbox. Sizes in bytes. Idempotent."""
    kept = store.setting(_TOLD)
    told: dict[str, str] = json.loads(kept) if kept else {}
    before = Room(told.get("room", Room.ENOUGH))
    now = judge(free, warn=warn, reserve=reserve, before=before)
    if now is before:
        return None
    at = clock.now()
    since = told.get("since") or at.isoformat()
    alert = _alert(now, before, free, since, at)
    if alert is not None:
        store.enqueue(alert)
    # Kept after the alert: a crash in between tells twice at worst, never not at all.
    is_over = now is Room.ENOUGH
    store.set_setting(_TOLD, "" if is_over else json.dumps({"room": now, "since": since}, sort_keys=True))
    return alert


def _alert(now: Room, before: Room, free: int, since: str, at: datetime) -> Alert | None:
    """Make the alert of a change; captures that go on while room stays little are no news of their own."""
    payload: dict[str, object] = {"free_mb": free // _MEGABYTE, "since": since}
    if now is Room.ENOUGH:
        kind, payload["until"] = AlertKind.DISK_OK, at.isoformat()
    elif now is Room.LITTLE and before is Room.NONE:
        return None
    else:
        kind, payload["stopped"] = AlertKind.DISK_LOW, now is Room.NONE
    return Alert(kind=kind, dedupe_key=f"disk:{now}:{since}", created_at=at, payload=payload)
