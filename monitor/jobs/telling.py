"""Decide who is told of an alert, and when: pause, hand over, storm mode, quiet hours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.domain import AccessEvent, Alert, AlertKind, ChannelTag
from monitor.errors import InputError
from monitor.jobs.grouping import Grouping, key_of
from monitor.jobs.takers import takers
from monitor.ports import Store

PAUSES = (1, 7, 30)
"""How many days messages may be paused at once; evidence goes on all the while."""

LONGEST_SNOOZE = timedelta(days=30)

_KEPT_AS = "telling.mode"
_ALWAYS = frozenset({AlertKind.TEST})
_NOT_BY_NIGHT = frozenset(AlertKind) - {AlertKind.TEST, AlertKind.DIGEST}


@dataclass(frozen=True, kw_only=True, slots=True)
class Mode:
    """Say how a person wants to be told for now. Evidence is kept the same in every mode.

    Paused: nothing until that moment; then one summary covers all of it. Handed over: a helper is told everything,
    the owner gets the summary alone. Storm: the same, meant for days when very much comes in.
    """

    paused_until: datetime | None = None
    is_handed_over: bool = False
    is_storm: bool = False

    def is_paused(self, now: datetime) -> bool:
        """Tell whether messages are paused."""
        return self.paused_until is not None and now < self.paused_until

    @property
    def helper_is_told(self) -> bool:
        """Tell whether alerts go to the helper instead of the owner."""
        return self.is_handed_over or self.is_storm


@dataclass(frozen=True, kw_only=True, slots=True)
class Quiet:
    """Hold the hours, in local time of an IANA zone, in which nothing but a danger is told."""

    starts: time
    ends: time
    timezone: str

    def over_at(self, now: datetime) -> datetime | None:
        """Give the end of the quiet hours that `now` lies in, in UTC; None when it lies in none."""
        local = now.astimezone(ZoneInfo(self.timezone))
        clock = local.time().replace(tzinfo=None)
        is_over_midnight = self.starts > self.ends
        is_inside = clock >= self.starts or clock < self.ends if is_over_midnight else self.starts <= clock < self.ends
        if not is_inside or self.starts == self.ends:
            return None
        day = local.date() + timedelta(days=1 if is_over_midnight and clock >= self.starts else 0)
        end = datetime.combine(day, self.ends, tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)
        # On the night when clocks go forward the set hour may not exist and lie behind us.
        return end if end > now else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """Say whose channels are whose, which hours are quiet, and what is told together (None: each alert by itself).

    `off` are those of the channels that are switched off; never all of one side. `tags` say what a channel takes; one
    that is not named there takes everything.
    """

    owner: tuple[str, ...]
    helper: tuple[str, ...] = ()
    off: frozenset[str] = frozenset()
    tags: Mapping[str, frozenset[ChannelTag]] = field(default_factory=dict)
    quiet: Quiet | None = None
    grouping: Grouping | None = None
    escalate_after: timedelta = timedelta(0)

    def takers(self, side: tuple[str, ...], alert: Alert) -> tuple[str, ...]:
        """Give those channels of a side that are told of an alert; none leaves it to the summary."""
        return takers(side, alert, self.tags, self.off)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Say on which channels an alert is told now; or until when it waits; or that the next summary tells it."""

    channels: tuple[str, ...] = ()
    wait_until: datetime | None = None
    is_folded: bool = False


def plan(alert: Alert, mode: Mode, manner: Manner, now: datetime) -> Plan:
    """Decide what becomes of one alert.

    A danger (`payload["at_once"]`) waits for no morning. While paused, everything but tests is left to the summary
    that comes after the pause; a helper who was handed the watch is told even then.
    """
    if alert.kind in _ALWAYS:
        return Plan(channels=(*manner.owner, *manner.helper))
    if alert.kind is AlertKind.UNSEEN:
        return Plan(is_folded=True) if mode.is_paused(now) or not manner.helper else Plan(channels=manner.helper)
    if mode.helper_is_told and manner.helper:
        owner = manner.takers(manner.owner, alert) if alert.kind is AlertKind.DIGEST and not mode.is_paused(now) else ()
        told = (*manner.takers(manner.helper, alert), *owner)
        return Plan(channels=told, is_folded=not told)
    if mode.is_paused(now):
        return Plan(is_folded=True)
    if alert.kind in _NOT_BY_NIGHT and manner.quiet is not None and not alert.payload.get("at_once"):
        over_at = manner.quiet.over_at(now)
        if over_at is not None:
            return Plan(wait_until=over_at)
    told = manner.takers(manner.owner, alert)
    return Plan(channels=told, is_folded=not told and bool(manner.owner))


