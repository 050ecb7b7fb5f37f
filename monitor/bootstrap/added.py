"""Take up what the page added, and know what is paused; both hold in every process that works on the data."""

from __future__ import annotations

import json
from typing import Protocol

from monitor.bootstrap.build import build_manner, build_notifier, build_sources
from monitor.bootstrap.ledger import StoreLedger
from monitor.domain import ChannelTag
from monitor.errors import InputError, MonitorError
from monitor.http import HttpClient
from monitor.jobs import channels
from monitor.jobs.channels import SwitchedOff
from monitor.jobs.poll import Source
from monitor.jobs.sift import Sieve
from monitor.jobs.telling import Manner
from monitor.notify import AppriseNotifier
from monitor.ports import ChannelState, Clock, Store
from monitor.settings import Settings, added_mark, read_added, with_added

PAUSED_SOURCES = "sources.paused"
PAUSED_CHANNELS = "channels.paused"


class Opened(Protocol):
    """Hold the parts of an opened installation that the page's additions change."""

    client: HttpClient
    clock: Clock
    store: Store
    file_settings: Settings
    settings: Settings
    added_mark: tuple[int, int, int]
    sieve: Sieve
    sources: dict[str, Source]
    broken_sources: dict[str, MonitorError]
    notifier: AppriseNotifier


def paused_sources(store: Store) -> frozenset[str]:
    """Give the sources that a person paused."""
    return frozenset(json.loads(store.setting(PAUSED_SOURCES) or "[]"))


def paused_channels(store: Store) -> frozenset[str]:
    """Give the channels that a person paused."""
    return frozenset(json.loads(store.setting(PAUSED_CHANNELS) or "[]"))


def manner_of(app: Opened) -> Manner:
    """Say whose channels are whose, without paused ones, and which are switched off."""
    off = frozenset(channels.switched_off(app.store))
    return build_manner(app.settings, app.notifier.channels, paused_channels(app.store), off, app.notifier.tags)


def channel_states(store: Store, notifier: AppriseNotifier) -> tuple[ChannelState, ...]:
    """Say of each channel what it takes, whether it is paused, switched off and why, what it missed, if it refuses."""
    paused, off = paused_channels(store), channels.switched_off(store)
    return tuple(
        ChannelState(
            name=name,
            is_paused=name in paused,
            off_why=(off[name].why or "It refused.") if name in off else "",
            off_since=off[name].since if name in off else None,
            missed=len(channels.missed_on(store, name, off[name].since)) if name in off else 0,
            is_refusing=name not in off and name not in paused and channels.is_refusing(store, name),
            takes=tuple(tag.value for tag in ChannelTag if tag in notifier.tags.get(name, ())),
        )
        for name in notifier.channels
    )


def pause(store: Store, key: str, name: str, *, is_paused: bool) -> None:
    """Note that a source or a channel is paused, or no longer; idempotent."""
    before = frozenset(json.loads(store.setting(key) or "[]"))
    store.set_setting(key, json.dumps(sorted(before | {name} if is_paused else before - {name})))


def put_back(app: Opened, name: str) -> SwitchedOff | None:
    """Send on a channel again that was switched off or paused; gives why and since when it was off.

    InputError for an unknown channel. Idempotent.
    """
    if name not in app.notifier.channels:
        raise InputError(
            f"There is no channel {name!r}.",
            why=f"There are: {', '.join(app.notifier.channels) or 'none'}.",
            try_="Run `goodname status` for the names.",
        )
    was = channels.enable(app.store, name, app.clock.now())
    pause(app.store, PAUSED_CHANNELS, name, is_paused=False)
    return was


def take_up(app: Opened) -> None:
    """Bring an opened installation in line with what the page added or took away; sources that stay are kept as is.

    ConfigError when that cannot be read or used; then everything is as before.
    """
    mark = added_mark(app.settings.data_dir)
    if mark == app.added_mark:
        return
    settings = with_added(app.file_settings, read_added(app.settings.data_dir))
    before = {one.name: one for one in app.settings.source}
    changed = tuple(one for one in settings.source if before.get(one.name) != one)
    fresh = settings.model_copy(update={"source": changed})
    made, broken = build_sources(fresh, app.client, StoreLedger(app.store), app.sieve)
    notifier = build_notifier(settings, app.client, app.clock)
    stays = {one.name for one in settings.source} - {one.name for one in changed}
    app.sources = {**{name: one for name, one in app.sources.items() if name in stays}, **made}
    app.broken_sources = {**{name: one for name, one in app.broken_sources.items() if name in stays}, **broken}
    app.settings, app.notifier, app.added_mark = settings, notifier, mark
