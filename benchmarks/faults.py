"""Break writing under `goodname run` again and again: disk full, database locked, disk read-only; prints JSON.

    python benchmarks/faults.py [--rounds 100] [--folder DIR]
    python benchmarks/faults.py --smoke

An invented town publishes repeats all the while. The data lie on a small file system of their own (mounting it needs
root and a loop device). Three services run side by side, one for each kind of fault: a disk filled to the last byte; a
database held locked from another process; a file system that is aborted, which makes it read-only for open files too,
as a failing disk does. In every round the service must stay alive and say within a minute what is wrong, on
`/healthz` and on its webhook, and what was published meanwhile must be announced once it is mended. On a read-only disk
it is also started anew, which must be refused in words, before the disk is repaired. At the end everything that was
published must have been announced (`lost` 0) and each database be whole. Exit code 0 when all that is so.

Where nothing can be mounted, `refused` takes the place of full and read-only: a process that may write to no file.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from disks import Broken, locked, mounted, refused
from town import COMMAND, lasting_repeats, publish_repeats

from monitor.demo import Folder, World, write_configuration

_PATIENCE_S = 150.0
_TOLD_WITHIN_S = 60.0
_FAILING = "Nothing can be saved"
_OVER = "Saving works again"
READ_ONLY = "read-only"
TIMES = ("health_s", "channel_s", "mended_s")


@dataclass(slots=True)
class Result:
    """Hold the books; times are seconds from the beginning of a fault until it was said, by kind."""

    rounds: int
    left_out: str = ""
    published: int = 0
    lost: int = 0
    died: int = 0
    not_told: int = 0
    not_mended: int = 0
    not_refused: int = 0
    refused_with: str = ""
    database_faults: list[str] = field(default_factory=list)
    health_s: dict[str, list[float]] = field(default_factory=dict)
    channel_s: dict[str, list[float]] = field(default_factory=dict)
    mended_s: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, lane: Result) -> None:
        """Take the books of one lane into these."""
        for name in ("published", "lost", "died", "not_told", "not_mended", "not_refused", "database_faults"):
            setattr(self, name, getattr(self, name) + getattr(lane, name))
        self.refused_with = self.refused_with or lane.refused_with
        for name in TIMES:
            getattr(self, name).update(getattr(lane, name))

    @property
    def is_good(self) -> bool:
        """Tell whether nothing was lost, nothing died, and everything was said in time and was over in the end."""
        faults = (self.lost, self.died, self.not_told, self.not_mended, self.not_refused, self.database_faults)
        return not any(faults)

    def summed_up(self) -> dict[str, object]:
        """Give the books with the median and the worst of each time."""
        return {**asdict(self), **{name: _extremes(getattr(self, name)) for name in TIMES}}


def _extremes(times: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    return {kind: {"median": round(median(each), 1), "worst": max(each)} for kind, each in times.items() if each}


class Progress:
    """Count rounds of all lanes on a terminal."""

    def __init__(self, rounds: int) -> None:
        self._rounds, self._done = rounds, 0
        self._turn = threading.Lock()

    def step(self) -> None:
        """Count one more."""
        with self._turn:
            self._done += 1
            end = "\n" if self._done == self._rounds else ""
            print(f"\r{self._done} of {self._rounds} rounds", end=end, file=sys.stderr, flush=True)


class Rig:
    """Run the service on a disk that can be broken."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "data"
        self.folder.mkdir(parents=True)
        self.disk = mounted(root, self.folder)
        self.world = World(root)
        self.settings = write_configuration(Folder(root), self.world, browser="off", every="1s")
        self._without_reserve()
        self._bind = tomllib.loads(self.settings.read_text("utf-8"))["web"]["bind"]
        self.log = root / "service.log"
        self._notify = root / "notify.sock"
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(str(self._notify))
        self.service: subprocess.Popen[bytes] | None = None
        self.stories = 0
        self._calls_before = 0

    def kinds(self) -> dict[str, Broken]:
        """Give the faults that this machine lets us make, by name."""
        if self.disk is None:
            return {"refused": refused, "locked": locked(self.folder)}
        return {"full": self.disk.full, "locked": locked(self.folder), READ_ONLY: self.disk.read_only}

    def _without_reserve(self) -> None:
        """Have captures stop for want of room when the disk is full, and not long before."""
        text = self.settings.read_text("utf-8")
        assert "[capture]\n" in text
        self.settings.write_text(text.replace("[capture]\n", "[capture]\nreserve_mb = 1\nwarn_mb = 2\n", 1), "utf-8")

    def start(self) -> int | None:
        """Start the service; gives None when it is ready, or the code with which it ended."""
        self._calls_before = len(self.world.calls.paths)
        environment = {**os.environ, "NOTIFY_SOCKET": str(self._notify)}
        command = [str(COMMAND), "--config", str(self.settings), "run"]
        self.service = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
        # A pipe, for a process that may write to no file must still be able to log.
        writer = threading.Thread(target=_keep_log, args=(self.service, self.log), daemon=True)
        writer.start()
        end = time.monotonic() + _PATIENCE_S
        self._ear.settimeout(0.2)
        while time.monotonic() < end and self.service.poll() is None:
            with contextlib.suppress(TimeoutError):
                if b"READY=1" in self._ear.recv(4096):
                    return None
        if self.service.poll() is not None:
            writer.join()
        return self.service.poll()

    def stop(self) -> None:
        """Stop the service in order."""
        if self.service and self.service.poll() is None:
            self.service.send_signal(signal.SIGTERM)
            try:
                self.service.wait(70)
            except subprocess.TimeoutExpired:
                os.killpg(self.service.pid, signal.SIGKILL)
                self.service.wait()

    @property
    def pid(self) -> int:
        """Give the running service's process id."""
        assert self.service is not None
        return self.service.pid

    def is_alive(self) -> bool:
        """Tell whether the service has not ended."""
        return self.service is not None and self.service.poll() is None

    def publish(self) -> None:
        """Put one more repeat on the wire."""
        self.stories = publish_repeats(self.world, self.stories, 1)

    def state(self) -> str:
        """Give what `/healthz` says, or nothing while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://{self._bind}/healthz", timeout=15) as answer:
                return str(json.loads(answer.read())["status"])
        except urllib.error.HTTPError as error:
            return str(json.loads(error.read())["status"])
        except (OSError, ValueError):
            return ""

    def is_well(self) -> bool:
        """Tell whether the service says that it works, also on its webhook, and has announced all that was published.

        Without the word that it is over the next fault would go on under the word of the last.
        """
        is_told = len(self.announced()) >= self.stories + lasting_repeats()
        return is_told and not self._is_open() and self.state() in ("ok", "degraded")

    def _is_open(self) -> bool:
        """Tell whether the newest word about the database, of this run of the service, is that it takes nothing."""
        for path in reversed(self.world.calls.paths[self._calls_before :]):
            text = path.read_text("utf-8")
            if _FAILING in text or _OVER in text:
                return _FAILING in text
        return False

    def announced(self) -> set[str]:
        """Give what came over the webhook, a line for each mention."""
        found = set()
        for path in self.world.calls.paths:
            found.update(line.strip() for line in path.read_text("utf-8").split("\n") if "hits show" in line)
        return found

    def was_told(self, since: int) -> bool:
        """Tell whether the webhook heard after so many calls that nothing can be saved."""
        return any(_FAILING in path.read_text("utf-8") for path in list(self.world.calls.paths)[since:])

    def close(self) -> None:
        """End everything and give the disk back."""
        self.stop()
        self.world.close()
        self._ear.close()
        if self.disk is not None:
            self.disk.unmount()


def _keep_log(service: subprocess.Popen[bytes], path: Path) -> None:
    assert service.stdout is not None
    with path.open("ab", buffering=0) as file:
        for line in service.stdout:
            file.write(line)


def wait(is_so: Callable[[], bool], seconds: float) -> float | None:
    """Give after how many seconds something was so; None when it was not."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if is_so():
            return round(time.monotonic() - begun, 1)
        time.sleep(0.1)
    return None