def pause(mode: Mode, days: int, now: datetime) -> Mode:
    """Pause messages for some days from now; InputError for another number than the offered ones."""
    if days not in PAUSES:
        raise InputError(
            f"Messages cannot be paused for {days} days.",
            why="A pause that nobody remembers would look like safety.",
            try_="Choose 1, 7 or 30 days.",
        )
    return Mode(paused_until=now + timedelta(days=days), is_handed_over=mode.is_handed_over, is_storm=mode.is_storm)


def snooze(store: Store, mention_id: int, span: timedelta, now: datetime, *, by: str) -> datetime:
    """Leave what repeats the same as a mention to the summary for a while, and record it; gives until when.

    InputError when the span is none that is offered, or when no alert about the mention can be put off: dangers cannot.
    """
    if not timedelta(hours=1) <= span <= LONGEST_SNOOZE:
        raise InputError("Nothing was put off.", why="It can be put off for 1 hour to 30 days.", try_="Say --for 3d.")
    keys = [key for key in _groups_of(store, mention_id) if not key.startswith("danger:")]
    if not keys:
        raise InputError(
            f"There is nothing about mention {mention_id} that can be put off.",
            why="No alert about it was decided about yet, or it is a danger, which is always told.",
            try_="Run `goodname hits list` for the numbers, or `goodname pause 7` for peace from everything.",
        )
    for key in keys:
        store.snooze(key, now + span)
    _record(store, mention_id, "put off", by, now)
    return now + span


def acknowledge(store: Store, mention_id: int, by: str, now: datetime) -> None:
    """Note that a person has seen what was told of a mention; recorded in the access log. Idempotent.

    What repeats the same is left to the summary until something of a higher level, or quick spread, is told. Dangers
    are told all the same. InputError when nothing was decided yet about an alert on the mention.
    """
    store.acknowledge(_told_groups(store, mention_id), now)
    _record(store, mention_id, "acknowledged", by, now)


def take_back(store: Store, mention_id: int, by: str, now: datetime) -> bool:
    """Undo `acknowledge`; recorded in the access log. False when it was not acknowledged; InputError as there."""
    is_changed = store.take_back(_told_groups(store, mention_id))
    if is_changed:
        _record(store, mention_id, "acknowledgement taken back", by, now)
    return is_changed


def _told_groups(store: Store, mention_id: int) -> tuple[str, ...]:
    if keys := _groups_of(store, mention_id):
        return keys
    raise InputError(
        f"There is nothing about mention {mention_id} to acknowledge.",
        why="No alert about it was decided about yet.",
        try_="Run `goodname hits list` for the numbers.",
    )


def _groups_of(store: Store, mention_id: int) -> tuple[str, ...]:
    """Give the groups that repeats of a mention's alerts go to: what was told among many goes to its own again."""
    keys = store.groups_of(mention_id)
    if not any(key.startswith("many:") for key in keys):
        return keys
    own = [key_of(alert) for alert in store.alerts_about(mention_id) if alert.kind is AlertKind.MATCH]
    return tuple(dict.fromkeys([*(key for key in keys if not key.startswith("many:")), *own]))


def _record(store: Store, mention_id: int, action: str, by: str, now: datetime) -> None:
    clients = {one.id: one.client_id for one in store.subjects(active_only=False)}
    for subject_id in dict.fromkeys(alert.subject_id for alert in store.alerts_about(mention_id)):
        client = clients.get(subject_id, "")
        event = AccessEvent(
            action=action, account=by, at=now, client_id=client, subject_id=subject_id, mention_id=mention_id
        )
        store.log_access(event)


def require_helper(manner: Manner) -> None:
    """Make sure that there is somebody to hand over to; InputError otherwise."""
    if not manner.helper:
        raise InputError(
            "There is no helper to hand over to.",
            why="`alerts.helper_urls` names no channel.",
            try_="Add a channel of your helper's under [alerts] helper_urls, then `goodname notify test`.",
        )


def mode_of(store: Store) -> Mode:
    """Read the kept mode; the ordinary one when nothing was kept."""
    kept = store.setting(_KEPT_AS)
    if not kept:
        return Mode()
    told = json.loads(kept)
    until = told.get("paused_until")
    return Mode(
        paused_until=datetime.fromisoformat(until) if until else None,
        is_handed_over=bool(told.get("handed_over")),
        is_storm=bool(told.get("storm")),
    )


def keep_mode(store: Store, mode: Mode) -> None:
    """Keep the mode; it survives a restart."""
    told = {
        "paused_until": mode.paused_until.isoformat() if mode.paused_until else None,
        "handed_over": mode.is_handed_over,
        "storm": mode.is_storm,
    }
    store.set_setting(_KEPT_AS, json.dumps(told))
