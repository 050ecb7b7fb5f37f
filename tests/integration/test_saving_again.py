"""The word that saving works again comes soon, whatever a job's hours, and also from a service started anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from monitor import daemon
from monitor.bootstrap import TOLD, App, ServiceManager, open_app
from monitor.daemon import Service
from monitor.errors import StoreBusy
from monitor.jobs.ailing import TOLD_AFTER_S
from monitor.settings import load_settings
from monitor.testing import LoopbackServer, Received, reply

_PATIENCE_S = 30.0


class Hook:
    """Hear what is sent to the owner's webhook."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._news = asyncio.Event()

    def serve(self, received: Received) -> bytes:
        self.heard.append(received.body.decode())
        self._news.set()
        return reply(b"{}")

    async def wait_for(self, words: str) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not any(words in text for text in self.heard):
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def installation(folder: Path) -> AsyncIterator[tuple[App, Hook]]:
    hook = Hook()
    async with LoopbackServer(hook.serve) as server:
        (folder / "goodname.toml").write_text(
            f'data_dir = "{folder / "data"}"\n[web]\nbind = "off"\n[network]\nallow = ["{server.address}"]\n'
            f'[alerts]\nurls = ["json://{server.address}/"]\n'
        )
        async with open_app(load_settings(folder / "goodname.toml")) as app:
            yield app, hook


async def while_running(app: App, do: Callable[[Service], Awaitable[None]]) -> None:
    service = Service(app, ServiceManager())
    running = asyncio.create_task(service.run())
    try:
        await do(service)
    finally:
        service.stop()
        await running


async def test_a_service_started_anew_gives_the_word_that_is_still_owed(tmp_path: Path) -> None:
    note = tmp_path / "data" / TOLD
    note.parent.mkdir()
    note.write_text("1")
    async with installation(tmp_path) as (app, hook):
        await while_running(app, lambda _: hook.wait_for("Saving works again"))
    assert note.read_text() == "0"
    assert len(hook.heard) == 1


async def test_a_job_that_looks_for_work_once_a_day_does_not_hold_up_the_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(daemon.TICKS_S, "news", 0.05)
    async with installation(tmp_path) as (app, hook):

        async def look(service: Service) -> None:
            began = app.clock.monotonic() - TOLD_AFTER_S
            async with asyncio.timeout(_PATIENCE_S):
                while not hook.heard:  # what ran at the start may go well in between
                    for job in ("recover", "let_go", "recheck"):
                        service._ailments.failed(job, StoreBusy(why="the disk is full"), began)
                    await asyncio.sleep(0.01)
            assert "Nothing can be saved" in hook.heard[0]
            await hook.wait_for("Saving works again")
            assert service._ailments.of_store() == ()
            assert service.probe().status == "ok"

        await while_running(app, look)
    assert (tmp_path / "data" / TOLD).read_text() == "0"
    assert len(hook.heard) == 2
