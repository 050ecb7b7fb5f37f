"""The shared queue, its planner and its workers, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from monitor.bootstrap import ServiceManager, open_app
from monitor.bootstrap.app import App
from monitor.bootstrap.web import probe_of
from monitor.cli import app
from monitor.daemon import Service
from monitor.domain import Target
from monitor.errors import StoreError
from monitor.ports import Waiting
from monitor.settings import load_settings
from monitor.testing.builders import NOW
from monitor.testing.fakes import FakeClock
from monitor.testing.postgres import postgres_server as a_postgres_server
from monitor.testing.serving import LoopbackServer, Received, reply
from monitor.workers import Crew, JobQueue, open_crew, open_queue
from monitor.workers.jobs import ALERT, ASSESS, CAPTURE, KINDS, POLL, Job, capture_job, plan, poll_job, read_poll
from monitor.workers.pulse import HANGS_AFTER_S

if TYPE_CHECKING:
    from pgqueuer.types import HealthCheckId

pytestmark = pytest.mark.postgres

WATCHLIST = """[[subject]]
id = "alina"
name = "Alina Vossberg"
attestation = { relation = "self", by = "Alina", on = 2026-01-01 }
"""
SHARED = """data_dir = "data"
watchlist.file = "watchlist.toml"
network.allow = ["{site}"]
store.url = "{url}"
queue.engine = "pgqueuer"
web.bind = "off"
[[source]]
name = "forum"
connector = "feed"
settings = {{ url = "http://{site}/feed" }}
"""


@pytest.fixture
async def queue(new_postgres: str, postgres_server: object) -> AsyncIterator[JobQueue]:
    async with open_queue(postgres_server.url(new_postgres)) as opened:  # type: ignore[attr-defined]
        yield opened


def target(name: str = "forum", lease: timedelta | None = timedelta(minutes=15)) -> Target:
    return Target(source=name, query_key="*", every=timedelta(minutes=5), lease_until=NOW + lease if lease else None)


NOTHING = Waiting(has_unassessed=False, captures=(), alerts=0, has_rechecks=False, oldest_due_at=None)


async def _do_nothing(_payload: bytes | None) -> None:
    """Do a job that is nothing."""


def _later(is_so: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    async def ask() -> object:
        return is_so()

    return ask


async def _until(found: Callable[[], Awaitable[object]]) -> None:
    """Ask the database again and again until it has something; 30 seconds at most."""
    for _ in range(600):
        if await found():
            return
        await asyncio.sleep(0.05)
    pytest.fail("waited in vain")


class TestPlan:
    def test_everything_that_is_due_is_ordered_once_the_most_urgent_with_the_highest_priority(self) -> None:
        waiting = Waiting(has_unassessed=True, captures=(4, 9), alerts=30, has_rechecks=True, oldest_due_at=NOW)

        jobs = plan([target("forum"), target("paper")], waiting)

        assert [job.key for job in sorted(jobs, key=lambda one: -one.priority)] == [
            "capture:4",
            "capture:9",
            "alert",
            "assess",
            "poll:forum:*",
            "poll:paper:*",
            "recheck",
        ]

    def test_nothing_due_orders_nothing(self) -> None:
        assert plan((), NOTHING) == ()

    def test_a_poll_says_under_which_lease_it_was_ordered(self) -> None:
        order = read_poll(poll_job(target("a:b")).payload)

        assert (order.source, order.query_key, order.leased_until) == ("a:b", "*", NOW + timedelta(minutes=15))

    def test_a_target_that_is_not_leased_cannot_be_ordered(self) -> None:
        with pytest.raises(ValueError, match="leased"):
            poll_job(target(lease=None))


class TestQueue:
    async def test_a_job_that_waits_is_not_added_again(self, queue: JobQueue) -> None:
        assert await queue.put([capture_job(1), capture_job(2)]) == 2
        assert await queue.put([capture_job(2), capture_job(3)]) == 1
        assert (await queue.state()).waiting == {CAPTURE: 3}

    async def test_work_is_done_by_kind_and_the_queue_is_empty_after(self, queue: JobQueue) -> None:
        done: list[bytes | None] = []

        async def handle(payload: bytes | None) -> None:
            done.append(payload)
            if len(done) == 5:
                queue.stop()

        await queue.put([capture_job(number) for number in range(5)])
        await asyncio.wait_for(queue.work({CAPTURE: handle}, concurrency=4), 30)

        assert sorted(done) == [b"0", b"1", b"2", b"3", b"4"]  # type: ignore[type-var]
        assert await queue.state() == type(await queue.state())(waiting={}, running={}, parked={})

    async def test_urgent_jobs_come_first(self, queue: JobQueue) -> None:
        order: list[str] = []

        def noting(kind: str) -> object:
            async def handle(_payload: bytes | None) -> None:
                order.append(kind)
                if len(order) == 3:
                    queue.stop()

            return handle

        kinds = [POLL, ALERT, ASSESS]
        await queue.put([Job(kind=kind, key=kind) for kind in kinds])
        await asyncio.wait_for(queue.work({kind: noting(kind) for kind in kinds}, concurrency=2), 30)  # type: ignore[misc]

        assert order == sorted(kinds, key=lambda kind: -KINDS[kind])

    async def test_a_job_that_fails_each_time_is_parked_with_its_error_until_somebody_says_what_to_do(
        self, queue: JobQueue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("monitor.workers.queue.FIRST_RETRY", timedelta(milliseconds=10))
        tries = 0

        async def fail(_payload: bytes | None) -> None:
            nonlocal tries
            tries += 1
            raise ValueError("what a page")

        working = asyncio.create_task(queue.work({CAPTURE: fail}, concurrency=2))
        await queue.put([capture_job(7)])
        await _until(queue.parked)
        queue.stop()
        await working
        parked = await queue.parked()

        (one,) = parked
        assert (one.kind, one.key, one.error) == (CAPTURE, "capture:7", "ValueError: what a page")
        assert tries == 4
        assert await queue.put([capture_job(7)]) == 0, "what is parked is not ordered anew each second"
        assert await queue.retry([one.number]) == 1
        assert (await queue.state()).waiting == {CAPTURE: 1}
        assert await queue.parked() == ()

    async def test_a_job_whose_database_goes_while_it_fails_keeps_its_tries(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def fail_without_database(_payload: bytes | None) -> None:
            await asyncio.to_thread(server.stop)
            raise ValueError("what a page")

        async def was_told() -> bool:
            return any(one.name in ("goodname.queue", "pgqueuer") for one in caplog.records)

        with a_postgres_server() as server:
            url = server.url(server.new_database())
            async with open_queue(url) as queue:
                await queue.put([capture_job(7)])
                working = asyncio.create_task(queue.work({CAPTURE: fail_without_database}, concurrency=2))
                await _until(was_told)
                await asyncio.to_thread(server.start)
                queue.stop()
                with contextlib.suppress(StoreError):
                    await working
            async with open_queue(url) as queue:
                state = await queue.state()
        assert state.parked == {}
        assert state.running == {CAPTURE: 1}, "the next worker takes it over when nobody shows life for it"

    async def test_parked_jobs_can_be_thrown_away(self, queue: JobQueue) -> None:
        await queue.put([capture_job(1), capture_job(2)])
        await queue._pool.execute("UPDATE pgqueuer SET status = 'failed'")
        first, second = await queue.parked()

        assert await queue.drop([first.number]) == 1
        assert [one.number for one in await queue.parked()] == [second.number]
        assert await queue.drop([]) == 1
        assert await queue.put([capture_job(1)]) == 1

    async def test_one_process_leads_and_the_next_follows_when_it_ends(
        self, new_postgres: str, postgres_server: object
    ) -> None:
        url = postgres_server.url(new_postgres)  # type: ignore[attr-defined]
        async with open_queue(url) as one, open_queue(url) as other, other.leadership() as other_leads:
            async with one.leadership() as one_leads:
                assert await one_leads()
                assert not await other_leads()
                assert await one_leads()
            assert await other_leads()

    async def test_a_leader_whose_connection_is_cut_knows_and_hands_over(
        self, new_postgres: str, postgres_server: object
    ) -> None:
        url = postgres_server.url(new_postgres)  # type: ignore[attr-defined]
        async with (
            open_queue(url) as one,
            open_queue(url) as other,
            one.leadership() as one_leads,
            other.leadership() as other_leads,
        ):
            assert await one_leads()
            await other._pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1"
            )
            assert await other_leads()
            with contextlib.suppress(StoreError):  # depends on whether it was told of the cut already
                assert not await one_leads()
            assert not await one_leads()

    async def test_a_listener_that_missed_a_question_is_asked_again_before_the_process_ends(
        self, queue: JobQueue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from pgqueuer.domain.errors import FailingListenerError
        from pgqueuer.queries import Queries

        ask, lost, here = Queries.notify_health_check, 0, asyncio.current_task()

        async def lose(queries: Queries, number: HealthCheckId) -> None:
            nonlocal lost
            lost -= asyncio.current_task() is here
            if lost < 0 or asyncio.current_task() is not here:
                await ask(queries, number)

        monkeypatch.setattr(Queries, "notify_health_check", lose)
        working = asyncio.create_task(queue.work({CAPTURE: _do_nothing}, concurrency=2))
        await _until(lambda: queue._pool.fetch("SELECT 1 FROM pg_stat_activity WHERE query ~ '^LISTEN'"))
        (manager,) = queue._managers

        lost = 4
        await manager.listener_healthy(timedelta(seconds=1))
        lost = 5
        with pytest.raises(FailingListenerError):
            await manager.listener_healthy(timedelta(seconds=1))
        queue.stop()
        await working

    async def test_a_database_that_is_not_there_is_said_so(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="cannot be reached"):
            async with open_queue(f"postgresql+psycopg://postgres@/nobody?host={tmp_path}"):
                pass


@dataclass
class Site:
    """Hand out what a test needs of an installation with one source, at a site that answers when it is let."""

    queue: JobQueue
    app: App
    crew: Crew
    clock: FakeClock
    server: LoopbackServer
    may_answer: asyncio.Event


class TestCrew:
    @pytest.fixture
    async def site(self, new_postgres: str, postgres_server: object, tmp_path: Path) -> AsyncIterator[Site]:
        may_answer, url = asyncio.Event(), postgres_server.url(new_postgres)  # type: ignore[attr-defined]

        async def answer(_received: Received) -> bytes:
            await may_answer.wait()
            return reply(json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Forum", "items": []}))

        async def leads() -> bool:
            return True

        async with LoopbackServer(answer) as server, open_queue(url) as queue:
            (tmp_path / "watchlist.toml").write_text(WATCHLIST, "utf-8")
            (tmp_path / "goodname.toml").write_text(SHARED.format(url=url, site=server.address), "utf-8")
            (tmp_path / "goodname.toml").chmod(0o600)
            clock = FakeClock()
            async with App(load_settings(tmp_path / "goodname.toml"), clock) as opened:
                yield Site(queue, opened, Crew(opened, queue, leads), clock, server, may_answer)

    async def test_a_worker_with_a_job_that_hangs_does_not_call_itself_well(self, site: Site) -> None:
        crew = site.crew
        assert await crew.plan() == 1
        working = asyncio.create_task(crew.work())
        await _until(_later(lambda: site.server.received))
        assert crew.is_well()

        site.clock.advance(HANGS_AFTER_S + 1)
        assert crew.stuck() == (POLL, "queue")
        await _until(_later(lambda: crew.stuck() == (POLL,)))  # the loop turns, and the poll hangs
        assert not crew.is_well()
        assert "the poll job is stuck" in Service(site.app, ServiceManager(), crew).probe().why

        site.may_answer.set()
        await _until(_later(crew.is_well))
        crew.stop()
        await working

    @pytest.mark.parametrize("table", ["poll", "position"])
    async def test_a_poll_that_the_database_could_not_keep_is_tried_again_within_its_lease(
        self, site: Site, monkeypatch: pytest.MonkeyPatch, table: str
    ) -> None:
        monkeypatch.setattr("monitor.workers.queue.FIRST_RETRY", timedelta(seconds=1))
        ask = site.queue._pool
        site.may_answer.set()
        assert await site.crew.plan() == 1
        await ask.execute(f"ALTER TABLE {table} RENAME TO lost")
        working = asyncio.create_task(site.crew.work())
        await _until(lambda: ask.fetch("SELECT 1 FROM pgqueuer WHERE attempts > 0"))

        await ask.execute(f"ALTER TABLE lost RENAME TO {table}")
        await _until(_later(lambda: site.app.store.polls()))
        site.crew.stop()
        await working
        assert await site.queue.parked() == ()
        assert not site.app.store.lease_targets(site.clock.now(), limit=1, lease_for=timedelta(minutes=1))


class TestConfigCheck:
    def test_it_tries_the_shared_queue(self, new_postgres: str, postgres_server: object, tmp_path: Path) -> None:
        def check(url: str) -> str:
            text = f'[store]\nurl = "{url}"\n[queue]\nengine = "pgqueuer"\n[alerts]\nurls = ["json://127.0.0.1:1/"]\n'
            (tmp_path / "goodname.toml").write_text(text, "utf-8")
            (tmp_path / "goodname.toml").chmod(0o600)
            done = CliRunner().invoke(app, ["--config", str(tmp_path / "goodname.toml"), "config", "check"])
            return f"{done.exit_code} {done.stdout}{done.stderr}"

        assert check(postgres_server.url(new_postgres)).startswith("0 ")  # type: ignore[attr-defined]
        refused = check(f"postgresql+psycopg://postgres@/nobody?host={tmp_path}")
        assert refused.startswith("2 ")
        assert "The queue cannot be reached." in refused


class TestLeasesAtTheStart:
    @pytest.mark.parametrize(("engine", "is_resumed"), [("in-process", True), ("pgqueuer", False)])
    async def test_only_where_work_is_not_shared_a_start_takes_over_all_leases(
        self, new_postgres: str, postgres_server: object, tmp_path: Path, engine: str, is_resumed: bool
    ) -> None:
        url = postgres_server.url(new_postgres)  # type: ignore[attr-defined]
        (tmp_path / "goodname.toml").write_text(
            f'data_dir = "{tmp_path}"\n[store]\nurl = "{url}"\n[queue]\nengine = "{engine}"\n', "utf-8"
        )
        async with open_app(load_settings(tmp_path / "goodname.toml")) as app_:
            now = app_.clock.now()
            app_.store.sync_targets([Target(source="forum", query_key="*", every=timedelta(minutes=5))], now)
            (leased,) = app_.store.lease_targets(now, limit=1, lease_for=timedelta(minutes=15))
            assert app_.claim()

            assert (app_.store.leased_target("forum", "*", leased.lease_until) is None) is is_resumed


class TestHealth:
    async def test_a_worker_is_seen_at_its_job_and_forgotten_when_it_ends(
        self, new_postgres: str, postgres_server: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = postgres_server.url(new_postgres)  # type: ignore[attr-defined]
        (tmp_path / "goodname.toml").write_text(
            f'data_dir = "{tmp_path}"\n[store]\nurl = "{url}"\n[queue]\nengine = "pgqueuer"\n', "utf-8"
        )
        monkeypatch.setattr("monitor.workers.crew.SHOW_LIFE_S", 0.05)
        begun, going_on = asyncio.Event(), asyncio.Event()

        async def hold(_payload: bytes | None) -> None:
            begun.set()
            await going_on.wait()

        async def fail(_payload: bytes | None) -> None:
            raise ValueError

        async with open_app(load_settings(tmp_path / "goodname.toml")) as app_, open_crew(app_) as crew:
            monkeypatch.setattr(crew, "_handlers", lambda: {POLL: hold, CAPTURE: fail})
            await crew._queue.put([poll_job(target("town-forum")), capture_job(7)])
            work = asyncio.create_task(crew.work((POLL, CAPTURE)))
            await asyncio.wait_for(begun.wait(), 30)

            async def seen() -> bool:
                (one,) = app_.store.workers() or (None,)
                return one is not None and one.failed == 1 and [job.about for job in one.doing] == ["town-forum"]

            await _until(seen)
            words = ["--config", str(tmp_path / "goodname.toml"), "status"]
            told = (await asyncio.to_thread(CliRunner().invoke, app, words)).output
            assert "poll town-forum, " in told
            assert "0 done, 1 failed" in told
            assert [one.name for one in probe_of(app_).workers] == [crew._hands.name]
            going_on.set()
            crew.stop()
            await asyncio.wait_for(work, 30)
            assert app_.store.workers() == ()
