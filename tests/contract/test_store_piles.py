"""Where verdicts put a hit is the same as the reviews say, in whatever order things happen, on both engines."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import select, text, update

from monitor.domain import Level, Review, ReviewVerdict
from monitor.store import SqlStore
from monitor.store.hits import newest_verdict
from monitor.store.piles import place_of
from monitor.store.schema import assessment
from monitor.testing.builders import NOW, make_statement, make_subject

SUBJECTS = ("subject-1", "subject-2")


def say(store: SqlStore, mention_id: int, subject_id: str, verdict: ReviewVerdict) -> None:
    store.save_review(Review(mention_id=mention_id, subject_id=subject_id, verdict=verdict, reviewed_at=NOW))


def agree(store: SqlStore) -> int:
    """Compare every place with what the reviews say; gives how many were compared."""
    with store._db.reading() as connection:
        rows = connection.execute(select(assessment.c.pile, newest_verdict().label("verdict"))).all()
    assert [row.pile for row in rows] == [place_of(row.verdict or "") for row in rows]
    return len(rows)


def begin(store: SqlStore) -> None:
    for one in SUBJECTS:
        store.save_subject(make_subject(id=one))
    store.save_statement(make_statement())


def test_places_agree_with_the_reviews_after_anything(store: SqlStore, shelf):
    begin(store)
    dice = random.Random(7)
    names = [f"post-{number}" for number in range(6)]
    kept = {name: shelf.post(name) for name in names}
    for step in range(120):
        name = dice.choice(names)
        match dice.randrange(3):
            case 0:
                say(store, kept[name].id, dice.choice(SUBJECTS), dice.choice(list(ReviewVerdict)))
            case 1:
                shelf.decide(kept[name], *(shelf.judgement(one, Level.NONE) for one in SUBJECTS))
            case 2:
                kept[name] = shelf.post(name, f"words {step}", edited_at=NOW + timedelta(minutes=step))
    assert agree(store) > 6


def test_judging_and_reviewing_at_once_loses_no_verdict(store: SqlStore, shelf):
    begin(store)
    kept = [shelf.hit(f"post-{number}") for number in range(8)]

    def work(number: int) -> None:
        one = kept[number % len(kept)]
        if number % 2:
            shelf.decide(one, shelf.judgement())
        else:
            say(store, one.id, "subject-1", list(ReviewVerdict)[number % 5])

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(60)))
    assert agree(store) == 8


def test_a_migrated_database_knows_its_piles(store: SqlStore, shelf):
    """Forget all places and run the migration's own statement."""
    from monitor.store.migrations.versions import rev_0010_remember_piles as revision

    begin(store)
    for number, verdict in enumerate(ReviewVerdict):
        kept = shelf.hit(f"post-{number}")
        say(store, kept.id, "subject-1", ReviewVerdict.CONFIRMED)
        say(store, kept.id, "subject-1", verdict)
    shelf.hit("never reviewed")
    with store._db.writing() as connection:
        connection.execute(update(assessment).values(pile=None))
        connection.execute(text(revision.FILL))
    assert agree(store) == len(ReviewVerdict) + 1


def test_what_waits_is_read_from_one_index(sqlite_store: SqlStore):
    from monitor.ports import ReviewFilter
    from monitor.store.choices import Chooser
    from monitor.store.review_lists import _choice

    with sqlite_store._db.reading() as connection:
        for subjects, wanted in (
            (None, "ix_assessment_pile (pile=?)"),
            (frozenset({"a"}), "ix_assessment_subject_id_pile (subject_id=? AND pile=?)"),
            (frozenset({"a", "b"}), "ix_assessment_pile (pile=?)"),
        ):
            choice = _choice(ReviewFilter(subjects=subjects))
            query = select(assessment.c.mention_id).where(choice.form.condition(Chooser(), Chooser()))
            query = query.params(choice.values)
            query = query.order_by(assessment.c.first_seen_at.desc(), assessment.c.mention_id.desc()).limit(51)
            shown = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
            plan = " ".join(str(row) for row in connection.execute(text(f"EXPLAIN QUERY PLAN {shown}")))
            assert wanted in plan, plan
            assert "TEMP B-TREE" not in plan, plan
