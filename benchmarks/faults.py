"""Break the disk under `goodname run` again and again: full, locked, read-only; prints JSON.

    python benchmarks/faults.py [--rounds 100] [--folder DIR]
    python benchmarks/faults.py --smoke

The invented town publishes repeats all the while. The data lie on a small disk in memory (mounting it needs root).
One round fills it to the last byte; the next holds the database locked from another process; the third stops the
service, makes the disk read-only and starts it again, which must be refused in words, until the disk can be written.
In the first two the service must stay alive, and say what is wrong within a minute: on `/healthz`, and in the last of
these rounds, which are longer, on its webhook too. Afterwards everything that was published must have been announced
(`lost` 0) and the database be whole. Exit code 0 when that is so.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
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
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from town import COMMAND, lasting_repeats, publish_repeats

from monitor.demo import Folder, World, write_configuration

KINDS = ("full", "locked", "read-only")
_PATIENCE_S = 90.0
_TOLD_WITHIN_S = 60.0
_DISK = "48m"


@dataclass(slots=True)
class Result:
    """Hold the books; times are seconds from the beginning of a fault until it was said."""

    rounds: int
    lost: int = 0
    published: int = 0
    died: int = 0
    said_s: dict[str, list[float]] = field(default_factory=dict)
    told_on_channel_s: dict[str, float] = field(default_factory=dict)
    not_said: int = 0
    not_refused: int = 0
    refused_with: str = ""
    database_faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        """Tell whether nothing was lost, nothing died, and everything was said in time."""
        late = [at for times in self.said_s.values() for at in times if at > _TOLD_WITHIN_S]
        late += [at for at in self.told_on_channel_s.values() if at > _TOLD_WITHIN_S]
        faults = (self.lost, self.died, self.not_said, self.not_refused, self.database_faults, late)
        return not any(faults)


class Rig:
    """Run the service on a disk that can be broken."""

    def __init__(self, root: Path) -> None:
        self.disk = root / "data"
        self.disk.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", str(self.disk)]
        if shutil.which("mount") is None or subprocess.run(words, capture_output=True, check=False).returncode:
            print(json.dumps({"skipped": "no disk can be mounted here: it needs root"}))
            raise SystemExit(0)
        self.world = World(root)
        self.settings = write_configuration(Folder(root), self.world, browser="off", every="1s")
        self._without_reserve()
        self._bind = tomllib.loads(self.settings.read_text("utf-8"))["web"]["bind"]
        self.log = root / "service.log"
        self._log = self.log.open("wb")
        self._notify = root / "notify.sock"
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(str(self._notify))
        self.service: subprocess.Popen[bytes] | None = None
        self.stories = 0

    def _without_reserve(self) -> None:
        """Have captures stop for want of room when the disk is full, and not long before."""
        text = self.settings.read_text("utf-8")
        assert "[capture]\n" in text
        self.settings.write_text(text.replace("[capture]\n", "[capture]\nreserve_mb = 1\nwarn_mb = 2\n", 1), "utf-8")

    def start(self) -> int | None:
        """Start the service; gives None when it is ready, or the code with which it ended."""
        environment = {**os.environ, "NOTIFY_SOCKET": str(self._notify)}
        command = [str(COMMAND), "--config", str(self.settings), "run"]
        self.service = subprocess.Popen(
            command, stdout=self._log, stderr=self._log, env=environment, start_new_session=True
        )
        end = time.monotonic() + _PATIENCE_S
        self._ear.settimeout(0.2)
        while time.monotonic() < end and self.service.poll() is None:
            with contextlib.suppress(TimeoutError):
                if b"READY=1" in self._ear.recv(4096):
                    return None
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

    def announced(self) -> set[str]:
        """Give the titles of what came over the webhook, as paths of mentions."""
        found = set()
        for path in self.world.calls.paths:
            found.update(line.strip() for line in path.read_text("utf-8").split("\\n") if "hits show" in line)
        return found

    def was_told(self, since: int) -> bool:
        """Tell whether the webhook heard after so many calls that nothing can be saved."""
        return any("Nothing can be saved" in path.read_text("utf-8") for path in list(self.world.calls.paths)[since:])

    def close(self) -> None:
        """End everything and give the disk back."""
        self.stop()
        self.world.close()
        self._log.close()
        self._ear.close()
        subprocess.run(["umount", "-l", str(self.disk)], check=False)


@contextlib.contextmanager
def full(rig: Rig) -> Iterator[None]:
    """Fill the disk to the last byte."""
    filler = rig.disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            continue
    try:
        yield
    finally:
        filler.unlink()


@contextlib.contextmanager
def locked(rig: Rig) -> Iterator[None]:
    """Hold the database's lock for writing from another connection."""
    (path,) = rig.disk.glob("*.db")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")


