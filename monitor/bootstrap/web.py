"""Put the web page together: what it may ask of an opened installation, and what it shows to other programs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from monitor import __version__
from monitor.bootstrap.added import paused_sources
from monitor.bootstrap.adding import AddingDesk
from monitor.bootstrap.app import App
from monitor.bootstrap.entries import (
    checked_statement,
    checked_subject,
    free_id,
    rechecked_statement,
    refuse_if_from_file,
)
from monitor.domain import (
    AlertStatus,
    HealthState,
    Hit,
    InvitationKind,
    Level,
    Message,
    Role,
    SourceHealth,
    Statement,
    Subject,
)
from monitor.domain.account import EVERY_CLIENT
from monitor.errors import ConfigError, InputError, StoreError
from monitor.ports import LATENESS_OF, Additions, Operations, ReviewFilter, SourceState, SourceTrial, Store
from monitor.web import Feeds, Figures, Probe, Site, SourceProbe, WebServer, dashboard, new_link
from monitor.web.dates import DueDay

_OPEN_ALERTS = (AlertStatus.PENDING, AlertStatus.GIVEN_UP)
_WELL = (HealthState.OK, HealthState.QUIET, HealthState.UNCHECKED)
_MOST_COUNTED = 10_000

Queue = Callable[[], Mapping[str, Mapping[str, int]]]


class WebDesk:
    """Do for the web page what the commands do for the terminal."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._additions = AddingDesk(app)

    @property
    def additions(self) -> Additions:
        """Give what adds, pauses and takes away."""
        return self._additions

    @property
    def timezone(self) -> str:
        """Give the time zone of the summaries."""
        return self._app.settings.digest.timezone

    def sources(self) -> tuple[SourceState, ...]:
        """Give every configured source, by name, those that cannot be set up too."""
        health = {one.source: one for one in self._app.store.health()}
        configured = {one.name: one.connector for one in self._app.settings.source}
        own = {one.name for one in self._app.file_settings.source}
        paused = paused_sources(self._app.store)
        found = [self._state(name, configured[name], health.get(name)) for name in sorted(configured)]
        return tuple(replace(one, is_paused=one.name in paused, is_added=one.name not in own) for one in found)

    def _state(self, name: str, connector: str, health: SourceHealth | None) -> SourceState:
        broken = self._app.broken_sources.get(name)
        known = self._app.catalogue.connectors.get(connector)
        return SourceState(
            name=name,
            connector=connector,
            state=health.state if health else HealthState.UNCHECKED,
            is_usable=broken is None,
            every=health.every if health else None,
            last_good_at=health.last_good_at if health else None,
            next_due_at=health.next_due_at if health else None,
            items=health.items if health else 0,
            why=str(broken) if broken else health.last_error if health else "",
            cost=known.spec.cost if known else "",
        )

    @property
    def has_helper(self) -> bool:
        """Tell whether there is a helper's channel to hand over to."""
        return bool(self._app.manner.helper)

    async def try_channels(self, hit: Hit | None) -> tuple[tuple[str, str], ...]:
        """Send a test message, or an alert about this hit, on every channel; gives each channel's error or ""."""
        return tuple((channel, str(error or "")) for channel, error in await self._app.messages.send_test(hit))

    def summary(self, client_id: str) -> Message:
        """Put a client's summary since the last one into words."""
        return self._app.messages.digest_message(self._app.messages.digest(client_id))

    def new_subject(self, given: Mapping[str, object]) -> Subject:
        """Make a new subject of typed fields, with an id and today's attestation."""
        taken = [one.id for one in self._app.store.subjects(active_only=False)]
        asked = given.get("attestation")
        attestation = {**asked, "on": self._app.clock.now().date()} if isinstance(asked, dict) else asked
        fresh = {"id": free_id(str(given.get("name", "")), taken, "subject"), "attestation": attestation}
        return checked_subject({**given, **fresh})

    def check_subject(self, changed: Subject) -> Subject:
        """Check a changed subject by the rules of the watch list."""
        if changed.attestation is None:
            raise InputError(
                f"{changed.name} was not changed: it is not said who asks for this watch.",
                try_="Say it on the same page, with your own name.",
            )
        given = asdict(changed)
        is_active = given.pop("is_active")
        return replace(checked_subject(given), is_active=is_active)

    def check_statement(self, subject_id: str, text: str, known: Statement | None) -> Statement:
        """Make a statement of a sentence, or a known one with one more wording."""
        if known:
            return rechecked_statement(replace(known, paraphrases=(*known.paraphrases, text)))
        taken = [one.id for one in self._app.store.statements(subject_id, active_only=False)]
        return checked_statement(subject_id, {"id": free_id(text, taken, "statement"), "text": text})

    def save_subject(self, subject: Subject) -> int:
        """Keep a subject, bring what is polled in line, and have what is stored judged again."""
        refuse_if_from_file(self._app.settings, subject.id)
        self._app.store.save_subject(subject)
        self._app.sync_targets()
        return self._app.judge_again()

    def save_statement(self, statement: Statement) -> int:
        """Keep a statement and have what is stored judged again."""
        refuse_if_from_file(self._app.settings, statement.subject_id, statement.id)
        self._app.store.save_statement(statement)
        return self._app.judge_again()

    async def read_url(self, url: str) -> tuple[str, str]:
        """Fetch a page through the guarded client and give its title and visible text."""
        return await self._app.read_url(url)

    async def try_source(self, name: str) -> SourceTrial:
        """Try one source's credentials and a cheap call."""
        try:
            found = await self._app.test_source(name)
        except ConfigError as error:
            return SourceTrial(is_good=False, what=error.what, why=error.why, try_=error.try_)
        return SourceTrial(is_good=found.state is HealthState.OK, what=found.what, why=found.why, try_=found.try_)

    async def export(self, out: Path, *, mention_id: int, actor: str, about: frozenset[str] | None = None) -> object:
        """Write everything kept of one mention to a ZIP that anybody can check, speaking of these people alone."""
        return await self._app.evidence.export(out, mention_id=mention_id, about=about, actor=actor)

    async def export_client(self, out: Path, *, client_id: str, actor: str) -> object:
        """Write everything kept for one client, and nothing else, to a ZIP that anybody can check."""
        return await self._app.evidence.export(out, client_id=client_id, actor=actor)

    async def export_case(self, out: Path, *, case_id: int, actor: str) -> object:
        """Write what is kept of a case's mentions to a ZIP, with the packet for counsel in it."""
        desk = replace(self._app.cases, actor=actor)
        return await self._app.evidence.export_case(case_id, lambda: desk.make_packet(case_id).body, out, actor=actor)


