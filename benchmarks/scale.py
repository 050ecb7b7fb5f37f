"""Watch up to 120,000 feeds with one service and say how late it is and what a feed costs; prints JSON.

    python benchmarks/scale.py [--targets 1000 10000 120000] [--seconds 90] [--store postgresql] [--figure FILE.svg]
    python benchmarks/scale.py --smoke

Each feed has a host of its own (an address below 127.0.0.0/8) and is due every 30 minutes, spread evenly; three in a
hundred have changed when they are asked, the others answer 304. `goodname run` polls, judges and tells for so many
seconds: a slice of the half hour, at the rate of the whole; 1800 seconds are all of it. With PostgreSQL a `goodname
worker` shares the work. Given are polls a second beside those that were due; the processor time of one core that the
service took (and, apart, the database and the sources); what one poll cost; how long after it was due each poll began
(median, 99th percentile, latest). `--figure FILE.svg` draws the cost of a poll as feeds grow. Beside it, in the same
run, a naive loop asks as many of the same feeds with the same library for HTTP and does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.server
import json
import math
import multiprocessing
import os
import random
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp
import psycopg
from chart import write_chart
from town import COMMAND

from connectors.feed import FeedCursor
from monitor.testing.postgres import PostgresServer, postgres_server

EVERY_S = 1800
CHANGED = 0.03
_START_S = 600.0
_NAIVE_AT_ONCE = 16
_LONG_S = 30.0
_WATCHLIST = """
[[subject]]
id = "a"
name = "FIRST LAST"
  [subject.attestation]
  relation = "self"
  by = "FIRST LAST"
  on = 2026-11-22
"""
_FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{items}</channel></rss>"""
_ITEM = "<item><guid isPermaLink='false'>{n}</guid><title>Notice {n}</title><description>At {n}.</description></item>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """Hold what one size came to; times in seconds."""

    targets: int
    due_a_second: float
    polls_a_second: float
    cpu_share: float
    cpu_share_database: float
    cpu_share_sources: float
    cpu_ms_a_poll: float
    late_p50: float
    late_p99: float
    late_most: float
    never_polled_in_time: int
    ready: float
    resident_mib: float
    naive_cpu_ms_a_poll: float


def host_of(number: int) -> str:
    """Give a loopback address of its own to each feed."""
    return f"127.{1 + number // 65536}.{number // 256 % 256}.{number % 256}"


class Feeds(http.server.BaseHTTPRequestHandler):
    """Answer 304, or now and then a feed with something new."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a feed reader."""
        known = self.headers.get("If-None-Match")
        if known and random.random() >= CHANGED:  # nobody's secret
            self.send_response(304)
            self.send_header("ETag", known)
            self.end_headers()
            return
        first = time.time_ns()
        body = _FEED.format(items="".join(_ITEM.format(n=first + number) for number in range(5))).encode()
        self.send_response(200)
        self.send_header("ETag", f'"{first}"')
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Sources(http.server.ThreadingHTTPServer):
    """Take many calls at once: a short queue drops some, and each of those would be tried again a second later."""

    daemon_threads = True
    request_queue_size = 1024


def serve(port: int) -> None:
    """Serve every loopback address on one port."""
    server = Sources(("0.0.0.0", port), Feeds)  # addresses below 127.0.0.0/8
    server.serve_forever()


