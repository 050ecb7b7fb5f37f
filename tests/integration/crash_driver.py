"""Seal a capture over and over, each time killed -9 at another step, and say what was left. Run as a program.

Every system call that changes the disk is a step: before it, after it, and (for writes) in its middle. The product
knows nothing of this; the calls are replaced in a forked child only.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from monitor.domain import ArtifactRole, CaptureRequest, Origin
from monitor.evidence import FileVault, verify_path
from monitor.evidence.traffic import Exchange
from monitor.evidence.warc import write_wacz, write_warc
from monitor.testing.builders import make_observed

NOW = datetime(2026, 11, 22, 16, 44, tzinfo=UTC)
REQUEST = CaptureRequest(id=7, mention_id=3, revision=1, url="https://forum.example/t/1")
OBSERVED = make_observed(REQUEST.url, at=NOW)
CALLS = ("open", "write", "fsync", "rename", "mkdir", "close")


class StillClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


def vault(root: Path) -> FileVault:
    return FileVault(root, clock=StillClock(), actor="driver", reserve_bytes=1)


def seal(root: Path) -> None:
    keeper = vault(root)
    staging = keeper.stage(REQUEST, NOW)
    for name in ("page.html", "page.txt", "page.png"):
        staging.add(ArtifactRole.PAGE, name, "text/plain", Origin.RENDERED, name.encode() * 500)
    exchange = Exchange(url=REQUEST.url, method="GET", asked_at=NOW, status=200, reason="OK", body=b"<p>words</p>" * 50)
    archive = write_warc([exchange], software="driver")
    staging.add(ArtifactRole.WARC, "page.warc.gz", "application/warc", Origin.DECODED, archive.warc)
    wacz = write_wacz(archive, url=REQUEST.url, title="A thread", at=NOW, software="driver")
    staging.add(ArtifactRole.WACZ, "page.wacz", "application/wacz", Origin.ASSEMBLED, wacz)
    keeper.commit(staging, REQUEST, OBSERVED)


def arm(step: int, moment: str) -> None:
    """Make the step-th call the last thing this process does."""
    count = 0

    def wrap(real: Callable, name: str) -> Callable:
        def call(*args, **kwargs):
            nonlocal count
            count += 1
            if count != step:
                return real(*args, **kwargs)
            if moment == "after":
                real(*args, **kwargs)
            elif moment == "middle" and name == "write":
                real(args[0], bytes(args[1])[: len(args[1]) // 2])
            return os.kill(os.getpid(), signal.SIGKILL)

        return call

    for name in CALLS:
        setattr(os, name, wrap(getattr(os, name), name))


def killed(job: Callable[[Path], object], root: Path, step: int, moment: str) -> bool:
    """Run a job in a child that dies at a step; tell whether it got that far."""
    child = os.fork()
    if child == 0:
        arm(step, moment)
        job(root)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def plant(root: Path, donor: Path) -> set[Path]:
    """Put well-formed captures that nobody recorded where they might be taken for real ones."""
    planted = {root / "captures" / "20261122T164400Z-0badc0de", root / "staging" / "20261122T164400Z-0badc0de"}
    for place in planted:
        if not place.exists():
            shutil.copytree(donor, place)
    return planted


def main(base: Path) -> dict[str, object]:
    seal(base / "donor")
    donor = next((base / "donor" / "captures").iterdir())
    tally = {"runs": 0, "half": 0, "planted": 0, "kept": 0, "faults": [], "unswept": 0, "recovery_runs": 0}
    for moment in ("before", "after", "middle"):
        step = 1
        while killed(seal, root := base / f"{moment}-{step}", step, moment):
            check(root, donor, tally, label=f"{moment} {step}")
            step += 1
    return tally


def check(root: Path, donor: Path, tally: dict, *, label: str) -> None:
    root.mkdir(exist_ok=True)
    plant(root, donor)
    again = 1
    while killed(lambda place: vault(place).recover(), root, again, ("before", "after", "middle")[again % 3]):
        again += 1
        tally["recovery_runs"] += 1
    vault(root).recover()
    tally["runs"] += 1
    tally["unswept"] += len(list((root / "staging").iterdir()))
    result = verify_path(root)
    strays = [finding for finding in result.findings if finding.capture_id.endswith("0badc0de")]
    others = [finding for finding in result.findings if finding not in strays]
    tally["planted"] += len(strays) != 1
    tally["half"] += len([finding for finding in others if finding.capture_id])
    tally["kept"] += result.captures
    if others or result.pending or result.captures > 1 or vault(root).recover():
        tally["faults"].append(f"{label}: {others} {result.pending} {result.captures}")
    seal(root)
    if verify_path(root).captures != result.captures + 1:
        tally["faults"].append(f"{label}: nothing can be sealed afterwards")


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
