"""Keep a million mentions and say how quick the store is with them, on SQLite and on PostgreSQL; prints JSON.

    python benchmarks/store.py [--mentions 1000000] [--store sqlite|postgresql|both] [--rounds 300]
    python benchmarks/store.py --smoke

An invented agency watches 200 subjects; the largest has a tenth of all hits. Mentions come as they do in the service:
a page of 100 in one transaction, judged in batches of 500, a million in a year. At a tenth of the way and at the end
are given, in milliseconds (median, 99th percentile): the whole daily summary of a client, the first page of what waits
with its count, and searches for rare, middling, frequent and two words and for somebody else's name: in everything,
within one subject as the page asks it and as `goodname hits list` does, within ten subjects. `cpu` is the processor
time of the same rounds, the server's included: what is left of a figure where others use the machine. Beside it, in
the same run: how much each figure grew, a LIKE over the texts about the subject, and a transaction for each mention.
PostgreSQL is started for the run, with its own defaults, fsync included; before each measuring it is vacuumed, which
it else does by itself within minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from agency import SUBJECTS, VOCABULARY, Agency
from sqlalchemy import create_engine, text

from monitor.jobs.digest import gather
from monitor.ports import HitFilter, ReviewFilter
from monitor.store import open_store
from monitor.store.sql_store import SqlStore
from monitor.testing import FakeClock
from monitor.testing.postgres import postgres_server

PAGE = 100
BATCH = 500
SHOWN = 51
BETWEEN_PAGES = timedelta(days=365) / 1_000_000 * PAGE
NAIVE_ROWS = 300
LEAST_ROUNDS = 5
SEED = 20260105
PATIENCE_S = 20
"""A question that takes long is asked less often."""
SEARCHED = ("everywhere", "within_one", "within_one_listed", "within_ten")
RATED = 20_000
"""Inserts a second are those of so many mentions at the end of each stretch."""

Ask = Callable[[], object]
Used = Callable[[], float]
"""Give the processor time that was used so far, in seconds."""


@dataclass(frozen=True, slots=True)
class Place:
    """Hold a new database's address, what tidies it and measures its size, and what it uses."""

    url: str
    size: Callable[[], int]
    used: Used


@dataclass(slots=True)
class Taken:
    """Hold the milliseconds of some rounds, on the clock and of the processor."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, other: Taken) -> None:
        """Take in other rounds."""
        self.wall += other.wall
        self.cpu += other.cpu

    def summed(self) -> dict[str, float]:
        """Give medians and 99th percentiles."""
        return {
            "p50_ms": _median(self.wall),
            "p99_ms": _p99(self.wall),
            "cpu_p50_ms": _median(self.cpu),
            "cpu_p99_ms": _p99(self.cpu),
        }


def _median(taken: list[float]) -> float:
    return round(statistics.median(taken), 2)


def _p99(taken: list[float]) -> float:
    return round(statistics.quantiles(taken, n=100)[98], 2)


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


class Filling:
    """Fill a store through its own doors, as the service does, and count the seconds that it takes for it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.clock = FakeClock()
        self.store: SqlStore = open_store(url, clock=self.clock)
        self.agency = Agency(SEED)
        self.kept = 0
        self.keeping_s = 0.0
        self.judging_s = 0.0
        self.agency.enlist(self.store)

    def keep(self, count: int) -> None:
        """Keep one page."""
        self.clock.advance(BETWEEN_PAGES)
        page = self.agency.page(self.kept, count, self.clock.now())
        began = time.perf_counter()
        self.store.save_page(page)
        self.keeping_s += time.perf_counter() - began
        self.kept += count

    def judge(self) -> None:
        """Judge what waits, up to one batch."""
        began = time.perf_counter()
        waiting = self.store.unassessed(BATCH)
        read = time.perf_counter()
        decisions = self.agency.decisions(waiting, self.clock.now())
        decided = time.perf_counter()
        self.store.save_decisions(decisions)
        self.judging_s += time.perf_counter() - decided + read - began

    def up_to(self, mentions: int) -> dict[str, float]:
        """Keep and judge until there are so many; gives mentions a second over the last of them."""
        mark = max(self.kept, mentions - RATED)
        marked = (self.kept, self.keeping_s, self.judging_s)
        while self.kept < mentions:
            if self.kept <= mark:
                marked = (self.kept, self.keeping_s, self.judging_s)
            self.keep(min(PAGE, mentions - self.kept))
            if self.kept % BATCH == 0 or self.kept >= mentions:
                self.judge()
            if self.kept % 50_000 == 0:
                say(f"  {self.kept:,} mentions; {self.keeping_s:.0f} s keeping, {self.judging_s:.0f} s judging")
        count, keeping, judging = self.kept - marked[0], self.keeping_s - marked[1], self.judging_s - marked[2]
        return {
            "kept_a_second": round(count / keeping),
            "kept_and_judged_a_second": round(count / (keeping + judging)),
        }

    def one_by_one(self, count: int) -> int:
        """Keep and judge with a transaction for each mention; gives mentions a second."""
        before = self.keeping_s + self.judging_s
        for _ in range(count):
            self.keep(1)
            self.judge()
        return round(count / (self.keeping_s + self.judging_s - before))


