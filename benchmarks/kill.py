"""Kill `goodname run` with signal 9 at random moments while its webhook refuses a third of all calls; prints JSON.

    python benchmarks/kill.py --kills 100 [--seed 7] [--browser off] [--folder DIR]

The invented town of the demonstration goes on publishing while the service is killed, with its browser, and started
again. Afterwards the service runs until everything it owes is told, is stopped in order, and the books are made up:
every likely repeat must have been announced (`lost` 0), no mention stored twice, and all evidence must verify. A
call that arrives twice is `doubled`: at least once is the promise. Exit code 0 when nothing was lost or damaged.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from monitor.demo import Folder, World, write_configuration
from monitor.demo.texts import FINDS, Post

COMMAND = Path(sys.executable).with_name("goodname")
_MENTION = re.compile(r"goodname hits show (\d+)")
_START_S = 90.0
_STARTING_SHARE = 0.2
"""One in five kills comes while the service is still starting, the others while it is at work."""

_LATEST_KILLS_S = (0.5, 2.5, 6.0)
"""Short lives hit polling and judging, longer ones the keeping of pages and the telling."""

_STORIES_PER_KILL = 2
_MOST_REFUSALS = 2
"""No announcement is refused more often than this; each refusal doubles the wait for the next try."""


@dataclass(slots=True)
class Hook:
    """Take webhook calls, refuse a third of them, and remember which mentions were announced."""

    chance: random.Random
    calls: int = 0
    refused: int = 0
    accepted: Counter[int] = field(default_factory=Counter)
    _refusals: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, body: bytes) -> int:
        """Give 200 or 503."""
        with self._lock:
            self.calls += 1
            message = json.loads(body)["message"]
            found = _MENTION.search(message)
            key = found[1] if found else message
            if self.chance.random() < 1 / 3 and self._refusals[key] < _MOST_REFUSALS:
                self.refused += 1
                self._refusals[key] += 1
                return 503
            if found:
                self.accepted[int(found[1])] += 1
            return 200

    def announced(self) -> set[int]:
        """Give the ids of the mentions that were announced so far."""
        with self._lock:
            return set(self.accepted)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """Hold the books."""

    kills: int
    seed: int
    expected: int
    announced: int
    lost: int
    not_found: int
    doubled: int
    doubled_mentions: int
    bad_evidence: int
    captures: int
    calls: int
    refused: int
    stopped_in_order: bool
    drain_s: float
    seconds: float

    @property
    def is_good(self) -> bool:
        """Tell whether nothing was lost, doubled in the books or damaged."""
        return not (self.lost or self.not_found or self.doubled_mentions or self.bad_evidence)


class Rig:
    """Run the service against the town, and kill it."""

    def __init__(self, root: Path, seed: int, browser: str) -> None:
        self.chance = random.Random(seed)
        self.hook = Hook(random.Random(seed + 1))
        self.world = World(root, receive=self.hook.receive)
        self.settings = write_configuration(Folder(root), self.world, browser=browser, every="1s")
        self._bind = tomllib.loads(self.settings.read_text("utf-8"))["web"]["bind"]
        self.stories = 0
        self._log = (root / "service.log").open("wb")
        self._notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notices.bind(str(root / "notify.sock"))

    def close(self) -> None:
        """Stop the town."""
        self.world.close()
        self._log.close()
        self._notices.close()

    def publish(self) -> None:
        """Put two more repeats on the wire."""
        for _ in range(_STORIES_PER_KILL):
            self.stories += 1
            text = (
                f"Alina Voss took deposits from patients and never treated them. "
                f"The dentist of Quay Street, as told at table {self.stories}."
            )
            self.world.publish(Post(id=f"kill-{self.stories}", author="No Name", age_hours=0, title="Talk", text=text))

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
        self._notices.settimeout(_START_S)
        while b"READY=1" not in self._notices.recv(4096).splitlines():
            if service.poll() is not None:
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
                if len(self.hook.announced()) >= wanted and self._undelivered() == 0:
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


def run(root: Path, kills: int, seed: int, browser: str, patience_s: float) -> Result:
    """Kill, drain, and make up the books."""
    begun = time.monotonic()
    rig = Rig(root, seed, browser)
    try:
        for number in range(kills):
            if number == kills // 2:
                rig.world.advance()
            rig.kill_once()
            print(f"\r{number + 1} of {kills} kills", end="", file=sys.stderr)
        rig.world.advance()
        # The post that is taken down may have gone before the service first lived long enough to read it.
        lasting = sum(1 for find in FINDS if find.likely and find.words != "Keep away.")
        stopped_in_order, drain_s = rig.drain(rig.stories + lasting, patience_s)
        print(file=sys.stderr)
        return _books(rig, kills, seed, lasting, stopped_in_order, drain_s, begun)
    finally:
        rig.close()


def _books(
    rig: Rig, kills: int, seed: int, lasting: int, stopped_in_order: bool, drain_s: float, begun: float
) -> Result:
    rig.ask("once")  # keeps the pages that are still to be kept, so that all evidence is there to be checked
    hits = json.loads(rig.ask("hits", "list", "--json", "--level", "likely", "--limit", "10000").stdout)
    check = json.loads(rig.ask("evidence", "verify", "--json").stdout)
    likely = {hit["id"] for hit in hits}
    announced = rig.hook.announced()
    pages = Counter(hit["url"] for hit in hits if "/story/kill-" in hit["url"])
    return Result(
        kills=kills,
        seed=seed,
        expected=len(likely),
        announced=len(likely & announced),
        lost=len(likely - announced),
        not_found=max(0, rig.stories + lasting - len(likely)) + (rig.stories - len(pages)),
        doubled=sum(count - 1 for count in rig.hook.accepted.values()),
        doubled_mentions=sum(count - 1 for count in pages.values()),
        bad_evidence=len(check["findings"]),
        captures=check["captures"],
        calls=rig.hook.calls,
        refused=rig.hook.refused,
        stopped_in_order=stopped_in_order,
        drain_s=round(drain_s, 1),
        seconds=round(time.monotonic() - begun, 1),
    )


def main() -> None:
    """Run, print JSON, and end with 0 when nothing was lost or damaged."""
    parser = argparse.ArgumentParser(description="Kill the service at random moments and make up the books.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--browser", default="auto", help="auto, off or a path")
    parser.add_argument("--patience", type=float, default=900.0, help="seconds to wait for the last announcement")
    parser.add_argument("--folder", type=Path, help="keep everything here, a new folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = given.folder or Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        result = run(root, given.kills, given.seed, given.browser, given.patience)
    print(json.dumps(asdict(result), indent=2))
    sys.exit(0 if result.is_good else 1)


if __name__ == "__main__":
    main()
