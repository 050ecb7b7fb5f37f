"""Ask a source by hand, beside its polls: not while it wants to be left alone."""

from __future__ import annotations

import asyncio

from monitor.contract import Health
from monitor.domain import HealthState
from monitor.errors import ConnectorError, FetchError, RateLimited
from monitor.jobs.poll import Source
from monitor.ports import Clock, PollStore


async def check(store: PollStore, source: Source, clock: Clock) -> Health:
    """Try a source's credentials and one cheap call; what goes wrong is said in the answer, not raised."""
    try:
        await asyncio.to_thread(require_welcome, store, source.name, clock)
        return await source.connector.check(source.context(clock.now()))
    except (ConnectorError, FetchError) as error:
        return Health(state=HealthState.DEGRADED, what=error.what, why=error.why, try_=error.try_)


def require_welcome(store: PollStore, name: str, clock: Clock) -> None:
    """Raise RateLimited when a source asked not to be read before a moment that is still ahead."""
    asked = next((one.not_before for one in store.health() if one.source == name), None)
    if asked is not None and asked > clock.now():
        raise RateLimited(
            f"{name} asked to be left alone until {asked:%Y-%m-%d %H:%M} UTC.",
            retry_at=asked,
            why="It answered a poll with this wish; asking earlier could get you locked out.",
        )