class Asking:
    """Draw what people ask for, and ask it."""

    def __init__(self, filling: Filling) -> None:
        self._filling = filling
        self._store = filling.store
        self._agency = filling.agency
        self._random = filling.agency.random

    def _rare(self) -> str:
        return self._word(VOCABULARY // 2, VOCABULARY)

    def _middling(self) -> str:
        return self._word(300, 5_000)

    def _frequent(self) -> str:
        return self._word(0, 300)

    def _two(self) -> str:
        return f"{self._frequent()} {self._middling()}"

    def _name(self) -> str:
        return self._random.choice(self._agency.names[:20])

    def _word(self, start: int, end: int) -> str:
        return self._agency.words[self._random.randrange(start, end)]

    def _subject(self) -> str:
        return self._agency.subjects[self._agency.draw_subjects(1)[0]]

    def _ten(self) -> list[str]:
        return self._random.sample(self._agency.subjects, 10)

    def _everywhere(self, draw: Callable[[], str]) -> Ask:
        return lambda: self._store.review_hits(ReviewFilter(subjects=None, text=draw(), limit=SHOWN))

    def _within_one(self, draw: Callable[[], str]) -> Ask:
        return lambda: self._store.review_hits(
            ReviewFilter(subjects=frozenset({self._subject()}), text=draw(), limit=SHOWN)
        )

    def _within_one_listed(self, draw: Callable[[], str]) -> Ask:
        return lambda: self._store.hits(HitFilter(subject_id=self._subject(), text=draw()))

    def _within_ten(self, draw: Callable[[], str]) -> Ask:
        def ask() -> object:
            return self._store.review_hits(ReviewFilter(subjects=frozenset(self._ten()), text=draw(), limit=SHOWN))

        return ask

    def _page(self, subjects: Callable[[], frozenset[str] | None]) -> Ask:
        def ask() -> object:
            allowed = subjects()
            shown = self._store.review_hits(ReviewFilter(subjects=allowed, limit=SHOWN))
            return shown, self._store.count_review(ReviewFilter(subjects=allowed))

        return ask

    def _digest(self) -> object:
        span = self._filling.kept / PAGE * BETWEEN_PAGES
        end = self._filling.clock.now() - self._random.random() * max(span - timedelta(days=1), timedelta(0))
        client = f"client-{self._subject()}"
        return gather(self._store, client, (end - timedelta(days=1), end), "UTC", "")

    def questions(self) -> dict[str, Ask]:
        """Give every question by its name."""
        draws: dict[str, Callable[[], str]] = {
            "rare": self._rare,
            "middling": self._middling,
            "frequent": self._frequent,
            "two": self._two,
            "name": self._name,
        }
        places = dict(
            zip(SEARCHED, (self._everywhere, self._within_one, self._within_one_listed, self._within_ten), strict=True)
        )
        return {
            "digest": self._digest,
            "page": self._page(lambda: None),
            "page_of_ten": self._page(lambda: frozenset(self._ten())),
            "page_of_one": self._page(lambda: frozenset({self._subject()})),
            **{f"{place}_{word}": ask(draw) for place, ask in places.items() for word, draw in draws.items()},
        }

    def scan(self) -> Ask:
        """Ask for a middling word within one subject as somebody without an index would."""
        question = text(
            "SELECT assessment.mention_id, mention_revision.text FROM assessment JOIN mention_revision"
            " ON mention_revision.mention_id = assessment.mention_id"
            " WHERE assessment.subject_id = :subject AND mention_revision.text LIKE :word"
            " ORDER BY assessment.first_seen_at DESC LIMIT 51"
        )
        engine = create_engine(self._filling.url)

        def ask() -> object:
            given = {"subject": self._subject(), "word": f"%{self._middling()}%"}
            with engine.connect() as connection:
                return connection.execute(question, given).all()

        return ask


def timed(ask: Ask, rounds: int, used: Used) -> Taken:
    """Time rounds, the first one left out."""
    ask()
    taken = Taken()
    end = time.perf_counter() + PATIENCE_S
    while len(taken.wall) < rounds and (len(taken.wall) < LEAST_ROUNDS or time.perf_counter() < end):
        began, began_cpu = time.perf_counter(), used()
        ask()
        taken.wall.append((time.perf_counter() - began) * 1000)
        taken.cpu.append((used() - began_cpu) * 1000)
    return taken


def answer(filling: Filling, rounds: int, used: Used) -> dict[str, dict[str, float]]:
    """Time every question; all searches in one place are also given together."""
    # What the benchmark itself holds would be gone through again and again.
    gc.collect()
    gc.freeze()
    taken = {}
    groups: dict[str, Taken] = {}
    for name, ask in Asking(filling).questions().items():
        taken[name] = timed(ask, rounds, used)
        groups.setdefault(name.rpartition("_")[0], Taken()).add(taken[name])
        say(f"  {name}: {taken[name].summed()}")
    together = {place: groups[place].summed() for place in SEARCHED}
    return {name: times.summed() for name, times in taken.items()} | together


@contextlib.contextmanager
def sqlite_place() -> Iterator[Place]:
    """Make a new SQLite file."""
    with tempfile.TemporaryDirectory() as folder:

        def size() -> int:
            return sum(one.stat().st_size for one in Path(folder).iterdir())

        yield Place(f"sqlite:///{folder}/goodname.db", size, time.process_time)


@contextlib.contextmanager
def postgres_place() -> Iterator[Place]:
    """Make a new database on a server of its own."""
    with postgres_server(fsync=True) as server:
        url = server.url(server.new_database())
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        backends: list[Path] = []

        def size() -> int:
            with engine.connect() as connection:
                connection.execute(text("VACUUM ANALYZE"))
                pids = connection.execute(
                    text("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
                )
                backends[:] = [Path(f"/proc/{pid}/schedstat") for pid in pids.scalars()]
                return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())

        def used() -> float:
            return time.process_time() + sum(int(one.read_text().split()[0]) for one in backends) / 1e9

        yield Place(url, size, used)
        engine.dispose()


PLACES = {"sqlite": sqlite_place, "postgresql": postgres_place}


def measured(kind: str, mentions: int, rounds: int) -> dict[str, object]:
    """Fill one store in two stretches, and measure after each."""
    steps: list[dict[str, object]] = []
    answers = []
    with PLACES[kind]() as place:
        filling = Filling(place.url)
        for upto in (mentions // 10, mentions):
            say(f"{kind}: up to {upto:,} mentions")
            rates = filling.up_to(upto)
            size = place.size()
            answers.append(answer(filling, rounds, place.used))
            steps.append(
                {"mentions": upto, **rates, "bytes": size, "bytes_a_mention": size // upto, "load": os.getloadavg()[0]}
            )
        naive = {"like_within_one": timed(Asking(filling).scan(), LEAST_ROUNDS, place.used).summed()}
        one_by_one = filling.one_by_one(min(NAIVE_ROWS, mentions // 10))
        filling.store.close()
    first, last = answers
    asked = {
        name: {
            "first": first[name],
            "last": last[name],
            "grew": round(last[name]["cpu_p50_ms"] / max(first[name]["cpu_p50_ms"], 0.01), 1),
        }
        for name in last
    }
    return {"steps": steps, "asked": asked, "naive": {**naive, "kept_and_judged_a_second_one_by_one": one_by_one}}


def main() -> None:
    """Measure what was asked for, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=1_000_000)
    parser.add_argument("--store", choices=[*PLACES, "both"], default="both")
    parser.add_argument("--rounds", type=int, default=300, help="How often each question is asked.")
    parser.add_argument("--smoke", action="store_true")
    given = parser.parse_args()
    mentions, rounds = (1_000, 3) if given.smoke else (given.mentions, given.rounds)
    kinds = list(PLACES) if given.store == "both" else [given.store]
    figures = {kind: measured(kind, mentions, rounds) for kind in kinds}
    print(json.dumps({"mentions": mentions, "subjects": SUBJECTS, "rounds": rounds, "stores": figures}, indent=2))


if __name__ == "__main__":
    main()
