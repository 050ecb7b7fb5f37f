"""Kill `goodname run` with signal 9 at random moments while its webhook and mail server refuse; prints JSON.

    python benchmarks/kill.py --kills 100 [--seed 7] [--browser off] [--store postgresql] [--folder DIR]
    python benchmarks/kill.py --smoke

The invented town of the demonstration goes on publishing while the service is killed, with its browser, and started
again. Its webhook answers 503 to a third of all calls; its mail server answers 451, or 421 after a while, or takes a
mail and breaks off, which counts as arrived. Afterwards the service runs until everything it owes is told, is stopped
in order, and the books are made up: every likely repeat must have arrived on both channels (`lost` 0), no mention
stored twice, all evidence must verify and the database be whole. What arrives twice is `doubled`: at least once is the
promise, and it may not be more than one for each kill, nor more than 6 %. Beside it, two common designs meet the same
kills and refusals (`designs`). Exit code 0 when nothing was lost or damaged, and little doubled.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from kill_designs import DESIGNS, Loss, lose
from kill_sinks import CHANNELS, Sinks
from town import COMMAND, lasting_repeats, publish_repeats

from monitor.demo import Folder, World, write_configuration
from monitor.testing.postgres import PostgresServer, postgres_server

_START_S = 90.0
_STARTING_SHARE = 0.2
"""One in five kills comes while the service is still starting, the others while it is at work."""

_LATEST_KILLS_S = (0.5, 2.5, 6.0)
"""Short lives hit polling and judging, longer ones the keeping of pages and the telling."""

_STORIES_PER_KILL = 2
_MOST_DOUBLED = 0.06
_KILLS_FOR_A_SHARE = 50
"""With fewer kills a share of what arrived says nothing: two unlucky moments would be too many."""

_SMOKE_KILLS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """Hold the books; `expected`, `lost` and `doubled` count pairs of channel and mention."""

    store: str
    kills: int
    seed: int
    mentions: int
    expected: int
    lost: int
    not_found: int
    doubled: int
    doubled_share: float
    doubled_mentions: int
    bad_evidence: int
    captures: int
    database_faults: list[str]
    calls: int
    refused: int
    taken_and_broken_off: int
    stopped_in_order: bool
    drain_s: float
    seconds: float
    designs: tuple[Loss, ...] = ()

    @property
    def is_good(self) -> bool:
        """Tell whether nothing was lost or damaged, and no more arrived twice than the promise allows."""
        few_doubled = self.doubled <= self.kills and (
            self.kills < _KILLS_FOR_A_SHARE or self.doubled_share <= _MOST_DOUBLED
        )
        faults = self.lost or self.not_found or self.doubled_mentions or self.bad_evidence or self.database_faults
        return bool(few_doubled and not faults)


class Rig:
    """Run the service against the town, and kill it."""

    def __init__(self, root: Path, seed: int, browser: str, postgres: PostgresServer | None) -> None:
        self.chance = random.Random(seed)
        self.sinks = Sinks(seed + 1)
        self.world = World(root)
        self.settings = write_configuration(Folder(root), self.world, browser=browser, every="1s")
        self._bind = tomllib.loads(self.settings.read_text("utf-8"))["web"]["bind"]
        self._postgres = postgres
        self._database = postgres.new_database() if postgres else ""
        self._send_here(postgres.url(self._database) if postgres else "")
        self._root = root
        self.stories = 0
        self._log = (root / "service.log").open("wb")
        self._notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notices.bind(str(root / "notify.sock"))

    def _send_here(self, store_url: str) -> None:
        """Point the configuration's channels at the refusing sinks, and its store at a database."""
        text = self.settings.read_text("utf-8")
        text = text.replace(self.world.mail.address, f"127.0.0.1:{self.sinks.mail_port}")
        text = text.replace(self.world.hook.address, self.sinks.hook.address)
        if store_url:
            text += f'\n[store]\nurl = "{store_url}"\n'
        self.settings.write_text(text, "utf-8")

    def close(self) -> None:
        """Stop the town and the sinks."""
        self.world.close()
        self.sinks.close()
        self._log.close()
        self._notices.close()

    def database_faults(self) -> list[str]:
        """Have the database check itself from end to end; gives what it complains of."""
        if self._postgres:
            return self._postgres.complaints(self._database)
        (path,) = (self._root / "data").glob("*.db")
        with contextlib.closing(sqlite3.connect(path)) as database:
            said = [str(row[0]) for row in database.execute("PRAGMA integrity_check")]
            broken = [str(row) for row in database.execute("PRAGMA foreign_key_check")]
        return [line for line in said if line != "ok"] + broken

    def publish(self) -> None:
        """Put two more repeats on the wire."""
        self.stories = publish_repeats(self.world, self.stories, _STORIES_PER_KILL)

    def start(self) -> subprocess.Popen[bytes]:
        """Start `goodname run` in a process group of its own; what a predecessor told is forgotten."""
        self._notices.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while self._notices.recv(4096):
                continue
        command = [str(COMMAND), "--config", str(self.settings), "run"]
        environment = {**os.environ, "NOTIFY_SOCKET": self._notices.getsockname()}
        return subprocess.Popen(command, stdout=self._log, stderr=self._log, env=environment, start_new_session=True)

    def _wait_until_ready(self, service: subprocess.Popen[bytes]) -> None:
        self._notices.settimeout(1.0)
        latest = time.monotonic() + _START_S
        while service.poll() is None and time.monotonic() < latest:
            with contextlib.suppress(TimeoutError):
                if b"READY=1" in self._notices.recv(4096).splitlines():
                    return

    def kill_once(self) -> None:
        """Start the service and kill it, with its browser, at a random moment."""
        self.publish()
        is_starting = self.chance.random() < _STARTING_SHARE
        moment = self.chance.uniform(0.0, self.chance.choice(_LATEST_KILLS_S))
        service = self.start()
        if not is_starting:
            self._wait_until_ready(service)
        try:
            service.wait(moment)
        except subprocess.TimeoutExpired:
            os.killpg(service.pid, signal.SIGKILL)
            service.wait()
        else:
            raise SystemExit(f"the service ended by itself with {service.returncode}; see {self._log.name}")

    def drain(self, wanted: int, patience_s: float) -> tuple[bool, float]:
        """Run the service until this many mentions are announced and it owes no alert, then stop it in order."""
        begun = time.monotonic()
        service = self.start()
        try:
            while time.monotonic() - begun < patience_s:
                if len(self.sinks.tally.on_every_channel()) >= wanted and self._undelivered() == 0:
                    break
                time.sleep(0.2)
            drained = time.monotonic() - begun
            service.send_signal(signal.SIGTERM)
            return service.wait(60) == 0, drained
        finally:
            if service.poll() is None:
                os.killpg(service.pid, signal.SIGKILL)
                service.wait()

    def _undelivered(self) -> int:
        """Ask the running service how many alerts it still owes; -1 while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://{self._bind}/healthz", timeout=5) as answer:
                return int(json.loads(answer.read())["undelivered"])
        except urllib.error.URLError:
            return -1

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command of the program."""
        command = [str(COMMAND), "--config", str(self.settings), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=3600)


