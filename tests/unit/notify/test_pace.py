from __future__ import annotations

import asyncio

from monitor.notify.pace import Pace


async def test_a_burst_passes_and_the_rest_is_spread() -> None:
    pace = Pace(0.05, burst=3)
    loop = asyncio.get_running_loop()
    start = loop.time()
    passed = []

    async def one() -> None:
        await pace.turn()
        passed.append(loop.time() - start)

    await asyncio.gather(*(one() for _ in range(5)))
    assert max(passed[:3]) < 0.04
    assert passed[3] >= 0.045
    assert passed[4] >= 0.095


async def test_no_interval_is_no_limit() -> None:
    pace = Pace(0)
    async with asyncio.timeout(1):
        for _ in range(1000):
            await pace.turn()