def web_server(app: App, probe: Callable[[], Probe], queue: Queue = dict) -> WebServer | None:
    """Make the server of the pages, with the counts of shared jobs; None when it is switched off."""
    bind = app.settings.web.bind
    site = replace(site_of(app), queue=queue)
    return None if bind == "off" else WebServer(dashboard(site, probe, _feeds(app, probe)), bind)


def site_of(app: App) -> Site:
    """Hand the pages what they need of an opened installation."""
    web = app.settings.web
    operations: Operations = WebDesk(app)
    return Site(
        store=app.store,
        vault=app.vault,
        clock=app.clock,
        operations=operations,
        previewer=app.previewer(),
        cases=app.cases,
        scratch=app.settings.data_dir,
        hosts=(web.bind.rpartition(":")[0].strip("[]"), *web.hosts),
        address=web.address,
    )


def _feeds(app: App, probe: Callable[[], Probe]) -> Feeds:
    return Feeds(
        store=app.store,
        clock=app.clock,
        render=app.messages.in_words,
        probe=probe,
        figures=lambda: figures_of(app),
        days=lambda clients: case_days(app.store, clients),
        address=app.settings.web.address,
        veil=not app.settings.alerts.show_words,
    )


def case_days(store: Store, clients: frozenset[str] | None) -> tuple[DueDay, ...]:
    """Give the days of the cases of these clients (None: of all) for the calendar."""
    found = (
        store.clocks()
        if clients is None
        else [one for client in sorted(clients) for one in store.clocks(client_id=client)]
    )
    return tuple(
        DueDay(
            id=f"clock-{one.id}",
            title=f"Case {one.case_id}: {one.title}",
            due_on=one.due_on,
            set_at=one.set_at,
            note=f"set by {one.set_by.value}" + (f"; {one.note}" if one.note else ""),
            is_done=one.is_done,
        )
        for one in found
    )


