"""Several real processes that share one installation on a real PostgreSQL, and a site that sees who asks and when."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.testing.serving import LoopbackServer, Received, reply

PATIENCE_S = 60
WATCHLIST = """[[subject]]
id = "alina"
name = "Alina Vossberg"
attestation = { relation = "self", by = "Alina", on = 2026-01-01 }
"""
_SETTINGS = """data_dir = "data"
capture.browser = "off"
watchlist.file = "watchlist.toml"
network = {{ allow = [{allowed}], contact = "{name}" }}
store.url = "{url}"
queue = {{ engine = "pgqueuer", concurrency = {places} }}
web.bind = "{web}"
{sources}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Hold one request: when it arrived, what it wanted, and which process sent it."""

    at: float
    path: str
    who: str


class Site:
    """Answer by path, and count; while `may_answer` is not set, everybody waits in `held`."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[Received], bytes]] = {}
        self.asked: list[Asked] = []
        self.held: list[Asked] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self._server = LoopbackServer(self._answer)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Site]:
        """Listen on a free loopback port."""
        async with self._server:
            yield self

    @property
    def address(self) -> str:
        """Give its usual "host:port"."""
        return self._server.address

    @property
    def stranger(self) -> str:
        """Give an address at which the program takes it for somebody else's, and leaves room between requests."""
        return self._server.address.replace("127.0.0.1", "0.0.0.0")

    def arrivals(self, start: str = "/", *, who: str = "") -> list[Asked]:
        """Give the requests for paths that begin so, in order."""
        return [one for one in self.asked if one.path.startswith(start) and one.who.startswith(who)]

    async def _answer(self, received: Received) -> bytes:
        path = received.target.partition("?")[0]
        who = received.headers["user-agent"].partition("(+")[2].rstrip(")")
        asked = Asked(at=time.monotonic(), path=path, who=who)
        self.asked.append(asked)
        self.held.append(asked)
        await self.may_answer.wait()
        self.held.remove(asked)
        return next(answer for start, answer in self.answers.items() if path.startswith(start))(received)


def feed(_received: Received) -> bytes:
    """Answer with a feed without posts."""
    told = {"version": "https://jsonfeed.org/version/1.1", "title": "Forum", "items": []}
    return reply(json.dumps(told), headers={"Content-Type": "application/feed+json"})


class Crew:
    """Start and end processes; each names itself in what it sends, and has a log of its own."""

    def __init__(self, root: Path, url: str, sources: str, *, allow: tuple[str, ...], places: int = 6) -> None:
        self._root, self._url, self._sources, self._allow, self._places = root, url, sources, allow, places
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        (root / "watchlist.toml").write_text(WATCHLIST, "utf-8")

    def settings(self, name: str, *, web: str = "off") -> Path:
        """Write the settings that a process of this name has; all have the same, but for how they name themselves."""
        path = self._root / f"{name}.toml"
        allowed = ", ".join(f'"{one}"' for one in self._allow)
        given = {"allowed": allowed, "name": name, "url": self._url, "places": self._places, "web": web}
        path.write_text(_SETTINGS.format(**given, sources=self._sources), "utf-8")
        path.chmod(0o600)
        return path

    def start(self, name: str, command: str, *, web: str = "off") -> subprocess.Popen[bytes]:
        """Start `goodname run` or `goodname worker`."""
        program, settings = Path(sys.executable).with_name("goodname"), self.settings(name, web=web)
        with self._log(name).open("wb") as log:
            process = subprocess.Popen(
                [str(program), "--config", str(settings), command], cwd=self._root, stderr=log, start_new_session=True
            )
        self.processes[name] = process
        return process

    def kill(self, name: str) -> None:
        """End one as a crash would."""
        process = self.processes.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        """End all of them."""
        for name in tuple(self.processes):
            self.kill(name)

    def has_said(self, name: str, message: str) -> bool:
        """Tell whether a process has logged this message."""
        return f'"message": "{message}"' in self._log(name).read_text("utf-8")

    async def until(self, what: str, is_so: Callable[[], bool]) -> None:
        """Wait until something is so; fail with the logs after a minute, or when a process ends first."""
        end = time.monotonic() + PATIENCE_S
        while not is_so():
            ended = [name for name, process in self.processes.items() if process.poll() is not None]
            if ended or time.monotonic() > end:
                logs = {name: self._log(name).read_text("utf-8")[-1500:] for name in ended or self.processes}
                pytest.fail(f"waited in vain for {what}; ended: {ended}\n" + "\n".join(map(str, logs.items())))
            await asyncio.sleep(0.05)

    def _log(self, name: str) -> Path:
        return self._root / f"{name}.log"
