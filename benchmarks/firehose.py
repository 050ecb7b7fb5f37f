"""Measure how many events of a Jetstream-shaped firehose a second go through gate and store, on one core.

Prints JSON: events/s of the whole path (frames in, connector, sieve, SQLite with position) for ordinary posts of which
one in a thousand names somebody, beside the naive ways in the same run: store every post and match afterwards, and a
loop of str.find (and of rapidfuzz) over all names. Every way must find the planted mentions; `missed` says how many
it did not. Rates are per second of this process's CPU time, threads included, and by the clock.

    python benchmarks/firehose.py [--smoke] [--seed N]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

from rapidfuzz import fuzz

from connectors.jetstream import JetstreamConnector, JetstreamSettings
from monitor.clock import SystemClock
from monitor.contract import Context, Query
from monitor.domain import Subject
from monitor.errors import SourceChanged
from monitor.jobs import assess
from monitor.jobs.listen import Listener
from monitor.jobs.poll import Source, targets_of
from monitor.jobs.poll_ends import PollEnds
from monitor.jobs.sift import Sieve
from monitor.matching import Matcher
from monitor.store import SqlStore, open_store

A_BATCH = 1_000
ONE_IN = 1_000
PER_SECOND = 60
"""Posts a second of the stream's own time; it matters for what the position remembers."""

SYLLABLES = "al bor dan el fen gar hal il jor kel lan mar nor ol per quin ral sel tan ul van wen zan".split()
WORDS = """
the a to of and in is was for on with at by it this that my we they you have not but from all so just like good great
time people really went day week back new home work place service staff food coffee morning train river garden school
market music football match team weather rain sun holiday friends family dog cat house price money ticket phone story
""".split()


def word(chance: random.Random, most: int) -> str:
    """Invent a name."""
    return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, most))).title()


def subjects(count: int, chance: random.Random) -> list[Subject]:
    """Make subjects with four names each."""
    made = []
    for number in range(count):
        first, last = word(chance, 3), word(chance, 4)
        aliases = (f"{first[0]}. {last}", f"{last}, {first}", f"{first} {word(chance, 3)}")
        made.append(Subject(id=str(number), name=f"{first} {last}", aliases=aliases, context_terms=("Leeds",)))
    return made


def frames(count: int, people: list[Subject], chance: random.Random) -> list[bytes]:
    """Write events as Jetstream does: posts, deletions, other kinds; one in a thousand names somebody."""
    start = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1_000_000)
    out = []
    for number in range(count):
        time_us, kind = start + number * 1_000_000 // PER_SECOND, chance.random()
        did = f"did:plc:{chance.getrandbits(60):012x}"
        commit: dict[str, Any] = {
            "rev": f"3l{number:011d}",
            "operation": "create",
            "collection": "app.bsky.feed.post",
            "rkey": f"3k{number:011d}",
        }
        is_planted = number % ONE_IN == ONE_IN // 2
        if not is_planted and kind < 0.05:
            told = {"did": did, "time_us": time_us, "kind": "identity", "identity": {"did": did, "handle": "a.example"}}
        elif not is_planted and kind < 0.13:
            told = {"did": did, "time_us": time_us, "kind": "commit", "commit": {**commit, "operation": "delete"}}
        else:
            words = chance.choices(WORDS, k=chance.randint(5, 45))
            if is_planted:
                words.insert(chance.randrange(len(words)), chance.choice(people).name)
            record: dict[str, Any] = {
                "$type": "app.bsky.feed.post",
                "createdAt": "2026-01-01T00:00:00.123Z",
                "langs": ["en"],
                "text": " ".join(words).capitalize() + chance.choice([".", "!", " 😀", " #" + words[0]]),
            }
            if kind < 0.5:
                parent = {"uri": f"at://{did}/app.bsky.feed.post/3kroot", "cid": "bafyreib" + "a" * 50}
                record["reply"] = {"parent": parent, "root": parent}
            told = {"did": did, "time_us": time_us, "kind": "commit"}
            told["commit"] = {**commit, "record": record, "cid": "bafyreib" + "b" * 50}
        out.append(json.dumps(told).encode())
    return out


class Prepared:
    """Send prepared frames in batches, as the client hands them over."""

    def __init__(self, given: list[bytes]) -> None:
        self._given = given

    @asynccontextmanager
    async def stream(self, _url: str, **_options: object) -> AsyncIterator[AsyncIterator[tuple[bytes, ...]]]:
        """Open at the beginning, whatever the position."""
        yield self._batches()

    async def _batches(self) -> AsyncIterator[tuple[bytes, ...]]:
        for start in range(0, len(self._given), A_BATCH):
            yield tuple(self._given[start : start + A_BATCH])
        raise SourceChanged("The prepared stream is at its end.")


