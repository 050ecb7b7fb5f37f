"""Searching for words among hits, on both engines: whichever way the store takes, the answer is the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import insert, select, text

import monitor.store
from monitor.domain import AboutSubject, Hit, Mention, Review, ReviewVerdict
from monitor.ports import HitFilter, Pile, ReviewFilter
from monitor.store import SqlStore, open_store, searching
from monitor.store.choices import Chooser, led_elsewhere
from monitor.store.engine import among, connect
from monitor.store.hit_rows import NEWEST_FIRST
from monitor.store.mention_rows import content_of, revision_values
from monitor.store.review_lists import _choice
from monitor.store.schema import assessment, mention, mention_revision
from monitor.store.words_by_subject import words_in_time
from monitor.testing import FakeClock, make_mention
from monitor.testing.builders import NOW

MINUTE = timedelta(minutes=1)
SUBJECTS = ("subject-1", "subject-2", 'O\'Brien "& Søn" @x')
WORDS = ("lamp", "river", "stone", "bread", "window")


def about(shelf, *subjects: str):
    return [shelf.judgement(subject_id) for subject_id in subjects]


@pytest.fixture
def crowd(store: SqlStore, shelf) -> dict[Mention, tuple[str, ...]]:
    """Keep hits about one or two subjects, or nobody, that are not stored in the order of time; three are done."""
    draw = random.Random(7)  # nobody's secret
    posts = (
        make_mention(
            external_id=f"p{number}",
            text=" ".join(draw.sample(WORDS, 2)) + (" 医生偷了钱" if number % 4 == 0 else ""),
            first_seen_at=NOW - draw.randrange(30) * draw.choice((MINUTE, timedelta(days=5))),
        )
        for number in range(60)
    )
    kept = {post: tuple(sorted(draw.sample(SUBJECTS, draw.randrange(3)))) for post in shelf.keep(*posts)}
    store.save_decisions([shelf.decision(post, *about(shelf, *its_own)) for post, its_own in kept.items()])
    for post in list(kept)[10:20:3]:
        edited = shelf.post(post.external_id, "window bread", first_seen_at=NOW + MINUTE)
        kept[edited] = kept.pop(post)
        shelf.decide(edited, *about(shelf, *kept[edited]))
    for post in list(kept)[:6:2]:
        for subject_id in kept[post]:
            verdict = ReviewVerdict.NOT_HARMFUL
            store.save_review(Review(mention_id=post.id, subject_id=subject_id, verdict=verdict, reviewed_at=NOW))
    return kept


def keys(hits: Sequence[Hit]) -> list[tuple[int, str]]:
    return [(hit.mention_id, hit.subject_id) for hit in hits]


def expected(kept: dict[Mention, tuple[str, ...]], query: str, subjects: set[str]) -> list[tuple[int, str]]:
    """Read everything."""
    hits = [
        (post.first_seen_at, post.id, subject_id)
        for post, its_subjects in kept.items()
        for subject_id in its_subjects
        if subject_id in subjects and all(word in post.text for word in query.split())
    ]
    hits.sort(key=lambda hit: hit[2])
    hits.sort(key=lambda hit: hit[:2], reverse=True)
    return [(mention_id, subject_id) for _, mention_id, subject_id in hits]


@pytest.mark.parametrize(
    ("first_step", "few"),
    [(300, 2_000), (2, 2_000), (2, 0), (7, 3)],
    ids=["one step", "the index", "the walk", "what is quicker"],
)
def test_every_way_gives_the_same(store: SqlStore, crowd, monkeypatch, first_step, few):
    monkeypatch.setattr(searching, "_FIRST_STEP", first_step)
    monkeypatch.setattr(searching, "_LONGEST_STEP", 10)
    monkeypatch.setattr(searching, "_TO_SPARE", 1)
    monkeypatch.setattr(searching, "_FEW", few)
    places = ({SUBJECTS[0]}, {SUBJECTS[2]}, set(SUBJECTS[1:]), set(SUBJECTS))
    for query, subjects in product(("lamp", "river stone", "lamp 偷了", "偷了", "nowhere"), places):
        wanted = expected(crowd, query, subjects)
        chosen = ReviewFilter(
            subjects=None if len(subjects) == 3 else frozenset(subjects), text=query, pile=Pile.ALL, limit=100
        )
        for limit, offset in ((100, 0), (3, 0), (3, 3), (4, 20)):
            found = store.review_hits(replace(chosen, limit=limit, offset=offset))
            assert keys(found) == wanted[offset : offset + limit]
        assert store.count_review(chosen) == len(wanted)
        if len(subjects) == 1:
            assert keys(store.hits(HitFilter(subject_id=next(iter(subjects)), text=query))) == wanted


@pytest.mark.parametrize("few", [2_000, 0])
def test_a_search_sees_one_pile(store: SqlStore, crowd, monkeypatch, few):
    monkeypatch.setattr(searching, "_FIRST_STEP", 2)
    monkeypatch.setattr(searching, "_FEW", few)
    done = {post.id for post in list(crowd)[:6:2]}
    for pile, is_in in ((Pile.DONE, done.__contains__), (Pile.WAITING, lambda one: one not in done)):
        wanted = [key for key in expected(crowd, "lamp", set(SUBJECTS)) if is_in(key[0])]
        assert wanted
        found = store.review_hits(ReviewFilter(subjects=None, text="lamp", pile=pile))
        assert keys(found) == wanted


def test_more_subjects_than_are_looked_up_together(store: SqlStore, shelf):
    many = [f"s{number}" for number in range(30)]
    kept = shelf.post("a", "lamp")
    shelf.decide(kept, *about(shelf, "s7", "other"))
    assert keys(store.review_hits(ReviewFilter(subjects=frozenset(many), text="lamp"))) == [(kept.id, "s7")]


def named(store: SqlStore) -> list[str]:
    with store._db.reading() as connection:
        return list(connection.execute(select(mention_revision.c.subjects).order_by(mention_revision.c.id)).scalars())


def test_the_index_follows_what_is_judged(store: SqlStore, shelf):
    kept = shelf.post("a", "lamp")
    assert named(store) == [""]
    shelf.decide(kept, *about(shelf, "b", "a"))
    assert named(store) == ["@61 @62"]
    shelf.decide(
        kept,
        *about(shelf, "b"),
        shelf.judgement("a", about=AboutSubject(score=0, spans=(), title_spans=(), reasons=())),
    )
    assert named(store) == ["@62"]
    assert store.hits(HitFilter(subject_id="a", text="lamp")) == ()
    assert [hit.mention_id for hit in store.hits(HitFilter(subject_id="b", text="lamp"))] == [kept.id]
    shelf.decide(shelf.post("a", "river", first_seen_at=NOW + MINUTE), *about(shelf, "b"))
    assert named(store) == ["@62", "@62"]
    assert store.hits(HitFilter(subject_id="b", text="lamp")) == ()
    assert [hit.mention_id for hit in store.hits(HitFilter(subject_id="b", text="river"))] == [kept.id]
    shelf.decide(kept)
    assert named(store) == ["", "@62"]


def test_the_word_of_a_subject_is_no_word_of_a_text(store: SqlStore, shelf):
    shelf.decide(shelf.post("a", "lamp"), *about(shelf, "b"))
    for typed in ("@62", "62", "subjects"):
        assert store.hits(HitFilter(text=typed)) == ()
    shelf.decide(shelf.post("b", "@61 lamp"), *about(shelf, "b"))
    assert store.hits(HitFilter(subject_id="a", text="lamp")) == ()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'old.db'}"
    name = request.getfixturevalue("new_postgres")
    return str(request.getfixturevalue("postgres_server").url(name))


def test_an_older_database_can_be_searched_as_before(empty_url: str, clock: FakeClock):
    """Keep hits with the schema before subjects were in the index, and open it with this one."""
    database = connect(empty_url)
    config = Config()
    config.set_main_option("script_location", str(Path(monitor.store.__file__).parent / "migrations"))
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0014")
    seen = {"one": NOW, "two": NOW - MINUTE, "nobody": NOW + MINUTE}
    posts = [make_mention(external_id=name, text=f"lamp {name}", first_seen_at=at) for name, at in seen.items()]
    with database.writing() as connection:
        connection.execute(insert(mention), [_first_of(post) for post in posts])
        ids = list(connection.execute(select(mention.c.id).order_by(mention.c.id)).scalars())
        revisions = [revision_values(post, mention_id, 1) for post, mention_id in zip(posts, ids, strict=True)]
        connection.execute(insert(mention_revision), revisions)
        judged = [(ids[0], "b", 80), (ids[0], "a", 80), (ids[1], SUBJECTS[2], 80), (ids[1], "c", 0), (ids[2], "a", 0)]
        connection.execute(insert(assessment), [_assessed(*one) for one in judged])
        connection.execute(mention.update().values(decided_revision=1, pending_at=None))
    database.close()
    store = open_store(empty_url, clock=clock)
    assert named(store) == ["@61 @62", "@" + SUBJECTS[2].encode().hex(), ""]
    for subject_id, found in (("a", [ids[0]]), (SUBJECTS[2], [ids[1]]), ("", [ids[1], ids[0], ids[0]])):
        assert [hit.mention_id for hit in store.hits(HitFilter(subject_id=subject_id, text="lamp"))] == found
    store.save_page(_page([make_mention(external_id="one", text="river")]))
    latest = [NOW, NOW, NOW + MINUTE, NOW + MINUTE] if empty_url.startswith("sqlite") else [None] * 4
    assert seen_up_to(store) == latest
    store.close()


def _first_of(post: Mention) -> dict[str, object]:
    return {
        "source": post.source,
        "external_key": post.external_id,
        "external_id": post.external_id,
        "revision": 1,
        "content_sha256": content_of(post),
        "first_seen_at": post.first_seen_at,
        "is_gone": False,
        "pending_at": post.first_seen_at,
        "decided_revision": 0,
    }


def seen_up_to(store: SqlStore) -> list[object]:
    with store._db.reading() as connection:
        query = select(mention_revision.c.seen_up_to).order_by(mention_revision.c.id)
        return list(connection.execute(query).scalars())


def test_what_was_stored_later_is_known_to_be_seen_later(sqlite_store: SqlStore):
    for name, minutes in (("a", 5), ("b", 3), ("c", 9)):
        sqlite_store.save_page(_page([make_mention(external_id=name, first_seen_at=NOW + minutes * MINUTE)]))
    assert seen_up_to(sqlite_store) == [NOW + minutes * MINUTE for minutes in (5, 5, 9)]


def test_a_clock_that_ran_ahead_hides_nothing(store: SqlStore, shelf):
    """What it wrote stays the newest, however much is stored after it."""
    ahead = shelf.post("ahead", "lamp", first_seen_at=NOW + timedelta(days=400))
    later = [shelf.post(f"p{number}", "lamp", first_seen_at=NOW + number * MINUTE) for number in range(150)]
    for post in (ahead, *later):
        shelf.decide(post, *about(shelf, "b"))
    expected_ids = [ahead.id, *(post.id for post in reversed(later))]
    for offset in (0, 40, 120):
        found = store.hits(HitFilter(subject_id="b", text="lamp", limit=40, offset=offset))
        assert [hit.mention_id for hit in found] == expected_ids[offset : offset + 40]


@pytest.mark.parametrize("few", [1_000, 4])
def test_what_waits_is_found_behind_what_is_done(store: SqlStore, shelf, monkeypatch, few):
    """What the index finds first is all done; and with few it finds too much."""
    monkeypatch.setattr(searching, "_FIRST_STEP", 4)
    monkeypatch.setattr(searching, "_TO_SPARE", 1)
    monkeypatch.setattr(searching, "_FEW", few)
    posts = [shelf.post(f"p{number}", "lamp", first_seen_at=NOW + number * timedelta(hours=9)) for number in range(30)]
    for post in posts:
        shelf.decide(post, *about(shelf, "b"))
    done = posts[6:]
    for post in done:
        verdict = ReviewVerdict.NOT_HARMFUL
        store.save_review(Review(mention_id=post.id, subject_id="b", verdict=verdict, reviewed_at=NOW))
    for pile, wanted in ((Pile.WAITING, posts[:6]), (Pile.DONE, done), (Pile.ALL, posts)):
        chosen = ReviewFilter(subjects=frozenset({"b"}), text="lamp", pile=pile, limit=5)
        assert [hit.mention_id for hit in store.review_hits(chosen)] == [post.id for post in wanted[:-6:-1]]


@pytest.mark.parametrize(
    ("hours", "marks"),
    [(0, ["d20454"]), (24, ["d20453", "d20454"]), (24 * 70, ["s1274", "s1275", "s1276", "s1277", "s1278"])],
)
def test_words_for_the_newest_days(hours, marks):
    until = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert words_in_time(["@61"], until - timedelta(hours=hours), until) == [f"@61/{mark}" for mark in marks]


def test_words_for_a_day_of_everybody():
    until = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert words_in_time([], until, until) == ["@/d20454"]


def test_too_many_days_have_no_words():
    until = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert words_in_time(["@61", "@62"], until - timedelta(days=1_000), until) == []


def _page(posts):
    from monitor.ports import PageRows

    return PageRows(source="town-forum", query_key="*", mentions=tuple(posts), raw=(), cursor="{}", gone=())


def _assessed(mention_id: int, subject_id: str, score: int) -> dict[str, object]:
    return {
        "mention_id": mention_id,
        "revision": 1,
        "subject_id": subject_id,
        "level_rank": 0,
        "about_score": score,
        "about_spans": [],
        "about_title_spans": [],
        "about_reasons": [],
        "reasons": [],
        "matcher_version": "1",
        "assessed_at": NOW,
        "first_seen_at": NOW,
    }


def test_row_ids_lead_to_hits_on_sqlite(sqlite_store: SqlStore):
    """Else it reads every hit of the subject for a few of them."""
    with sqlite_store._db.reading() as connection:
        led = led_elsewhere("sqlite")
        for chooser, leads in ((led, True), (Chooser(), False)):
            choice = _choice(ReviewFilter(subjects=frozenset({"a"})))
            query = select(assessment.c.mention_id).where(choice.form.condition(chooser, led))
            query = query.where(among(connection, assessment.c.mention_id, [1, 2])).order_by(*NEWEST_FIRST)
            query = query.params(choice.values)
            shown = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
            plan = " ".join(str(row) for row in connection.execute(text(f"EXPLAIN QUERY PLAN {shown}")))
            assert ("sqlite_autoindex_assessment_1" in plan) is leads, plan
