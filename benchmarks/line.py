"""Measure the line beside a naive loop in the same run; prints one JSON object.

    python benchmarks/line.py            10,000 items in 20 feeds; 1,000 unchanged feeds
    python benchmarks/line.py --smoke    a twentieth of that, for tests

Two figures. *items*: from the feed on a loopback server to an assessed row in a fresh SQLite database (poll and
assess of the product, as `goodname once` calls them), for 20 people with two statements each; the naive loop fetches
with requests, parses with feedparser, compares every post with every name and statement by rapidfuzz and writes
what it found to SQLite. *unchanged*: CPU time of one round over many feeds that answer 304. The servers run in a
process of their own, so their time is not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import io
import json
import multiprocessing
import os
import random
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

_FIRST = (
    "Mira Odo Tilda Bram Sunna Ketil Alma Rurik Ines Pelle Vera Joss Lina Arno Thea Milo Runa Egon Silja Otto".split()
)
_LAST = "Holmgard Tarn Quist Vael Brandt Osk Lind Marrow Fenn Stroud".split()
_DEEDS = ("took deposits from customers and never delivered", "was struck off for forging certificates")
_WORDS = (
    "harbour market weather boat bread garden evening station council paint river music school window garlic summer "
    "bridge meeting ticket winter letter corner kitchen football stone morning concert bicycle lantern library"
).split()
_HEADERS = {"Content-Type": "application/rss+xml; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Size:
    """Say how much is measured."""

    feeds: int
    items_per_feed: int
    unchanged: int


FULL = Size(feeds=20, items_per_feed=500, unchanged=1000)
SMOKE = Size(feeds=2, items_per_feed=250, unchanged=50)


def people() -> list[tuple[str, str]]:
    """Give the watched people as (id, name)."""
    return [(f"p{number}", f"{first} {_LAST[number % len(_LAST)]}") for number, first in enumerate(_FIRST)]


def _text(number: int, chance: random.Random) -> str:
    words = " ".join(chance.choices(_WORDS, k=35))
    _, name = chance.choice(people())
    draw = chance.random()
    if draw < 0.02:
        return f"{words}. Careful: {name} {chance.choice(_DEEDS)}. {words[:60]} {number}"
    return f"{words}. I met {name} there. {number}" if draw < 0.10 else f"{words} {number}."


def feed(feed_number: int, items: int) -> bytes:
    """Write one RSS feed; the same for the same numbers."""
    chance = random.Random(f"feed {feed_number}")
    rows = "".join(
        f"<item><guid isPermaLink='false'>{feed_number}-{number}</guid><title>Note {number}</title>"
        f"<link>http://127.0.0.1/{feed_number}/{number}</link><description>{_text(number, chance)}</description></item>"
        for number in range(items)
    )
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>F{feed_number}</title>{rows}</channel></rss>".encode()
    )


def _serve(items: int, ready: Connection) -> None:
    bodies: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            kind, _, number = self.path.strip("/").partition("/")
            if self.path not in bodies:
                bodies[self.path] = feed(int(number or 0), items if kind == "feed" else 3)
            body = bodies[self.path]
            etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            is_known = self.headers.get("If-None-Match") == etag
            self.send_response(304 if is_known else 200)
            self.send_header("ETag", etag)
            self.send_header("Content-Length", "0" if is_known else str(len(body)))
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            self.end_headers()
            if not is_known:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's own name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    ready.send(server.server_address[1])
    server.serve_forever()


@contextmanager
def served(size: Size) -> Iterator[str]:
    """Run the feeds' server in its own process; gives its base URL."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(size.items_per_feed, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


@dataclass(slots=True)
class Stopwatch:
    """Hold wall-clock and CPU seconds, those of ended children included."""

    wall: float = 0.0
    cpu: float = 0.0


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


@contextmanager
def timed() -> Iterator[Stopwatch]:
    """Measure a block."""
    watch, wall, cpu = Stopwatch(), time.perf_counter(), _cpu()
    yield watch
    watch.wall, watch.cpu = time.perf_counter() - wall, _cpu() - cpu


def configuration(folder: Path, base: str, kind: str, feeds: int) -> Path:
    """Write an ordinary configuration that watches these feeds."""
    sources = "".join(
        f'[[source]]\nname = "{kind}-{number}"\nconnector = "feed"\nevery = "15m"\n'
        f'[source.settings]\nurl = "{base}/{kind}/{number}"\n'
        for number in range(feeds)
    )
    (folder / "goodname.toml").write_text(
        f'data_dir = "data"\n[watchlist]\nfile = "watchlist.toml"\n[alerts]\nurls = ["json://127.0.0.1:9/"]\n'
        'quiet_hours = ""\n'
        f'[network]\nallow = ["{base.removeprefix("http://")}"]\n[capture]\nbrowser = "off"\n'
        f'[web]\nbind = "off"\n{sources}'
    )
    subjects = "".join(
        f'[[subject]]\nid = "{key}"\nname = "{name}"\n[subject.attestation]\nrelation = "self"\nby = "{name}"\n'
        f"on = 2026-01-05\n"
        + "".join(f'[[subject.statement]]\nid = "s{n}"\ntext = "{name} {deed}"\n' for n, deed in enumerate(_DEEDS))
        for key, name in people()
    )
    (folder / "watchlist.toml").write_text(subjects)
    return folder / "goodname.toml"


