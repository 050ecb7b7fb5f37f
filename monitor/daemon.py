"""The service: start, signals, orderly stop, and word to the service manager."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from monitor import __version__
from monitor.bootstrap import TOLD, App, Notices, Polls, ServiceManager, Settings, ToldNote, open_app, service_manager
from monitor.domain import AlertKind
from monitor.ending import end_within
from monitor.errors import ConfigError, MonitorError
from monitor.jobs.ailing import Ailments, takes_a_write
from monitor.jobs.heartbeat import Cycle
from monitor.logs import set_up_logging
from monitor.ports import Clock
from monitor.scheduler import Scheduler

if TYPE_CHECKING:
    from monitor.web import Probe, WebServer

log = logging.getLogger("goodname.daemon")

TICKS_S = {
    "plan": 1.0,
    "poll": 1.0,
    "assess": 1.0,
    "preserve": 1.0,
    "deliver": 1.0,
    "digest": 30.0,
    "silence": 5.0,
    "heartbeat": 5.0,
    "news": 5.0,
    "stamp": 30.0,
    "recheck": 60.0,
    "copy": 60.0,
    "room": 10.0,
    "let_go": 3600.0,
    "recover": 86400.0,
}
"""How often each job looks for work; what is due is decided by rows in the database."""

NOT_IN_A_CYCLE = {"heartbeat", "news", "recover", "let_go"}
"""A sign of life waits for every other job to have gone round."""

SILENCE_REST = 20
"""Looking at the health of all sources is begun again after so many times as long as it took."""

STUCK_AFTER_S = 900.0
"""A job that has not ended for this long counts as stuck: the longest poll and capture are shorter."""

STOP_GRACE_S = 50.0
"""Time for jobs in flight to finish on SIGTERM; what is cancelled after it is resumed at the next start."""


class Engine(Protocol):
    """Hand work out to this process and to others, instead of the service doing all of it by itself."""

    async def leads(self) -> bool:
        """Tell whether this process is the one that plans and keeps house."""
        ...

    async def plan(self) -> int:
        """Order what is due, if this process leads; gives how many jobs were added."""
        ...

    async def work(self) -> None:
        """Do jobs until `stop`; MonitorError when the queue went away."""
        ...

    @property
    def figures(self) -> Mapping[str, Mapping[str, int]]:
        """Count the jobs by state and kind, as they were when it last looked."""
        ...

    def stuck(self) -> tuple[str, ...]:
        """Name the jobs in hand that do not go on."""
        ...

    def stop(self) -> None:
        """Take no more jobs; idempotent."""
        ...


Job = Callable[[], Awaitable[object]]
OpenEngine = Callable[[App], AbstractAsyncContextManager[Engine]]


class Service:
    """Run an opened installation until it is told to stop; with an engine it shares the work with other processes."""

    def __init__(self, app: App, manager: ServiceManager, engine: Engine | None = None) -> None:
        self._app = app
        self._manager = manager
        self._notices = Notices(manager)
        self._scheduler = Scheduler(app.clock, when_turned=self._clock_turned)
        self._engine = engine
        self._jobs = self._shared_jobs(engine) if engine else {**self._line(), **self._house()}
        self._jobs["news"] = self._tell_news
        self._cycle = Cycle(self._jobs.keys() - NOT_IN_A_CYCLE)
        self._told = ToldNote(app.settings.data_dir / TOLD)
        self._ailments = Ailments(is_told=self._told.read())
        self._stop = asyncio.Event()
        self._polls = Polls(app)
        self._exit_code = 0
        self._silence_at = 0.0
        self._web = _web_of(app, self.probe, self._queue)

    async def run(self) -> int:
        """Start everything, wait for SIGTERM or SIGINT, stop in order; gives the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        if self._web:
            await self._web.start()
        for name, job in self._jobs.items():
            self._scheduler.add(name, TICKS_S[name], _guarded(name, job, self._cycle, self._ailments, self._app.clock))
        self._scheduler.start()
        feeding = asyncio.create_task(self._notices.feed_watchdog(lambda: not self._stuck()), name="watchdog")
        working = asyncio.create_task(self._work(), name="work")
        self._notices.send(f"READY=1\nSTATUS=watching {len(self._app.sources)} sources")
        listening = self._web.address if self._web else "off"
        log.info("started", extra={"version": __version__, "sources": len(self._app.sources), "web": listening})
        await self._stop.wait()
        self._notices.send("STOPPING=1")
        log.info("stopping")
        feeding.cancel()
        ends = (self._scheduler.stop(STOP_GRACE_S), self._polls.end(STOP_GRACE_S), self._end_work(working))
        is_clean = all(await asyncio.gather(*ends))
        await self._app.listeners.stop()
        if self._web:
            await self._web.stop()
        await asyncio.gather(feeding, return_exceptions=True)
        log.info("stopped", extra={"clean": is_clean})
        return self._exit_code

    def stop(self) -> None:
        """Ask for an orderly stop; idempotent."""
        self._stop.set()

    @property
    def web_address(self) -> str:
        """Give where the web page listens, or an empty string."""
        return self._web.address if self._web else ""

    def _line(self) -> dict[str, Job]:
        """Give the jobs of the line itself, which an engine hands out in their stead."""
        return {
            "poll": self._poll,
            "assess": self._assess,
            "preserve": self._preserve,
            "deliver": self._deliver,
            "recheck": self._recheck,
        }

    def _house(self) -> dict[str, Job]:
        return {
            "recover": self._recover,
            "digest": self._sum_up,
            "silence": self._watch_silence,
            "heartbeat": self._beat,
            "stamp": self._app.evidence.stamp,
            "copy": self._app.evidence.copy,
            "room": self._watch_room,
            "let_go": self._let_go,
        }

    def _shared_jobs(self, engine: Engine) -> dict[str, Job]:
        """Give what is done beside the engine's work: planning, and housekeeping by the one process that leads."""
        house = {name: _when_leading(engine, job) for name, job in self._house().items()}
        return {"plan": engine.plan, **house}

    async def _work(self) -> None:
        """Work for the engine, if there is one, until it is stopped; a queue that went away ends the service."""
        if self._engine is None:
            return
        try:
            await self._engine.work()
        except MonitorError as error:
            log.error("the service ends, to be started again", extra={"why": str(error)})
            self._exit_code = os.EX_TEMPFAIL  # whoever supervises the service starts it again
        self._stop.set()

    async def _end_work(self, working: asyncio.Task[None]) -> bool:
        if self._engine:
            self._engine.stop()
        return await end_within(STOP_GRACE_S, {working})

    async def _poll(self) -> None:
        # Over before the next turn falls due: one that is not is left out, and half the time would go by unused.
        await self._polls.turn(0.9 * TICKS_S["poll"])

    async def _recover(self) -> None:
        await asyncio.to_thread(self._app.recover)

    async def _sum_up(self) -> None:
        await asyncio.to_thread(self._app.sum_up)

    async def _watch_silence(self) -> None:
        """Look at every source's health; with very many of them, as seldom as keeps it to a twentieth of the time."""
        begun = self._app.clock.monotonic()
        if begun >= self._silence_at:
            await asyncio.to_thread(self._app.watch_silence)
            self._silence_at = begun + SILENCE_REST * (self._app.clock.monotonic() - begun)

    async def _tell_news(self) -> None:
        """Tell on the channels themselves that the database takes nothing: no alert could be put into it."""
        at, now, ailments = self._app.clock.monotonic(), self._app.clock.now(), self._ailments
        is_mended = ailments.is_told and await asyncio.to_thread(takes_a_write, self._app.store, now)
        word = ailments.news(at, now, is_mended=is_mended)
        if is_mended:
            for job in ailments.of_store():  # one that looks for work once a minute, or a day, would hold up the word
                await self._scheduler.run_now(job)
        if word is None:
            return
        await self._app.messages.tell_now(word)  # first, as a dying disk may hold up the note for ever
        await asyncio.to_thread(self._told.write, is_told=word.kind is AlertKind.STORE_FAILING)

    async def _watch_room(self) -> None:
        await asyncio.to_thread(self._app.evidence.watch_room)

    async def _let_go(self) -> None:
        await asyncio.to_thread(self._app.evidence.let_go)

    async def _clock_turned(self, _by: timedelta) -> None:
        await asyncio.to_thread(self._app.clock_turned)

    async def _beat(self) -> None:
        """Give a sign of life when every job has gone round since the last one and none is stuck."""
        if self._app.heartbeat.is_due() and self._cycle.is_whole() and not self._stuck():
            self._cycle.begin()
            await self._app.heartbeat.beat()

    async def _assess(self) -> None:
        judged = 1
        while judged and not self._stop.is_set():
            judged = await asyncio.to_thread(self._app.assess)

    async def _preserve(self) -> None:
        while not self._stop.is_set() and await self._app.preserve():
            continue

    async def _recheck(self) -> None:
        while not self._stop.is_set() and await self._app.evidence.recheck():
            continue

    async def _deliver(self) -> None:
        while not self._stop.is_set() and (await self._app.deliver()).is_going_on:
            continue

    def _stuck(self) -> tuple[str, ...]:
        idle = self._scheduler.idle_s()
        own = (name for name, seconds in idle.items() if seconds > STUCK_AFTER_S + TICKS_S[name])
        return (*own, *(self._engine.stuck() if self._engine else ()))

    def probe(self) -> Probe:
        """Look at the service as `/healthz` shows it; never raises for a fault of the database, but says so."""
        from monitor.bootstrap.web import probe_of  # noqa: PLC0415 # loads the page's libraries: only when asked

        idle = {name: round(seconds, 1) for name, seconds in self._scheduler.idle_s().items()}
        faults = [f"the {name} job is stuck" for name in self._stuck()]
        faults += self._ailments.lasting(self._app.clock.monotonic())
        found = probe_of(self._app, faults, idle)
        return replace(found, queue=self._queue())

    def _queue(self) -> Mapping[str, Mapping[str, int]]:
        return self._engine.figures if self._engine else {}