@contextlib.contextmanager
def feeds() -> Iterator[tuple[int, int]]:
    """Run the sources in a process of their own; gives the port and the process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = multiprocessing.Process(target=serve, args=(port,), daemon=True)
    process.start()
    try:
        yield port, process.pid or 0
    finally:
        process.terminate()
        process.join()


def write_settings(folder: Path, count: int, port: int, store_url: str) -> Path:
    """Write a configuration with so many feeds."""
    hosts = [f"{host_of(number)}:{port}" for number in range(count)]
    lines = [
        'data_dir = "data"\n[watchlist]\nfile = "watchlist.toml"\n[capture]\nbrowser = "off"\n[web]\nbind = "off"',
        f"[network]\nallow = {json.dumps(hosts)}",
    ]
    if store_url:
        lines.append(f'[store]\nurl = "{store_url}"\n[queue]\nengine = "pgqueuer"')
    lines += [
        f'[[source]]\nname = "f{number}"\nconnector = "feed"\nevery = "30m"\n'
        f'settings = {{ url = "http://{host}/f.xml" }}'
        for number, host in enumerate(hosts)
    ]
    (folder / "watchlist.toml").write_text(_WATCHLIST, "utf-8")
    path = folder / "goodname.toml"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


class Rows:
    """Ask the database, SQLite or PostgreSQL, past the product."""

    def __init__(self, folder: Path, url: str) -> None:
        self._path, self._url = folder / "data" / "goodname.db", url.replace("+psycopg", "")

    def settle(self, lead_s: float) -> None:
        """Make the feeds due evenly over half an hour from then on, and known from before, as in the long run."""
        cursor = FeedCursor(etag='"0"').model_dump_json()
        known = f"INSERT INTO position (source, query_key, cursor) SELECT source, query_key, '{cursor}' FROM target"
        self._ask(f"{known} WHERE true ON CONFLICT DO NOTHING RETURNING 1")
        start, span = time.time_ns() // 1000 + int(lead_s * 1e6), EVERY_S * 1_000_000
        if self._url:
            self._ask(f"UPDATE target SET next_due_at = {start} + (random() * {span})::bigint RETURNING 1")
        else:
            self._ask(f"UPDATE target SET next_due_at = {start} + abs(random()) % {span}")

    def polled(self) -> int:
        """Count the polls so far."""
        return int(str(self._ask("SELECT count(*) FROM poll")[0][0]))

    def late_s(self, since: float) -> list[float]:
        """Give how long after they were due the polls began that began since a moment, in order."""
        found = self._ask(f"SELECT started_at - due_at FROM poll WHERE started_at >= {int(since * 1e6)} AND due_at > 0")
        return sorted(int(str(row[0])) / 1e6 for row in found)

    def overdue(self, by_s: float) -> int:
        """Count the feeds that have been due for so long and are still not polled."""
        edge = int((time.time() - by_s) * 1e6)
        return int(str(self._ask(f"SELECT count(*) FROM target WHERE is_current AND next_due_at < {edge}")[0][0]))

    def _ask(self, words: str) -> list[tuple[object, ...]]:
        if self._url:
            with psycopg.connect(self._url, autocommit=True) as connection:
                return connection.execute(words).fetchall()
        with contextlib.closing(sqlite3.connect(self._path, timeout=30)) as database, database:
            return database.execute(words).fetchall()


def cpu_s(pids: list[int]) -> float:
    """Give the processor time that processes and their ended children have used."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(fields[place]) for place in (11, 12, 13, 14))
    return total / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    """Give the resident memory of a process."""
    line = next(one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


@contextlib.contextmanager
def running(folder: Path, settings: Path, *commands: str) -> Iterator[tuple[list[int], float]]:
    """Run the service, and a worker where work is shared; gives their ids and the seconds until all were ready."""
    address, begun = folder / "ear", time.monotonic()
    address.unlink(missing_ok=True)
    processes = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear, (folder / "log").open("ab") as log:
        ear.bind(str(address))
        ear.settimeout(_START_S)
        try:
            for command in commands:
                environment = {**os.environ, "NOTIFY_SOCKET": str(address), "GOODNAME_LOG_LEVEL": "error"}
                words = [str(COMMAND), "--config", str(settings), command]
                processes.append(subprocess.Popen(words, stdout=log, stderr=log, env=environment))
                while b"READY=1" not in ear.recv(4096):
                    continue
            yield [one.pid for one in processes], time.monotonic() - begun
        finally:
            if any(one.poll() is not None for one in processes):
                print((folder / "log").read_text("utf-8")[-3000:], file=sys.stderr)
            for one in processes:
                one.send_signal(signal.SIGTERM)
            for one in processes:
                one.wait(120)


async def naive_cpu_ms(count: int, port: int) -> float:
    """Ask so many feeds and do nothing with what comes; gives the processor time of one in milliseconds."""
    begun = time.process_time()
    turns = asyncio.Semaphore(_NAIVE_AT_ONCE)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True)) as session:

        async def ask(number: int) -> None:
            async with (
                turns,
                session.get(f"http://{host_of(number)}:{port}/f.xml", headers={"If-None-Match": "x"}) as got,
            ):
                await got.read()

        await asyncio.gather(*(ask(number) for number in range(count)))
    return 1000 * (time.process_time() - begun) / count


