"""What the review pages ask of the store, on both engines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.domain import AboutSubject, Level, Review, ReviewVerdict
from monitor.ports import HitFilter, Pile, ReviewFilter
from monitor.store import SqlStore
from monitor.testing.builders import NOW, make_statement, make_subject

HOUR = timedelta(hours=1)
ALL = ReviewFilter(subjects=None)


@pytest.fixture
def hits(store: SqlStore, shelf):
    """Keep three hits of two clients: two about subject-1, one about subject-2."""
    store.save_subject(make_subject())
    store.save_subject(make_subject(id="subject-2", client_id="south"))
    store.save_statement(make_statement())
    first = shelf.hit("post-1")
    second = shelf.hit("post-2", "FIRST LAST again", first_seen_at=NOW + HOUR, source="blog")
    third = shelf.post("post-3", "another one", first_seen_at=NOW + 2 * HOUR)
    shelf.decide(third, shelf.judgement("subject-2", Level.NONE))
    return first.id, second.id, third.id


def ids(store: SqlStore, **fields: object) -> list[int]:
    chosen = ReviewFilter(**{"subjects": None, **fields})  # type: ignore[arg-type]
    found = [hit.mention_id for hit in store.review_hits(chosen)]
    assert store.count_review(chosen) == len(found)
    return found


def review(mention_id: int, verdict: ReviewVerdict, subject_id: str = "subject-1") -> Review:
    return Review(mention_id=mention_id, subject_id=subject_id, verdict=verdict, reviewed_at=NOW)


def test_hits_come_newest_first_and_only_of_the_allowed_subjects(store: SqlStore, hits):
    first, second, third = hits
    assert ids(store) == [third, second, first]
    assert ids(store, subjects=frozenset({"subject-1"})) == [second, first]
    assert ids(store, subjects=frozenset({"subject-2"})) == [third]
    assert ids(store, subjects=frozenset()) == []


def test_filters_choose(store: SqlStore, hits):
    first, second, third = hits
    assert ids(store, source="blog") == [second]
    assert ids(store, statement_id="stole") == [second, first]
    assert ids(store, min_level=Level.LIKELY) == [second, first]
    assert ids(store, text="again") == [second]
    assert ids(store, since=NOW + 2 * HOUR) == [third]
    assert [hit.mention_id for hit in store.review_hits(ReviewFilter(subjects=None, limit=1, offset=1))] == [second]


def test_a_verdict_moves_a_hit_and_taking_it_back_returns_it(store: SqlStore, hits):
    first, second, third = hits
    store.save_review(review(first, ReviewVerdict.CONFIRMED))
    store.save_review(review(second, ReviewVerdict.LATER))
    assert ids(store) == [third]
    assert ids(store, pile=Pile.DONE) == [first]
    assert ids(store, pile=Pile.LATER) == [second]
    assert ids(store, pile=Pile.ALL) == [third, second, first]
    store.save_review(review(first, ReviewVerdict.WITHDRAWN))
    assert ids(store) == [third, first]
    assert ids(store, pile=Pile.DONE) == []
    assert {hit.mention_id for hit in store.hits(HitFilter(unreviewed=True))} == set(hits)


def test_counting_stops_where_it_is_told(store: SqlStore, hits):
    assert store.count_review(ALL, most=1) == 2


def test_days_are_counted_in_the_persons_own_time_zone(store: SqlStore, hits):
    since = NOW - timedelta(days=1)
    (day,) = store.days(None, since, "UTC")
    assert (day.day.isoformat(), day.none, day.possible, day.likely, day.total) == ("2026-01-15", 1, 0, 2, 3)
    # At noon UTC it is 23:00 in Noumea, an hour later tomorrow.
    assert [(one.day.day, one.total) for one in store.days(None, since, "Pacific/Noumea")] == [(15, 1), (16, 2)]
    assert store.days(frozenset({"subject-2"}), since, "UTC")[0].total == 1
    assert store.days(None, NOW + 3 * HOUR, "UTC") == ()


def test_the_spread_of_a_statement_is_oldest_first(store: SqlStore, hits):
    first, second, _ = hits
    spread = store.spread("subject-1", "stole")
    assert [(one.mention_id, one.source, one.author, one.score) for one in spread] == [
        (first, "town-forum", "somebody", 91),
        (second, "blog", "somebody", 91),
    ]
    assert store.spread("subject-2", "stole") == ()


def test_a_mention_knows_its_subjects_in_any_revision(store: SqlStore, shelf, hits):
    first, *_ = hits
    assert store.subjects_of(first) == {"subject-1"}
    edited = shelf.post("post-1", "nobody at all")
    shelf.decide(edited, shelf.judgement("subject-2", Level.NONE, about=AboutSubject(score=0)))
    assert store.subjects_of(first) == {"subject-1"}
    assert store.subjects_of(10_000) == frozenset()


def test_the_gallery_shows_captures_of_allowed_subjects(store: SqlStore, shelf, hits):
    first, _, third = hits
    store.finish_capture(shelf.capture(store.mention(first), "one"))
    store.finish_capture(shelf.capture(store.mention(third), "three", captured_at=NOW + HOUR))
    assert [one.id for one in store.gallery(None)] == ["three", "one"]
    assert [one.id for one in store.gallery(frozenset({"subject-1"}))] == ["one"]
    assert store.gallery(frozenset({"subject-1"}))[0] == store.capture("one")
    assert store.gallery(frozenset()) == ()
    assert store.mention_of_capture("one") == first
    assert store.mention_of_capture("none") == 0
