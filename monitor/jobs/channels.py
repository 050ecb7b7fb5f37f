"""Switch off a channel that refuses for good, and put it back; what it misses meanwhile stands in the outbox."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from monitor.domain import Alert, AlertKind, Delivery, DeliveryOutcome
from monitor.ports import OnceStore

REFUSALS = 3
"""So many refusals in a row, with nothing taken in between, switch a channel off."""

REFUSED_FOR = timedelta(minutes=10)
"""The first and the last of them lie at least this far apart, so that a short mishap does not do it."""

_LOOKED_AT = 50
_OFF = "channels.off"
_ENABLED = "channels.enabled"


class ChannelStore(OnceStore, Protocol):
    """Keep what this needs."""

    def deliveries(self, *, alert_id: int = 0, channel: str = "", limit: int = 100) -> tuple[Delivery, ...]:
        """Give attempts, newest first."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchedOff:
    """Say why a channel is off (no secret in it), and since when (UTC)."""

    why: str
    since: datetime


def refuses_for_good(tries: Sequence[Delivery]) -> bool:
    """Decide, from the tries on one channel with the newest first, whether it refuses for good.

    What was not tried because the channel was off says nothing. Any other outcome ends the row.
    """
    row: list[Delivery] = []
    for one in tries:
        if one.outcome is DeliveryOutcome.MISSED:
            continue
        if one.outcome is not DeliveryOutcome.REFUSED:
            break
        row.append(one)
    return len(row) >= REFUSALS and row[0].delivered_at - row[-1].delivered_at >= REFUSED_FOR


def is_refusing(store: ChannelStore, channel: str) -> bool:
    """Tell whether a channel refuses for good as far as is known since it was last put back."""
    put_back = json.loads(store.setting(_ENABLED) or "{}").get(channel)
    since = datetime.fromisoformat(put_back) if put_back else None
    tries = store.deliveries(channel=channel, limit=_LOOKED_AT)
    return refuses_for_good([one for one in tries if since is None or one.delivered_at > since])


def switched_off(store: ChannelStore) -> dict[str, SwitchedOff]:
    """Give the channels that are switched off, by name; also those that are no longer configured."""
    kept = json.loads(store.setting(_OFF) or "{}")
    return {
        name: SwitchedOff(why=one["why"], since=datetime.fromisoformat(one["since"]))
        for name, one in sorted(kept.items())
    }


def review(
    store: ChannelStore, refused: Iterable[str], sides: Sequence[Sequence[str]], now: datetime
) -> frozenset[str]:
    """Switch off those of the channels that just refused which do so for good, and tell it on the others.

    `sides` are the owner's and the helper's channels that are not paused. The last one of a side stays on: nobody
    would be told any more. Idempotent: a channel is switched off, and told of, once until somebody puts it back.
    Gives those that are now off.
    """
    done = set()
    for channel in refused:
        off = switched_off(store)
        if channel in off or not is_refusing(store, channel):
            continue
        side = next((side for side in sides if channel in side), ())
        if not any(one != channel and one not in off for one in side):
            continue
        error = next((one.error for one in store.deliveries(channel=channel, limit=1)), "")
        # The notice first: a crash between the two tells it, and the next refusal switches off.
        store.enqueue(_notice(channel, error, now))
        _keep(store, off | {channel: SwitchedOff(why=error, since=now)})
        done.add(channel)
    return frozenset(done)


def enable(store: ChannelStore, channel: str, now: datetime) -> SwitchedOff | None:
    """Put a channel back; gives why and since when it was off, None when it was not. Idempotent."""
    off = switched_off(store)
    was = off.pop(channel, None)
    put_back = json.loads(store.setting(_ENABLED) or "{}")
    store.set_setting(_ENABLED, json.dumps(put_back | {channel: now.isoformat()}, sort_keys=True))
    if was:
        _keep(store, off)
    return was


def missed_on(store: ChannelStore, channel: str, since: datetime) -> tuple[int, ...]:
    """Give the numbers of the alerts that this channel missed since then while it was off, oldest first."""
    tries = store.deliveries(channel=channel, limit=10_000)
    return tuple(
        sorted({one.alert_id for one in tries if one.outcome is DeliveryOutcome.MISSED and one.delivered_at >= since})
    )


def _notice(channel: str, why: str, now: datetime) -> Alert:
    return Alert(
        kind=AlertKind.CHANNEL_FAILING,
        dedupe_key=f"channel_failing:{channel}:off:{now.isoformat()}",
        created_at=now,
        payload={"channel": channel, "why": why, "switched_off": True},
    )


def _keep(store: ChannelStore, off: dict[str, SwitchedOff]) -> None:
    told = {name: {"why": one.why, "since": one.since.isoformat()} for name, one in off.items()}
    store.set_setting(_OFF, json.dumps(told, sort_keys=True))