def one_round(rig: Rig, kind: str, broken: Broken, result: Result) -> None:
    """Break writing under the running service until it is told, mend it, and wait until all is announced."""
    begun, calls = time.monotonic(), len(rig.world.calls.paths)
    with broken(rig.pid):
        rig.publish()
        told = {
            "health_s": wait(lambda: rig.state() == "failing" or not rig.is_alive(), _TOLD_WITHIN_S),
            "channel_s": wait(lambda: rig.was_told(calls), _TOLD_WITHIN_S - (time.monotonic() - begun)),
        }
        told["channel_s"] = None if told["channel_s"] is None else round(time.monotonic() - begun, 1)
        result.died += not rig.is_alive()
    for name, seconds in told.items():
        if seconds is not None:
            getattr(result, name).setdefault(kind, []).append(seconds)
    result.not_told += None in told.values()
    if kind == READ_ONLY:
        start_read_only(rig, result)
    elif not rig.is_alive():
        rig.start()
    mended = wait(rig.is_well, _PATIENCE_S)
    if mended is None:
        result.not_mended += 1
    else:
        result.mended_s.setdefault(kind, []).append(mended)


def start_read_only(rig: Rig, result: Result) -> None:
    """Start the service on the disk as it is: it must end at once, in words; then repair the disk and start again."""
    assert rig.disk is not None
    rig.stop()
    before = rig.log.stat().st_size
    code = rig.start()
    said = rig.log.read_bytes()[before:].decode("utf-8", "replace")
    result.not_refused += not code or "What: " not in said or "Try:  " not in said
    result.refused_with = said.strip()[-400:]
    rig.stop()
    rig.disk.unmount()
    rig.disk.mount()
    rig.start()


