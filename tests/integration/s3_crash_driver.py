"""Seal captures into an S3 server, each time killed -9 at another request, and say what was left. Run as a program.

Every request is a step: before it is sent, and after its answer. The product knows nothing of this; the calls are
replaced in a forked child only, and every child opens the store anew. Recovery is killed at its steps in turn. Each
round is run twice over: with the dead machine's folder still there, and without it, seen from another machine later.
The last argument says how many requests lie between two kills: 1 is all of them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import obstore

from monitor.domain import ArtifactRole, CaptureRequest, Origin
from monitor.evidence import Objects, ObjectVault
from monitor.testing.builders import make_observed

NOW = datetime(2026, 11, 22, 16, 44, tzinfo=UTC)
REQUEST = CaptureRequest(id=7, mention_id=3, revision=1, url="https://forum.example/t/1")
CALLS = ("put", "get", "delete", "list", "list_with_delimiter")


class ShiftedClock:
    def __init__(self, shift: timedelta) -> None:
        self.shift = shift

    def now(self) -> datetime:
        return NOW + self.shift

    def monotonic(self) -> float:
        return 0.0


class Machine:
    """Work on one store from one machine's folder."""

    def __init__(self, url: str, options: dict[str, str], local: Path, shift: timedelta = timedelta()) -> None:
        self.url, self.options, self.local, self.clock = url, options, local, ShiftedClock(shift)

    def vault(self) -> ObjectVault:
        objects = Objects(self.url, self.options)
        return ObjectVault(objects, self.local, clock=self.clock, actor="driver", reserve_bytes=1)

    def seal(self) -> None:
        keeper = self.vault()
        staging = keeper.stage(REQUEST, NOW)
        for name in ("page.html", "page.txt"):
            staging.add(ArtifactRole.PAGE, name, "text/plain", Origin.RENDERED, name.encode() * 500)
        keeper.commit(staging, REQUEST, make_observed(REQUEST.url, at=NOW))

    def recover(self) -> int:
        return len(self.vault().recover())

    def look(self) -> dict[str, object]:
        vault = self.vault()
        found = vault.verify()
        kept = sum(len(vault.read(one.id, file.path)) > 0 for one in vault.captures() for file in one.artifacts)
        return {
            "captures": found.captures,
            "kept": kept,
            "findings": [f"{one.capture_id} {one.path} {one.problem}" for one in found.findings],
            "pending": list(found.pending),
            "numbers": [event.seq for event in vault.custody()],
        }


def arm(step: int, moment: str) -> None:
    """Make the step-th request the last thing this process does."""
    number = count(1)

    def wrap(real: Callable) -> Callable:
        def call(*args, **kwargs):
            if next(number) != step:
                return real(*args, **kwargs)
            if moment == "after":
                real(*args, **kwargs)
            return os.kill(os.getpid(), signal.SIGKILL)

        return call

    for name in CALLS:
        setattr(obstore, name, wrap(getattr(obstore, name)))


def in_child(job: Callable[[], object], step: int = 0, moment: str = "") -> object:
    """Run a job in a child and give its answer; None when it was killed at the step."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        if step:
            arm(step, moment)
        os.write(writing, json.dumps({"answer": job()}).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answers:
        body = answers.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return None
    assert status == 0, status
    return json.loads(body)


def main(url: str, options: dict[str, str], base: Path, stride: int) -> dict[str, object]:
    tally = {"runs": 0, "kept": 0, "given_up": 0, "recovery_kills": 0, "faults": []}
    for is_there in (True, False):
        for first, moment in enumerate(("before", "after"), start=1):
            for step in count(min(first, stride), stride):
                label = f"{'here' if is_there else 'elsewhere'}-{moment}-{step}"
                machine = Machine(f"{url}/{label}", options, base / label)
                if in_child(machine.seal, step, moment) is not None:
                    break
                if not is_there:
                    shutil.rmtree(machine.local, ignore_errors=True)
                    machine = Machine(machine.url, options, base / f"{label}-other", timedelta(hours=2))
                check(machine, label, tally)
    return tally


def check(machine: Machine, label: str, tally: dict) -> None:
    before = in_child(machine.look)["answer"]
    for again in count(1):
        if in_child(machine.recover, again, ("before", "after")[again % 2]) is not None:
            break
        tally["recovery_kills"] += 1
    in_child(machine.recover)
    found = in_child(machine.look)["answer"]
    is_sound = not (before["findings"] or found["findings"] or found["pending"] or found["captures"] > 1)
    is_chain = found["numbers"] == list(range(1, len(found["numbers"]) + 1))
    is_whole = found["kept"] == 3 * found["captures"] and before["captures"] <= found["captures"]
    if not (is_sound and is_chain and is_whole and in_child(machine.recover) == {"answer": 0}):
        tally["faults"].append(f"{label}: {before} {found}")
    in_child(machine.seal)
    if in_child(machine.look)["answer"]["captures"] != found["captures"] + 1:
        tally["faults"].append(f"{label}: nothing can be sealed afterwards")
    tally["runs"] += 1
    tally["kept"] += found["captures"]
    tally["given_up"] += not found["captures"]


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))))
