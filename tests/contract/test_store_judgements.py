"""Every store keeps decisions and reviews alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.domain import Assessment, Level, Review, ReviewVerdict, Stance
from monitor.errors import StoreError
from monitor.jobs import digest
from monitor.ports import Decision, HitFilter
from monitor.store import SqlStore
from monitor.testing.builders import NOW, make_mention, make_subject

HOUR = timedelta(hours=1)


def waiting(store: SqlStore) -> list[tuple[str, int]]:
    return [(one.external_id, one.revision) for one in store.unassessed(100)]


def test_new_mentions_wait_oldest_first(store: SqlStore, shelf):
    shelf.post("b", first_seen_at=NOW + HOUR)
    shelf.post("a", first_seen_at=NOW)
    shelf.post("c", first_seen_at=NOW + 2 * HOUR)
    assert waiting(store) == [("a", 1), ("b", 1), ("c", 1)]
    assert store.unassessed(1) == (store.find("town-forum", "a"),)


def test_only_the_newest_revision_waits_and_again_after_each_edit(store: SqlStore, shelf):
    shelf.post("a", "one")
    kept = shelf.post("a", "two", first_seen_at=NOW + HOUR)
    shelf.post("b", first_seen_at=NOW + HOUR / 2)
    assert waiting(store) == [("b", 1), ("a", 2)]
    shelf.decide(kept)
    assert waiting(store) == [("b", 1)]
    shelf.post("a", "three", first_seen_at=NOW + 2 * HOUR)
    assert waiting(store) == [("b", 1), ("a", 3)]


def test_a_decision_without_assessments_is_a_decision(store: SqlStore, shelf):
    kept = shelf.post()
    shelf.decide(kept)
    assert waiting(store) == []
    assert store.assessments(kept.id) == ()
    assert store.hits(HitFilter()) == ()


def test_a_decision_about_an_old_revision_leaves_the_newest_waiting(store: SqlStore, shelf):
    old = shelf.post("a", "one")
    shelf.post("a", "two")
    shelf.decide(old, shelf.judgement())
    assert waiting(store) == [("a", 2)]
    assert [one.revision for one in store.assessments(old.id)] == [1]


def test_a_late_decision_about_an_old_revision_does_not_hide_the_newest(store: SqlStore, shelf):
    old = shelf.post("a", "one")
    new = shelf.post("a", "two")
    shelf.decide(new, shelf.judgement(level=Level.POSSIBLE))
    shelf.decide(old, shelf.judgement())
    assert waiting(store) == []
    assert [one.revision for one in store.assessments(old.id)] == [2]
    assert [one.level for one in store.hits(HitFilter())] == [Level.POSSIBLE]


def test_every_field_of_an_assessment_comes_back(store: SqlStore, shelf):
    kept = shelf.post()
    judgement = shelf.judgement()
    weaker = replace(
        judgement.matches[0], statement_id="lied", score=40, stance=Stance.DENIAL, field="title", reasons=()
    )
    both = replace(judgement, matches=(*judgement.matches, weaker))
    other = shelf.judgement("subject-0", Level.NONE)
    shelf.decide(kept, both, other)
    expected = [Assessment(mention_id=kept.id, revision=1, judgement=one, assessed_at=NOW) for one in (other, both)]
    assert list(store.assessments(kept.id)) == expected
    assert store.assessments(kept.id)[1].judgement.best == judgement.matches[0]


def test_a_second_decision_replaces_the_first(store: SqlStore, shelf):
    kept = shelf.post()
    shelf.decide(kept, shelf.judgement(), shelf.judgement("subject-2"), request=shelf.request(kept))
    shelf.decide(kept, shelf.judgement(level=Level.POSSIBLE), request=shelf.request(kept))
    (assessment,) = store.assessments(kept.id)
    assert assessment.judgement == shelf.judgement(level=Level.POSSIBLE)
    assert len(store.lease_captures(NOW, limit=10, lease_for=HOUR)) == 1


def test_a_second_decision_asks_for_no_second_capture_even_when_the_first_is_done(store: SqlStore, shelf):
    kept = shelf.post()
    shelf.decide(kept, shelf.judgement(), request=shelf.request(kept))
    (request,) = store.lease_captures(NOW, limit=10, lease_for=HOUR)
    store.finish_capture(shelf.capture(kept, request_id=request.id))
    shelf.decide(kept, shelf.judgement(), request=shelf.request(kept))
    assert store.lease_captures(NOW + 2 * HOUR, limit=10, lease_for=HOUR) == ()


def test_alerts_of_decisions_are_told_once(store: SqlStore, shelf):
    kept = shelf.post()
    for _ in range(2):
        shelf.decide(kept, shelf.judgement(), alerts=(shelf.alert("k"), shelf.alert("k"), shelf.alert("l")))
    assert sorted(one.dedupe_key for one in store.alerts()) == ["k", "l"]


def test_of_two_decisions_in_one_batch_the_later_counts(store: SqlStore, shelf):
    kept = shelf.post()
    store.save_decisions([shelf.decision(kept, shelf.judgement()), shelf.decision(kept)])
    assert store.assessments(kept.id) == ()


def test_a_batch_lands_whole_or_not_at_all(store: SqlStore, shelf):
    kept = shelf.post()
    good = shelf.decision(kept, shelf.judgement(), alerts=(shelf.alert(),), request=shelf.request(kept))
    unknown = replace(good, mention_id=kept.id + 99)
    no_revision = replace(good, revision=9)
    for bad in (unknown, no_revision):
        with pytest.raises(StoreError):
            store.save_decisions([good, bad])
    assert waiting(store) == [("post-1", 1)]
    assert store.alerts() == ()
    assert store.lease_captures(NOW, limit=10, lease_for=HOUR) == ()


def test_no_decisions_at_all(store: SqlStore):
    store.save_decisions([])


def test_forgetting_makes_everything_wait_again_and_keeps_hits_in_view(store: SqlStore, shelf):
    hit = shelf.hit("a")
    shelf.decide(shelf.post("b"))
    shelf.post("c")
    assert store.forget_assessments() == 2
    assert waiting(store) == [("c", 1), ("a", 1), ("b", 1)]
    assert [one.mention_id for one in store.hits(HitFilter())] == [hit.id]
    assert store.forget_assessments() == 0
    shelf.decide(hit)
    assert store.hits(HitFilter()) == ()


def test_forgetting_by_subject(store: SqlStore, shelf):
    shelf.hit("a")
    shelf.decide(shelf.post("b"), shelf.judgement("subject-2"))
    shelf.decide(shelf.post("c"))
    assert store.forget_assessments(subject_id="subject-2") == 1
    assert waiting(store) == [("b", 1)]


def test_forgetting_since(store: SqlStore, shelf):
    for name, hours in (("a", 0), ("b", 1), ("c", 2)):
        shelf.decide(shelf.post(name, first_seen_at=NOW + hours * HOUR))
    shelf.decide(shelf.post("a", "edited", first_seen_at=NOW + 3 * HOUR))
    shelf.decide(shelf.post("d", first_seen_at=NOW))
    assert store.forget_assessments(since=NOW + HOUR) == 3
    assert waiting(store) == [("b", 1), ("c", 1), ("a", 2)]


def test_forgetting_tells_nobody_twice(store: SqlStore, shelf):
    kept = shelf.post()
    shelf.decide(kept, shelf.judgement(), alerts=(shelf.alert(),))
    store.forget_assessments()
    shelf.decide(kept, shelf.judgement(), alerts=(shelf.alert(),))
    assert len(store.alerts()) == 1


def test_reviews_come_back_in_the_order_they_were_given(store: SqlStore, shelf):
    kept = shelf.hit()
    given = [
        Review(
            mention_id=kept.id,
            subject_id="subject-1",
            verdict=verdict,
            reviewed_at=NOW - hours * HOUR,
            reviewer="COUNSEL",
            note="näher ansehen",
        )
        for hours, verdict in enumerate(ReviewVerdict)
    ]
    for review in given:
        store.save_review(review)
    assert list(store.reviews(kept.id)) == given
    assert store.reviews(kept.id + 1) == ()


def test_a_review_of_nothing_is_refused(store: SqlStore):
    review = Review(mention_id=77, subject_id="s", verdict=ReviewVerdict.LATER, reviewed_at=NOW)
    with pytest.raises(StoreError):
        store.save_review(review)


def test_counting_is_half_open(store: SqlStore, shelf):
    shelf.keep(*(make_mention(external_id=str(n), first_seen_at=NOW + n * HOUR) for n in range(3)))
    assert store.count_mentions(NOW, NOW + 2 * HOUR) == 2
    assert store.count_mentions(NOW + 2 * HOUR, NOW + 2 * HOUR) == 0


def test_what_is_new_goes_before_what_is_judged_again(store: SqlStore, shelf):
    old = shelf.post("old", first_seen_at=NOW)
    shelf.decide(old)
    assert store.forget_assessments() == 1
    shelf.post("new", first_seen_at=NOW + HOUR)
    assert waiting(store) == [("new", 1), ("old", 1)]
    assert [one.external_id for one in store.unassessed(1)] == ["new"]
    assert store.count_hunted() == 1
    shelf.post("old", "edited", first_seen_at=NOW + 2 * HOUR)
    assert waiting(store) == [("new", 1), ("old", 2)]
    assert store.count_hunted() == 0


def test_what_was_judged_before_is_told_by_subject(store: SqlStore, shelf):
    judged, nobody, fresh = shelf.post("a"), shelf.post("b"), shelf.post("c")
    shelf.decide(judged, shelf.judgement(level=Level.POSSIBLE))
    shelf.decide(nobody)
    earlier = store.earlier([judged.id, nobody.id, fresh.id])
    assert earlier[nobody.id] == {}
    assert fresh.id not in earlier
    (only,) = earlier[judged.id].values()
    assert (only.level, only.hunted_at) == (Level.POSSIBLE, None)
    edited = shelf.post("a", "other words")
    assert store.earlier([edited.id]) == {}


def test_what_a_hunt_found_is_chosen_by_when_it_was_found(store: SqlStore, shelf):
    kept = shelf.post("a", first_seen_at=NOW)
    judgement = shelf.judgement()
    assessment = Assessment(
        mention_id=kept.id, revision=1, judgement=judgement, assessed_at=NOW + HOUR, hunted_at=NOW + HOUR
    )
    store.save_decisions([Decision(mention_id=kept.id, revision=1, assessments=(assessment,))])
    assert store.assessments(kept.id) == (assessment,)
    (hit,) = store.hits(HitFilter(hunted_since=NOW + HOUR, hunted_until=NOW + 2 * HOUR))
    assert (hit.mention_id, hit.hunted_at) == (kept.id, NOW + HOUR)
    assert store.hits(HitFilter(hunted_until=NOW + HOUR)) == ()
    assert store.earlier([kept.id])[kept.id][judgement.subject_id].hunted_at == NOW + HOUR


def test_stored_mentions_are_gone_through_by_id(store: SqlStore, shelf):
    first, second = shelf.post("a", first_seen_at=NOW), shelf.post("b", first_seen_at=NOW + HOUR)
    shelf.post("a", "edited")
    read = store.stored(limit=1)
    assert [(one.id, one.revision) for one in read] == [(first.id, 2)]
    assert [one.id for one in store.stored(after_id=first.id)] == [second.id]
    assert [one.id for one in store.stored(since=NOW + HOUR)] == [second.id]


def test_the_summary_shows_what_a_hunt_found_though_the_post_is_old(store: SqlStore, shelf):
    kept = shelf.post("a", first_seen_at=NOW)
    judged = Assessment(
        mention_id=kept.id,
        revision=1,
        judgement=shelf.judgement(),
        assessed_at=NOW + 50 * HOUR,
        hunted_at=NOW + 50 * HOUR,
    )
    store.save_decisions([Decision(mention_id=kept.id, revision=1, assessments=(judged,))])
    subject = make_subject(id=judged.judgement.subject_id)
    store.save_subject(subject)

    def shown(start, end) -> list[int]:
        return [hit.mention_id for hit in digest.gather(store, subject.client_id, (start, end), "UTC", "").hits]

    assert shown(NOW - HOUR, NOW + HOUR) == [kept.id]
    assert shown(NOW + HOUR, NOW + 49 * HOUR) == []
    assert shown(NOW + 49 * HOUR, NOW + 51 * HOUR) == [kept.id]