def figures_of(app: App) -> Figures:
    """Count what is told and what waits for a person."""
    store = app.store
    alerts = {state.value: len(store.alerts(status=state, limit=_MOST_COUNTED)) for state in _OPEN_ALERTS}
    waiting = [
        store.count_review(ReviewFilter(subjects=None, min_level=level), _MOST_COUNTED)
        for level in (Level.NONE, Level.POSSIBLE, Level.LIKELY)
    ]
    unreviewed = {"likely": waiting[2], "possible": waiting[1] - waiting[2], "none": waiting[0] - waiting[1]}
    free = shutil.disk_usage(app.settings.data_dir).free
    return Figures(
        alerts=alerts,
        unreviewed=unreviewed,
        disk_free_bytes=free,
        lateness=app.store.lateness(app.clock.now() - LATENESS_OF),
    )


def probe_of(app: App, faults: Sequence[str] = (), jobs_idle_s: Mapping[str, float] | None = None) -> Probe:
    """Look at an installation as `/healthz` shows it; never raises for a fault of the database, but says so."""
    idle = jobs_idle_s or {}
    try:
        sources = app.store.health()
        undelivered = len(app.store.alerts(status=AlertStatus.PENDING, limit=1_000))
        workers = app.store.workers()
    except StoreError as error:
        why = (*faults, str(error))
        return Probe(status="failing", version=__version__, why=why, sources=(), jobs_idle_s=idle, undelivered=0)
    is_degraded = bool([one for one in sources if one.state not in _WELL] or app.broken_sources)
    is_degraded = is_degraded or any(one.is_missed for one in workers)
    return Probe(
        status="failing" if faults else "degraded" if is_degraded else "ok",
        version=__version__,
        why=tuple(faults),
        sources=tuple(
            SourceProbe(
                name=one.source, state=one.state.value, last_good_at=one.last_good_at, next_due_at=one.next_due_at
            )
            for one in sources
        ),
        jobs_idle_s=idle,
        undelivered=undelivered,
        workers=workers,
        oldest_due_s=_overdue_s([one.next_due_at for one in sources], app.clock.now()),
    )


def _overdue_s(due: Sequence[datetime | None], now: datetime) -> float:
    return max((round((now - one).total_seconds(), 1) for one in due if one is not None and one < now), default=0.0)


def setup_path(app: App, name: str = "") -> str:
    """Make a one-time link and give its path: for the first account, or for a new password of a known one.

    InputError when there are accounts and `name` is none of them.
    """
    accounts = app.store.accounts()
    if not accounts:
        token = new_link(app.store, app.clock, InvitationKind.SETUP, {EVERY_CLIENT: Role.OWNER})
        return f"/link/{token}"
    known = app.store.account_named(name)
    if known is None:
        raise InputError(
            f"There is no account {name!r}." if name else "There are accounts already.",
            why=f"Known: {', '.join(one.name for one in accounts)}.",
            try_="Say whose password is to be set anew: `goodname web --link NAME`.",
        )
    return f"/link/{new_link(app.store, app.clock, InvitationKind.RECOVER, known.grants, name=known.name)}"
