from __future__ import annotations

import gc
import json
from collections.abc import Callable, Sequence

import pytest

from monitor.domain import Author, Level, Mention, Statement, Subject
from monitor.matching import Matcher, StatementIndex, decide, verdict
from monitor.matching.jsonl import judge_lines

Make = Callable[..., Mention]


def test_one_alias_may_belong_to_two_subjects(mention: Make) -> None:
    matcher = Matcher([Subject(id="a", name="Ivo Stanbury"), Subject(id="b", name="Ivo Stanbury")], ())
    assert [judged.subject_id for judged in matcher.judge(mention("Ivo Stanbury was here"))] == ["a", "b"]


def test_the_matcher_and_decide_agree(voss: Subject, stole: tuple[Statement, ...], mention: Make) -> None:
    others = [Subject(id=f"o{i}", name=f"Tamsin Trelowen{i}") for i in range(50)]
    post = mention("Alina Voss stole money from patients")
    assert Matcher([*others, voss], stole).judge(post) == (decide(post, voss, stole),)


def test_nobody_named_is_no_judgement(voss: Subject, stole: tuple[Statement, ...], mention: Make) -> None:
    assert Matcher([voss], stole).judge(mention("money was stolen from patients")) == ()


def test_a_family_name_alone_needs_context(voss: Subject, mention: Make) -> None:
    matcher = Matcher([voss], ())
    assert matcher.judge(mention("a Voss guitar for sale")) == ()
    assert matcher.judge(mention("that dentist Voss in Leeds"))[0].about.score >= 30


def test_inactive_subjects_are_not_looked_for(mention: Make) -> None:
    matcher = Matcher([Subject(id="a", name="Ivo Stanbury", is_active=False)], ())
    assert matcher.judge(mention("Ivo Stanbury")) == ()


def test_a_post_signed_by_the_subject_is_judged(voss: Subject, mention: Make) -> None:
    judged = Matcher([voss], ()).judge(mention("Good morning", author=Author(handle="dralinavoss")))
    assert [j.subject_id for j in judged] == ["s1"]


def test_gate_terms_list_every_form(voss: Subject) -> None:
    terms = set(Matcher([voss], ()).gate_terms)
    assert {"alina voss", "voss alina", "a voss", "alinavoss", "dralinavoss"} <= terms


class CountingEncoder:
    """Say that everything means the same, and count what was asked."""

    name = "counting"

    def __init__(self) -> None:
        self.asked = 0

    def encode(self, texts: Sequence[str]) -> list[list[float]]:
        self.asked += len(texts)
        return [[1.0, 0.0] for _ in texts]


def test_an_encoder_is_asked_only_about_posts_that_name_somebody(
    voss: Subject, stole: tuple[Statement, ...], mention: Make
) -> None:
    encoder = CountingEncoder()
    matcher = Matcher([voss], stole, encoder=encoder)
    matcher.judge(mention("nobody here"))
    assert encoder.asked == 0
    judged = matcher.judge(mention("Alina Voss made off with what her clients had paid"))[0]
    assert encoder.asked > 0
    assert judged.best is not None
    assert judged.best.method == "lexical+counting"


def test_ranking_puts_the_retold_statement_first() -> None:
    statements = [
        Statement(id="a", subject_id="s", text="The mayor sold the harbour to a friend"),
        Statement(id="b", subject_id="s", text="The mayor forged votes in the council election"),
        Statement(id="c", subject_id="s", text="The mayor has an affair with a colleague"),
    ]
    ranked = StatementIndex(statements).rank(
        "did you hear? votes in that election were forged by our mayor #CouncilElection"
    )
    assert ranked[0].statement.id == "b"
    assert ranked[0].score > ranked[1].score
    assert ranked[0].counted
    assert StatementIndex(statements).rank("", 3) == ()
    assert StatementIndex(()).rank("anything") == ()
    assert len(StatementIndex(statements).rank("the mayor", 1)) == 1


def test_lines_are_judged_one_by_one_and_bad_ones_named(voss: Subject, stole: tuple[Statement, ...]) -> None:
    lines = [
        json.dumps({"id": "p1", "text": "Alina Voss stole money from patients", "author": {"handle": "@x"}}),
        b"\xff\xfe",
        "",
        "{bad",
        "[1]",
        '{"id": true, "text": ""}',
        '{"id": 1, "text": 5}',
        '{"id": 2, "text": "x", "published_at": "yesterday"}',
        "[" * 100_000,
        json.dumps(
            {"id": 7, "text": "quiet", "title": None, "author": "somebody", "published_at": "2026-01-01T00:00:00Z"}
        ),
    ]
    out = list(judge_lines(lines, Matcher([voss], stole)))
    assert [good for _, good in out] == [True, False, False, False, False, False, False, False, True]
    first = out[0][0]
    assert first["id"] == "p1"
    assert first["level"] == "likely"
    assert first["mentions"][0]["spans"] == [[0, 10]]
    assert first["matches"][0]["statement"] == "stole"
    assert [row["line"] for row, good in out if not good] == [2, 4, 5, 6, 7, 8, 9]
    assert all(row["error"] for row, good in out if not good)
    assert out[-1][0] == {"id": 7, "level": "none", "mentions": [], "matches": []}


def test_a_verdict_takes_the_highest_level(voss: Subject, stole: tuple[Statement, ...], mention: Make) -> None:
    quiet = decide(mention("Alina Voss"), voss, stole)
    loud = decide(mention("Alina Voss stole money from patients"), voss, stole)
    assert verdict("x", [quiet, loud])["level"] == Level.LIKELY.value
    json.dumps(verdict("x", [quiet, loud]))


@pytest.mark.parametrize("count", [1000])
def test_many_subjects_load_quickly_enough_to_restart(count: int, mention: Make) -> None:
    beginnings, middles = (
        "Bran Dro Fel Gus Hal Jor Kem Lut Mor Nas Pel Quo Ros Sut Tam".split(),
        "ab er ol um in".split(),
    )
    names = [f"{a}{m}sen {b}{m}wick" for a in beginnings for b in beginnings for m in middles][:count]
    matcher = Matcher([Subject(id=str(i), name=name) for i, name in enumerate(names)], ())
    assert "77" in [j.subject_id for j in matcher.judge(mention(f"so {names[77]} did it"))]


def test_loading_leaves_the_garbage_collector_as_it_was(voss: Subject) -> None:
    was_enabled, was_frozen = gc.isenabled(), gc.get_freeze_count()  # another test may have frozen what was there
    Matcher([voss], ())
    assert gc.isenabled() is was_enabled
    assert gc.get_freeze_count() == was_frozen
    gc.disable()
    try:
        Matcher([voss], ())
        assert not gc.isenabled()
    finally:
        gc.enable()