def wait(is_so: Callable[[], bool], seconds: float) -> float | None:
    """Give after how many seconds something was so; None when it was not."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if is_so():
            return time.monotonic() - begun
        time.sleep(0.1)
    return None


def break_running(rig: Rig, kind: str, result: Result, *, until_told: bool) -> None:
    """Break the disk under the running service until it says so, and then mend it."""
    calls = len(rig.world.calls.paths)
    with (full if kind == "full" else locked)(rig):
        rig.publish()
        said = wait(lambda: rig.state() == "failing" or not rig.is_alive(), _TOLD_WITHIN_S + 15)
        if said is None:
            result.not_said += 1
        else:
            result.said_s.setdefault(kind, []).append(round(said, 1))
        if until_told:
            told = wait(lambda: rig.was_told(calls), _TOLD_WITHIN_S)
            result.told_on_channel_s[kind] = round((said or 0) + told, 1) if told is not None else 999.0
    if not rig.is_alive():
        result.died += 1
        rig.start()
    wait(lambda: rig.state() in ("ok", "degraded"), _PATIENCE_S)


def start_read_only(rig: Rig, result: Result) -> None:
    """Start the service on a disk that cannot be written: it must end at once, in words; then mend it."""
    rig.stop()
    subprocess.run(["mount", "-o", "remount,ro", str(rig.disk)], check=True)
    before = rig.log.stat().st_size
    try:
        rig.publish()
        code = rig.start()
        said = rig.log.read_bytes()[before:].decode("utf-8", "replace")
        if not code or "What: " not in said or "Try:  " not in said:
            result.not_refused += 1
        result.refused_with = said.strip()[-400:]
    finally:
        rig.stop()
        subprocess.run(["mount", "-o", "remount,rw", str(rig.disk)], check=True)
    rig.start()


def run(root: Path, rounds: int, *, is_smoke: bool) -> Result:
    """Break it so many times, and make up the books."""
    begun = time.monotonic()
    result, rig = Result(rounds=rounds), Rig(root)
    try:
        rig.start()
        rig.world.advance()
        wait(lambda: len(rig.world.calls.paths) > 0, _PATIENCE_S)
        for number in range(rounds):
            kind = KINDS[number % len(KINDS)]
            is_last = number >= rounds - len(KINDS) and not is_smoke
            if kind == "read-only":
                start_read_only(rig, result)
            else:
                break_running(rig, kind, result, until_told=is_last)
            print(f"\r{number + 1} of {rounds} rounds", end="", file=sys.stderr, flush=True)
        result.published = rig.stories + lasting_repeats()
        wait(lambda: len(rig.announced()) >= result.published, _PATIENCE_S)
        result.lost = max(0, result.published - len(rig.announced()))
        rig.stop()
        (path,) = rig.disk.glob("*.db")
        with contextlib.closing(sqlite3.connect(path)) as database:
            checked = [str(row[0]) for row in database.execute("PRAGMA integrity_check")]
        result.database_faults = [line for line in checked if line != "ok"]
    finally:
        rig.close()
        print(file=sys.stderr)
    result.seconds = round(time.monotonic() - begun, 1)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="keep the logs here, a new folder")
    parser.add_argument("--smoke", action="store_true", help="one round of each, without waiting for the channel")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gn-") as made:
        root = wanted.folder or Path(made)
        root.mkdir(parents=True, exist_ok=True)
        result = run(root, len(KINDS) if wanted.smoke else wanted.rounds, is_smoke=wanted.smoke)
    print(json.dumps(asdict(result), indent=2))
    sys.exit(0 if result.is_good else 1)


if __name__ == "__main__":
    main()