async def line_items(base: str, size: Size) -> dict[str, float]:
    """Poll and assess every item with the product."""
    from monitor.bootstrap import open_app
    from monitor.domain import Level
    from monitor.ports import HitFilter
    from monitor.settings import load_settings

    with tempfile.TemporaryDirectory() as folder, timed() as whole:
        settings = load_settings(configuration(Path(folder), base, "feed", size.feeds))
        async with open_app(settings) as app:
            with timed() as watch:
                with timed() as polling:
                    polls = await app.poll(force=True)
                assessed = 0
                while judged := await asyncio.to_thread(app.assess):
                    assessed += judged
            likely = len(app.store.hits(HitFilter(min_level=Level.LIKELY, limit=100_000)))
    failed = [poll.error for poll in polls if poll.error]
    if failed or assessed != size.feeds * size.items_per_feed:
        raise SystemExit(f"{assessed} items were assessed; failed polls: {failed[:3]}")
    return {
        "items": assessed,
        "likely": likely,
        "items_per_s": round(assessed / watch.wall),
        "poll_s": round(polling.wall, 2),
        "assess_s": round(watch.wall - polling.wall, 2),
        "cpu_s_with_start_and_workers": round(whole.cpu, 2),
    }


def naive_items(base: str, size: Size) -> dict[str, float]:
    """Do what a short script would do: requests, feedparser, rapidfuzz over everything, SQLite."""
    import feedparser
    import requests
    from rapidfuzz import fuzz

    likely = items = 0
    with tempfile.TemporaryDirectory() as folder, timed() as watch:
        database = sqlite3.connect(Path(folder) / "naive.db")
        database.execute("create table seen (guid text primary key, text text, level text)")
        for number in range(size.feeds):
            parsed = feedparser.parse(io.BytesIO(requests.get(f"{base}/feed/{number}", timeout=30).content))
            for entry in parsed.entries:
                level = "none"
                for _, name in people():
                    if fuzz.partial_ratio(name.lower(), entry.description.lower()) < 90:
                        continue
                    score = max(fuzz.token_set_ratio(f"{name} {deed}", entry.description) for deed in _DEEDS)
                    level = "likely" if score >= 65 else "possible"
                likely += level == "likely"
                items += 1
                database.execute("insert into seen values (?, ?, ?)", (entry.id, entry.description, level))
            database.commit()
        database.close()
    return {
        "items": items,
        "likely": likely,
        "items_per_s": round(items / watch.wall),
        "cpu_s": round(watch.cpu, 2),
    }


async def line_unchanged(base: str, size: Size) -> dict[str, float]:
    """Poll many feeds once, then measure a second round in which none has changed."""
    from monitor.bootstrap import open_app
    from monitor.settings import load_settings

    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(configuration(Path(folder), base, "quiet", size.unchanged))
        async with open_app(settings) as app:
            await app.poll(force=True)
            with timed() as watch:
                polls = await app.poll(force=True)
    unchanged = sum(1 for poll in polls if poll.outcome == "unchanged")
    if unchanged != size.unchanged:
        raise SystemExit(f"only {unchanged} of {size.unchanged} feeds were seen to be unchanged")
    return _per_feed(watch, unchanged)


def naive_unchanged(base: str, size: Size) -> dict[str, float]:
    """Do the same with requests and feedparser; like the line, it keeps when it looked in SQLite."""
    import feedparser
    import requests

    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "naive.db")
        database.execute("create table feeds (number integer primary key, etag text, looked real)")
        for number in range(size.unchanged):
            answer = requests.get(f"{base}/quiet/{number}", timeout=30)
            feedparser.parse(io.BytesIO(answer.content))
            database.execute("insert into feeds values (?, ?, ?)", (number, answer.headers["ETag"], time.time()))
        database.commit()
        known = database.execute("select number, etag from feeds").fetchall()
        with timed() as watch:
            for number, etag in known:
                answer = requests.get(f"{base}/quiet/{number}", headers={"If-None-Match": etag}, timeout=30)
                if answer.status_code != 304:
                    raise SystemExit("the feed had changed")
                database.execute("update feeds set looked = ? where number = ?", (time.time(), number))
                database.commit()
        database.close()
    return _per_feed(watch, size.unchanged)


def _per_feed(watch: Stopwatch, feeds: int) -> dict[str, float]:
    return {
        "feeds": feeds,
        "cpu_ms_per_feed": round(1000 * watch.cpu / feeds, 3),
        "wall_ms_per_feed": round(1000 * watch.wall / feeds, 3),
    }


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--smoke", action="store_true", help="a twentieth of the work")
    size = SMOKE if parser.parse_args().smoke else FULL
    with served(size) as base:
        figures = {
            "cores": os.cpu_count(),
            "items": {"line": asyncio.run(line_items(base, size)), "naive": naive_items(base, size)},
            "unchanged": {"line": asyncio.run(line_unchanged(base, size)), "naive": naive_unchanged(base, size)},
        }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
