"""Turns at a host."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from monitor.errors import RateLimited
from monitor.http.rates import HostRates
from monitor.testing import FakeClock


def _rates(clock: FakeClock, *, per_host: int = 2, interval: float = 1.0) -> HostRates:
    return HostRates(clock, min_interval=timedelta(seconds=interval), per_host=per_host, sleep=clock.sleep)


async def _times(rates: HostRates, clock: FakeClock, key: str, count: int, *, paced: bool = True) -> list[float]:
    times = []
    for _ in range(count):
        async with rates.turn(key, paced=paced):
            times.append(clock.monotonic() - 1000)
    return times


async def test_room_between_requests_to_one_host() -> None:
    clock = FakeClock()
    assert await _times(_rates(clock), clock, "a", 3) == [0, 1, 2]


async def test_none_between_hosts_or_when_not_paced() -> None:
    clock = FakeClock()
    rates = _rates(clock)
    assert await _times(rates, clock, "a", 1) + await _times(rates, clock, "b", 1) == [0, 0]
    assert await _times(rates, clock, "c", 3, paced=False) == [0, 0, 0]


async def test_only_so_many_at_once() -> None:
    rates = _rates(FakeClock(), per_host=2, interval=0)
    inside, most = 0, 0
    full, free = asyncio.Event(), asyncio.Event()

    async def visit() -> None:
        nonlocal inside, most
        async with rates.turn("a"):
            inside += 1
            most = max(most, inside)
            if inside == 2:
                full.set()
            await free.wait()
            inside -= 1

    visits = [asyncio.create_task(visit()) for _ in range(5)]
    await full.wait()
    free.set()
    await asyncio.gather(*visits)
    assert most == 2


async def test_a_paused_host_is_left_alone_until_then() -> None:
    clock = FakeClock()
    rates = _rates(clock)
    until = clock.now() + timedelta(minutes=5)
    rates.pause("a", until)
    rates.pause("a", until - timedelta(minutes=4))
    for _ in range(2):
        with pytest.raises(RateLimited) as caught:
            await _times(rates, clock, "a", 1)
        assert caught.value.retry_at == until
        clock.advance(299)
    clock.advance(2)
    assert len(await _times(rates, clock, "a", 1)) == 1


async def test_a_site_may_ask_for_more_room_but_not_for_ever() -> None:
    clock = FakeClock()
    rates = _rates(clock)
    rates.slow_down("a", timedelta(seconds=10))
    rates.slow_down("b", timedelta(days=1))
    assert await _times(rates, clock, "a", 2) == [0, 10]
    assert await _times(rates, clock, "b", 2) == [10, 40]


async def test_idle_hosts_are_forgotten_and_paused_ones_are_not() -> None:
    clock = FakeClock()
    rates = _rates(clock, interval=0)
    rates.pause("kept", clock.now() + timedelta(hours=1))
    for number in range(5000):
        await _times(rates, clock, str(number), 1)
    assert len(rates._hosts) <= 4097
    with pytest.raises(RateLimited):
        await _times(rates, clock, "kept", 1)
