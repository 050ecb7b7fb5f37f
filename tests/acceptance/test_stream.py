"""The service listens to a real stream, is killed with signal 9 again and again, and keeps every mention once."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.store import open_store
from tests.integration.test_streams import Jetstream
from tests.unit.connectors.jetstream_world import event, us

pytestmark = pytest.mark.slow

KILLS = 4
PATIENCE_S = 90

CONFIG = """data_dir = "data"
watchlist.file = "watchlist.toml"
capture.browser = "off"
web.bind = "off"
alerts.urls = ["json://127.0.0.1:9/"]
network.allow = ["{address}"]
[[source]]
name = "sky"
connector = "jetstream"
settings = {{ base_url = "ws://{address}" }}
"""
WATCHLIST = """[[subject]]
id = "alina"
name = "Alina Vossberg"
attestation = { relation = "self", by = "Alina", on = 2026-01-01 }
"""


class House:
    """Start and end the service in a folder of its own; feed its stream all the while."""

    def __init__(self, folder: Path, sky: Jetstream) -> None:
        self._folder, self._sky = folder, sky
        self.written = 0

    def start(self) -> subprocess.Popen[bytes]:
        command = [str(Path(sys.executable).with_name("goodname")), "--config", "goodname.toml", "run"]
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(command, cwd=self._folder, stderr=log)

    async def until_heard(self, process: subprocess.Popen[bytes]) -> None:
        """Write posts until the service has opened the stream and kept something new."""
        before, connections = len(self.kept()), len(self._sky.cursors)
        async with asyncio.timeout(PATIENCE_S):
            while len(self._sky.cursors) == connections or len(self.kept()) == before:
                assert process.poll() is None, (self._folder / "log").read_text()[-2000:]
                await self.write()

    async def write(self) -> None:
        self.written += 1
        now = us(SystemClock().now())
        self._sky.add(event(now, "nobody", rkey=f"x{self.written}"))
        self._sky.add(event(now, f"Alina Vossberg {self.written}", rkey=f"m{self.written}"))
        await asyncio.sleep(0.1)

    def kept(self) -> list[int]:
        """Give the number of versions of each mention."""
        if not (self._folder / "data" / "goodname.db").exists():
            return []
        with closing(open_store(f"sqlite:///{self._folder / 'data' / 'goodname.db'}", clock=SystemClock())) as store:
            return [one.revision for one in store.stored(limit=100_000)]


async def test_killed_again_and_again_it_keeps_each_mention_once(tmp_path: Path) -> None:
    sky = Jetstream()
    async with sky.serving() as address:
        (tmp_path / "goodname.toml").write_text(CONFIG.format(address=address))
        (tmp_path / "goodname.toml").chmod(0o600)
        (tmp_path / "watchlist.toml").write_text(WATCHLIST)
        house = House(tmp_path, sky)
        process = house.start()
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not sky.cursors:  # what was written before anybody listened for the first time is not asked for
                    assert process.poll() is None, (tmp_path / "log").read_text()[-2000:]
                    await asyncio.sleep(0.1)
            for kill in range(KILLS):
                while kill == 0 and not house.kept():
                    await house.write()
                process.kill()
                process.wait()
                process = house.start()
                await house.until_heard(process)
            async with asyncio.timeout(PATIENCE_S):
                while len(house.kept()) < house.written:  # noqa: ASYNC110  # another process writes it
                    await asyncio.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 60) == 0
        finally:
            process.kill()
            process.wait()
        assert house.kept() == [1] * house.written
        assert len(sky.cursors) == KILLS + 1
        assert all(sky.cursors[1:])
