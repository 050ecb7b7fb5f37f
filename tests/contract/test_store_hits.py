"""Every store sums up, chooses and searches hits alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import true

from monitor.domain import (
    Author,
    CaptureOutcome,
    Change,
    Gone,
    Hit,
    Level,
    LiveState,
    Observation,
    Review,
    ReviewVerdict,
    Stance,
)
from monitor.ports import HitFilter
from monitor.store import SqlStore
from monitor.store.hit_rows import HitRow, select_hits
from monitor.testing.builders import NOW, make_mention, make_statement, make_subject

HOUR = timedelta(hours=1)


def names(store: SqlStore, **chosen) -> list[str]:
    return [hit.url.rpartition("/")[2] for hit in store.hits(HitFilter(**chosen))]


def put(shelf, name: str, *judgements, hours: int = 0, **fields):
    kept = shelf.post(name, url=f"https://forum.example/{name}", first_seen_at=NOW + hours * HOUR, **fields)
    shelf.decide(kept, *(judgements or [shelf.judgement()]))
    return kept


def test_a_hit_sums_everything_up(store: SqlStore, shelf):
    store.provision([make_subject()], [make_statement()])
    kept = put(shelf, "a", text="FIRST LAST stole money", title="A title", author=Author(name="somebody"))
    expected = Hit(
        mention_id=kept.id,
        revision=1,
        subject_id="subject-1",
        source="town-forum",
        url="https://forum.example/a",
        title="A title",
        text="FIRST LAST stole money",
        author="somebody",
        level=Level.LIKELY,
        about_score=80,
        statement_id="stole",
        statement="FIRST LAST stole money from patients",
        stance=Stance.REPEAT,
        score=91,
        reasons=("name and statement",),
        excerpt="stole money",
        published_at=NOW,
        first_seen_at=NOW,
        capture_state="none",
        evidence_sha256="",
        capture_id="",
    )
    assert store.hits(HitFilter()) == (expected,)
    assert store.hit(kept.id, "subject-1") == expected
    assert store.hit(kept.id, "subject-2") is None
    assert store.hit(kept.id + 1, "subject-1") is None


def test_a_hit_that_repeats_nothing(store: SqlStore, shelf):
    put(shelf, "a", shelf.judgement(level=Level.NONE), author=Author(handle="@h"))
    (hit,) = store.hits(HitFilter())
    assert (hit.level, hit.statement_id, hit.statement, hit.stance, hit.score) == (Level.NONE, "", "", None, 0)
    assert (hit.excerpt, hit.author) == ("", "@h")


def test_a_mention_that_is_not_about_the_subject_is_no_hit(store: SqlStore, shelf):
    judgement = shelf.judgement()
    kept = put(shelf, "a", replace(judgement, about=replace(judgement.about, score=0)))
    assert store.hits(HitFilter()) == ()
    assert store.hit(kept.id, "subject-1") is None


def test_one_hit_a_subject(store: SqlStore, shelf):
    put(shelf, "a", shelf.judgement("s2"), shelf.judgement("s1"))
    assert [hit.subject_id for hit in store.hits(HitFilter())] == ["s1", "s2"]
    assert [hit.subject_id for hit in store.hits(HitFilter(subject_id="s2"))] == ["s2"]


def test_newest_first_with_limit_and_offset(store: SqlStore, shelf):
    for name, hours in (("a", 1), ("b", 3), ("c", 2)):
        put(shelf, name, hours=hours)
    assert names(store) == ["b", "c", "a"]
    assert names(store, limit=1, offset=1) == ["c"]
    assert names(store, limit=0) == []


def test_by_level_and_time(store: SqlStore, shelf):
    for hours, level in enumerate(Level):
        put(shelf, level.value, shelf.judgement(level=level), hours=hours)
    assert names(store, min_level=Level.POSSIBLE) == ["likely", "possible"]
    assert names(store, min_level=Level.LIKELY) == ["likely"]
    assert names(store, since=NOW + HOUR) == ["likely", "possible"]
    assert names(store, until=NOW + HOUR) == ["none"]
    assert names(store, since=NOW + HOUR, until=NOW + 2 * HOUR, subject_id="subject-1") == ["possible"]


def test_by_client(store: SqlStore, shelf):
    store.provision([make_subject(id="s1", client_id="c1"), make_subject(id="s2")], [])
    put(shelf, "a", shelf.judgement("s1"))
    put(shelf, "b", shelf.judgement("s2"))
    assert names(store, client_id="c1") == ["a"]
    assert names(store, client_id="") == ["b"]
    assert names(store, client_id="c9") == []
    assert len(names(store)) == 2


def test_the_newest_assessed_revision_counts(store: SqlStore, shelf):
    put(shelf, "a", text="one")
    edited = shelf.post("a", "two", url="https://forum.example/a", first_seen_at=NOW + HOUR)
    assert [hit.revision for hit in store.hits(HitFilter())] == [1]
    shelf.decide(edited, shelf.judgement(level=Level.POSSIBLE))
    (hit,) = store.hits(HitFilter())
    assert (hit.revision, hit.text, hit.first_seen_at, hit.level) == (2, "two", NOW + HOUR, Level.POSSIBLE)


def test_an_edit_that_takes_the_name_out_ends_the_hit_but_not_what_an_alert_is_about(store: SqlStore, shelf):
    kept = put(shelf, "a", text="one")
    shelf.decide(shelf.post("a", "nobody is named"))
    assert store.hits(HitFilter()) == ()
    hit = store.hit(kept.id, "subject-1")
    assert hit
    assert (hit.revision, hit.text) == (1, "one")


def test_reviews_show_and_filter(store: SqlStore, shelf):
    kept = put(shelf, "a", shelf.judgement(), shelf.judgement("subject-2"))

    def review(verdict: ReviewVerdict) -> None:
        store.save_review(
            Review(mention_id=kept.id, subject_id="subject-1", verdict=verdict, reviewed_at=NOW, reviewer="r")
        )

    assert len(names(store, unreviewed=True)) == 2
    review(ReviewVerdict.CONFIRMED)
    assert [hit.subject_id for hit in store.hits(HitFilter(unreviewed=True))] == ["subject-2"]
    assert [hit.review for hit in store.hits(HitFilter())] == ["confirmed", ""]
    review(ReviewVerdict.LATER)
    assert len(names(store, unreviewed=True)) == 2
    assert store.hits(HitFilter(subject_id="subject-1"))[0].review == "later"


def test_the_state_of_the_evidence_shows(store: SqlStore, shelf):
    kept = put(shelf, "a")

    def state() -> tuple[str, str, str]:
        hit = store.hit(kept.id, "subject-1")
        assert hit
        return hit.capture_state, hit.capture_id, hit.evidence_sha256

    assert state() == ("none", "", "")
    request_id = store.request_capture(shelf.request(kept), NOW)
    assert state() == ("queued", "", "")
    failed = shelf.capture(kept, "c1", outcome=CaptureOutcome.FAILED, manifest_sha256="", request_id=request_id)
    store.finish_capture(failed)
    assert state() == ("failed", "c1", "")
    store.finish_capture(shelf.capture(kept, "c2", captured_at=NOW + HOUR, manifest_sha256="aa"))
    assert state() == ("complete", "c2", "aa")
    store.finish_capture(replace(failed, id="c3", captured_at=NOW + 2 * HOUR))
    assert state() == ("complete", "c2", "aa")
    partial = shelf.capture(
        kept, "c4", captured_at=NOW + 3 * HOUR, outcome=CaptureOutcome.PARTIAL, manifest_sha256="bb"
    )
    store.finish_capture(partial)
    assert state() == ("partial", "c4", "bb")
    store.request_capture(shelf.request(kept), NOW)
    assert state() == ("queued", "c4", "bb")


def test_the_newest_observation_shows(store: SqlStore, shelf):
    kept = put(shelf, "a")
    assert store.hits(HitFilter())[0].live_state is None
    for state in (LiveState.GONE, LiveState.NETWORK):
        store.save_observation(Observation(mention_id=kept.id, state=state, signal="x", observed_at=NOW))
        assert store.hits(HitFilter())[0].live_state is state


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("stole", ["a"]),
        ("STOLE money", ["a"]),
        ("money stole", ["a"]),
        ("headline", ["b"]),
        ("stole headline", []),
        ("café", ["b"]),
        ("偷了", ["c"]),
        ("last 偷了", ["c"]),
        ("偷了 nothing", []),
        ("50", ["a"]),
        ("e-mail", ["b"]),
        ("LAST", ["c", "b", "a"]),
        ("sto", []),
        ('"stole"', ["a"]),
        ("!!!", []),
        ("   ", ["c", "b", "a"]),
    ],
)
@pytest.mark.parametrize("subject_id", ["", "subject-1"])
def test_full_text(store: SqlStore, shelf, query, found, subject_id):
    put(shelf, "a", text="FIRST LAST stole money, 50% of it")
    put(shelf, "b", text="LAST wrote an e-mail in the café", title="The headline", hours=1)
    put(shelf, "c", text="LAST 医生偷了病人的钱", hours=2)
    shelf.post("d", "stole money headline, but about nobody")
    shelf.decide(shelf.post("e"), shelf.judgement("subject-9", about=shelf.judgement().about))
    chosen = names(store, text=query, subject_id=subject_id)
    assert [name for name in chosen if name in "abc"] == found


def test_full_text_of_words_that_are_common_elsewhere(store: SqlStore, shelf):
    others = shelf.keep(*(make_mention(external_id=f"p{n}", text=f"common {n}") for n in range(1_200)))
    store.save_decisions([shelf.decision(one, shelf.judgement("subject-2")) for one in others])
    put(shelf, "a", text="common and rare")
    put(shelf, "b", text="rare and Common", hours=1)
    put(shelf, "c", text="neither", hours=2)
    for query in ("common", "common rare", "rare"):
        assert names(store, text=query, subject_id="subject-1") == ["b", "a"]
        assert names(store, text=query, subject_id="subject-1", limit=1) == ["b"]
    assert len(names(store, text="common", limit=2_000)) == 1_202
    assert len(names(store, text="common", limit=500, offset=1_000)) == 202


def test_full_text_sees_the_assessed_revision(store: SqlStore, shelf):
    put(shelf, "a", text="one")
    put(shelf, "a", text="two")
    assert names(store, text="one") == []
    assert names(store, text="two") == ["a"]


def test_wildcards_of_the_database_mean_nothing(store: SqlStore, shelf):
    put(shelf, "a", text="LAST 医生偷了钱")
    assert names(store, text="医%钱") == []
    assert names(store, text="医_偷") == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.one_of(st.text(max_size=40), st.text(alphabet="aN\"'*():^-+&|!<>\\ORANDNEAR{} ", max_size=30)))
def test_no_query_is_a_syntax_error(store: SqlStore, query):
    assert store.hits(HitFilter(text=query, subject_id="s")) == ()
    assert store.hits(HitFilter(text=query + " AND NOT (x OR")) == ()


def test_changes_tell_edits_and_removals_of_what_is_about_a_subject(store: SqlStore, shelf, clock):
    store.provision([make_subject(client_id="c1")], [])
    edited = put(shelf, "edited", text="one")
    gone = put(shelf, "gone")
    shelf.post("of-nobody", "one")
    clock.advance(HOUR)
    shelf.keep(
        make_mention(external_id="edited", text="two", url="https://forum.example/moved", first_seen_at=clock.now()),
        make_mention(external_id="of-nobody", text="two", first_seen_at=clock.now()),
        gone=(Gone(external_id="gone", signal="404"),),
    )
    store.save_observation(
        Observation(mention_id=gone.id, state=LiveState.NETWORK, signal="timeout", observed_at=clock.now())
    )
    expected = (
        Change(
            mention_id=edited.id,
            subject_id="subject-1",
            source="town-forum",
            url="https://forum.example/moved",
            state=LiveState.EDITED,
            signal="the source gave a new text",
            observed_at=NOW + HOUR,
        ),
        Change(
            mention_id=gone.id,
            subject_id="subject-1",
            source="town-forum",
            url="https://forum.example/gone",
            state=LiveState.GONE,
            signal="404",
            observed_at=NOW + HOUR,
        ),
    )
    assert store.changes(NOW, NOW + 2 * HOUR) == expected
    assert store.changes(NOW, NOW + 2 * HOUR, "c1") == expected
    assert store.changes(NOW, NOW + 2 * HOUR, "") == ()
    assert store.changes(NOW, NOW + HOUR) == ()
    assert len(store.changes(NOW + HOUR, NOW + 2 * HOUR)) == 2


def test_one_edit_seen_in_two_ways_is_one_change(store: SqlStore, shelf):
    kept = put(shelf, "a", text="one")
    shelf.decide(shelf.post("a", "two", first_seen_at=NOW + HOUR), shelf.judgement())
    store.save_observation(
        Observation(mention_id=kept.id, state=LiveState.EDITED, signal="text differs", observed_at=NOW + 2 * HOUR)
    )
    (change,) = store.changes(NOW, NOW + 3 * HOUR)
    assert (change.signal, change.observed_at) == ("text differs", NOW + 2 * HOUR)


def test_rows_are_read_in_the_order_in_which_they_are_selected():
    assert tuple(select_hits(true()).selected_columns.keys()) == HitRow._fields
