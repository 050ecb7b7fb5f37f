"""Move evidence into an S3 server, each time killed -9 at another request, and again to its end. Run as a program.

The last argument says how many requests lie between two kills: 1 is all of them.
"""

from __future__ import annotations

import hashlib
import json
import sys
from itertools import count
from pathlib import Path

from s3_crash_driver import NOW, REQUEST, ShiftedClock, in_child

from monitor.domain import ArtifactRole, Origin
from monitor.evidence import FileVault, ObjectPlace, Objects, check_store, require_whole, send_evidence
from monitor.testing.builders import make_observed

CAPTURES = 5
CLOCK = ShiftedClock(NOW - NOW)


def fill(root: Path) -> None:
    """Make a folder with captures, one of them deleted since, and one given up."""
    vault = FileVault(root, clock=CLOCK, actor="driver", reserve_bytes=1)
    names = []
    for number in range(CAPTURES + 1):
        staging = vault.stage(REQUEST, NOW)
        for name in ("page.html", "page.txt"):
            staging.add(ArtifactRole.PAGE, name, "text/plain", Origin.RENDERED, f"{name} {number}".encode() * 500)
        names.append(vault.commit(staging, REQUEST, make_observed(REQUEST.url, at=NOW)).id)
    vault.delete(names[0], actor="driver", reason="a court asked")


def print_of(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(one for one in root.rglob("*") if one.is_file()):
        digest.update(f"{path}{path.stat().st_mtime_ns}".encode() + path.read_bytes())
    return digest.hexdigest()


def move(root: Path, objects: Objects) -> dict[str, object]:
    head = require_whole(root).chain_head
    files = send_evidence(root, objects, lambda _done, _all: None)
    found = check_store(ObjectPlace(objects), head=head)
    return {
        "files": files,
        "captures": found.captures,
        "same_head": found.chain_head == head,
        "faults": [*(one.problem for one in found.findings), *found.pending],
    }


def look(objects: Objects) -> list[str]:
    """Say what a check of the place finds, but for breaks in a log whose records are not all there yet."""
    return [one.problem for one in check_store(ObjectPlace(objects)).findings if one.path != "custody"]


def main(url: str, options: dict[str, str], root: Path, stride: int) -> dict[str, object]:
    fill(root)
    before, tally = print_of(root), {"runs": 0, "halves": 0, "faults": []}
    for moment in ("before", "after"):
        for step in count(1, stride):
            label = f"{moment}-{step}"
            place = f"{url}/{label}"
            is_done = in_child(lambda place=place: move(root, Objects(place, options)), step, moment) is not None
            half = in_child(lambda place=place: look(Objects(place, options)))["answer"]
            if not all(problem.startswith("missing") for problem in half):
                tally["faults"].append(f"{label}: {half}")
            whole = in_child(lambda place=place: move(root, Objects(place, options)))["answer"]
            wanted = {"files": CAPTURES * 4, "captures": CAPTURES, "same_head": True, "faults": []}
            if whole != wanted or print_of(root) != before:
                tally["faults"].append(f"{label}: {whole}")
            if is_done:
                break
            tally["runs"] += 1
            tally["halves"] += bool(half)
    return tally


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))))
