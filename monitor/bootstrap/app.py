"""One opened installation: the parts put together, and what the commands and the daemon do with them."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from monitor.bootstrap import trying
from monitor.bootstrap.added import manner_of, paused_sources, take_up
from monitor.bootstrap.build import (
    BY_HAND,
    CaptureMode,
    LazyCapturer,
    build_heartbeat,
    build_http,
    build_listeners,
    build_notifier,
    build_renderer,
    build_sources,
    build_store,
    build_timetables,
    capture_mode,
    known_subject,
    read_watchlist,
)
from monitor.bootstrap.claim import Claim
from monitor.bootstrap.cycle import CycleReport
from monitor.bootstrap.keeping import EvidenceDesk
from monitor.bootstrap.ledger import StoreLedger, StoreTurns
from monitor.bootstrap.messages import MessageDesk
from monitor.bootstrap.model import ModelDesk
from monitor.bootstrap.vaults import build_vault
from monitor.clock import SystemClock
from monitor.contract import Health
from monitor.domain import Alert, Capture, Coverage, HealthState, Poll, Target
from monitor.errors import ConfigError
from monitor.jobs import assess, by_hand, deliver, digest, escalation, hunt, poll, preserve, silence
from monitor.jobs.poll import Source
from monitor.jobs.poll_ends import PollEnds
from monitor.jobs.preview import Previewer, Tell
from monitor.jobs.sift import Sieve
from monitor.jobs.telling import Manner
from monitor.matching import Encoder, Matcher, Thresholds
from monitor.plugins import Catalogue, load_connectors
from monitor.ports import Clock, Store
from monitor.settings import Settings, added_mark, read_added, with_added

if TYPE_CHECKING:
    from monitor.cases.desk import CaseDesk


SYNC_AT_LEAST_S = 60.0
"""The due table is compared with what it should hold at least so often, though nothing seems to have changed."""


class App:
    """Hold an opened installation; close it when done.

    The methods are the steps of the line: `goodname once` walks them one after another, the daemon's jobs call them
    at their times.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.file_settings = settings
        self.added_mark = added_mark(settings.data_dir)
        self.settings = settings = with_added(settings, read_added(settings.data_dir))
        self.clock = clock
        subjects, statements = read_watchlist(settings)
        self.store: Store = build_store(settings, clock)
        is_shared = settings.queue.engine != "in-process"
        self.client = build_http(settings, clock, StoreTurns(self.store) if is_shared else None)
        self.sieve = Sieve(self.store, lambda: self.rules().matcher, clock)
        self.sources, self.broken_sources = build_sources(settings, self.client, StoreLedger(self.store), self.sieve)
        self.notifier = build_notifier(settings, self.client, clock)
        self.renderer, self._reader = build_renderer(settings, self.store), build_renderer(settings)
        self.timetables = build_timetables(settings)
        self.vault = build_vault(settings, clock)
        self.capturer = LazyCapturer(settings, self.client, clock)
        self.evidence = EvidenceDesk(
            settings, self.store, self.vault, client=self.client, capturer=self.capturer, clock=clock
        )
        self.model = ModelDesk(settings, self.client)
        self.heartbeat = build_heartbeat(settings, self.client, clock)
        self._vigil = silence.Vigil()
        self._claim = Claim(settings.data_dir / "running.lock")
        self._rules: assess.Rules | None = None
        self._rules_lock = threading.Lock()
        self._rules_of: tuple[object, object] = ((), ())
        self._rules_mark = ""
        self._targets: tuple[Target, ...] = ()
        self._synced_of: tuple[object, ...] = ()
        self._synced_sources: object = None
        self._synced_at = 0.0
        if settings.watchlist.file:
            self.store.provision(subjects, statements)
        self._ends = PollEnds(self.store)
        self.listeners = build_listeners(self, self._ends)
        self.sync_targets()

    async def __aenter__(self) -> Self:
        """Give the installation itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """End the browser, the HTTP client and the database, and drop the claim; idempotent."""
        await self.capturer.close()
        await self.client.close()
        self.store.close()
        self._claim.drop()

    @cached_property
    def catalogue(self) -> Catalogue:
        """Give every installed connector, loaded when somebody asks: most installations use a few of them."""
        return load_connectors()

    @property
    def capture_mode(self) -> CaptureMode:
        """Say how pages are kept."""
        return capture_mode(self.settings)

    @property
    def manner(self) -> Manner:
        """Say whose channels are whose, without paused ones."""
        return manner_of(self)

    @property
    def office(self) -> deliver.Office:
        """Give what telling needs."""
        return deliver.Office(
            store=self.store,
            vault=self.vault,
            notifier=self.notifier,
            renderer=self.renderer,
            clock=self.clock,
            unread=self.unread,
            manner=self.manner,
            shows_pictures=self.notifier.shows_pictures,
        )

    @property
    def messages(self) -> MessageDesk:
        """Give the desk at which messages are put into words, and sent when somebody asks for one."""
        return MessageDesk(
            office=lambda: self.office,
            notifier=self.notifier,
            owner=self.notifier.channels[: len(self.settings.alerts.urls)],
            renderer=self.renderer,
            reader=self._reader,
            timetables=self.timetables,
            zone=self.settings.digest.timezone,
            deliver_all=self.deliver_all,
        )

    @property
    def cases(self) -> CaseDesk:
        """Give the desk at which cases are worked on."""
        from monitor.bootstrap.casework import case_desk  # noqa: PLC0415 # few runs work on cases

        return case_desk(self.store, self.vault, self.clock, self.settings, self.sources)

    @property
    def unread(self) -> tuple[Coverage, ...]:
        """Say of each source that could not be set up or is paused that nobody looks at it, and why."""
        return (*self._unusable, *(unlooked(name, "paused") for name in sorted(self.paused)))

    @property
    def paused(self) -> frozenset[str]:
        """Name the sources that a person paused."""
        known = (self.sources, self.broken_sources)
        return frozenset(one for one in paused_sources(self.store) if any(one in some for some in known))

    @property
    def _unusable(self) -> tuple[Coverage, ...]:
        return tuple(unlooked(name, str(error)) for name, error in self.broken_sources.items())

    def claim(self) -> bool:
        """Become the one process that works on this installation; False when another one is.

        The first that claims it resumes at once what a killed predecessor had begun, unless work is shared: others may
        hold those leases.
        """
        if not self._claim.take():
            return False
        if self.settings.queue.engine == "in-process":
            self.store.release_leases()
        self.store.mend_times(self.clock.now())
        return True

    def sync_targets(self) -> tuple[Target, ...]:
        """Take up what the page added, bring the due table in line with sources and watched names, and give it.

        Nothing is due while no active subject has an attestation, and nothing of a paused source.
        """
        take_up(self)
        paused, now = self.paused, self.clock.monotonic()
        inputs = (self.store.subjects_mark(), paused)
        is_same = inputs == self._synced_of and self.sources is self._synced_sources
        if is_same and now < self._synced_at + SYNC_AT_LEAST_S:
            return self._targets
        read = tuple(one for name, one in self.sources.items() if name not in paused)
        watched = [subject for subject in self.store.subjects() if subject.attestation]
        names = [name for subject in watched for name in (subject.name, *subject.aliases, *subject.handles)]
        targets: tuple[Target, ...] = poll.targets_of(read, names) if watched else ()
        self.store.sync_targets(targets, self.clock.now())
        self._targets, self._synced_of, self._synced_at, self._synced_sources = targets, inputs, now, self.sources
        return targets

    def rules(self) -> assess.Rules:
        """Give the rules of the active subjects and statements; built anew only when one of them changed."""
        with self._rules_lock:  # streams and judging ask at the same time, and building is dear
            mark = self.store.subjects_mark()
            if self._rules is not None and mark == self._rules_mark:
                return self._rules
            subjects = tuple(subject for subject in self.store.subjects() if subject.attestation)
            statements = self.store.statements()
            self._rules_mark = mark
            if self._rules is None or self._rules_of != (subjects, statements):
                matcher = Matcher(subjects, statements, self.thresholds, self.encoder)
                self._rules = assess.build_rules(subjects, statements, matcher, self.settings.alerts.min_level)
                self._rules_of = (subjects, statements)
            return self._rules

    @property
    def thresholds(self) -> Thresholds:
        """Give the scores from which a judgement counts, as configured."""
        wanted = self.settings.matching
        return Thresholds(possible=wanted.possible, likely=wanted.likely)

    @property
    def encoder(self) -> Encoder | None:
        """Give the sentence model, loaded when it is first needed; None when there is none."""
        return self.model.encoder

    def previewer(self, tell: Tell | None = None) -> Previewer:
        """Give what tries rules on stored mentions and texts; `tell` hears how far a preview is."""
        return Previewer(self.store, self.clock, self.thresholds, self.encoder, tell)

    def recover(self) -> tuple[Capture, ...]:
        """Finish what a crash interrupted."""
        return preserve.recover(self.store, self.vault, self.clock)

    async def poll(self, *, force: bool = False) -> tuple[Poll, ...]:
        """Poll what is due, or every source that did not ask to wait when forced, and wait for all of them."""
        return await poll.run(self.store, self.sources, self.clock, limit=100_000, ignore_due=force)

    async def lease_targets(self, limit: int) -> tuple[Target, ...]:
        """Lease up to `limit` due targets, to be polled with `poll_target`."""
        return await poll.lease(self.store, self.clock, limit=limit)

    async def poll_target(self, target: Target) -> Poll | None:
        """Poll one leased target."""
        return await poll.poll_leased(self.store, self.sources, target, self.clock, self._ends)

    def assess(self) -> int:
        """Judge one batch of new mentions; gives how many."""
        return assess.run(self.store, self.rules(), self.clock)

    async def preserve(self, only: int = 0) -> tuple[Capture, ...]:
        """Keep the next few requested pages, or the one that was asked for with this number."""
        return await preserve.run(self.store, self.vault, self.capturer, self.clock, only=only)

    async def deliver(self, *, at_once: bool = False) -> deliver.DeliveryReport:
        """Send what is due; `at_once` also what would still wait for its evidence."""
        ahead = assess.EVIDENCE_FIRST if at_once else deliver.NO_WAIT
        return await deliver.run(self.office, ahead=ahead)

    def watch_silence(self) -> tuple[Alert, ...]:
        """Tell of sources that nobody could look at, and of those that are back."""
        return silence.run(self.store, self._vigil, self.clock, self._unusable)

    def clock_turned(self) -> int:
        """Put right what a clock that ran ahead has written; gives how many rows were mended."""
        return self.store.mend_times(self.clock.now())

    def sum_up(self) -> bool:
        """Put due summaries, and word to a helper, into the outbox; gives whether one was due."""
        escalation.run(self.store, self.manner, self.clock)
        return sum(digest.run(self.store, timetable, self.clock) for timetable in self.timetables) > 0

    async def once(self, *, force: bool = True) -> CycleReport:
        """Walk the whole line once: recover, poll, assess, preserve, deliver, sum up."""
        self.claim()
        recovered = await asyncio.to_thread(self.recover)
        polled = await self.poll(force=force)
        assessed = 0
        while judged := await asyncio.to_thread(self.assess):
            assessed += judged
        captures: list[Capture] = []
        while kept := await self.preserve():
            captures += kept
        await asyncio.to_thread(self.watch_silence)
        await asyncio.to_thread(self.evidence.watch_room)
        await self.evidence.once()
        digest_due = await asyncio.to_thread(self.sum_up)
        sent, waiting = await self.deliver_all()
        if self.heartbeat.is_due():
            await self.heartbeat.beat()
        return CycleReport(
            recovered=recovered,
            polled=polled,
            assessed=assessed,
            captures=tuple(captures),
            delivered=sent,
            undelivered=waiting,
            digest_due=digest_due,
        )

    async def deliver_all(self) -> tuple[int, int]:
        """Send everything that is due now, once; gives how many alerts were sent and how many wait."""
        sent = waiting = 0
        while True:
            report = await self.deliver(at_once=True)
            sent += report.sent
            waiting += report.waiting + report.given_up
            if not report.is_going_on:
                return sent, waiting

    async def test_source(self, name: str) -> Health:
        """Try one source's credentials and a cheap call; ConfigError for an unknown or broken one."""
        return await trying.check(self.store, self.source(name), self.clock)

    def source(self, name: str) -> Source:
        """Give one configured source; ConfigError for an unknown or broken one."""
        if name in self.broken_sources:
            raise self.broken_sources[name]
        if name not in self.sources:
            raise ConfigError(
                f"There is no source {name!r}.",
                why=f"configured: {', '.join(self.sources) or 'none'}",
                try_="Run `goodname source list`.",
            )
        return self.sources[name]

    async def keep_url(self, url: str, subject_id: str, *, quotes: tuple[str, ...] = ()) -> Capture:
        """Keep one page now, as a mention of this subject."""
        rules = await asyncio.to_thread(self.rules)
        known_subject(rules.subjects, subject_id)
        desk = by_hand.Desk(
            store=self.store,
            vault=self.vault,
            capturer=self.capturer,
            http=self.client.for_source(BY_HAND, obey_robots=False),
            clock=self.clock,
            rules=rules,
        )
        return await by_hand.keep_url(desk, url, subject_id, quotes)

    def kept_by_hand(self, url: str, subject_id: str) -> Capture | None:
        """Give the last capture of a page that was added by hand for this subject; None when there is none."""
        return by_hand.kept(self.store, url, subject_id)

    async def read_url(self, url: str) -> tuple[str, str]:
        """Fetch a page and give its title and visible text; stores nothing."""
        return await by_hand.read_url(self.client.for_source(BY_HAND, obey_robots=False), url)

    def judge_again(self, *, subject_id: str = "", since: datetime | None = None) -> int:
        """Run the present rules over what is already stored; gives how many mentions will be judged again."""
        return hunt.start(self.store, self.clock, subject_id=subject_id, since=since)

    def hunt_progress(self) -> hunt.Progress | None:
        """Say how far the retro-hunt is that a changed rule began; None when none is under way."""
        return hunt.progress(self.store)


def unlooked(name: str, why: str) -> Coverage:
    """Say of a source that nobody looks at it."""
    return Coverage(source=name, state=HealthState.UNCHECKED, checks=0, failures=0, last_good_at=None, why=why)


def open_app(settings: Settings, *, clock: Clock | None = None) -> App:
    """Open an installation: database, watch list, sources, channels; ConfigError or StoreError when it cannot be."""
    return App(settings, clock or SystemClock())