def _web_of(
    app: App, probe: Callable[[], Probe], queue: Callable[[], Mapping[str, Mapping[str, int]]]
) -> WebServer | None:
    """Make the server of the page, unless it is switched off; only then are its libraries loaded."""
    if app.settings.web.bind == "off":
        return None
    from monitor.bootstrap.web import web_server  # noqa: PLC0415 # the page's libraries are heavy

    return web_server(app, probe, queue)


def _when_leading(engine: Engine, job: Job) -> Job:
    async def run() -> object:
        return await job() if await engine.leads() else None

    return run


def _guarded(
    name: str, job: Callable[[], Awaitable[object]], cycle: Cycle, ailments: Ailments, clock: Clock
) -> Callable[[], Awaitable[object]]:
    """Keep the service alive whatever a job raises: it is logged, and the job runs again at its next time."""

    async def run() -> None:
        try:
            await job()
            cycle.went_well(name)
            ailments.went_well(name)
        except MonitorError as error:
            ailments.failed(name, error, clock.monotonic())
            log.warning("a job could not do its work", extra={"job": name, "why": str(error)})
        except Exception as error:  # boundary: one job's fault must not end the service
            ailments.failed(name, error, clock.monotonic())
            log.exception("a job broke", extra={"job": name})

    return run


async def serve(settings: Settings, open_engine: OpenEngine | None = None) -> int:
    """Open the installation and run the service within the present loop; gives the exit code."""
    async with open_app(settings) as app:
        if open_engine is None and not app.claim():
            raise ConfigError(
                "goodname already runs on this data.",
                why=f"another process holds {settings.data_dir / 'running.lock'}",
                try_="Stop the other one, or give this one its own data_dir.",
            )
        for name, error in app.broken_sources.items():
            log.error("a source cannot be used", extra={"source": name, "why": str(error)})
        if open_engine is None:
            return await Service(app, service_manager()).run()
        async with open_engine(app) as engine:
            return await Service(app, service_manager(), engine).run()


def run(settings: Settings, open_engine: OpenEngine | None = None) -> int:
    """Run `goodname run`: JSON logs on standard error, until SIGTERM or SIGINT; gives the exit code.

    `open_engine` shares the work with other processes. ConfigError and StoreError leave it when the service cannot
    start at all.
    """
    set_up_logging(settings.log_level, sys.stderr)
    return asyncio.run(serve(settings, open_engine))
