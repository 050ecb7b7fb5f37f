"""Four workers and a planner together keep to what one host and one paid account stand: counted where it arrives."""

from __future__ import annotations

import json
from contextlib import closing
from decimal import Decimal

import pytest

from monitor.clock import SystemClock
from monitor.domain import PollOutcome
from monitor.store import open_store
from monitor.testing.serving import Received, reply
from tests.acceptance.crew import Crew, Site, feed

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

WORKERS = tuple(f"worker-{number}" for number in range(1, 5))
INTERVAL_S = 1.0
"""The program's room between two requests to one host."""

LATE_S = 1.5
"""A process may come so much after its turn, on a busy machine, and the next one in time."""

TURNS = 9
SEARCHES = 40
PRICE = Decimal("0.005")
POSTS_A_PAGE, POSTS = 10, 200

_FEED = """[[source]]
name = "feed-{number}"
connector = "feed"
every = "1s"
settings = {{ url = "http://{site}/feed/{number}" }}
"""
_SEARCH = """[[source]]
name = "search-{number}"
connector = "web_search"
every = "1s"
[source.settings]
engine = "brave"
api_key = "one-key"
base_url = "http://{site}"
pages = 3
price_per_request = {price}
monthly_budget = {budget}
"""
_X = """[[source]]
name = "x-{number}"
connector = "x"
every = "1s"
[source.settings]
bearer_token = "one-token"
base_url = "http://{site}"
price_per_post = {price}
monthly_budget = {budget}
"""


def found(_received: Received) -> bytes:
    """Answer a search with one result, and say that there are more."""
    results = [{"url": "https://paper.example/bus", "title": "Bus lane", "description": "The council met."}]
    told = {"type": "search", "query": {"more_results_available": True}, "web": {"results": results}}
    return reply(json.dumps(told), headers={"Content-Type": "application/json"})


def posts(_received: Received) -> bytes:
    """Answer with as many posts as a page has at least, each of which costs."""
    told = [{"id": str(1_990_000_000_000_000_000 + number), "text": "A bus lane."} for number in range(POSTS_A_PAGE)]
    return reply(json.dumps({"data": told, "meta": {"result_count": POSTS_A_PAGE}}))


def _sources(site: Site) -> str:
    feeds = [_FEED.format(number=number, site=site.stranger) for number in range(8)]
    paid = {"site": site.address, "price": PRICE}
    searches = [_SEARCH.format(number=number, budget=SEARCHES * PRICE, **paid) for number in range(8)]
    return "\n".join([*feeds, *searches, *(_X.format(number=one, budget=POSTS * PRICE, **paid) for one in range(6))])


async def test_four_workers_together_keep_to_a_hosts_rate_and_to_paid_budgets(tmp_path, new_postgres, postgres_server):
    pytest.importorskip("tweepy", reason="the library for X is not installed")
    url = postgres_server.url(new_postgres)
    site = Site()
    site.answers |= {"/feed/": feed, "/res/v1/web/search": found, "/2/tweets/search/recent": posts}
    async with site.serving():
        crew = Crew(tmp_path, url, _sources(site), allow=(site.address, site.stranger))
        try:
            for name in WORKERS:
                crew.start(name, "worker")
            await crew.until("workers", lambda: all(crew.has_said(name, "worker started") for name in WORKERS))
            crew.start("planner", "run")

            def is_over() -> bool:
                turns, refused = len(site.arrivals("/feed/")), _refused(url)
                return turns >= TURNS and len(refused) >= 14 and len(site.arrivals("/2/")) * POSTS_A_PAGE >= POSTS

            await crew.until("the end of every budget", is_over)
        finally:
            crew.end()

    _assert_paced([one.at for one in site.arrivals("/feed/")])
    assert len(site.arrivals("/res/")) == SEARCHES, "all of the budget was spent, and not one request more"
    assert len(site.arrivals("/2/")) * POSTS_A_PAGE == POSTS
    assert {one.who for one in site.asked} >= {"planner", *WORKERS}, "every process had its share"


def _refused(url: str) -> set[str]:
    """Name the sources that were refused because nothing was left."""
    with closing(open_store(url, clock=SystemClock())) as store:
        return {one.source for one in store.polls(limit=10_000) if one.outcome is PollOutcome.BUDGET}


def _assert_paced(arrivals: list[float]) -> None:
    for first, begun in enumerate(arrivals):
        for last in range(first + 1, len(arrivals)):
            turns, seconds = last - first, arrivals[last] - begun
            assert seconds >= turns * INTERVAL_S - LATE_S, f"{turns + 1} requests within {seconds:.2f} s"
