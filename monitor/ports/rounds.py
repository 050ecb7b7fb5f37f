"""What grouping alerts needs to know and to have written down: rounds, groups, and what becomes of each alert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Step(StrEnum):
    """Say what becomes of an alert that is due.

    begin: it is told now, with everything that was folded into it. wait: it carries a later round, which takes in
    others until then. fold: it is told by the alert that carries its round. leave: the next summary tells it.
    hurry: a waiting carrier is told at once after all.
    """

    BEGIN = "begin"
    WAIT = "wait"
    FOLD = "fold"
    LEAVE = "leave"
    HURRY = "hurry"


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """Say what becomes of one alert; `into` is the carrier of a folded one, `until` the time of a waiting one."""

    alert_id: int
    key: str
    step: Step
    subject_id: str = ""
    into: int = 0
    until: datetime | None = None
    is_spread: bool = False
    count: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupState:
    """Hold what is known of one group of alerts.

    `carrier` is the alert that carries the round which still takes in others (0: none), `recent` counts the group's
    alerts of the last hour, `told_at` and `spread_at` say when a round, and one about quick spread, last began.
    """

    carrier: int = 0
    told_at: datetime | None = None
    spread_at: datetime | None = None
    recent: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """Hold the round of an alert that was decided about before; `begun_at` is None while it takes in others."""

    key: str
    begun_at: datetime | None = None
    is_spread: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """Hold what is known when due alerts are decided about; `told` are moments of the last hour by subject."""

    rounds: Mapping[int, Begun] = field(default_factory=dict)
    groups: Mapping[str, GroupState] = field(default_factory=dict)
    told: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)
    snoozed: Mapping[str, datetime] = field(default_factory=dict)
    acknowledged: Mapping[str, datetime] = field(default_factory=dict)


def higher(key: str) -> str:
    """Name the group of the next higher level about the same statement; an empty string where there is none."""
    kind, _, about = key.partition(":")
    return f"likely:{about}" if kind == "other" and not about.endswith("/") else ""


class RoundStore(Protocol):
    """Keep which alerts are told together. Every call is one transaction."""

    def rounds(self, keys: Mapping[int, str], subjects: Sequence[str], now: datetime) -> Book:
        """Give what is known of these alerts (their groups by id) and subjects."""
        ...

    def take_turns(self, turns: Sequence[Turn], now: datetime) -> Mapping[int, Mapping[str, object]]:
        """Write down what becomes of alerts; gives the payloads of those that are to be told now.

        An alert is never folded into a round that has begun or is over: it is given back and decided about again.
        What a round says (`count`, `hours`) is fixed when it begins, so that every try and channel says the same.
        """
        ...

    def folded_into(self, alert_id: int) -> tuple[int, ...]:
        """Give the ids of the alerts that this one tells of beside its own."""
        ...

    def snooze(self, key: str, until: datetime) -> None:
        """Leave a group of alerts to the summary until then."""
        ...

    def acknowledge(self, keys: Sequence[str], at: datetime) -> None:
        """Note that a person has seen what these groups of alerts told."""
        ...

    def take_back(self, keys: Sequence[str]) -> bool:
        """Forget that these groups were acknowledged; False when none was."""
        ...

    def spend_link(self, link_sha256: str, expires_at: datetime, now: datetime) -> bool:
        """Note that a link was used, and forget those that are over; False when it was used before."""
        ...

    def is_spent(self, link_sha256: str) -> bool:
        """Tell whether a link was used."""
        ...

    def groups_of(self, mention_id: int) -> tuple[str, ...]:
        """Give the groups of a mention's alerts that something was decided about."""
        ...
