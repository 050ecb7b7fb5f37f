"""Kill workers, planners and PostgreSQL during the work of several processes; prints JSON.

    python benchmarks/crew.py --workers 50 --planners 20 --restarts 10 [--s3] [--seed 7] [--browser off] [--smoke]

Two `goodname run` (one plans, the other stands by) and two `goodname worker` share the invented town, one PostgreSQL
and one folder of evidence; with `--s3` each has a data folder of its own, as on a machine of its own, and they share a
bucket of a real S3 server. At random moments one of them gets signal 9, or PostgreSQL is cut off and started again;
whoever ended is started again, as a supervisor would. Then they run until everything they owe is told and kept. `lost`
counts likely repeats that were never announced, `unkept` those whose page is not kept, `missing` captures that the
database knows and the evidence does not hold, `doubled` announcements that arrived twice (at least once is the
promise), `doubled_mentions` stories stored twice, `bad_evidence` what `goodname evidence verify` finds in the custody
log, the manifests and the files, `parked` jobs that wait for a person. Exit code 0 when nothing was lost or damaged
and no more doubled than killed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from kill_sinks import Tally
from town import COMMAND, lasting_repeats, publish_repeats

from monitor.bootstrap import open_app
from monitor.demo import Folder, World, write_configuration
from monitor.settings import load_settings
from monitor.testing.postgres import PostgresServer, postgres_server
from monitor.testing.s3 import KEYS, s3_server, server_program

_ROLES = {"planner-1": "run", "planner-2": "run", "worker-1": "worker", "worker-2": "worker"}
_HOOK = "webhook"
_BETWEEN_S = (0.2, 3.0)
_STORIES = 2
_KEPT = ("complete", "partial")
_BUCKET = """
[evidence]
url = "s3://{bucket}/evidence"
endpoint = "{endpoint}"
region = "{region}"
key_id = "{access_key_id}"
secret = "{secret_access_key}"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """Hold the books."""

    worker_kills: int
    planner_kills: int
    restarts: int
    ended_by_themselves: int
    expected: int
    lost: int
    not_found: int
    doubled: int
    doubled_mentions: int
    captures: int
    unkept: int
    missing: int
    bad_evidence: int
    chain_head: str
    parked: int
    drain_s: float
    seconds: float

    @property
    def is_good(self) -> bool:
        """Tell whether nothing was lost or damaged, and no more was doubled than killed."""
        harm = (self.lost, self.not_found, self.doubled_mentions, self.unkept, self.missing, self.bad_evidence)
        return not any((*harm, self.parked)) and self.doubled <= self.worker_kills + self.planner_kills + self.restarts


class Rig:
    """Run the processes against the town, and harm them."""

    def __init__(self, root: Path, server: PostgresServer, evidence: str, seed: int, browser: str) -> None:
        self.chance = random.Random(seed)
        self.tally = Tally()
        self.world = World(root, receive=self._receive)
        self.server = server
        text = write_configuration(Folder(root), self.world, browser=browser, every="1s").read_text("utf-8")
        text = re.sub(r'bind = "[^"]*"', 'bind = "off"', text)
        text += f'\n[store]\nurl = "{server.url(server.new_database())}"\n\n[queue]\nengine = "pgqueuer"\n'
        self.settings = {name: self._write(root / f"{name}.toml", text, evidence) for name in _ROLES}
        self.stories = 0
        self.ended = 0
        self._log = (root / "crew.log").open("wb")
        self._crew: dict[str, subprocess.Popen[bytes]] = {}

    @staticmethod
    def _write(path: Path, text: str, evidence: str) -> Path:
        if evidence:
            text = text.replace('data_dir = "data"', f'data_dir = "data-{path.stem}"')
        path.write_text(text + evidence, "utf-8")
        return path

    def _receive(self, body: bytes) -> int:
        told = json.loads(body)
        self.tally.take(_HOOK, str(told["message_id"]), told["message"])
        return 200

    def announced(self) -> set[int]:
        """Give the mentions that were announced."""
        return {mention for _, mention in tuple(self.tally.arrived)}

    def start(self) -> None:
        """Start whoever does not run; one that ended by itself is counted."""
        for name, command in _ROLES.items():
            process = self._crew.get(name)
            if process is not None and process.poll() is None:
                continue
            if process is not None and process.returncode >= 0:
                self.ended += 1
            self._crew[name] = subprocess.Popen(
                [str(COMMAND), "--config", str(self.settings[name]), command],
                stdout=self._log,
                stderr=self._log,
                start_new_session=True,
            )

    def kill(self, role: str) -> None:
        """Kill one of the running ones, with its browser."""
        name = self.chance.choice([name for name, command in _ROLES.items() if command == role])
        process = self._crew[name]
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def publish(self) -> None:
        """Put more repeats on the wire."""
        self.stories = publish_repeats(self.world, self.stories, _STORIES)

    def drain(self, wanted: int, patience_s: float) -> float:
        """Run until this many mentions are announced and nothing waits; gives the seconds it took."""
        begun = time.monotonic()
        while time.monotonic() - begun < patience_s:
            self.start()
            if len(self.announced()) >= wanted and not self.ask_json("queue", "list")["jobs"] and not self.unkept():
                break
            time.sleep(0.5)
        return time.monotonic() - begun

    def likely(self) -> list[dict[str, object]]:  # type: ignore[explicit-any]
        """Give the likely repeats that were found."""
        return self.ask_json("hits", "list", "--level", "likely", "--limit", "10000")  # type: ignore[return-value]

    def unkept(self) -> int:
        """Count the likely repeats whose page is not kept."""
        return sum(hit["capture"] not in _KEPT for hit in self.likely())

    async def missing(self) -> int:
        """Count the captures that the database knows and the evidence does not hold whole."""
        async with open_app(load_settings(self.settings["planner-1"])) as app:
            return len(app.store.capture_ids() - {capture.id for capture in app.vault.captures()})

    def stop(self) -> None:
        """Stop everybody in order, and the town."""
        for process in self._crew.values():
            process.send_signal(signal.SIGTERM)
        for process in self._crew.values():
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def ask_json(self, *words: str) -> dict[str, object] | list[dict[str, object]]:  # type: ignore[explicit-any]
        """Run another command of the program."""
        command = [str(COMMAND), "--config", str(self.settings["planner-1"]), *words, "--json"]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=False, timeout=600).stdout)  # type: ignore[no-any-return]

    def close(self) -> None:
        """Stop the town."""
        self.world.close()
        self._log.close()


