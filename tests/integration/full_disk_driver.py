"""Fill a small disk in the middle of captures, and say what became of them. Run as a program within `unshare -rnm`.

Usage: full_disk_driver.py FOLDER. Mounts a disk of 8 MB on FOLDER/evidence and prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from monitor.domain import AlertKind, ArtifactRole, CaptureRequest, Observed, Origin
from monitor.evidence import FileVault
from monitor.jobs import preserve, room
from monitor.ports import PageRows, Staging
from monitor.store import open_store
from monitor.testing import FakeClock, make_mention
from monitor.testing.builders import make_observed

MEGABYTE = 1 << 20


class LargePage:
    """Keep pages of three megabytes, in pieces."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock

    async def capture(self, request: CaptureRequest, staging: Staging) -> Observed:
        for number in range(3):
            staging.add(ArtifactRole.TEXT, f"part-{number}.txt", "text/plain", Origin.RENDERED, b"x" * MEGABYTE)
        now = self.clock.now()
        return make_observed(request.url, at=now)

    async def close(self) -> None:
        return None


async def main(folder: Path) -> dict[str, object]:
    disk = folder / "evidence"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)  # noqa: ASYNC221
    clock = FakeClock()
    store = open_store(f"sqlite:///{folder / 'rows.db'}", clock=clock)
    vault = FileVault(disk, clock=clock, actor="test", reserve_bytes=MEGABYTE)
    ids = [ask(store, number, clock) for number in range(4)]

    def look() -> str:
        alert = room.run(store, disk_free(disk), warn=2 * MEGABYTE, reserve=MEGABYTE, clock=clock)
        return f"{alert.kind} {alert.payload.get('stopped', '')}".strip() if alert else ""

    said = [look()]
    while await preserve.run(store, vault, LargePage(clock), clock, limit=1):
        said.append(look())
    (disk / "others-file").write_bytes(b"x" * (disk_free(disk) - MEGABYTE // 2))
    said.append(look())
    attempts_before = attempts(store, clock)
    for _ in range(10):  # nothing may be tried, and so nothing given up, while there is no room at all
        await preserve.run(store, vault, LargePage(clock), clock)
        clock.advance(timedelta(hours=3))
    (disk / "others-file").unlink()
    said.append(look())
    attempts_after = attempts(store, clock)
    for _ in range(6):  # room for half a page: tried, and then given up with words
        await preserve.run(store, vault, LargePage(clock), clock)
        clock.advance(timedelta(hours=3))
    alerts = [alert for alert in store.alerts() if alert.kind is AlertKind.CAPTURE_FAILED]
    result = vault.verify()
    return {
        "said": said,
        "tried_without_room": attempts_after != attempts_before,
        "outcomes": [[one.outcome.value for one in store.captures(number)] for number in ids],
        "failures": sorted({one.failure for number in ids for one in store.captures(number) if one.failure}),
        "told": len(alerts),
        "why": sorted({str(alert.payload["why"]) for alert in alerts}),
        "intact": result.is_intact,
        "staging": len(list((disk / "staging").iterdir())),
    }


def ask(store, number: int, clock: FakeClock) -> int:
    mention = make_mention(source="forum", external_id=str(number), url=f"https://forum.example/{number}")
    store.save_page(PageRows(source="forum", query_key="*", mentions=(mention,), raw=(), cursor="{}"))
    stored = store.find("forum", str(number))
    store.request_capture(CaptureRequest(id=0, mention_id=stored.id, revision=1, url=stored.url), clock.now())
    return stored.id


def attempts(store, clock: FakeClock) -> list[int]:
    leased = store.lease_captures(clock.now() + timedelta(days=1), limit=9, lease_for=timedelta(0))
    for one in leased:
        store.return_capture(one.id)
    return [one.attempts for one in leased]


def disk_free(disk: Path) -> int:
    return shutil.disk_usage(disk).free


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(Path(sys.argv[1])))))
