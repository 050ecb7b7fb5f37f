"""The demonstration must notice when the program is wrong; otherwise its exit code would say nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.demo import texts
from monitor.demo.expected import FAILING, Seen, judge_captures, judge_changes, judge_finds, judge_sources
from monitor.domain import (
    Capture,
    CaptureOutcome,
    Change,
    Completeness,
    Coverage,
    HealthState,
    Hit,
    Level,
    LiveState,
    Poll,
    PollOutcome,
)

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def hit(number: int, find: texts.Find) -> Hit:
    return Hit(
        mention_id=number,
        revision=1,
        subject_id=texts.SUBJECT_ID,
        source=find.source,
        url="http://127.0.0.1/",
        title="",
        text=f"{'I have a check-up. ' if find.label == 'edited later' else ''}{find.words} and so on",
        author="",
        level=Level.LIKELY if find.likely else Level.NONE,
        about_score=90,
        statement_id=find.statement_id,
        statement="",
        stance=None,
        score=90,
        reasons=(),
        excerpt="",
        published_at=None,
        first_seen_at=NOW,
        capture_state="complete",
        evidence_sha256="",
        capture_id="",
    )


def capture(number: int, outcome: CaptureOutcome = CaptureOutcome.COMPLETE) -> Capture:
    return Capture(
        id=f"c{number}",
        mention_id=number,
        revision=1,
        requested_url="http://127.0.0.1/",
        final_url="http://127.0.0.1/",
        http_status=200,
        captured_at=NOW,
        outcome=outcome,
        completeness=Completeness.FOUND,
        artifacts=(),
        manifest_sha256="0" * 64,
    )


def poll(outcome: PollOutcome) -> Poll:
    return Poll(connector="feed", source=FAILING, query_key="*", started_at=NOW, finished_at=NOW, outcome=outcome)


def coverage(failures: int) -> Coverage:
    return Coverage(source=FAILING, state=HealthState.OK, checks=1, failures=failures, last_good_at=None, why="")


def change(number: int, state: LiveState) -> Change:
    return Change(
        mention_id=number, subject_id=texts.SUBJECT_ID, source="s", url="", state=state, signal="", observed_at=NOW
    )


@pytest.fixture
def seen() -> Seen:
    """What the store holds when all is well after the second pass."""
    hits = tuple(hit(number, find) for number, find in enumerate(texts.FINDS, 1))
    numbers = {find.label: number for number, find in enumerate(texts.FINDS, 1)}
    return Seen(
        step=2,
        hits=hits,
        captures={one.mention_id: (capture(one.mention_id),) for one in hits},
        why={},
        changes=(
            change(numbers["word for word"], LiveState.GONE),
            change(numbers["edited later"], LiveState.EDITED),
        ),
        coverage=(coverage(failures=0),),
        polls=(poll(PollOutcome.OK),),
    )


def judge(seen: Seen) -> list[str]:
    return [
        *judge_finds(seen),
        *judge_captures(seen, has_browser=True),
        *judge_sources(seen),
        *judge_changes(seen),
    ]


def test_all_well(seen):
    assert judge(seen) == []


@pytest.mark.parametrize("number", range(len(texts.FINDS)))
def test_a_wrong_level_is_noticed(seen, number):
    wrong = Level.POSSIBLE if texts.FINDS[number].likely else Level.LIKELY
    hits = tuple(replace(one, level=wrong) if one.mention_id == number + 1 else one for one in seen.hits)
    assert any(texts.FINDS[number].label in fault for fault in judge(replace(seen, hits=hits)))


@pytest.mark.parametrize("number", range(len(texts.FINDS)))
def test_a_missing_post_is_noticed(seen, number):
    hits = tuple(one for one in seen.hits if one.mention_id != number + 1)
    assert any(texts.FINDS[number].label in fault for fault in judge(replace(seen, hits=hits)))


def test_the_wrong_statement_is_noticed(seen):
    hits = tuple(replace(one, statement_id="licence") if one.mention_id == 1 else one for one in seen.hits)
    assert judge(replace(seen, hits=hits))


@pytest.mark.parametrize("kept", [(), (capture(1, CaptureOutcome.PARTIAL),), (capture(1, CaptureOutcome.FAILED),)])
def test_a_poor_capture_is_noticed(seen, kept):
    assert judge(replace(seen, captures={**seen.captures, 1: kept}))


def test_a_capture_without_the_words_is_noticed(seen):
    blank = replace(capture(1), completeness=Completeness.NOT_FOUND)
    assert judge(replace(seen, captures={**seen.captures, 1: (blank,)}))


def test_an_older_versions_capture_does_not_count(seen):
    hits = tuple(replace(one, revision=2) if one.mention_id == 1 else one for one in seen.hits)
    assert judge(replace(seen, hits=hits))


def test_without_a_browser_partial_is_as_good_as_it_gets(seen):
    partial = {number: (capture(number, CaptureOutcome.PARTIAL),) for number in seen.captures}
    assert judge_captures(replace(seen, captures=partial), has_browser=False) == []


def test_missed_changes_are_noticed(seen):
    assert len(judge_changes(replace(seen, changes=()))) == 2


def test_a_failing_source_that_counts_as_checked_is_noticed(seen):
    first = replace(seen, step=1, polls=(poll(PollOutcome.UNAVAILABLE),), coverage=(coverage(failures=1),))
    assert judge_sources(first) == []
    assert judge_sources(replace(first, coverage=(coverage(failures=0),)))
    assert judge_sources(replace(first, polls=(poll(PollOutcome.OK),)))
    assert judge_sources(replace(first, polls=()))
