"""Build hits, coverage and digests about an invented person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from monitor.domain import Coverage, Digest, HealthState, Hit, Level, Stance

END = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture
def make_hit() -> Callable[..., Hit]:
    def make(mention_id: int = 1, **fields: object) -> Hit:
        plain: dict[str, object] = {
            "mention_id": mention_id,
            "revision": 1,
            "subject_id": "subject-1",
            "source": "town-forum",
            "url": "https://forum.example/first-last-stole-money-from-patients-again",
            "title": "Beware, everybody in Leeds: the dentist took it all",
            "text": "I was told yesterday that FIRST LAST stole money from patients for many years.",
            "author": "An Angry Person Of Leeds",
            "level": Level.LIKELY,
            "about_score": 95,
            "statement_id": "stole",
            "statement": "FIRST LAST stole money from patients",
            "stance": Stance.REPEAT,
            "score": 92,
            "reasons": ('says "FIRST LAST stole money from patients"',),
            "excerpt": "FIRST LAST stole money from patients for many years.",
            "published_at": None,
            "first_seen_at": END - timedelta(hours=2),
            "capture_state": "complete",
            "evidence_sha256": "3f9a8b12cd34" + "0" * 52,
            "capture_id": "c-1",
        }
        return Hit(**(plain | fields))

    return make


@pytest.fixture
def make_coverage() -> Callable[..., Coverage]:
    def make(source: str = "town-forum", **fields: object) -> Coverage:
        plain: dict[str, object] = {
            "source": source,
            "state": HealthState.OK,
            "checks": 96,
            "failures": 0,
            "last_good_at": END - timedelta(minutes=2),
            "why": "",
        }
        return Coverage(**(plain | fields))

    return make


@pytest.fixture
def make_digest(make_coverage: Callable[..., Coverage]) -> Callable[..., Digest]:
    def make(*hits: Hit, **fields: object) -> Digest:
        plain: dict[str, object] = {
            "client_id": "",
            "starts_at": END - timedelta(days=1),
            "ends_at": END,
            "timezone": "Europe/London",
            "hits": hits,
            "changes": (),
            "coverage": tuple(make_coverage(f"source-{n}") for n in range(6)),
            "checked": 1834,
            "chain_head": "ab" * 32,
        }
        return Digest(**(plain | fields))

    return make
