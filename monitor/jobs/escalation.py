"""Tell a helper once when nobody has looked at what should not wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.domain import Account, Alert, AlertKind
from monitor.jobs.grouping import key_of
from monitor.jobs.telling import Manner, Mode, mode_of
from monitor.ports import Book, Clock, Store

WINDOW = timedelta(days=1)
"""What was told longer ago than this beyond the set time is left alone: switching it on tells of nothing old."""

_OWN = "own words"
_LOOKED, _TOLD = "looked_at.", "escalated."


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """Hold an alert that reached a channel at `told_at`, and when somebody last looked (None: never)."""

    alert: Alert
    told_at: datetime
    seen_at: datetime | None = None
    is_own_words: bool = False


def unseen(
    told: Sequence[Told], mode: Mode, after: timedelta, now: datetime, escalated: Mapping[str, datetime]
) -> tuple[Told, ...]:
    """Decide of which alerts a helper is told: the oldest of each subject that nobody looked at for so long; pure.

    `escalated` says when a helper was last told of a subject; until somebody looks, or a day is over, not again.
    Nothing while paused, and nothing where the helper was told in the first place.
    """
    if not after or mode.is_paused(now) or mode.helper_is_told:
        return ()
    chosen: dict[str, Told] = {}
    for one in sorted(told, key=lambda each: (each.told_at, each.alert.id)):
        if _is_due(one, after, now) and not _was_told(one, now, escalated.get(one.alert.subject_id)):
            chosen.setdefault(one.alert.subject_id, one)
    return tuple(chosen.values())


def _is_due(one: Told, after: timedelta, now: datetime) -> bool:
    is_time = after <= now - one.told_at < after + WINDOW
    is_seen = one.seen_at is not None and one.seen_at >= one.told_at
    return is_time and bool(one.alert.payload.get("at_once")) and not is_seen and not one.is_own_words


def _was_told(one: Told, now: datetime, escalated_at: datetime | None) -> bool:
    if escalated_at is None or now - escalated_at >= WINDOW:
        return False
    return one.told_at < escalated_at or one.seen_at is None or one.seen_at < escalated_at


def run(store: Store, manner: Manner, clock: Clock) -> int:
    """Put word to the helper into the outbox where it is due; gives how many. A restart doubles nothing."""
    after, now, mode = manner.escalate_after, clock.now(), mode_of(store)
    if not after or not manner.helper or mode.is_paused(now):
        return 0
    found = [
        one
        for one in store.told_alerts(now - after - WINDOW, now - after)
        if one[0].mention_id and one[0].payload.get("at_once")
    ]
    if not found:
        return 0
    looks = _looks(store, tuple(alert for alert, _ in found), now)
    told = [_looked_at(store, looks, alert, told_at) for alert, told_at in found]
    subjects = {one.alert.subject_id for one in told}
    escalated = {subject: at for subject in subjects if (at := _moment(store, _TOLD + subject))}
    chosen = unseen(told, mode, after, now, escalated)
    made = [store.enqueue(_word(one, now)) for one in chosen]
    for one in chosen:
        store.set_setting(_TOLD + one.alert.subject_id, now.isoformat())
    return sum(made)


def note_look(store: Store, account_id: int, at: datetime) -> None:
    """Keep that somebody looked at the page."""
    store.set_setting(f"{_LOOKED}{account_id}", at.isoformat())


def _word(one: Told, now: datetime) -> Alert:
    return Alert(
        kind=AlertKind.UNSEEN,
        dedupe_key=f"unseen:{one.alert.id}",
        created_at=now,
        subject_id=one.alert.subject_id,
        mention_id=one.alert.mention_id,
        level=one.alert.level,
        payload={"hours": max(1, (now - one.told_at) // timedelta(hours=1))},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Looks:
    """Hold what is the same for all alerts: whose client a subject is, who looked at the page when, the groups."""

    clients: Mapping[str, str]
    pages: tuple[tuple[Account, datetime], ...]
    book: Book


def _looks(store: Store, alerts: Sequence[Alert], now: datetime) -> _Looks:
    pages = ((one, _moment(store, f"{_LOOKED}{one.id}")) for one in store.accounts())
    return _Looks(
        clients={one.id: one.client_id for one in store.subjects(active_only=False)},
        pages=tuple((one, at) for one, at in pages if at),
        book=store.rounds({one.id: key_of(one) for one in alerts}, [], now),
    )


def _looked_at(store: Store, looks: _Looks, alert: Alert, told_at: datetime) -> Told:
    """Gather when somebody last looked: on the page, by a verdict, or by saying so of this alert's group."""
    client, book = looks.clients.get(alert.subject_id, ""), looks.book
    key = book.rounds[alert.id].key if alert.id in book.rounds else key_of(alert)
    moments = [
        *(at for one, at in looks.pages if one.clients is None or client in one.clients),
        book.acknowledged.get(key),
        *(one.reviewed_at for one in store.reviews(alert.mention_id)),
        *(one.at for one in store.access_events(mention_id=alert.mention_id, limit=1) if alert.mention_id),
    ]
    hit = store.hit(alert.mention_id, alert.subject_id) if alert.mention_id else None
    return Told(
        alert=alert,
        told_at=told_at,
        seen_at=max((one for one in moments if one), default=None),
        is_own_words=hit is not None and any(reason.startswith(_OWN) for reason in hit.reasons),
    )


def _moment(store: Store, key: str) -> datetime | None:
    kept = store.setting(key)
    return datetime.fromisoformat(kept) if kept else None
