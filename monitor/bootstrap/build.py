"""Make each part from the settings; the only module that knows which adapter stands behind a port."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from monitor import __version__
from monitor.contract import Access, Context, Ledger
from monitor.domain import CaptureRequest, ChannelTag, Observed, Statement, Subject
from monitor.errors import ConfigError, MonitorError, try_of, why_of
from monitor.evidence import FilmKeeper, PlainCapturer, find_chromium
from monitor.http import HttpClient
from monitor.jobs.digest import Timetable
from monitor.jobs.grouping import Grouping
from monitor.jobs.heartbeat import Heartbeat
from monitor.jobs.listen import Listener, Listeners, is_stream
from monitor.jobs.poll import Source
from monitor.jobs.poll_ends import PollEnds
from monitor.jobs.sift import Sieve
from monitor.jobs.signed_links import links_of, signing_key
from monitor.jobs.telling import Manner, Quiet
from monitor.notify import AppriseNotifier, WordRenderer
from monitor.plugins import build, load_connectors
from monitor.ports import Capturer, Clock, SharedTurns, Staging, Store
from monitor.settings import WEEKDAYS, Settings, load_watchlist
from monitor.store import open_store

BY_HAND = "by-hand"


def build_http(settings: Settings, clock: Clock, shared: SharedTurns | None = None) -> HttpClient:
    """Make the one outbound client; it opens nothing before the first request.

    With `shared`, each host's patience is shared with the other machines that do the same work.
    """
    contact = f" (+{settings.network.contact})" if settings.network.contact else ""
    agent = f"goodname/{__version__}{contact}"
    return HttpClient(clock=clock, allow=frozenset(settings.network.allow), user_agent=agent, shared=shared)


def store_url(settings: Settings) -> str:
    """Give the address of the database: the one that is configured, else a file among the data."""
    return settings.store.url.get_secret_value() or f"sqlite:///{settings.data_dir / 'goodname.db'}"


def database_file(settings: Settings) -> Path | None:
    """Give the file the database lies in; None when a server holds it."""
    scheme, _, path = store_url(settings).partition(":///")
    return Path(path) if scheme == "sqlite" else None


def build_store(settings: Settings, clock: Clock) -> Store:
    """Open the database and bring it up to date; StoreError when it cannot be used.

    A database file makes the folder for data; beside a database server it is made here. ConfigError when it cannot be.
    """
    if database_file(settings) is None:
        _make_data_folder(settings.data_dir)
    return open_store(store_url(settings), clock=clock)


def _make_data_folder(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The data folder {path} cannot be made.",
            why=why_of(error),
            try_=try_of(error, "Make it yourself, for the user who runs this program, or name another `data_dir`."),
        ) from error


def build_notifier(settings: Settings, client: HttpClient, clock: Clock) -> AppriseNotifier:
    """Make the channels; ConfigError names a URL that is none."""
    wanted = settings.alerts
    urls = tuple(url.get_secret_value() for url in (*wanted.urls, *wanted.helper_urls))
    return AppriseNotifier(urls, clock=clock, http=client.for_source("webhook", obey_robots=False))


def build_manner(
    settings: Settings,
    channels: tuple[str, ...],
    paused: frozenset[str] = frozenset(),
    off: frozenset[str] = frozenset(),
    tags: Mapping[str, frozenset[ChannelTag]] | None = None,
) -> Manner:
    """Say whose channels are whose, in the order of their URLs, without paused ones, and what is told when.

    `off` are those that are switched off because they refuse; `tags` say what a channel takes.
    """
    own = len(settings.alerts.urls)
    hours = settings.alerts.quiet
    quiet = Quiet(starts=hours[0], ends=hours[1], timezone=settings.digest.timezone) if hours else None
    # Where only paused ones are left, as after a change of the file, a pause must not make it silent for ever.
    mine, others = (
        tuple(one for one in some if one not in paused) or some for some in (channels[:own], channels[own:])
    )
    # The same goes for a side of which all are switched off: its channels are tried, and refuse again.
    silent = {one for side in (mine, others) if not off.issuperset(side) for one in side if one in off}
    return Manner(
        owner=mine,
        helper=others,
        off=frozenset(silent),
        tags=tags or {},
        quiet=quiet,
        grouping=_grouping(settings),
        escalate_after=settings.alerts.escalate_after,
    )


def _grouping(settings: Settings) -> Grouping | None:
    wanted = settings.alerts
    if not wanted.group_every:
        return None
    return Grouping(
        every=wanted.group_every,
        most_an_hour=wanted.most_an_hour,
        spread_from=wanted.spread_from,
        repeats_wait=wanted.repeats_wait,
    )


def build_timetables(settings: Settings) -> tuple[Timetable, Timetable]:
    """Say when the daily and the weekly summary come, and for whom."""
    wanted = settings.digest

    def timetable(name: str, weekday: int | None) -> Timetable:
        serves_all = wanted.every in (name, "both")
        others = frozenset(who for who, every in wanted.clients.items() if (every in (name, "both")) != serves_all)
        return Timetable(
            at=wanted.at, timezone=wanted.timezone, weekday=weekday, serves_all=serves_all, exceptions=others
        )

    return timetable("day", None), timetable("week", WEEKDAYS.index(wanted.weekday))


def build_heartbeat(settings: Settings, client: HttpClient, clock: Clock) -> Heartbeat:
    """Make what calls the dead man's switch; it does nothing when none is configured."""
    http = client.for_source("heartbeat", obey_robots=False)
    wanted = settings.heartbeat
    return Heartbeat(http, wanted.url.get_secret_value(), clock, wanted.every.total_seconds())


