from __future__ import annotations

import asyncio

import pytest

from monitor.notify import AppriseNotifier
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


MAIL = "mailto://a:b@{host}?to={to}@a.example"
CHAT = "slack://{team}/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/{room}"


@pytest.mark.parametrize(
    ("urls", "waits"),
    [
        ((MAIL.format(host="mail.example", to="x"), MAIL.format(host="mail.example", to="y")), True),
        ((MAIL.format(host="mail.example", to="x"), MAIL.format(host="post.example", to="x")), False),
        ((CHAT.format(team="T1JJ3T3L2", room="one"), CHAT.format(team="T1JJ3T3L2", room="two")), True),
        ((CHAT.format(team="T1JJ3T3L2", room="one"), CHAT.format(team="T2JJ3T3L2", room="one")), False),
    ],
)
async def test_channels_of_one_destination_wait_for_each_other(urls: tuple[str, str], waits: bool) -> None:
    notifier = AppriseNotifier(urls)
    first, second = notifier.channels
    while not await _waits(notifier, first):
        continue
    assert await _waits(notifier, second) is waits


async def _waits(notifier: AppriseNotifier, channel: str) -> bool:
    try:
        async with asyncio.timeout(0.1):
            await notifier.turn(channel)
    except TimeoutError:
        return True
    return False
