"""Preserving on a real store and vault: nothing sealed is forgotten, nothing failed goes untold."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.domain import (
    AlertKind,
    AlertStatus,
    ArtifactRole,
    Capture,
    CaptureOutcome,
    CaptureRequest,
    Observed,
    Origin,
)
from monitor.errors import CaptureFailed, StoreBusy
from monitor.evidence import FileVault
from monitor.jobs import preserve
from monitor.ports import PageRows, Staging
from monitor.store import SqlStore, open_store
from monitor.testing import FakeClock, make_mention
from monitor.testing.builders import make_observed


class SimpleCapturer:
    """Keep one small file, or fail the first `failures` times."""

    def __init__(self, clock: FakeClock, failures: int = 0) -> None:
        self.clock, self.failures = clock, failures

    async def capture(self, request: CaptureRequest, staging: Staging) -> Observed:
        if self.failures:
            self.failures -= 1
            raise CaptureFailed(why="the host cannot be reached")
        staging.add(ArtifactRole.TEXT, "page.txt", "text/plain", Origin.RENDERED, b"the words")
        now = self.clock.now()
        return make_observed(request.url, at=now)

    async def close(self) -> None:
        return None


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[SqlStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'rows.db'}", clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def vault(tmp_path: Path, clock: FakeClock) -> FileVault:
    return FileVault(tmp_path / "evidence", clock=clock, actor="test", reserve_bytes=0)


@pytest.fixture
def asked(store: SqlStore, clock: FakeClock) -> int:
    """Store a mention and ask for its capture; gives the mention's id."""
    mention = make_mention(source="forum", external_id="1")
    store.save_page(PageRows(source="forum", query_key="*", mentions=(mention,), raw=(), cursor="{}"))
    stored = store.find("forum", "1")
    assert stored is not None
    store.request_capture(
        CaptureRequest(id=0, mention_id=stored.id, revision=1, url=stored.url, facts={"source": "forum"}), clock.now()
    )
    return stored.id


async def test_a_requested_page_is_kept_once(store: SqlStore, vault: FileVault, clock: FakeClock, asked: int) -> None:
    capturer = SimpleCapturer(clock)
    kept = await preserve.run(store, vault, capturer, clock)
    assert [capture.outcome for capture in kept] == [CaptureOutcome.COMPLETE]
    assert await preserve.run(store, vault, capturer, clock) == ()
    assert [capture.id for capture in store.captures(asked)] == [kept[0].id]
    assert vault.verify().is_intact


async def test_a_page_that_cannot_be_kept_is_tried_again_then_told(
    store: SqlStore, vault: FileVault, clock: FakeClock, asked: int
) -> None:
    capturer = SimpleCapturer(clock, failures=preserve.ATTEMPTS)
    kept: tuple[Capture, ...] = ()
    for _ in range(preserve.ATTEMPTS):
        assert kept == ()
        kept = await preserve.run(store, vault, capturer, clock)
        clock.advance(timedelta(hours=3))
    assert [capture.outcome for capture in kept] == [CaptureOutcome.FAILED]
    assert "cannot be reached" in kept[0].failure
    told = store.alerts(status=AlertStatus.PENDING)
    assert [(alert.kind, alert.mention_id) for alert in told] == [(AlertKind.CAPTURE_FAILED, asked)]
    assert vault.verify().is_intact


async def test_a_capture_sealed_while_the_database_was_away_is_found_at_the_next_start(
    store: SqlStore, vault: FileVault, clock: FakeClock, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_away(*_: object) -> None:
        raise StoreBusy

    with monkeypatch.context() as away:
        away.setattr(store, "finish_capture", is_away)
        assert await preserve.run(store, vault, SimpleCapturer(clock), clock) == ()
    assert store.captures(asked) == ()
    recovered = preserve.recover(store, vault, clock)
    assert [capture.id for capture in store.captures(asked)] == [capture.id for capture in recovered]
    assert len(recovered) == 1
    assert preserve.recover(store, vault, clock) == ()


def test_a_page_that_kills_the_program_each_time_is_left_alone_and_told_of(tmp_path: Path, clock: FakeClock) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'rows.db'}", clock=clock)
    ids = {}
    for name in ("killer", "innocent"):
        mention = make_mention(source="forum", external_id=name, url=f"https://forum.example/{name}")
        store.save_page(PageRows(source="forum", query_key="*", mentions=(mention,), raw=(), cursor="{}"))
        stored = store.find("forum", name)
        assert stored is not None
        ids[name] = stored.id
        store.request_capture(CaptureRequest(id=0, mention_id=stored.id, revision=1, url=stored.url), clock.now())
    driver = Path(__file__).with_name("killer_driver.py")
    ends = []
    while not ends or (ends[-1] != 0 and len(ends) < 10):
        ends.append(subprocess.run([sys.executable, driver, tmp_path], check=False, timeout=60).returncode)
    assert ends == [-signal.SIGKILL] * preserve.INTERRUPTIONS + [0]
    assert [one.outcome for one in store.captures(ids["innocent"])] == [CaptureOutcome.COMPLETE]
    (parked,) = store.captures(ids["killer"])
    assert parked.outcome is CaptureOutcome.FAILED
    assert "the program ended 3 times while it was keeping this page" in parked.failure
    told = store.alerts(status=AlertStatus.PENDING)
    assert [(alert.kind, alert.mention_id) for alert in told] == [(AlertKind.CAPTURE_FAILED, ids["killer"])]
    vault = FileVault(tmp_path / "evidence", clock=clock, actor="test", reserve_bytes=0)
    assert vault.verify().is_intact
    assert list((tmp_path / "evidence" / "staging").iterdir()) == []
    store.close()


async def test_an_orderly_end_does_not_count_against_the_page(
    store: SqlStore, vault: FileVault, clock: FakeClock, asked: int
) -> None:
    class SlowCapturer(SimpleCapturer):
        async def capture(self, request: CaptureRequest, staging: Staging) -> Observed:
            begun.set()
            await asyncio.sleep(60)
            return await super().capture(request, staging)

    for _ in range(preserve.INTERRUPTIONS + 1):
        begun = asyncio.Event()
        work = asyncio.create_task(preserve.run(store, vault, SlowCapturer(clock), clock))
        await begun.wait()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await asyncio.sleep(0.2)
    assert [one.outcome for one in await preserve.run(store, vault, SimpleCapturer(clock), clock)] == ["complete"]