def build_renderer(settings: Settings, store: Store | None = None) -> WordRenderer:
    """Make the one that puts alerts into words; with a store and an https address, with links to answer them."""
    address = settings.web.address
    return WordRenderer(
        veil=not settings.alerts.show_words,
        timezone=settings.digest.timezone,
        language=settings.alerts.language,
        base_url=address,
        links=partial(links_of, signing_key(store), address) if store and address else None,
    )


def build_sources(
    settings: Settings, client: HttpClient, ledger: Ledger, sieve: Sieve | None = None
) -> tuple[dict[str, Source], dict[str, MonitorError]]:
    """Make every configured source, and say of those that cannot be made why; one never stops another.

    Only the connectors that are configured are loaded. The sieve is put before the store for those that stream: they
    send far more than anybody watches for.
    """
    catalogue = load_connectors(names={entry.connector for entry in settings.source})
    sources: dict[str, Source] = {}
    broken: dict[str, MonitorError] = {}
    for entry in settings.source:
        try:
            connector = build(catalogue, entry.connector, entry.settings, entry.name)
        except MonitorError as error:
            broken[entry.name] = error
            continue
        http = client.for_source(entry.name, obey_robots=connector.spec.access is Access.PAGE)
        sources[entry.name] = Source(
            name=entry.name,
            connector_name=entry.connector,
            connector=connector,
            every=entry.every,
            context=lambda now, name=entry.name, http=http: Context(source=name, http=http, now=now, ledger=ledger),  # type: ignore[misc]  # bound per turn of the loop
            sift=partial(sieve.sift, entry.name) if sieve and is_stream(connector) else None,
        )
    return sources, broken


class Listening(Protocol):
    """Hold what streams need of an opened installation; its sources may be replaced at any time."""

    store: Store
    clock: Clock
    sources: dict[str, Source]


def build_listeners(app: Listening, ends: PollEnds) -> Listeners:
    """Make what runs the streams among the sources."""
    return Listeners(
        lambda name: app.sources.get(name),  # noqa: PLW0108  # the sources are replaced when the page adds one
        lambda source, target: Listener(app.store, source, target, app.clock, ends),
    )


def read_watchlist(settings: Settings) -> tuple[tuple[Subject, ...], tuple[Statement, ...]]:
    """Read the watch list file, if one is named; ConfigError names every fault."""
    if settings.watchlist.file is None:
        return (), ()
    watchlist = load_watchlist(settings.watchlist.file)
    return watchlist.subjects(), watchlist.statements()


@dataclass(frozen=True, kw_only=True, slots=True)
class CaptureMode:
    """Say how pages are kept: the browser that was found, or why none is used."""

    chromium: Path | None
    why_not: str = ""

    def __str__(self) -> str:
        return f"Chromium at {self.chromium}" if self.chromium else f"no browser: {self.why_not}"


def capture_mode(settings: Settings) -> CaptureMode:
    """Find the browser that pictures are taken with."""
    wanted = settings.capture.browser
    if wanted == "off":
        return CaptureMode(chromium=None, why_not="it is switched off under [capture] browser")
    found = find_chromium(wanted)
    if found:
        return CaptureMode(chromium=found)
    return CaptureMode(chromium=None, why_not="install Chromium (Debian: apt-get install chromium fonts-noto)")


class LazyCapturer:
    """Start the browser behind its guarded proxies with the first capture, so that an idle service stays small."""

    def __init__(self, settings: Settings, client: HttpClient, clock: Clock) -> None:
        self._settings, self._client, self._clock = settings, client, clock
        self._capturer: Capturer | None = None

    async def capture(self, request: CaptureRequest, staging: Staging) -> Observed:
        """Keep a page as the chosen capturer does."""
        if self._capturer is None:
            self._capturer = self._choose()
        return await self._capturer.capture(request, staging)

    async def close(self) -> None:
        """End the browser, if one runs; idempotent."""
        if self._capturer:
            await self._capturer.close()
            self._capturer = None

    def _choose(self) -> Capturer:
        http = self._client.for_source(BY_HAND, obey_robots=False)
        mode = capture_mode(self._settings)
        if mode.chromium is None:
            return PlainCapturer(http=http, clock=self._clock, reason=mode.why_not)
        from monitor.evidence import BrowserCapturer  # noqa: PLC0415 - needs an optional extra
        from monitor.http.proxy import GuardedProxy  # noqa: PLC0415 # only a browser goes through one

        return BrowserCapturer(
            http=http,
            clock=self._clock,
            chromium=mode.chromium,
            proxy=lambda: GuardedProxy(self._client.guard),
            max_seconds=self._settings.capture.timeout.total_seconds(),
            films=self._films(),
        )

    def _films(self) -> FilmKeeper | None:
        most = self._settings.capture.films_mb << 20
        if not most:
            return None
        from monitor.http.proxy import GuardedProxy, ProxyLimits  # noqa: PLC0415 # few runs fetch films

        limits = ProxyLimits(max_bytes=most + (8 << 20))
        return FilmKeeper(lambda: GuardedProxy(self._client.guard, limits=limits), max_bytes=most)


def known_subject(subjects: Mapping[str, Subject], subject_id: str) -> Subject:
    """Give a subject by its id; ConfigError names the known ones."""
    if subject_id in subjects:
        return subjects[subject_id]
    raise ConfigError(
        f"There is no subject {subject_id!r}.",
        why=f"known: {', '.join(sorted(subjects)) or 'none'}",
        try_="Run `goodname person list`.",
    )
