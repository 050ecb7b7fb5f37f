"""`goodname run` and `goodname once` as a service manager or cron would use them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.demo import texts
from monitor.testing.postgres import postgres_server, server_programs

pytestmark = pytest.mark.slow

LIKELY = [find for find in texts.FINDS if find.likely]
PATIENCE_S = 60


class Service:
    """A running `goodname run`, its log, and what it tells the service manager."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, notices: socket.socket) -> None:
        self.process = process
        self._log = log
        self._notices = notices
        self.told: list[str] = []

    def wait_for(self, what: str, is_so: Callable[[], bool]) -> None:
        """Wait until something is so; fail with the log after a minute, or when the service ends first."""
        end = time.monotonic() + PATIENCE_S
        while not is_so():
            assert self.process.poll() is None, f"ended while waiting for {what}:\n{self._log.read_text()}"
            assert time.monotonic() < end, f"waited in vain for {what}:\n{self._log.read_text()[-4000:]}"
            self.listen(0.05)

    def listen(self, seconds: float) -> None:
        """Take what was told to the service manager, waiting at most so long for the first word."""
        self._notices.settimeout(seconds)
        try:
            while True:
                self.told += self._notices.recv(4096).decode().splitlines()
                self._notices.settimeout(0.001)
        except TimeoutError:
            return

    def lines(self) -> list[dict[str, object]]:
        """Give the log; every line must be JSON."""
        return [json.loads(line) for line in self._log.read_text("utf-8").splitlines()]


@contextmanager
def running(goodname, root: Path, *, watchdog_s: float = 3.0, command: str = "run") -> Iterator[Service]:
    address, log = root / "notify.sock", root / "service.log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices, log.open("wb") as out:
        notices.bind(str(address))
        process = subprocess.Popen(
            [str(goodname.path), "--config", str(root / "goodname.toml"), command],
            stdout=out,
            stderr=out,
            env={**os.environ, "NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": str(int(watchdog_s * 1e6))},
            start_new_session=True,
        )
        try:
            yield Service(process, log, notices)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def healthz(root: Path) -> tuple[int, dict[str, object]]:
    bind = tomllib.loads((root / "goodname.toml").read_text("utf-8"))["web"]["bind"]
    try:
        with urllib.request.urlopen(f"http://{bind}/healthz", timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.URLError:
        return 0, {}


def test_runs_tells_and_stops_in_order(goodname, town):
    world, folder = town
    with running(goodname, folder.root) as service:
        service.wait_for("READY", lambda: "READY=1" in service.told)
        service.wait_for("health", lambda: healthz(folder.root)[0] == 200)
        service.wait_for("first alerts", lambda: len(world.calls.paths) >= 6)
        service.wait_for("the watchdog", lambda: service.told.count("WATCHDOG=1") >= 2)
        world.advance()
        service.wait_for("all alerts", lambda: len(world.calls.paths) >= len(LIKELY))
        status, health = healthz(folder.root)
        assert status == 200
        assert {source["name"] for source in health["sources"]} >= {"town-forum", "ferry-notes"}
        assert "Voss" not in json.dumps(health)

        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(PATIENCE_S) == 0
        service.listen(0.2)
        assert "STOPPING=1" in service.told
        assert service.told.index("READY=1") < service.told.index("STOPPING=1")
        lines = service.lines()
        assert {"started", "stopped"} <= {line["message"] for line in lines}
        assert not [line for line in lines if line["level"] == "error"]
        assert "Voss" not in json.dumps(lines), "the log holds no words of others"


def test_a_failing_source_is_a_state_of_health(goodname, town):
    _, folder = town
    with running(goodname, folder.root) as service:

        def is_known() -> bool:
            _, health = healthz(folder.root)
            return any(one["name"] == "ferry-notes" and one["state"] != "ok" for one in health.get("sources", ()))

        service.wait_for("the failing source", is_known)
        service.wait_for("degraded", lambda: healthz(folder.root)[1].get("status") == "degraded")


def test_a_stop_during_work_loses_nothing(goodname, town):
    world, folder = town
    world.advance()
    with running(goodname, folder.root) as service:
        service.wait_for("the first alert", lambda: len(world.calls.paths) >= 1)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(PATIENCE_S) == 0
    done = goodname("--config", str(folder.settings), "once", cwd=folder.root)
    assert done.returncode == 0, done.stderr
    hits = goodname.json("--config", str(folder.settings), "hits", "list", cwd=folder.root)
    likely = [hit for hit in hits if hit["level"] == "likely"]
    # The removed post was never there for this run, so one less than in the demonstration.
    assert len(likely) == len(LIKELY) - 1
    told = "\n".join(json.loads(path.read_text("utf-8"))["message"] for path in world.calls.paths)
    assert all(f"hits show {hit['id']}\n" in told for hit in likely)


def test_once_twice_tells_once(goodname, town):
    world, folder = town
    first = goodname("--config", str(folder.settings), "once", "--json", cwd=folder.root)
    # One source answers 500, so the pass is only partly good, and says so.
    assert first.returncode == 3, first.stderr
    assert "ferry-notes" in first.stdout
    calls = len(world.calls.paths)
    assert calls == sum(1 for find in LIKELY if find.step == 1)
    second = goodname("--config", str(folder.settings), "once", "--json", cwd=folder.root)
    assert second.returncode == 3
    assert len(world.calls.paths) == calls
    world.advance()
    third = goodname("--config", str(folder.settings), "once", "--json", cwd=folder.root)
    assert third.returncode == 0, third.stderr
    assert len(world.calls.paths) == len(LIKELY)
    check = goodname("--config", str(folder.settings), "evidence", "verify", cwd=folder.root)
    assert check.returncode == 2, check.stdout  # intact, but no head from outside was given


@pytest.mark.postgres
def test_a_worker_tells_its_service_manager_and_ends_when_the_database_is_gone(goodname, tmp_path):
    pytest.importorskip("psycopg", reason="the driver for PostgreSQL is not installed")
    if server_programs() is None:
        pytest.skip("PostgreSQL's server is not installed")
    with postgres_server() as server:
        url = server.url(server.new_database())
        (tmp_path / "goodname.toml").write_text(
            f'data_dir = "data"\n[store]\nurl = "{url}"\n[queue]\nengine = "pgqueuer"\n[capture]\nbrowser = "off"\n'
        )
        with running(goodname, tmp_path, command="worker") as worker:
            worker.wait_for("READY", lambda: "READY=1" in worker.told)
            worker.wait_for("the watchdog", lambda: worker.told.count("WATCHDOG=1") >= 2)
            worker.process.send_signal(signal.SIGTERM)
            assert worker.process.wait(PATIENCE_S) == 0
            worker.listen(0.2)
            assert "STOPPING=1" in worker.told
        (tmp_path / "notify.sock").unlink()
        orphan = running(goodname, tmp_path, command="worker")
        worker = orphan.__enter__()
        worker.wait_for("READY", lambda: "READY=1" in worker.told)
    try:
        assert worker.process.wait(PATIENCE_S) == os.EX_TEMPFAIL
    finally:
        orphan.__exit__(None, None, None)
