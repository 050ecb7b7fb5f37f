"""How long the review page takes with many stored hits: CPU time and wall time a load, against reading all of them.

The naive baseline reads every waiting hit, searches and sorts in Python and shows the first fifty: what a page without
queries of its own would do.

    python benchmarks/web.py --hits 100000
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from agency import judgement_of
from fastapi.testclient import TestClient

from monitor.bootstrap import App, Settings, open_app
from monitor.bootstrap.web import probe_of, site_of
from monitor.domain import (
    Assessment,
    Level,
    Mention,
    Review,
    ReviewVerdict,
    Role,
)
from monitor.ports import Decision, PageRows, ReviewFilter
from monitor.testing import make_mention, make_statement, make_subject
from monitor.web import Feeds, Figures, dashboard
from monitor.web.signing_in import COOKIE, open_session

PAGE = 50
BATCH = 500
LEFT = 60
"""So many hits stay unreviewed where nearly all are done."""
WORDS = "FIRST LAST stole money from patients, somebody said on the market square this morning, number"


def judged(mention: Mention) -> Decision:
    """Judge every third post a likely repeat."""
    level = Level.NONE if mention.id % 3 else Level.LIKELY
    judgement = judgement_of(mention, "subject-1", level)
    made = Assessment(mention_id=mention.id, revision=1, judgement=judgement, assessed_at=mention.first_seen_at)
    return Decision(mention_id=mention.id, revision=1, assessments=(made,))


def fill(app: App, hits: int) -> None:
    """Keep this many hits."""
    app.store.save_subject(make_subject())
    app.store.save_statement(make_statement())
    for start in range(0, hits, BATCH):
        posts = tuple(
            make_mention(external_id=f"p{number}", text=f"{WORDS} {number}", first_seen_at=app.clock.now())
            for number in range(start, min(hits, start + BATCH))
        )
        app.store.save_page(PageRows(source="town-forum", query_key="*", mentions=posts, raw=(), cursor="{}", gone=()))
        app.store.save_decisions([judged(one) for one in app.store.unassessed(BATCH)])


def review_nearly_all(app: App, left: int) -> int:
    """Record a verdict on all hits but the `left` oldest: what waits then lies behind everything that is done."""
    now = app.clock.now()
    ids = sorted(one.mention_id for one in app.store.review_hits(ReviewFilter(subjects=None, limit=10_000_000)))
    for mention_id in ids[left:]:
        app.store.save_review(
            Review(
                mention_id=mention_id,
                subject_id="subject-1",
                verdict=ReviewVerdict.NOT_HARMFUL,
                reviewed_at=now,
                reviewer="bench",
            )
        )
    return len(ids) - left


def browser(app: App) -> TestClient:
    """Sign somebody in."""
    site = site_of(app)
    feeds = Feeds(
        store=app.store,
        clock=app.clock,
        render=app.messages.in_words,
        probe=lambda: probe_of(app),
        figures=lambda: Figures(alerts={}, unreviewed={}, disk_free_bytes=1),
    )
    app.store.add_account("bench", "", {"*": Role.OWNER})
    account = app.store.account_named("bench")
    assert account
    made = TestClient(dashboard(site, lambda: probe_of(app), feeds), base_url="http://127.0.0.1")
    made.cookies.set(COOKIE, open_session(site, account))
    return made


def timed(load: Callable[[], object], rounds: int) -> dict[str, float]:
    """Give milliseconds a load, the first one left out."""
    cpu, wall = [], []
    load()  # templates are compiled once
    for _ in range(rounds):
        began, began_cpu = time.perf_counter(), time.process_time()
        load()
        wall.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - began_cpu) * 1000)
    return {
        "cpu_p50_ms": round(statistics.median(cpu), 1),
        "cpu_p95_ms": round(statistics.quantiles(cpu, n=20)[-1], 1),
        "wall_p50_ms": round(statistics.median(wall), 1),
        "wall_p95_ms": round(statistics.quantiles(wall, n=20)[-1], 1),
    }


def naive(app: App, text: str) -> None:
    """Read every waiting hit and choose in Python."""
    found = app.store.review_hits(ReviewFilter(subjects=None, limit=10_000_000))
    chosen = [hit for hit in found if text.casefold() in hit.text.casefold()]
    sorted(chosen, key=lambda hit: hit.first_seen_at, reverse=True)[:PAGE]


def load(client: TestClient, path: str) -> None:
    """Open a page."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.status_code


def main() -> None:
    """Fill a database, load pages, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hits", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument(
        "--reviewed", action="store_true", help="Then review all but a few, and load the pages once more."
    )
    parser.add_argument("--smoke", action="store_true")
    given = parser.parse_args()
    hits, rounds = (200, 3) if given.smoke else (given.hits, given.rounds)
    with tempfile.TemporaryDirectory() as folder:
        app = open_app(Settings(data_dir=Path(folder)))
        fill(app, hits)
        client = browser(app)
        paths = {"review": "/review", "search": "/review?text=square", "likely": "/review?level=likely", "today": "/"}
        figures = {name: timed(lambda path=path: load(client, path), rounds) for name, path in paths.items()}
        done = review_nearly_all(app, min(LEFT, hits // 2)) if given.reviewed or given.smoke else 0
        if done:
            late = {f"{name}_nearly_all_done": path for name, path in paths.items()}
            figures |= {name: timed(lambda path=path: load(client, path), rounds) for name, path in late.items()}
        baseline = timed(lambda: naive(app, "square"), max(2, min(rounds, 200_000 // hits)))
        app.store.close()
    print(
        json.dumps({"hits": hits, "rounds": rounds, "reviewed": done, **figures, "naive_read_all": baseline}, indent=2)
    )


if __name__ == "__main__":
    main()
