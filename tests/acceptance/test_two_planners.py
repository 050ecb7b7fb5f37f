"""Two services on one database: each source is polled once in its interval; one goes on when the other is killed."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from datetime import timedelta
from itertools import pairwise

import psycopg
import pytest

from monitor.clock import SystemClock
from monitor.domain import Target
from monitor.store import open_store
from monitor.testing.postgres import PostgresServer
from monitor.workers.queue import HEARTBEAT
from tests.acceptance.crew import Crew, Site, feed

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

EVERY_S = 2.0
PLACES = 4
FEEDS = tuple(f"feed-{number}" for number in range(2 * PLACES))
AT_ONCE = 2
"""So many requests one process has on the way to one host; who holds them all has the hands of both full."""

LEFT = "left"
"""A source that a planner had leased, and was killed before it ordered the poll."""

LEASE_S = 12.0
ROUNDS = 3
TAKEOVER_S = 20.0
"""Far less than a lease, and far more than it takes on a busy machine."""

_SOURCE = """[[source]]
name = "{name}"
connector = "feed"
every = "2s"
settings = {{ url = "http://{site}/{name}" }}
"""


def _leave_leased(url: str) -> float:
    """Lease the one source as a planner would that is killed at once; gives when the lease ends."""
    every = timedelta(seconds=EVERY_S)
    with closing(open_store(url, clock=SystemClock())) as store:
        now = SystemClock().now()
        store.sync_targets([Target(source=LEFT, query_key="*", every=every)], now)
        assert store.lease_targets(now, limit=1, lease_for=timedelta(seconds=LEASE_S))
        return time.monotonic() + LEASE_S


def _let_heartbeats_end(server: PostgresServer, database: str, source: str) -> set[str]:
    """Make the jobs of whoever has this source's in hand look as when no life was shown for long; gives their sources.

    Thirty seconds later they would look so by themselves.
    """
    worker = "(SELECT queue_manager_id FROM pgqueuer WHERE dedupe_key = %s)"
    query = f"UPDATE pgqueuer SET heartbeat = heartbeat - %s WHERE queue_manager_id = {worker} RETURNING dedupe_key"
    with psycopg.connect(f"host={server.folder} user=postgres dbname={database}", autocommit=True) as connection:
        rows = connection.execute(query, [HEARTBEAT, f"poll:{source}:*"]).fetchall()
    return {key.split(":")[1] for (key,) in rows}


async def test_nothing_is_polled_twice_and_the_survivor_leaves_nothing_out(tmp_path, new_postgres, postgres_server):
    url = postgres_server.url(new_postgres)
    site = Site()
    site.answers["/"] = feed
    async with site.serving():
        sources = "\n".join(_SOURCE.format(name=name, site=site.address) for name in (*FEEDS, LEFT))
        crew = Crew(tmp_path, url, sources, allow=(site.address,), places=PLACES)
        lease_ends = _leave_leased(url)
        try:
            crew.start("leader", "run")
            await crew.until("the leader", lambda: len(site.arrivals()) >= len(FEEDS))
            crew.start("other", "run")
            await crew.until("the other", lambda: len(site.arrivals(who="other")) > 0)
            before = len(site.asked)
            await crew.until("some rounds", lambda: len(site.asked) >= before + ROUNDS * len(FEEDS))
            await crew.until("the end of a lease", lambda: len(site.arrivals(f"/{LEFT}")) > 0)

            site.may_answer.clear()
            await crew.until("full hands", lambda: len(site.held) == 2 * AT_ONCE)
            in_hand = [one.path.strip("/") for one in site.held if one.who == "leader"]
            crew.kill("leader")
            killed_at = time.monotonic()
            site.may_answer.set()

            def polled_since() -> Counter[str]:
                return Counter(one.path.strip("/") for one in site.arrivals(who="other") if one.at > killed_at)

            # What is polled a second time was ordered after the kill.
            await crew.until("a new leader", lambda: max(polled_since().values(), default=0) > 1)
            led_after_s = time.monotonic() - killed_at
            orphans = _let_heartbeats_end(postgres_server, new_postgres, in_hand[0])
            await crew.until("everything that is due", lambda: polled_since().keys() >= {*FEEDS, LEFT})
        finally:
            crew.end()

    assert orphans >= set(in_hand)
    assert led_after_s < TAKEOVER_S
    assert site.arrivals(f"/{LEFT}")[0].at >= lease_ends, "what somebody holds is left alone until the lease ends"
    for name in (*FEEDS, LEFT):
        gaps = [later.at - earlier.at for earlier, later in pairwise(site.arrivals(f"/{name}"))]
        assert min(gaps) >= EVERY_S, f"{name} was polled again after {min(gaps):.2f} s"