def run(given: argparse.Namespace, root: Path, server: PostgresServer, evidence: str) -> Result:
    """Harm, drain, and make up the books."""
    begun = time.monotonic()
    rig = Rig(root, server, evidence, given.seed, given.browser)
    harms = ["worker"] * given.workers + ["planner"] * given.planners + ["database"] * given.restarts
    rig.chance.shuffle(harms)
    try:
        rig.start()
        time.sleep(3)
        for number, harm in enumerate(harms, start=1):
            rig.publish()
            if number == len(harms) // 2:
                rig.world.advance()
            time.sleep(rig.chance.uniform(*_BETWEEN_S))
            rig.server.restart() if harm == "database" else rig.kill("run" if harm == "planner" else "worker")
            time.sleep(0.1)
            rig.start()
            print(f"\r{number} of {len(harms)}", end="", file=sys.stderr)
        rig.world.advance()
        lasting = lasting_repeats()
        drain_s = rig.drain(rig.stories + lasting, given.patience)
        print(file=sys.stderr)
        rig.stop()
        return _books(rig, given, lasting, drain_s, begun)
    finally:
        rig.stop()
        rig.close()


def _books(rig: Rig, given: argparse.Namespace, lasting: int, drain_s: float, begun: float) -> Result:
    hits = rig.likely()
    check = rig.ask_json("evidence", "verify")
    parked = rig.ask_json("queue", "list")["parked"]
    likely = {hit["id"] for hit in hits}
    pages = Counter(hit["url"] for hit in hits if "/story/kill-" in hit["url"])
    return Result(
        worker_kills=given.workers,
        planner_kills=given.planners,
        restarts=given.restarts,
        ended_by_themselves=rig.ended,
        expected=len(likely),
        lost=len(likely - rig.announced()),
        not_found=max(0, rig.stories + lasting - len(likely)) + (rig.stories - len(pages)),
        doubled=rig.tally.doubled(),
        doubled_mentions=sum(count - 1 for count in pages.values()),
        captures=check["captures"],
        unkept=rig.unkept(),
        missing=asyncio.run(rig.missing()),
        bad_evidence=len(check["findings"]),
        chain_head=check["chain_head"],
        parked=len(parked),
        drain_s=round(drain_s, 1),
        seconds=round(time.monotonic() - begun, 1),
    )


@contextmanager
def _bucket(is_wanted: bool) -> Iterator[str]:
    """Give the settings of a bucket on a server of its own; nothing where evidence goes into a folder."""
    program = server_program()
    if not is_wanted:
        yield ""
        return
    if program is None:
        sys.exit("The S3 server is not installed: scripts/setup.sh dev")
    with s3_server(program) as server:
        yield _BUCKET.format(bucket=server.new_bucket(), endpoint=server.endpoint, **KEYS)


def main() -> None:
    """Run, print JSON, and end with 0 when nothing was lost or damaged."""
    parser = argparse.ArgumentParser(description="Kill workers, planners and PostgreSQL, and make up the books.")
    parser.add_argument("--workers", type=int, default=50)
    parser.add_argument("--planners", type=int, default=20)
    parser.add_argument("--restarts", type=int, default=10)
    parser.add_argument("--s3", action="store_true", help="evidence in a bucket, and a data folder for each process")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--browser", default="off", help="auto, off or a path")
    parser.add_argument("--patience", type=float, default=600.0, help="seconds to wait for the last announcement")
    parser.add_argument("--folder", type=Path, help="keep everything here, a new folder")
    parser.add_argument("--smoke", action="store_true", help="three kills and one restart, for CI")
    given = parser.parse_args()
    if given.smoke:
        given.workers, given.planners, given.restarts = 2, 1, 1
    with tempfile.TemporaryDirectory() as folder, postgres_server() as server, _bucket(given.s3) as evidence:
        root = given.folder or Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        result = run(given, root, server, evidence)
    print(json.dumps(asdict(result), indent=2))
    sys.exit(0 if result.is_good else 1)


if __name__ == "__main__":
    main()
