"""Add, pause and take away sources and channels for the page; the person's own file is never touched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from pydantic import SecretStr

from monitor.bootstrap.added import PAUSED_CHANNELS, PAUSED_SOURCES, channel_states, pause
from monitor.bootstrap.app import App
from monitor.bootstrap.asking import offer_of, settings_of
from monitor.bootstrap.build import build_notifier
from monitor.bootstrap.entries import checked_source
from monitor.contract import Spends
from monitor.errors import ConfigError, InputError, MonitorError
from monitor.jobs import channels
from monitor.plugins import build
from monitor.ports import ChannelState, Offer, Spent
from monitor.settings import (
    Added,
    checked_hours,
    read_added,
    says_quiet_hours,
    write_added,
)

_MOST_CHANNELS = 20


class AddingDesk:
    """Implement `monitor.ports.Additions` on an opened installation."""

    def __init__(self, app: App) -> None:
        self._app = app

    def offers(self) -> tuple[Offer, ...]:
        """Give the connectors that sources can be added with, by title."""
        found = [offer_of(one.spec) for one in self._app.catalogue.connectors.values()]
        return tuple(sorted(found, key=lambda offer: offer.title.casefold()))

    def add_source(self, name: str, connector: str, every: str, given: Mapping[str, str]) -> None:
        """Add a source after it was checked as the file's are."""
        app = self._app
        known = app.catalogue.connectors.get(connector)
        if known is None:
            raise InputError(f"There is no connector {connector!r}.", try_="Choose one of the list.")
        if any(one.name == name for one in app.settings.source):
            raise InputError(f"There is a source {name!r} already.", try_="Take another name.")
        settings = settings_of(known.spec.settings, given)
        block = {"name": name, "connector": connector, "every": every, "settings": settings}
        made = checked_source(block)
        try:
            build(app.catalogue, made.connector, made.settings, made.name)
        except MonitorError as error:
            raise InputError("This source cannot be added like this.", why=error.why or error.what) from None
        self._write(self._added.model_copy(update={"source": (*self._added.source, made)}))

    def drop_source(self, name: str) -> None:
        """Take away a source that was added on the page; what it found stays."""
        left = tuple(one for one in self._added.source if one.name != name)
        if len(left) == len(self._added.source):
            raise InputError(
                f"{name} was not added on the page.", why="It stands in goodname.toml.", try_="Take it out there."
            )
        self._write(self._added.model_copy(update={"source": left}))
        pause(self._app.store, PAUSED_SOURCES, name, is_paused=False)

    def pause_source(self, name: str, *, is_paused: bool) -> None:
        """Stop reading a source, or go on where it stopped."""
        if name not in {one.name for one in self._app.settings.source}:
            raise InputError(f"There is no source {name!r}.")
        pause(self._app.store, PAUSED_SOURCES, name, is_paused=is_paused)
        self._app.sync_targets()

    async def spending(self) -> Mapping[str, Spent]:
        """Give what was counted for each source whose reading is counted, by name."""
        now, found = self._app.clock.now(), {}
        for name, source in sorted(self._app.sources.items()):
            connector = source.connector
            if isinstance(connector, Spends) and (told := await connector.spending(source.context(now))):
                found[name] = Spent(used=told.used, most=told.most, unit=told.unit, period=told.period)
        return found

    def channels(self) -> tuple[ChannelState, ...]:
        """Give every channel: one's own, then the helper's."""
        app, own = self._app, len(self._app.settings.alerts.urls)
        added = self._names(self._added.urls)
        return tuple(
            replace(one, is_helper=place >= own, is_added=one.name in added)
            for place, one in enumerate(channel_states(app.store, app.notifier))
        )

    def add_channel(self, url: str) -> str:
        """Add a channel by its Apprise address and give its name."""
        given = url.strip()
        try:
            name = next(iter(self._names((given,))), "")
        except ConfigError as error:
            why = "; ".join(error.faults)
            raise InputError("This channel cannot be added.", why=re.sub(r"^`[^`]*`:?\s*", "", why)) from None
        if not name or name in self._app.notifier.channels:
            raise InputError("This channel is there already." if name else "An address is missing.")
        if len(self._added.urls) >= _MOST_CHANNELS:
            raise InputError("This channel was not added.", why=f"There are {_MOST_CHANNELS} already.")
        self._write(self._added.model_copy(update={"urls": (*self._added.urls, given)}))
        return name

    def drop_channel(self, name: str) -> None:
        """Take away a channel that was added on the page."""
        left = tuple(url for url in self._added.urls if name not in self._names((url,)))
        if len(left) == len(self._added.urls):
            raise InputError(
                f"{name} was not added on the page.", why="It stands in goodname.toml.", try_="Take it out there."
            )
        known = {one.name: one for one in self.channels()}
        if name in known and len(known) > 1:
            self._keep_one(known[name], "taken away")
        self._write(self._added.model_copy(update={"urls": left}))
        pause(self._app.store, PAUSED_CHANNELS, name, is_paused=False)

    def pause_channel(self, name: str, *, is_paused: bool) -> None:
        """Send nothing on a channel for now, or send again; one channel always stays."""
        known = {one.name: one for one in self.channels()}
        if name not in known:
            raise InputError(f"There is no channel {name!r}.")
        if is_paused:
            self._keep_one(known[name], "paused")
        else:
            channels.enable(self._app.store, name, self._app.clock.now())
        pause(self._app.store, PAUSED_CHANNELS, name, is_paused=is_paused)

    def _keep_one(self, channel: ChannelState, done: str) -> None:
        """Make sure that somebody is still told; InputError otherwise."""
        others = [one for one in self.channels() if one.is_helper == channel.is_helper and one.name != channel.name]
        if all(one.is_paused or one.off_why for one in others):
            raise InputError(
                f"The last channel that is not paused cannot be {done}.",
                why="Nobody would be told any more, and nothing would remind you of it.",
                try_="Pause all messages for some days on the first page: that has an end.",
            )

    def quiet_hours(self) -> tuple[str, bool]:
        """Give the quiet hours, and whether the page may change them."""
        return self._app.settings.alerts.quiet_hours, not says_quiet_hours(self._app.file_settings)

    def set_quiet_hours(self, hours: str) -> None:
        """Change the quiet hours, unless the person's own file sets them."""
        if says_quiet_hours(self._app.file_settings):
            raise InputError(
                "The quiet hours stand in goodname.toml.", try_="Change `quiet_hours` under [alerts] there."
            )
        try:
            checked = checked_hours(hours.strip())
        except ValueError:
            raise InputError("These are no hours.", why=f"{hours!r} was typed.", try_="Write 21:00-08:00.") from None
        self._write(self._added.model_copy(update={"quiet_hours": checked}))

    @property
    def _added(self) -> Added:
        return read_added(self._app.settings.data_dir)

    def _write(self, added: Added) -> None:
        write_added(self._app.settings.data_dir, added)
        self._app.sync_targets()

    def _names(self, urls: tuple[str, ...]) -> tuple[str, ...]:
        """Name channels without contacting them; ConfigError for an address that is none."""
        if not urls:
            return ()
        settings = self._app.file_settings
        alone = settings.alerts.model_copy(update={"urls": tuple(SecretStr(url) for url in urls), "helper_urls": ()})
        only = settings.model_copy(update={"alerts": alone})
        return build_notifier(only, self._app.client, self._app.clock).channels
