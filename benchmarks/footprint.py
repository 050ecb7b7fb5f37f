"""Measure how soon the service is ready and how much memory it holds while it has nothing to do.

    python benchmarks/footprint.py [--runs 3] [--idle 5] [--smoke]

Starts `goodname run` on an empty installation with the page on and with it off, and, where PostgreSQL's server is
installed, `goodname worker`; each with its database already made. Ready is what a service manager is told.
Beside them a naive process imports every module and library of the installation at once and then waits. Prints JSON:
for each the seconds until it was ready (the least of the runs, as other work on the machine only adds to it) and its
resident memory in MiB afterwards (the middle run).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from monitor.testing.postgres import postgres_server

LIBRARIES = (
    "aiosmtplib alembic apprise asyncpg bs4 css_inline feedparser htmldate icalendar lxml.html numpy obstore"
    " pgqueuer PIL.Image playwright.async_api praw prometheus_client psycopg py3langid pyrage rfc3161_client tokenizers"
    " trafilatura tweepy typst warcio yt_dlp"
)
EAGER = """
import contextlib, importlib, os, pkgutil, socket, sys, time, warnings
warnings.simplefilter("ignore")
for root in ("monitor", "connectors"):
    package = importlib.import_module(root)
    for found in pkgutil.walk_packages(package.__path__, f"{root}."):
        if not found.name.endswith("__main__") and ".migrations" not in found.name and ".testing" not in found.name:
            with contextlib.suppress(ImportError):
                importlib.import_module(found.name)
for name in sys.argv[1:]:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
    speaker.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
time.sleep(3600)
"""
PATIENCE_S = 120.0


def resident_mib(pid: int) -> float:
    """Give the resident memory of a process as Linux counts it."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the process has no memory")


def wait_for(process: subprocess.Popen[bytes], ear: socket.socket, log: Path, begun: float) -> float:
    """Wait until a process says that it is ready; gives the seconds since it was begun."""
    while time.monotonic() < begun + PATIENCE_S:
        with contextlib.suppress(TimeoutError):
            if b"READY=1" in ear.recv(4096):
                return time.monotonic() - begun
        if process.poll() is not None:
            break
    raise SystemExit(f"it did not become ready: {process.args!r}\n{log.read_text()[-2000:]}")


@contextlib.contextmanager
def started(command: Sequence[str], folder: Path) -> Iterator[tuple[int, float]]:
    """Run a command until the block ends; gives its id and the seconds until it said that it is ready."""
    address = folder / "notify"
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear, (folder / "log").open("wb") as log:
        ear.bind(str(address))
        ear.settimeout(0.05)
        environment = {**os.environ, "NOTIFY_SOCKET": str(address), "HOME": str(folder)}
        begun = time.monotonic()
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
        try:
            yield process.pid, wait_for(process, ear, folder / "log", begun)
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_S)


def measure(command: Sequence[str], folder: Path, runs: int, idle_s: float) -> Mapping[str, float]:
    """Start a command so many times, once more before to make what it makes once; give the figures."""
    seconds, sizes = [], []
    for run in range(runs + 1):
        with started(command, folder) as (pid, ready_s):
            if run:
                time.sleep(idle_s)
                seconds.append(ready_s)
                sizes.append(resident_mib(pid))
    return {"ready_s": round(min(seconds), 2), "idle_mib": round(statistics.median(sizes), 1)}


def goodname(name: str, root: Path, settings: str) -> tuple[list[str], Path]:
    """Give the beginning of a command on an installation of its own, and its folder."""
    folder = root / name
    folder.mkdir()
    (folder / "goodname.toml").write_text(f'data_dir = "{folder / "data"}"\n{settings}')
    return [str(Path(sys.executable).with_name("goodname")), "--config", str(folder / "goodname.toml")], folder


def embedded(root: Path, name: str, settings: str, runs: int, idle_s: float) -> Mapping[str, float]:
    command, folder = goodname(name, root, settings)
    return measure([*command, "run"], folder, runs, idle_s)


def worker(root: Path, runs: int, idle_s: float) -> Mapping[str, float] | None:
    """Measure a worker on a PostgreSQL of its own; None where no server is installed."""
    try:
        with postgres_server() as server:
            shared = f'[store]\nurl = "{server.url(server.new_database())}"\n[queue]\nengine = "pgqueuer"\n'
            settings = f'{shared}[web]\nbind = "off"\n'
            command, folder = goodname("worker", root, settings)
            return measure([*command, "worker"], folder, runs, idle_s)
    except FileNotFoundError:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--idle", type=float, default=5.0, help="seconds after which memory is read")
    parser.add_argument("--smoke", action="store_true")
    wanted = parser.parse_args()
    runs, idle_s = (1, 0.5) if wanted.smoke else (wanted.runs, wanted.idle)
    # A socket's path has at most 107 characters, which deep folders may exceed.
    with tempfile.TemporaryDirectory(prefix="gn-") as made:
        root = Path(made)
        naive = root / "naive"
        naive.mkdir()
        port_of_its_own = '[web]\nbind = "127.0.0.1:0"\n'
        found = {
            "service": embedded(root, "service", port_of_its_own, runs, idle_s),
            "service_without_page": embedded(root, "bare", '[web]\nbind = "off"\n', runs, idle_s),
            "worker": worker(root, runs, idle_s),
            "naive_all_imported": measure([sys.executable, "-c", EAGER, *LIBRARIES.split()], naive, runs, idle_s),
        }
    print(json.dumps({"runs": runs, "idle_s": idle_s, "processors": os.cpu_count(), **found}, indent=2))


if __name__ == "__main__":
    main()
