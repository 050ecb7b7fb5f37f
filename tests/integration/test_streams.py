"""A stream from a real WebSocket server through gate and store: resumed, killed, reloaded, told about."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web

from connectors.jetstream import JetstreamConnector, JetstreamSettings
from monitor.clock import SystemClock
from monitor.contract import Context
from monitor.domain import HealthState, LiveState, PollOutcome, Target
from monitor.http import HttpClient, HttpLimits, streams
from monitor.jobs import listen, poll, silence
from monitor.jobs.listen import Listener, Listeners
from monitor.jobs.poll import Source
from monitor.jobs.poll_ends import PollEnds
from monitor.jobs.sift import Sieve
from monitor.matching import Matcher
from monitor.store import SqlStore, open_store
from monitor.testing import make_subject
from tests.unit.connectors.jetstream_world import event, identity, us

EVERY = timedelta(minutes=15)
ALPHA = make_subject(id="alpha", name="Alina Vossberg")
BETA = make_subject(id="beta", name="Bertil Quandt")


@dataclass
class Jetstream:
    """Keep events and send them from the asked position on, as a Jetstream server does; and break in every way."""

    log: list[bytes] = field(default_factory=list)
    cursors: list[int] = field(default_factory=list)
    status: int = 0
    cut_after: Callable[[], int] | None = None
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, *frames: bytes) -> None:
        self.log.extend(frames)
        self._more.set()

    async def subscribe(self, request: web.Request) -> web.StreamResponse:
        self.cursors.append(int(request.query.get("cursor", "0")))
        if self.status:
            return web.Response(status=self.status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        asyncio.ensure_future(self._drain(socket))  # noqa: RUF006 # it ends with the socket
        start = self.cursors[-1]
        place = 0 if start else len(self.log)
        left = self.cut_after() if self.cut_after else 1_000_000_000
        while not socket.closed:
            while place < len(self.log):
                frame = self.log[place]
                place += 1
                if json.loads(frame)["time_us"] >= start:
                    if not left:
                        await socket.close(code=1001)
                        return socket
                    left -= 1
                    await socket.send_str(frame.decode())
            self._more.clear()
            try:
                await asyncio.wait_for(self._more.wait(), 0.05)
            except TimeoutError:
                continue
        return socket

    @staticmethod
    async def _drain(socket: web.WebSocketResponse) -> None:
        async for _ in socket:
            pass

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_get("/subscribe", self.subscribe)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
        try:
            host, bound = runner.addresses[0][:2]
            yield f"{host}:{bound}"
        finally:
            await runner.cleanup()


class House:
    """Hold a store, a sieve and listeners, as the service does; a second one on the same file is the next start."""

    def __init__(self, path: Path, address: str) -> None:
        self.clock = SystemClock()
        self.store: SqlStore = open_store(f"sqlite:///{path}", clock=self.clock)
        self.subjects = [ALPHA]
        self.client = HttpClient(
            clock=self.clock,
            allow=frozenset({address}),
            user_agent="goodname/0",
            limits=HttpLimits(deadline=timedelta(seconds=2)),
        )
        http = self.client.for_source("sky", obey_robots=False)
        sieve = Sieve(self.store, lambda: Matcher(self.subjects, ()), self.clock)
        self.source = Source(
            name="sky",
            connector_name="jetstream",
            connector=cast("Any", JetstreamConnector(JetstreamSettings(base_url=f"ws://{address}"))),
            every=EVERY,
            context=lambda now: Context(source="sky", http=http, now=now),
            sift=partial(sieve.sift, "sky"),
        )
        self.listeners = Listeners(lambda name: self.source if name == "sky" else None, self._listener)

    def _listener(self, source: Source, target: Target) -> Listener:
        return Listener(self.store, source, target, self.clock, PollEnds(self.store), sleep=self._sleep)

    @staticmethod
    async def _sleep(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.02))

    @property
    def targets(self) -> tuple[Target, ...]:
        return poll.targets_of([self.source], [subject.name for subject in self.subjects])

    async def listen(self) -> None:
        """Do what the service does each second."""
        self.store.sync_targets(self.targets, self.clock.now())
        await self.listeners.keep_to(self.targets)
        for target in self.store.lease_targets(self.clock.now(), limit=5, lease_for=listen.LEASE):
            self.listeners.start(target)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not is_so():
                await self.listen()
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        await self.listeners.stop()
        await self.client.close()
        self.store.close()

    def texts(self) -> list[str]:
        return [one.text for one in self.store.stored(limit=10_000)]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LINGER_S", 0.02)
    monkeypatch.setattr("monitor.jobs.sift.RULES_FOR_S", 0.0)


@pytest.fixture
def times() -> Iterator[int]:
    start = us(SystemClock().now()) - 3_600_000_000
    return iter(range(start, start + 10**9, 100_000))


async def test_only_mentions_are_kept_and_health_is_told_in_the_same_words(
    tmp_path: Path, times: Iterator[int]
) -> None:
    sky = Jetstream()
    async with sky.serving() as address:
        house = House(tmp_path / "a.db", address)
        assert house.store.health() == ()
        await house.until(lambda: bool(sky.cursors))
        sky.add(*(event(next(times), f"nothing to see {n}") for n in range(500)))
        sky.add(event(next(times), "I met Alina Vossberg today"), event(next(times), "and Bertil Quandt"))
        await house.until(lambda: house.texts() == ["I met Alina Vossberg today"])
        # The page is kept first; that somebody listens is written down right after it.
        await house.until(lambda: [one.state for one in house.store.health()] == [HealthState.OK])
        await house.close()
        again = House(tmp_path / "a.db", address)
        polls = again.store.polls()
        assert {one.outcome for one in polls} == {PollOutcome.OK}
        assert sum(one.fetched for one in polls) == 502
        assert sum(one.new for one in polls) == 1
        await again.close()


async def test_a_server_that_goes_away_is_taken_up_where_it_was(tmp_path: Path, times: Iterator[int]) -> None:
    sky = Jetstream()
    async with sky.serving() as address:
        house = House(tmp_path / "a.db", address)
        await house.until(lambda: bool(sky.cursors))
        sky.add(event(first := next(times), "Alina Vossberg 1"))
        await house.until(lambda: len(house.texts()) == 1)
    sky.add(*(event(next(times), f"Alina Vossberg {n}") for n in (2, 3)))
    port = int(address.rpartition(":")[2])
    await asyncio.sleep(0.1)
    async with sky.serving(port):
        await house.until(lambda: len(house.texts()) == 3)
        sky.add(event(next(times), "Alina Vossberg 4"))
        await house.until(lambda: len(house.texts()) == 4)
        assert sky.cursors[-1] == first - 5_000_000
        assert [len(house.store.revisions(one.id)) for one in house.store.stored()] == [1] * 4
        await house.close()


async def test_edits_and_removals_of_what_is_kept_are_followed(tmp_path: Path, times: Iterator[int]) -> None:
    sky = Jetstream()
    async with sky.serving() as address:
        house = House(tmp_path / "a.db", address)
        await house.until(lambda: bool(sky.cursors))
        sky.add(event(next(times), "Alina Vossberg lies", rkey="k"), event(next(times), "no one", rkey="other"))
        sky.add(event(next(times), "somebody lies", rkey="k", operation="update"))
        sky.add(event(next(times), "still no one", rkey="other", operation="update"))
        sky.add(*(event(next(times), rkey=key, operation="delete") for key in ("k", "other")), identity(next(times)))
        await house.until(lambda: bool(house.texts()) and bool(house.store.observations(1)))
        assert [one.text for one in house.store.revisions(1)] == ["Alina Vossberg lies", "somebody lies"]
        assert [one.state for one in house.store.observations(1)] == [LiveState.GONE]
        # The server breaks, and sends all of it once more: nothing of it is new.
        asked = len(sky.cursors)
        await house.close()
        again = House(tmp_path / "a.db", address)
        again.store.release_leases()
        await again.until(lambda: len(sky.cursors) > asked)
        sky.add(event(next(times), "Alina Vossberg at last"))
        await again.until(lambda: len(again.texts()) == 2)
        assert len(again.store.revisions(1)) == 2
        assert len(again.store.observations(1)) == 1
        await again.close()


async def test_changed_rules_take_effect_while_the_stream_runs(tmp_path: Path, times: Iterator[int]) -> None:
    sky = Jetstream()
    async with sky.serving() as address:
        house = House(tmp_path / "a.db", address)
        await house.until(lambda: bool(sky.cursors))
        sky.add(event(next(times), "Alina Vossberg 1"), event(next(times), "Bertil Quandt 1"))
        await house.until(lambda: house.texts() == ["Alina Vossberg 1"])
        house.subjects = [BETA]
        await house.until(lambda: len(sky.cursors) == 2)  # opened anew, with the new names
        sky.add(event(next(times) + 10**8, "Alina Vossberg 2"), event(next(times) + 10**8, "Bertil Quandt 2"))
        await house.until(lambda: "Bertil Quandt 2" in house.texts())
        assert "Alina Vossberg 2" not in house.texts()
        await house.close()


async def test_nobody_watched_means_nobody_listens(tmp_path: Path, times: Iterator[int]) -> None:
    sky = Jetstream()
    async with sky.serving() as address:
        house = House(tmp_path / "a.db", address)
        await house.until(lambda: bool(sky.cursors))
        sky.add(event(next(times), "Alina Vossberg 1"))
        await house.until(lambda: len(house.texts()) == 1)
        await house.listeners.keep_to(())
        house.store.sync_targets((), house.clock.now())
        sky.add(event(next(times), "Alina Vossberg 2"))
        await asyncio.sleep(0.2)
        assert len(house.texts()) == 1
        await house.until(lambda: len(house.texts()) == 2)  # watched again: taken up where it was
        await house.close()


@pytest.mark.parametrize(
    ("status", "outcome", "state"),
    [
        (401, PollOutcome.AUTH, HealthState.AUTH),
        (403, PollOutcome.FORBIDDEN, HealthState.BLOCKED),
        (404, PollOutcome.CHANGED, HealthState.CHANGED),
        (429, PollOutcome.RATE_LIMITED, HealthState.DEGRADED),
    ],
)
async def test_a_refusal_ends_it_until_the_next_interval(
    tmp_path: Path, status: int, outcome: PollOutcome, state: HealthState
) -> None:
    sky = Jetstream(status=status)
    async with sky.serving() as address:
        house = House(tmp_path / "a.db", address)
        await house.until(lambda: bool(house.store.polls()))
        (one,) = house.store.polls()
        assert one.outcome is outcome
        (health,) = house.store.health()
        assert (health.state, health.failures) == (state, 1)
        assert health.next_due_at
        assert abs(health.next_due_at - one.finished_at - EVERY) < timedelta(seconds=1)
        for _ in range(5):
            await house.listen()
            await asyncio.sleep(0.02)
        assert len(sky.cursors) == 1
        await house.close()


async def test_a_server_that_stays_away_is_told_after_three_beats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen, "BEAT_S", 0.1)
    sky = Jetstream(status=500)
    async with sky.serving() as address:
        house = House(tmp_path / "a.db", address)
        await house.until(lambda: any(one.failures >= 3 for one in house.store.health()))
        vigil = silence.Vigil()
        assert len(silence.run(house.store, vigil, house.clock)) == 1
        assert len(sky.cursors) > 3, "it was tried again between the beats"
        sky.status = 0

        def is_well() -> bool:
            sky.add(identity(us(house.clock.now())))
            return house.store.health()[0].state is HealthState.OK

        await house.until(is_well)
        (back,) = silence.run(house.store, vigil, house.clock)
        assert back.kind == "source_back"
        await house.close()


async def test_a_single_pass_reads_up_to_now_through_the_sieve(tmp_path: Path, times: Iterator[int]) -> None:
    sky = Jetstream()
    async with sky.serving() as address:
        house = House(tmp_path / "a.db", address)
        await house.until(lambda: bool(sky.cursors))
        sky.add(event(next(times), "Alina Vossberg 1"))
        await house.until(lambda: len(house.texts()) == 1)
        await house.close()
        sky.add(event(next(times), "Alina Vossberg 2"), event(next(times), "no one"), identity(us(house.clock.now())))
        again = House(tmp_path / "a.db", address)
        again.store.release_leases()
        (done,) = await poll.run(again.store, {"sky": again.source}, again.clock, ignore_due=True)
        assert (done.outcome, done.new) == (PollOutcome.OK, 1)
        assert len(again.texts()) == 2
        await again.close()