def stream_source(given: list[bytes]) -> Source:
    """Make the source as the program does, with the prepared frames in the place of the network."""
    connector: Any = JetstreamConnector(JetstreamSettings())
    return Source(
        name="sky",
        connector_name="jetstream",
        connector=connector,
        every=timedelta(minutes=15),
        context=lambda now: Context(source="sky", http=cast("Any", Prepared(given)), now=now),
    )


def measured(work: Callable[[SqlStore], int], count: int, wanted: int) -> dict[str, object]:
    """Run one way on a fresh database; what it stored as mentions is counted afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'a.db'}", clock=SystemClock())
        cpu, wall = time.process_time(), time.perf_counter()
        found = work(store)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        size = sum(one.stat().st_size for one in Path(folder).iterdir())
        store.close()
    return {
        "events": count,
        "events_per_cpu_s": round(count / cpu),
        "events_per_s": round(count / wall),
        "missed": max(0, wanted - found),
        "found": found,
        "disk_mb": round(size / 1e6, 2),
    }


def sifted(store: SqlStore, given: list[bytes], matcher: Matcher) -> int:
    """Listen as the service does: connector, sieve, store, beats."""
    clock, source = SystemClock(), stream_source(given)
    source = replace(source, sift=partial(Sieve(store, lambda: matcher, clock).sift, "sky"))
    (target,) = targets_of([source], [])
    asyncio.run(Listener(store, source, target, clock, PollEnds(store)).run())
    return len(store.stored(limit=1_000_000))


def stored_first(store: SqlStore, given: list[bytes], matcher: Matcher) -> int:
    """Store every post as polls do, then judge what is stored: the line without a sieve."""
    clock, source = SystemClock(), stream_source(given)
    (target,) = targets_of([source], [])
    asyncio.run(Listener(store, source, target, clock, PollEnds(store)).run())
    rules = assess.Rules(matcher=matcher, subjects={one.id: one for one in matcher.subjects})
    while assess.run(store, rules, clock):
        continue
    return sum(bool(store.assessments(one.id)) for one in store.stored(limit=1_000_000))


async def _texts(given: list[bytes]) -> list[str]:
    source = stream_source(given)
    texts: list[str] = []
    stream = cast("Any", source.connector).stream(
        source.context(datetime.now(UTC)), Query(), source.connector.spec.cursor()
    )
    try:
        async for page in stream:
            texts += [item.text for item in page.items]
    except SourceChanged:
        pass
    return texts


def looped(_store: SqlStore, given: list[bytes], names: list[str], has: Callable[[str, str], bool]) -> int:
    """Read the same events with the same connector and look for each name in each text; nothing is stored."""
    lowered = [text.lower() for text in asyncio.run(_texts(given))]
    return sum(any(has(name, text) for name in names) for text in lowered)


def planted(events: int) -> int:
    """Say how many of the first events name somebody."""
    return (events + ONE_IN // 2 - 1) // ONE_IN


def measure(count: int, size: int, chance: random.Random, naive: Mapping[str, int]) -> dict[str, object]:
    """Measure every way with so many subjects; slow ones see fewer events."""
    people = subjects(size, chance)
    given = frames(count, people, chance)
    load = time.process_time()
    matcher = Matcher(people, ())
    load = time.process_time() - load
    names = [name.lower() for one in people for name in (one.name, *one.aliases)]
    some = {way: given[:events] for way, events in naive.items()}
    row: dict[str, object] = {"subjects": size, "names": len(names), "load_cpu_s": round(load, 2)}
    row["sieve"] = measured(lambda store: sifted(store, given, matcher), count, planted(count))
    row["store_then_match"] = measured(
        lambda store: stored_first(store, some["store"], matcher), naive["store"], planted(naive["store"])
    )
    row["find_loop"] = measured(
        lambda store: looped(store, some["find"], names, lambda name, text: name in text),
        naive["find"],
        planted(naive["find"]),
    )
    row["rapidfuzz_loop"] = measured(
        lambda store: looped(
            store, some["fuzz"], names, lambda name, text: fuzz.partial_ratio(name, text, score_cutoff=90) > 0
        ),
        naive["fuzz"],
        planted(naive["fuzz"]),
    )
    row["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return row


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="a few seconds, for CI")
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    chance = random.Random(chosen.seed)
    if chosen.smoke:
        rows = [measure(4_000, 200, chance, {"store": 2_000, "find": 2_000, "fuzz": 200})]
    else:
        rows = [
            measure(100_000, 1_000, chance, {"store": 20_000, "find": 10_000, "fuzz": 400}),
            measure(100_000, 10_000, chance, {"store": 20_000, "find": 3_000, "fuzz": 100}),
        ]
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