def run_lane(rig: Rig, kind: str, rounds: int, progress: Progress) -> Result:
    """Break one service's disk in one way so many times, and make up the books."""
    result, broken = Result(rounds=rounds), rig.kinds()[kind]
    try:
        rig.start()
        rig.world.advance()
        wait(rig.is_well, _PATIENCE_S)
        for _ in range(rounds):
            one_round(rig, kind, broken, result)
            progress.step()
        result.published = rig.stories + lasting_repeats()
        result.lost = max(0, result.published - len(rig.announced()))
        rig.stop()
        result.database_faults = _faults_of(rig.folder)
    finally:
        rig.close()
    return result


def run(root: Path, rounds: int | None) -> Result:
    """Break it so many times in all, or once in each way, every kind beside the others."""
    begun, rigs = time.monotonic(), [Rig(root / "1")]
    kinds = list(rigs[0].kinds())
    rigs += [Rig(root / str(number)) for number in range(2, len(kinds) + 1)]
    result = Result(rounds=rounds or len(kinds))
    result.left_out = "" if rigs[0].disk else "full and read-only: no disk can be mounted here, it needs root"
    shares = [len(range(first, result.rounds, len(kinds))) for first in range(len(kinds))]
    progress = Progress(result.rounds)
    with ThreadPoolExecutor(len(kinds)) as pool:
        lanes = [
            pool.submit(run_lane, rig, kind, share, progress)
            for rig, kind, share in zip(rigs, kinds, shares, strict=True)
        ]
    for lane in lanes:
        result.add(lane.result())
    result.seconds = round(time.monotonic() - begun, 1)
    return result


def _faults_of(folder: Path) -> list[str]:
    (path,) = folder.glob("*.db")
    with contextlib.closing(sqlite3.connect(path)) as database:
        checked = [str(row[0]) for row in database.execute("PRAGMA integrity_check")]
    return [line for line in checked if line != "ok"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="keep the logs here, a new folder")
    parser.add_argument("--smoke", action="store_true", help="one round of each kind")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gn-") as made:
        root = wanted.folder or Path(made)
        root.mkdir(parents=True, exist_ok=True)
        result = run(root, None if wanted.smoke else wanted.rounds)
    print(json.dumps(result.summed_up(), indent=2))
    sys.exit(0 if result.is_good else 1)


if __name__ == "__main__":
    main()
