"""Decide which alerts are told together: one for each statement and interval, with an honest count; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.domain import Alert, Level
from monitor.ports import Book, GroupState, Step, Turn, higher

HOUR = timedelta(hours=1)
DANGER_EVERY = timedelta(minutes=15)
"""Dangers are told at once; those that follow within this time are told together."""

SLACK = timedelta(minutes=1)
"""What is further ahead than this was written by a clock that ran ahead, and holds nothing up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grouping:
    """Say how much is told one by one.

    `every` is the time in which one alert tells of a statement; `most_an_hour` bounds the alerts about one subject;
    so many repeats of one statement within an hour are told at once (`spread_from`, 0: never). With `repeats_wait`
    repeats are left to the summary, unless they are a danger or spread quickly.
    """

    every: timedelta
    most_an_hour: int
    spread_from: int
    repeats_wait: bool = False


def key_of(alert: Alert) -> str:
    """Name the group of an alert: dangers about a subject, or what repeats one statement."""
    if alert.payload.get("at_once"):
        return f"danger:{alert.subject_id}"
    statement = str(alert.payload.get("statement_id") or "")
    kind = "likely" if alert.level is Level.LIKELY and statement else "other"
    return f"{kind}:{alert.subject_id}/{statement}"


def decide(
    due: Sequence[Alert], book: Book, grouping: Grouping, now: datetime, *, quiet_until: datetime | None = None
) -> tuple[Turn, ...]:
    """Decide what becomes of each due alert: exactly one turn for each, and hurrying turns of carriers beside them.

    `quiet_until` holds up everything but dangers and quick spread. Who tells of an alert is certain at any time:
    itself, the carrier of its round, or the summary.
    """
    table = _Table(book, grouping, now, quiet_until)
    for alert in sorted(due, key=lambda one: (one.created_at, one.id)):
        table.seat(alert)
    return tuple(table.turns)


@dataclass(slots=True)
class _Group:
    carrier: int
    begun: int
    told_at: datetime | None
    spread_at: datetime | None
    recent: int


@dataclass(slots=True)
class _Table:
    book: Book
    grouping: Grouping
    now: datetime
    quiet_until: datetime | None
    turns: list[Turn] = field(default_factory=list)
    _groups: dict[str, _Group] = field(default_factory=dict)
    _told: dict[str, list[datetime]] = field(default_factory=dict)

    def seat(self, alert: Alert) -> None:
        """Decide about one alert."""
        known = self.book.rounds.get(alert.id)
        if known and known.begun_at:
            self._add(alert, known.key, Step.BEGIN, is_spread=known.is_spread)
            return
        key = known.key if known else key_of(alert)
        group = self._group(key)
        if known is None:
            group.recent += 1
        if self._is_spreading(key, group) or (known and known.is_spread):
            self._spread(alert, key, group)
        elif self._is_left(key):
            self._add(alert, key, Step.LEAVE)
        elif group.begun or group.carrier not in (0, alert.id):
            self._add(alert, key, Step.FOLD, into=group.begun or group.carrier)
        else:
            self._carry(alert, key, group, is_new=known is None)

    def _spread(self, alert: Alert, key: str, group: _Group) -> None:
        """Tell of quick spread at once: by the waiting carrier where there is one, else by this alert."""
        # Those that were left to the summary are folded into nothing, but belong to the spread.
        count = group.recent if self._is_left(key) else 1
        group.spread_at = self.now
        if group.begun:
            self._add(alert, key, Step.FOLD, into=group.begun)
        elif group.carrier not in (0, alert.id):
            self._add(alert, key, Step.FOLD, into=group.carrier)
            self.turns.append(Turn(alert_id=group.carrier, key=key, step=Step.HURRY, is_spread=True))
        else:
            self._begin(alert, key, group, is_spread=True, count=count)

    def _carry(self, alert: Alert, key: str, group: _Group, *, is_new: bool) -> None:
        """Begin a round, or wait for its time; beyond the cap, whatever is about the subject goes together."""
        at = self._time_of(key, group)
        free_at = self._free_at(alert.subject_id) if not key.startswith("danger:") else None
        if at is None and free_at is not None and is_new:
            key = f"many:{alert.subject_id}"
            group = self._group(key)
            if group.begun or group.carrier:
                self._add(alert, key, Step.FOLD, into=group.begun or group.carrier)
                return
        at = max((one for one in (at, free_at) if one), default=None)
        if at is None:
            self._begin(alert, key, group)
        else:
            group.carrier = alert.id
            self._add(alert, key, Step.WAIT, until=at)

    def _begin(self, alert: Alert, key: str, group: _Group, *, is_spread: bool = False, count: int = 1) -> None:
        group.begun, group.carrier, group.told_at = alert.id, 0, self.now
        self._told_of(alert.subject_id).append(self.now)
        self._add(alert, key, Step.BEGIN, is_spread=is_spread, count=count)

    def _time_of(self, key: str, group: _Group) -> datetime | None:
        """Give when the group's next round may begin; None for now."""
        is_danger = key.startswith("danger:")
        every = min(self.grouping.every, DANGER_EVERY) if is_danger else self.grouping.every
        ready = group.told_at + every if group.told_at and group.told_at <= self.now + SLACK else None
        times = [one for one in (ready, None if is_danger else self.quiet_until) if one and one > self.now]
        return max(times, default=None)

    def _free_at(self, subject_id: str) -> datetime | None:
        """Give when one more may be told of a subject; None for now."""
        told = sorted(at for at in self._told_of(subject_id) if self.now - HOUR < at <= self.now + SLACK)
        over = len(told) - self.grouping.most_an_hour
        return told[over] + HOUR if over >= 0 else None

    def _is_spreading(self, key: str, group: _Group) -> bool:
        if not key.startswith("likely:") or not self.grouping.spread_from or self._is_snoozed(key):
            return False
        last = group.spread_at
        is_told = last is not None and self.now - self.grouping.every < last <= self.now + SLACK
        return group.recent >= self.grouping.spread_from and not is_told

    def _is_left(self, key: str) -> bool:
        if key.startswith("danger:"):
            return False
        return self.grouping.repeats_wait or self._is_snoozed(key) or self._is_acknowledged(key)

    def _is_acknowledged(self, key: str) -> bool:
        """Tell whether the person has seen this group, and nothing of a higher level was told of it since."""
        seen_at = self.book.acknowledged.get(key)
        if seen_at is None or seen_at > self.now + SLACK:
            return False
        above = self._group(higher(key)).told_at if higher(key) else None
        return not any(at is not None and at > seen_at for at in (self._group(key).spread_at, above))

    def _is_snoozed(self, key: str) -> bool:
        until = self.book.snoozed.get(key)
        return until is not None and self.now < until

    def _group(self, key: str) -> _Group:
        if key not in self._groups:
            state = self.book.groups.get(key, GroupState())
            self._groups[key] = _Group(state.carrier, 0, state.told_at, state.spread_at, state.recent)
        return self._groups[key]

    def _told_of(self, subject_id: str) -> list[datetime]:
        return self._told.setdefault(subject_id, list(self.book.told.get(subject_id, ())))

    def _add(
        self,
        alert: Alert,
        key: str,
        step: Step,
        *,
        into: int = 0,
        until: datetime | None = None,
        is_spread: bool = False,
        count: int = 1,
    ) -> None:
        self.turns.append(
            Turn(
                alert_id=alert.id,
                key=key,
                step=step,
                subject_id=alert.subject_id,
                into=into,
                until=until,
                is_spread=is_spread,
                count=count,
            )
        )
