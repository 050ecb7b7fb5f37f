"""Measure captures with a real Chromium on loopback pages, beside bare Playwright screenshots; prints JSON.

Usage: python benchmarks/capture.py [--captures 20] [--cold 5]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, perf_counter
from typing import Self

from aiohttp import web
from playwright.async_api import async_playwright

from monitor.domain import CaptureRequest
from monitor.evidence import BrowserCapturer, FileVault, find_chromium
from monitor.http import HttpClient, HttpLimits
from monitor.http.proxy import GuardedProxy

QUOTE = "FIRST LAST stole money from patients"
PAGE = (
    "<!doctype html><meta charset=utf-8><title>Town forum</title><h1>Thread</h1>"
    + "".join(f"<div class=post><b>USER {n}</b><p>{'Talk about the weather. ' * 20}</p></div>" for n in range(40))
    + f"<div class=post><p>{QUOTE}.</p></div>"
)


class RealClock:
    """Tell the machine's own time."""

    def now(self) -> datetime:
        """Give the wall-clock time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Give seconds that never run backwards."""
        return monotonic()


class MemoryPeak:
    """Watch what this process and all that it started hold in memory, ten times a second."""

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            self.megabytes = max(self.megabytes, family_megabytes())


def family_megabytes() -> float:
    """Add up the proportional share of memory of this process and its descendants."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    ours = {int(Path("/proc/self").resolve().name)}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(share(pid) for pid in ours)


def share(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


async def serve() -> tuple[str, web.AppRunner]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"127.0.0.1:{runner.addresses[0][1]}", runner


async def one(capturer: BrowserCapturer, vault: FileVault, address: str) -> tuple[float, int, str]:
    request = CaptureRequest(id=1, mention_id=1, revision=1, url=f"http://{address}/t", quotes=(QUOTE,))
    start = perf_counter()
    staging = vault.stage(request, datetime.now(UTC))
    observed = await capturer.capture(request, staging)
    capture = await asyncio.to_thread(vault.commit, staging, request, observed)
    return perf_counter() - start, sum(artifact.size for artifact in capture.artifacts), capture.outcome.value


async def bare(address: str, count: int, chromium: Path) -> list[float]:
    """Take bare screenshots, each with a browser of its own, as a short script would."""
    seconds = []
    async with async_playwright() as playwright:
        for _ in range(count):
            start = perf_counter()
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = await browser.new_page()
            await page.goto(f"http://{address}/t", wait_until="networkidle")
            await page.screenshot(full_page=True)
            await browser.close()
            seconds.append(perf_counter() - start)
    return seconds


async def measure(captures: int, cold: int) -> dict[str, object]:
    chromium = find_chromium("auto")
    if chromium is None:
        return {"error": "no Chromium"}
    address, runner = await serve()
    client = HttpClient(
        clock=RealClock(),
        allow=[address],
        user_agent="goodname-benchmark/0",
        limits=HttpLimits(min_interval=timedelta(0)),
    )

    def make(parallel: int) -> BrowserCapturer:
        return BrowserCapturer(
            http=client.for_source("evidence", obey_robots=False),
            clock=RealClock(),
            chromium=chromium,
            proxy=lambda: GuardedProxy(client.guard),
            parallel=parallel,
        )

    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        vault = FileVault(Path(folder), clock=RealClock(), actor="benchmark", reserve_bytes=1)
        colds = []
        for _ in range(cold):
            capturer = make(1)
            colds.append((await one(capturer, vault, address))[0])
            await capturer.close()
        found["cold_median_seconds"] = round(statistics.median(colds), 2)
        found["cold_p95_seconds"] = round(sorted(colds)[max(0, -(-95 * len(colds) // 100) - 1)], 2)
        for parallel in (1, 2, 4):
            capturer = make(parallel)
            await one(capturer, vault, address)
            with MemoryPeak() as peak:
                start = perf_counter()
                done = await asyncio.gather(*(one(capturer, vault, address) for _ in range(captures)))
                seconds = perf_counter() - start
            await capturer.close()
            found[f"with_{parallel}"] = {
                "per_minute": round(60 * captures / seconds, 1),
                "peak_megabytes": round(peak.megabytes),
                "bytes_each": round(statistics.mean(size for _, size, _ in done)),
                "complete": sum(outcome == "complete" for _, _, outcome in done),
            }
    found["bare_screenshot_cold_median_seconds"] = round(statistics.median(await bare(address, cold, chromium)), 2)
    await client.close()
    await runner.cleanup()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captures", type=int, default=20)
    parser.add_argument("--cold", type=int, default=5)
    options = parser.parse_args()
    print(json.dumps(asyncio.run(measure(options.captures, options.cold)), indent=2))


if __name__ == "__main__":
    main()