def database_pids(postgres: PostgresServer | None) -> list[int]:
    """Give the server's processes: it and those it started."""
    if postgres is None:
        return []
    first = int((postgres.folder / "data" / "postmaster.pid").read_text().split()[0])
    started = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    return [first, *map(int, started)]


def measure(count: int, seconds: float, sources: tuple[int, int], postgres: PostgresServer | None) -> Figure:
    """Watch so many feeds for a while; `sources` are the port and the process that serves them."""
    port, source_pid = sources
    with tempfile.TemporaryDirectory(prefix="gn-") as made:
        folder = Path(made)
        url = postgres.url(postgres.new_database()) if postgres else ""
        settings = write_settings(folder, count, port, url)
        subprocess.run([str(COMMAND), "--config", str(settings), "status", "--json"], capture_output=True, check=False)
        rows = Rows(folder, url)
        lead = 10 + count / 4000  # about what it takes to start; nothing is due before
        first_due = time.time() + lead
        rows.settle(lead)
        commands = ("run", "worker") if postgres else ("run",)
        with running(folder, settings, *commands) as (pids, ready):
            time.sleep(max(0.0, first_due - time.time()))
            groups = {"service": pids, "database": [], "sources": [source_pid]}

            def used() -> dict[str, float]:
                groups["database"] = database_pids(postgres)
                return {name: cpu_s(group) for name, group in groups.items()}

            before, spent_before, begun, since = rows.polled(), used(), time.monotonic(), time.time()
            while (rest := begun + seconds - time.monotonic()) > 0:
                time.sleep(min(1.0, rest))
                if seconds > _LONG_S:
                    done = f"{count} feeds: {time.monotonic() - begun:.0f} of {seconds:.0f} s"
                    print(f"\r{done}", end="", file=sys.stderr, flush=True)
            took = time.monotonic() - begun
            polls, overdue = rows.polled() - before, rows.overdue(60)
            spent = {name: value - spent_before[name] for name, value in used().items()}
            resident = sum(resident_mib(pid) for pid in pids)
            late = rows.late_s(since) or [math.inf]
    naive = asyncio.run(naive_cpu_ms(max(50, min(polls, 2000)), port))
    return Figure(
        targets=count,
        due_a_second=round(count / EVERY_S, 2),
        polls_a_second=round(polls / took, 2),
        cpu_share=round(spent["service"] / took, 3),
        cpu_share_database=round(spent["database"] / took, 3),
        cpu_share_sources=round(spent["sources"] / took, 3),
        cpu_ms_a_poll=round(1000 * spent["service"] / polls, 2) if polls else math.inf,
        late_p50=round(statistics.median(late), 2),
        late_p99=round(late[max(0, math.ceil(0.99 * len(late)) - 1)], 2),
        late_most=round(late[-1], 2),
        never_polled_in_time=overdue,
        ready=round(ready, 1),
        resident_mib=round(resident, 1),
        naive_cpu_ms_a_poll=round(naive, 2),
    )


def draw(path: Path, found: list[dict[str, float]]) -> None:
    """Draw what a poll costs as feeds grow."""
    lines = {
        "this service": [(one["targets"], one["cpu_ms_a_poll"]) for one in found],
        "a naive loop": [(one["targets"], one["naive_cpu_ms_a_poll"]) for one in found],
    }
    write_chart(path, "What one poll costs as feeds grow", "feeds watched", "processor time, ms", lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", type=int, nargs="+", default=[1_000, 10_000, 120_000])
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--figure", type=Path, help="draw what a poll costs into this SVG")
    parser.add_argument("--smoke", action="store_true")
    wanted = parser.parse_args()
    sizes, seconds = ([2_000], 5.0) if wanted.smoke else (wanted.targets, wanted.seconds)
    server: Callable[[], contextlib.AbstractContextManager[PostgresServer | None]]
    server = postgres_server if wanted.store == "postgresql" else contextlib.nullcontext  # type: ignore[assignment]
    found = []
    with feeds() as sources, server() as postgres:
        for count in sizes:
            found.append(asdict(measure(count, seconds, sources, postgres)))
            print(f"\r{count} feeds measured", file=sys.stderr)
    if wanted.figure:
        draw(wanted.figure, found)
    print(
        json.dumps({"store": wanted.store, "seconds": seconds, "processors": os.cpu_count(), "sizes": found}, indent=2)
    )


if __name__ == "__main__":
    main()