def run(
    root: Path, kills: int, seed: int, browser: str, patience_s: float, postgres: PostgresServer | None = None
) -> Result:
    """Kill, drain, and make up the books."""
    begun = time.monotonic()
    rig = Rig(root, seed, browser, postgres)
    try:
        for number in range(kills):
            if number == kills // 2:
                rig.world.advance()
            rig.kill_once()
            print(f"\r{number + 1} of {kills} kills", end="", file=sys.stderr)
        rig.world.advance()
        lasting = lasting_repeats()
        stopped_in_order, drain_s = rig.drain(rig.stories + lasting, patience_s)
        print(file=sys.stderr)
        return replace(
            _books(rig, kills, seed, lasting),
            store="postgresql" if postgres else "sqlite",
            stopped_in_order=stopped_in_order,
            drain_s=round(drain_s, 1),
            seconds=round(time.monotonic() - begun, 1),
        )
    finally:
        rig.close()


def _books(rig: Rig, kills: int, seed: int, lasting: int) -> Result:
    rig.ask("once")  # keeps the pages that are still to be kept, so that all evidence is there to be checked
    hits = json.loads(rig.ask("hits", "list", "--json", "--level", "likely", "--limit", "10000").stdout)
    check = json.loads(rig.ask("evidence", "verify", "--json").stdout)
    likely = {hit["id"] for hit in hits}
    tally = rig.sinks.tally
    pages = Counter(hit["url"] for hit in hits if "/story/kill-" in hit["url"])
    expected = len(CHANNELS) * len(likely)
    return Result(
        store="",
        kills=kills,
        seed=seed,
        mentions=len(likely),
        expected=expected,
        lost=tally.missing(likely),
        not_found=max(0, rig.stories + lasting - len(likely)) + (rig.stories - len(pages)),
        doubled=tally.doubled(),
        doubled_share=round(tally.doubled() / expected, 4) if expected else 0.0,
        doubled_mentions=sum(count - 1 for count in pages.values()),
        bad_evidence=len(check["findings"]),
        captures=check["captures"],
        database_faults=rig.database_faults(),
        calls=tally.calls,
        refused=tally.refused,
        taken_and_broken_off=tally.aborted,
        stopped_in_order=False,
        drain_s=0.0,
        seconds=0.0,
    )


def _designs(kills: int, seed: int, root: Path) -> tuple[Loss, ...]:
    """Kill both common designs as often, at the same time: they mostly wait."""
    with ThreadPoolExecutor() as pool:
        each = [pool.submit(lose, design, kills, seed, root / design) for design in DESIGNS]
        return tuple(one.result() for one in each)


def main() -> None:
    """Run, print JSON, and end with 0 when nothing was lost or damaged."""
    parser = argparse.ArgumentParser(description="Kill the service at random moments and make up the books.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--browser", default="auto", help="auto, off or a path")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--designs", type=int, help="kills of each common design; default: as many, at most 200")
    parser.add_argument("--patience", type=float, default=900.0, help="seconds to wait for the last announcement")
    parser.add_argument("--folder", type=Path, help="keep everything here, a new folder")
    parser.add_argument("--smoke", action="store_true", help=f"{_SMOKE_KILLS} kills, without a browser")
    given = parser.parse_args()
    kills, browser = (_SMOKE_KILLS, "off") if given.smoke else (given.kills, given.browser)
    server = postgres_server() if given.store == "postgresql" else contextlib.nullcontext()
    with server as postgres, tempfile.TemporaryDirectory() as folder:
        root = given.folder or Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        result = run(root, kills, given.seed, browser, given.patience, postgres)
        often = min(kills, 200) if given.designs is None else given.designs
        result = replace(result, designs=_designs(often, given.seed, root) if often else ())
    print(json.dumps(asdict(result), indent=2))
    sys.exit(0 if result.is_good else 1)


if __name__ == "__main__":
    main()
