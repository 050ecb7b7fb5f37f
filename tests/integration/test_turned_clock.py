"""The running service when the wall clock is turned or the machine sleeps: it polls on, and no summary comes twice."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from monitor.bootstrap import ServiceManager, open_app
from monitor.clock import SystemClock
from monitor.daemon import Service
from monitor.domain import AlertKind
from monitor.settings import load_settings
from monitor.testing import LoopbackServer, reply

EVERY_S = 1


class MonotonicOnly(SystemClock):
    """Keep the monotonic clock real while the wall clock is turned, as a machine does."""

    def monotonic(self) -> float:
        return time.clock_gettime(time.CLOCK_MONOTONIC)


def real() -> float:
    return time.clock_gettime(time.CLOCK_MONOTONIC)


async def until(condition, seconds: float) -> bool:
    end = real() + seconds
    while real() < end:
        if condition():
            return True
        await asyncio.sleep(0.02)
    return False


JUMPS = {
    "an hour back": timedelta(hours=-1),
    "an hour ahead": timedelta(hours=1),
    "ten years ahead": timedelta(days=3652),
    "a night asleep": timedelta(hours=9),
}


@pytest.fixture
def noon():
    """Let it be noon, so that at most one jump passes the hour of the summary, whenever the test is run."""
    with time_machine.travel(datetime.now(UTC).replace(hour=12, minute=0, second=0), tick=True):
        yield


@pytest.mark.usefixtures("noon")
async def test_polls_go_on_within_two_intervals(tmp_path):
    asked: list[float] = []

    def serve(received):
        asked.append(real())
        return reply(b'{"version": "https://jsonfeed.org/version/1.1", "title": "Forum", "items": []}')

    async with LoopbackServer(serve) as server:
        address = server.url("/feed.json")
        (tmp_path / "watchlist.toml").write_text(
            '[[subject]]\nid = "s"\nname = "FIRST LAST"\n[subject.attestation]\nrelation = "self"\n'
            'by = "FIRST LAST"\non = 2026-01-01\n'
        )
        (tmp_path / "goodname.toml").write_text(
            f'[watchlist]\nfile = "watchlist.toml"\n[web]\nbind = "off"\n[network]\nallow = ["{server.address}"]\n'
            f'[[source]]\nname = "forum"\nconnector = "feed"\nevery = "{EVERY_S}s"\n'
            f'[source.settings]\nurl = "{address}"\n'
        )
        async with open_app(load_settings(tmp_path / "goodname.toml"), clock=MonotonicOnly()) as app:
            assert app.claim()
            service = Service(app, ServiceManager())
            running = asyncio.create_task(service.run())
            assert await until(lambda: len(asked) >= 2, 20)
            for what, jump in JUMPS.items():
                await poll_across(what, jump, asked)  # the clock is turned, and at its end turned back
            service.stop()
            await running
            kinds = [alert.kind for alert in app.store.alerts()]
        assert kinds.count(AlertKind.SOURCE_FAILING) == 0
        assert kinds.count(AlertKind.DIGEST) <= 1


async def poll_across(what: str, jump: timedelta, asked: list[float]) -> None:
    """Turn the clock there and back; each time a poll must come within two intervals and what a busy machine takes."""
    with time_machine.travel(datetime.now(UTC) + jump, tick=True):
        await a_poll_comes(what, asked)
    await a_poll_comes(f"{what}, and back", asked)


async def a_poll_comes(what: str, asked: list[float]) -> None:
    turned, before = real(), len(asked)
    assert await until(lambda: len(asked) > before, 20), what
    assert asked[before] - turned <= 2 * EVERY_S + 4, what


def test_a_summary_marked_years_ahead_is_brought_back(tmp_path):
    from datetime import time as time_of_day

    from monitor.jobs import digest
    from monitor.store import open_store
    from monitor.testing import FakeClock

    clock = FakeClock()
    store = open_store(f"sqlite:///{tmp_path / 'x.db'}", clock=clock)
    timetable = digest.Timetable(at=time_of_day(8, 0), timezone="Europe/London")
    sent: list[datetime] = []

    def hours(count: int) -> None:
        for _ in range(count):
            if digest.run(store, timetable, clock):
                sent.append(clock.now())
            clock.advance(timedelta(hours=1))

    hours(48)
    assert len(sent) == 2
    clock.jump(timedelta(days=3652))
    hours(2)
    assert len(sent) == 3, "the time between was covered by one summary"
    clock.jump(timedelta(days=-3652))
    hours(24 * 4)
    assert 3 <= len(sent) - 3 <= 5
    days = [moment.date() for moment in sent]
    assert len(days) == len(set(days)), "no day twice"
    clock.jump(timedelta(hours=-1))
    hours(24)
    assert len({moment.date() for moment in sent}) == len(sent)
    store.close()
