"""Measure how many items a second are read from large and from small feeds.

Prints JSON: items a second on the clock, and a second of processor time of all processes, as the feed connector reads
them, one feed after another and four at once: small and plain feeds in a thread, others in parser processes that are
used again. Beside it in the same run: a new process for each feed, the same reader in this process (which a hostile
feed would stop), and feedparser alone, whose records nobody has cleaned. Starting and ending the parser processes
counts. The best of the rounds is given for each.

    python benchmarks/feeds.py [--smoke] [--seed N]
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import random
import resource
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import feedparser

from connectors._bounded import parse_bounded
from connectors._feed_reader import FeedOptions, is_harmless, read
from connectors._parser_pool import Limits, ParserPool

OPTIONS = FeedOptions(url="https://feeds.example/feed")
WORDS = """
the a to of and in is was for on with at by it this that my we they you have has not but from all so just like good
great time people really went day week back last new home work place service staff food coffee morning evening train
""".split()

Reader = Callable[[bytes], Awaitable[int]]


def feed(rng: random.Random, items: int, words: int) -> bytes:
    """Make an RSS feed whose items hold HTML, a link, a date and an author."""
    parts = []
    for _ in range(items):
        number, text = rng.getrandbits(48), " ".join(rng.choices(WORDS, k=words))
        parts.append(
            f"<item><guid isPermaLink='false'>{number}</guid><title>{text[:60]}</title>"
            f"<link>https://feeds.example/{number}</link><author>Somebody {number % 97}</author>"
            f"<pubDate>Thu, {1 + number % 28:02} Jan 2026 {number % 24:02}:00:00 GMT</pubDate>"
            f"<description><![CDATA[<p>{text}</p><p><a href='/more/{number}'>more</a></p>]]></description></item>"
        )
    return f"<rss version='2.0'><channel><title>t</title>{''.join(parts)}</channel></rss>".encode()


def _by_connector(pool: ParserPool) -> Reader:
    async def count(body: bytes) -> int:
        return len((await parse_bounded(read, body, OPTIONS, apart=not is_harmless(body), pool=pool)).entries)

    return count


def _apart(pool: ParserPool) -> Reader:
    async def count(body: bytes) -> int:
        return len((await parse_bounded(read, body, OPTIONS, apart=True, pool=pool)).entries)

    return count


def _here(_: ParserPool) -> Reader:
    async def count(body: bytes) -> int:
        return len(read(body, OPTIONS).entries)

    return count


def _feedparser(_: ParserPool) -> Reader:
    async def count(body: bytes) -> int:
        return len(feedparser.parse(io.BytesIO(body)).entries)

    return count


@dataclass(frozen=True)
class Way:
    """Say how feeds are read, and how many at once."""

    reader: Callable[[ParserPool], Reader]
    at_once: int = 1
    limits: Limits = field(default_factory=Limits)


WAYS = {
    "connector": Way(_by_connector),
    "connector_four_at_once": Way(_by_connector, at_once=4),
    "a_process_a_feed": Way(_apart, limits=Limits(bodies=1)),
    "a_process_a_feed_four_at_once": Way(_apart, at_once=4, limits=Limits(bodies=1)),
    "same_reader_in_this_process": Way(_here),
    "feedparser_alone_in_this_process": Way(_feedparser),
}


def _cpu_seconds() -> float:
    """Give the processor time of this process and of those of its children that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


async def _rates(way: Way, bodies: list[bytes]) -> tuple[float, float, int]:
    """Give items a second on the clock and of processor time, and how many parser processes it took."""
    gate, pool = asyncio.Semaphore(way.at_once), ParserPool(way.limits)
    reader = way.reader(pool)

    async def one(body: bytes) -> int:
        async with gate:
            return await reader(body)

    began, cpu_before = time.perf_counter(), _cpu_seconds()
    items = sum(await asyncio.gather(*map(one, bodies)))
    pool.close()
    return items / (time.perf_counter() - began), items / (_cpu_seconds() - cpu_before), pool.started


async def _measure(bodies: list[bytes], rounds: int) -> dict[str, object]:
    best: dict[str, list[float]] = {name: [0.0, 0.0] for name in WAYS}
    started = dict.fromkeys(WAYS, 0)
    for _ in range(rounds):
        for name, way in WAYS.items():
            clock, cpu, started[name] = await _rates(way, bodies)
            best[name] = [max(best[name][0], clock), max(best[name][1], cpu)]
    return {
        "feeds": len(bodies),
        "kib_each": round(len(bodies[0]) / 1024),
        "ways": {
            name: {
                "items_per_second": round(clock),
                "items_per_cpu_second": round(cpu),
                "parser_processes": started[name],
            }
            for name, (clock, cpu) in best.items()
        },
    }


def main() -> None:
    """Print the figures as JSON."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--smoke", action="store_true", help="a few feeds only, to see that it runs")
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    rng = random.Random(chosen.seed)
    large, small, rounds = (2, 8, 1) if chosen.smoke else (10, 40, 2)
    result = {
        "seed": chosen.seed,
        "cores": os.cpu_count(),
        "large": asyncio.run(_measure([feed(rng, 500, 100) for _ in range(large)], rounds)),
        "small": asyncio.run(_measure([feed(rng, 20, 60) for _ in range(small)], rounds)),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
