"""Watch over the watch: tell once when nobody could look at a source, and once when it is read again."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from monitor.domain import Alert, AlertKind, Coverage, SourceHealth
from monitor.ports import Clock, OnceStore

PATIENCE = 3
"""No good check for three intervals is told."""

SHORTEST = timedelta(minutes=5)
"""A source that is read every few seconds gets this long before its silence alone is told; failures count at once."""

LONG_HOURS = 24
"""A source that nobody could look at for so long is told a second time, in quiet hours too."""

_TOLD = "silence.told"
_STEP_S = 300.0
_STEPS_OF_AN_HOUR = 12


class SilenceStore(OnceStore, Protocol):
    """Keep what this job needs."""

    def health(self) -> tuple[SourceHealth, ...]:
        """Sum up every source that has targets, by name."""
        ...


@dataclass(frozen=True, slots=True)
class _Seen:
    last_good_at: datetime | None
    at: float


class Vigil:
    """Remember on the monotonic clock when a good check of each source was last noticed.

    The wall clock alone cannot tell: it is turned, and it goes on while the machine sleeps and nobody could look.
    """

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._counted: dict[str, float] = {}

    def unlooked_s(self, source: str, last_good_at: datetime | None, monotonic: float) -> float:
        """Give for how many seconds of this process's life no new good check was noticed."""
        seen = self._seen.get(source)
        if seen is None or seen.last_good_at != last_good_at:
            seen = self._seen[source] = _Seen(last_good_at, monotonic)
        return monotonic - seen.at

    def steps_passed(self, source: str, monotonic: float) -> int:
        """Give the whole five minutes since this was last asked of a silent source, and count on from there."""
        since = self._counted.setdefault(source, monotonic)
        steps = int((monotonic - since) // _STEP_S)
        self._counted[source] = since + steps * _STEP_S
        return steps

    def forget_steps(self, silent: Collection[str]) -> None:
        """Count from the start for sources that are no longer silent."""
        self._counted = {source: at for source, at in self._counted.items() if source in silent}


def is_silent(failures: int, unlooked_s: float, every: timedelta) -> bool:
    """Decide whether a source's silence must be told: three failures in a row, or no good check for three intervals."""
    return failures >= PATIENCE or unlooked_s > max(PATIENCE * every, SHORTEST).total_seconds()


def run(store: SilenceStore, vigil: Vigil, clock: Clock, unread: Sequence[Coverage] = ()) -> tuple[Alert, ...]:
    """Tell of sources that went silent, stay so for a day, or came back; gives what was put into the outbox.

    `unread` are sources that could not be set up: nobody looks at them either. Idempotent: what was told is kept, and
    each silence has a key of its own. A source that is no longer configured is forgotten.
    """
    kept = store.setting(_TOLD)
    told: dict[str, dict[str, str]] = json.loads(kept) if kept else {}
    silent: dict[str, Alert] = {}
    known: set[str] = set()
    now, monotonic = clock.now(), clock.monotonic()
    for one in store.health():
        known.add(one.source)
        if is_silent(one.failures, vigil.unlooked_s(one.source, one.last_good_at, monotonic), one.every):
            silent[one.source] = _failing(one, now)
    for gap in unread:
        known.add(gap.source)
        silent[gap.source] = _unusable(gap, now)
    new = [alert for source, alert in silent.items() if source not in told]
    back = [_back(source, told[source], now) for source in known if source in told and source not in silent]
    still = {source: _aged(told[source], vigil.steps_passed(source, monotonic)) for source in silent if source in told}
    vigil.forget_steps(silent)
    long = [
        _long(silent[source], one["key"], now)
        for source, one in still.items()
        if _hours(one) >= LONG_HOURS > _hours(told[source])
    ]
    added = {str(alert.payload["source"]): {"at": now.isoformat(), "key": alert.dedupe_key} for alert in new}
    for alert in (*new, *long, *back):
        store.enqueue(alert)
    _keep(store, kept, still | added)
    return (*new, *long, *back)


def _keep(store: SilenceStore, kept: str, told: Mapping[str, Mapping[str, str]]) -> None:
    text = json.dumps(told, sort_keys=True) if told else ""
    if text != kept:
        store.set_setting(_TOLD, text)


def _failing(health: SourceHealth, now: datetime) -> Alert:
    """Make the alert; its key names the last good check, so that one silence is told once whatever crashes."""
    since = health.last_good_at.isoformat() if health.last_good_at else ""
    error = health.last_error if health.failures else "nothing has looked at it, although it was due"
    payload = {"source": health.source, "failures": health.failures, "error": error, "state": health.state.value}
    if since:
        payload["since"] = since
    key = f"source_failing:{health.source}:{since or 'never'}"
    return Alert(kind=AlertKind.SOURCE_FAILING, dedupe_key=key, created_at=now, payload=payload)


def _aged(told: Mapping[str, str], steps: int) -> dict[str, str]:
    """Add to how long a source is silent, by a clock that nobody turns; a restart loses five minutes at most."""
    return {**told, "steps": str(int(told.get("steps", 0)) + steps)} if steps else dict(told)


def _hours(told: Mapping[str, str]) -> float:
    return int(told.get("steps", 0)) / _STEPS_OF_AN_HOUR


def _long(failing: Alert, key: str, now: datetime) -> Alert:
    """Tell a silence once more after a day of it, at any hour: what nobody sees for so long, nobody is safe from."""
    payload = {**failing.payload, "at_once": True, "hours": LONG_HOURS}
    return replace(failing, dedupe_key=f"{key}:day", created_at=now, payload=payload)


def _unusable(gap: Coverage, now: datetime) -> Alert:
    payload = {"source": gap.source, "failures": 0, "error": gap.why, "state": gap.state.value}
    key = f"source_failing:{gap.source}:unusable:{now:%Y%m%dT%H%M%S}"
    return Alert(kind=AlertKind.SOURCE_FAILING, dedupe_key=key, created_at=now, payload=payload)


def _back(source: str, told: Mapping[str, str], now: datetime) -> Alert:
    payload = {"source": source, "since": told["at"], "until": now.isoformat()}
    key = f"source_back:{told['key']}"
    return Alert(kind=AlertKind.SOURCE_BACK, dedupe_key=key, created_at=now, payload=payload)
