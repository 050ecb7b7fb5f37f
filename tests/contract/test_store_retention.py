"""Every store finds the same captures that are kept for nothing, and only those are let go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.domain import ArtifactRole, CaptureRequest, Level, Origin, Review, ReviewVerdict
from monitor.errors import StoreError
from monitor.evidence import FileVault, verify_path
from monitor.jobs import retention
from monitor.store import SqlStore
from monitor.testing import FakeCapturer, FakeClock
from monitor.testing.builders import NOW

DAYS_90 = timedelta(days=90)
LATER = NOW + timedelta(days=100)


@pytest.fixture
def judged(store: SqlStore, shelf):
    """Give a function that stores a judged mention with a capture; its id."""

    def make(name: str, level: Level, **fields: object) -> int:
        kept = shelf.post(name, url=f"https://x.example/{name}", **fields)
        shelf.decide(kept, shelf.judgement(level=level))
        store.finish_capture(shelf.capture(kept, name))
        return kept.id

    return make


def say(store: SqlStore, mention_id: int, verdict: ReviewVerdict) -> None:
    store.save_review(
        Review(mention_id=mention_id, subject_id="subject-1", verdict=verdict, reviewed_at=NOW, reviewer="r")
    )


def unmatched(store: SqlStore, before=LATER, without=()) -> tuple[str, ...]:
    return store.unmatched_captures(before, without=without, limit=50)


def test_only_old_captures_that_match_nothing_are_found(store: SqlStore, judged):
    nothing = judged("nothing", Level.NONE)
    judged("match", Level.LIKELY)
    judged("maybe", Level.POSSIBLE)
    judged("byhand", Level.NONE, source="by-hand")
    assert unmatched(store) == ("nothing",)
    assert unmatched(store, before=NOW - timedelta(days=1)) == ()
    assert unmatched(store, without=[nothing]) == ()


def test_what_a_person_said_counts(store: SqlStore, judged):
    other = judged("other", Level.LIKELY)
    say(store, other, ReviewVerdict.NOT_ABOUT_SUBJECT)
    kept = judged("kept", Level.NONE)
    say(store, kept, ReviewVerdict.CONFIRMED)
    assert unmatched(store) == ("other",)
    say(store, other, ReviewVerdict.LATER)
    assert unmatched(store) == ()


def test_an_unjudged_mention_is_left_alone(store: SqlStore, shelf):
    kept = shelf.post("fresh")
    store.finish_capture(shelf.capture(kept, "fresh"))
    assert unmatched(store) == ()


async def test_letting_go_leaves_a_tombstone_and_an_intact_store(store: SqlStore, shelf, tmp_path: Path):
    clock = FakeClock()
    vault = FileVault(tmp_path / "evidence", clock=clock, actor="test", reserve_bytes=0)
    ids = {}
    for name, level in (("nothing", Level.NONE), ("held", Level.NONE), ("match", Level.LIKELY)):
        kept = shelf.post(name, url=f"https://x.example/{name}")
        shelf.decide(kept, shelf.judgement(level=level))
        request = CaptureRequest(id=0, mention_id=kept.id, revision=1, url=kept.url)
        staging = vault.stage(request, clock.now())
        staging.add(ArtifactRole.TEXT, "page.txt", "text/plain", Origin.RENDERED, b"words")
        observed = await FakeCapturer().capture(request, staging)
        capture = vault.commit(staging, request, replace(observed, captured_at=clock.now()))
        store.finish_capture(capture)
        ids[name] = capture.id
    vault.hold(ids["held"], actor="counsel", reason="a letter is on its way")
    assert retention.run(store, vault, clock, DAYS_90) == ()
    clock.advance(timedelta(days=91))
    assert retention.run(store, vault, clock, timedelta(0)) == ()
    assert retention.run(store, vault, clock, DAYS_90) == (ids["nothing"],)
    assert retention.run(store, vault, clock, DAYS_90) == ()
    with pytest.raises(StoreError):
        store.capture(ids["nothing"])
    assert not (tmp_path / "evidence" / "captures" / ids["nothing"]).exists()
    (tombstone,) = [one for one in vault.custody(ids["nothing"]) if one.event == "delete"]
    assert tombstone.detail["reason"] == "kept for 90 days, and it matches nothing"
    assert verify_path(tmp_path / "evidence").is_intact
    vault.hold(ids["held"], actor="counsel", reason="settled", is_lifted=True)
    assert retention.run(store, vault, clock, DAYS_90) == (ids["held"],)
    assert verify_path(tmp_path / "evidence").is_intact
