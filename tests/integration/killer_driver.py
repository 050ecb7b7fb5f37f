"""Preserve pages, one of which kills the program that keeps it. Run as a program.

Usage: killer_driver.py FOLDER. Ends with 0 when nothing was left to keep.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from monitor.domain import ArtifactRole, CaptureRequest, Observed, Origin
from monitor.evidence import FileVault
from monitor.jobs import preserve
from monitor.ports import Staging
from monitor.store import open_store
from monitor.testing.builders import make_observed


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return monotonic()


class MortalCapturer:
    async def capture(self, request: CaptureRequest, staging: Staging) -> Observed:
        staging.add(ArtifactRole.TEXT, "page.txt", "text/plain", Origin.RENDERED, b"the words")
        if "killer" in request.url:
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.sleep(0.05)  # so that the other one of a pair is in the midst of it when the program dies
        now = Clock().now()
        return make_observed(request.url, at=now)

    async def close(self) -> None:
        return None


def main(folder: Path) -> None:
    clock = Clock()
    store = open_store(f"sqlite:///{folder / 'rows.db'}", clock=clock)
    vault = FileVault(folder / "evidence", clock=clock, actor="test", reserve_bytes=0)
    store.release_leases()
    preserve.recover(store, vault, clock)
    while asyncio.run(preserve.run(store, vault, MortalCapturer(), clock)):
        continue
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
