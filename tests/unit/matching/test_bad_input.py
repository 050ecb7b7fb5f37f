"""Put every kind of bad input before the matcher: a judgement each, spans that slice to what is said, linear work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.domain import Author, Judgement, Level, Mention, Statement, Subject
from monitor.matching import Matcher, decide

Make = Callable[..., Mention]

EMOJI = st.text(
    st.one_of(
        st.characters(min_codepoint=0x1F300, max_codepoint=0x1FAFF), st.sampled_from("\u200d\ufe0f\u2764\U0001f1e9")
    ),
    max_size=300,
)
CONTROL = st.text(st.characters(categories=("Cc", "Cf", "Zl", "Zp")), max_size=300)
RIGHT_TO_LEFT = st.text(
    st.one_of(
        st.characters(min_codepoint=0x0590, max_codepoint=0x06FF),
        st.sampled_from(" \u200f\u202b\u202e\u2067\u2069\u202c.,?!"),
    ),
    max_size=300,
)
SPACES = st.text(st.sampled_from(" \t\r\n\u00a0\u2003\u3000\u200b"), max_size=300)
PATTERN = st.text(st.sampled_from(r".*+?^$|\()[]{}<>:=!-azAZ09"), min_size=1, max_size=20)
TOLERANT = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check_spans(judged: Judgement, mention: Mention) -> None:
    """Hold every span to the words that the reasons and excerpts name."""
    fields = {"text": mention.text, "title": mention.title}
    for field, spans in (("text", judged.about.spans), ("title", judged.about.title_spans)):
        for start, end in spans:
            assert 0 <= start < end <= len(fields[field])
            assert any(f"“{fields[field][start:end]}”" in reason for reason in judged.about.reasons)
        assert all(left[1] <= right[0] for left, right in pairwise(sorted(spans)))
    for match in judged.matches:
        start, end = match.span
        assert 0 <= start < end <= len(fields[match.field])
        assert fields[match.field][start:end].startswith(match.excerpt)
        assert 0 <= match.score <= 100
        for reason in match.reasons:
            if reason.startswith("stance "):
                cue = reason.partition("“")[2].rpartition("”")[0]
                assert cue


@pytest.mark.parametrize("kind", [EMOJI, CONTROL, RIGHT_TO_LEFT, SPACES], ids=["emoji", "control", "rtl", "spaces"])
def test_texts_that_name_nobody_get_a_judgement_that_says_so(
    kind: st.SearchStrategy[str], voss: Subject, stole: tuple[Statement, ...], mention: Make
) -> None:
    @given(text=kind, title=kind)
    @TOLERANT
    def holds(text: str, title: str) -> None:
        judged = decide(mention(text, title=title), voss, stole)
        assert (judged.level, judged.about.score, judged.matches) == (Level.NONE, 0, ())
        assert any("no form of the name" in reason for reason in judged.about.reasons)

    holds()


@pytest.mark.parametrize("kind", [EMOJI, CONTROL, RIGHT_TO_LEFT, SPACES], ids=["emoji", "control", "rtl", "spaces"])
def test_a_repeat_among_them_keeps_its_spans(
    kind: st.SearchStrategy[str], voss: Subject, stole: tuple[Statement, ...], mention: Make
) -> None:
    @given(before=kind, after=kind)
    @TOLERANT
    def holds(before: str, after: str) -> None:
        text = f"{before}\nAlina Voss stole money from patients.\n{after}"
        post = mention(text, title=after)
        judged = decide(post, voss, stole)
        check_spans(judged, post)
        assert "Alina Voss" in [text[start:end] for start, end in judged.about.spans]
        assert judged.level is Level.LIKELY

    holds()


@given(
    name=st.sampled_from(["Alina Voss", "4l1na v0ss", "Аlіnа Vоss", "#AlinaVoss", "A l i n a  V o s s"]),
    around=st.tuples(st.text(max_size=40), st.text(max_size=40)),
    handle=st.sampled_from(["", "@dralinavoss", "@somebody"]),
)
@TOLERANT
def test_any_text_around_a_name_any_author_and_title(
    name: str, around: tuple[str, str], handle: str, voss: Subject, stole: tuple[Statement, ...], mention: Make
) -> None:
    author = Author(name=around[0], handle=handle) if handle else None
    text = f"{around[0]} {name} stole money {around[1]}"
    post = mention(text, title=f"{name} {around[1]}", author=author)
    for judged in (decide(post, voss, stole), *Matcher([voss], stole).judge(post)):
        check_spans(judged, post)


@given(alias=PATTERN, statement=st.one_of(PATTERN, st.text(min_size=1, max_size=12).filter(str.strip)))
@TOLERANT
def test_an_alias_that_looks_like_a_pattern_is_taken_by_the_letter(alias: str, statement: str, mention: Make) -> None:
    subject = Subject(id="r", name="Alina Voss", aliases=(alias,))
    ready = (Statement(id="one", subject_id="r", text=statement),)
    for text in (f"we saw {alias} there", "we saw Alina Voss there", f"Alina Voss {statement}", "aaaa bbbb"):
        post = mention(text)
        check_spans(decide(post, subject, ready), post)
    assert decide(mention("nobody was there, cccc"), subject, ready).about.score == 0 or "c" in alias.casefold()


@given(word=st.sampled_from(["liar", "thief", "fraud", "Betrüger", "嘘", "💩", "x"]), name=st.booleans())
@TOLERANT
def test_a_statement_of_one_word(word: str, name: bool, voss: Subject, mention: Make) -> None:
    listed = (Statement(id="word", subject_id=voss.id, text=word),)
    post = mention(f"{'Alina Voss' if name else 'somebody else'} is a {word}!")
    judged = decide(post, voss, listed)
    check_spans(judged, post)
    assert name or judged.level is Level.NONE


def test_a_known_word_of_one_is_recognised(voss: Subject, mention: Make) -> None:
    listed = (Statement(id="word", subject_id=voss.id, text="thief"),)
    assert decide(mention("Alina Voss is a thief"), voss, listed).level.rank >= Level.POSSIBLE.rank
    assert decide(mention("Alina Voss is a dentist"), voss, listed).matches == ()


@given(
    alias=st.sampled_from(["Ali Voss", "The Boss", "AV", "Восс"]),
    text=st.text(max_size=40),
    order=st.permutations(["a", "b", "c"]),
)
@TOLERANT
def test_subjects_that_share_an_alias_are_judged_each(
    alias: str, text: str, order: Sequence[str], mention: Make
) -> None:
    names = {"a": "Alina Voss", "b": "Alistair Voss", "c": "Aline Vosskamp"}
    subjects = [Subject(id=one, name=names[one], aliases=(alias,), context_terms=("Leeds",)) for one in order]
    post = mention(f"{text} {alias} of Leeds. {text}")
    judged = Matcher(subjects, ()).judge(post)
    assert [one.subject_id for one in judged] == list(order)
    for one in judged:
        check_spans(one, post)


def work(run: Callable[[], Any]) -> int:
    """Count the calls and the lines that the matcher runs: a measure of work that no busy machine changes."""
    count = 0

    def trace(frame: FrameType, _event: str, _argument: Any) -> Any:
        nonlocal count
        count += 1
        return trace if "monitor" in frame.f_code.co_filename else None

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(previous)
    return count


@pytest.mark.parametrize(
    "unit",
    [
        "Alina Voss ", "Alina Voss stole money from patients. ", "4l1na v0ss ", "V*ss ", "a*", "😀", "\x00\x07",
        "مرحبا ", "Аlіnа ", "\u202eVoss\u202c ", "Alina Vosd ", '"', "a\u0336", "( ", "not ", "? ", "@dralinavoss ",
        "\n", "aA",
    ],
)  # fmt: skip
def test_work_doubles_at_most_when_a_text_doubles(
    unit: str, voss: Subject, stole: tuple[Statement, ...], mention: Make
) -> None:
    matcher = Matcher([voss], stole)
    posts = [mention(unit * (size // len(unit))) for size in (500, 4_000, 8_000)]
    _, small, large = [work(lambda post=post: matcher.judge(post)) for post in posts]  # type: ignore[misc] # bound now
    assert large <= 2.3 * small + 2_000


def test_work_grows_with_the_statements_and_not_faster(voss: Subject, mention: Make) -> None:
    listed = [
        Statement(id=str(i), subject_id=voss.id, text=f"Alina Voss stole {i} pounds from patient {i}")
        for i in range(160)
    ]
    post = mention("Alina Voss stole 7 pounds from patient 7. " * 5)
    _, small, large = [
        work(lambda count=count: Matcher([voss], listed[:count]).judge(post))  # type: ignore[misc] # bound now
        for count in (10, 80, 160)
    ]
    assert large <= 2.3 * small + 2_000


@pytest.mark.parametrize(
    "text",
    [
        "Alina Voss " * 50_000,
        "Alina Voss stole money from patients. " * 50_000,
        "4l1na V0ss " * 50_000,
        "so dull a text. " * 655_360,
        "😀" * 2_600_000,
        "\u202e\u0645\u0631 " * 1_310_720,
        "x" * 10_485_760,
    ],
    ids=["50,000 names", "50,000 repeats", "50,000 disguises", "10 MB", "10 MB emoji", "10 MB rtl", "one 10 MB word"],
)
def test_very_long_texts_get_a_judgement(text: str, voss: Subject, stole: tuple[Statement, ...], mention: Make) -> None:
    post = mention(text)
    judged = Matcher([voss], stole).judge(post)
    for one in judged:
        check_spans(one, post)
    assert bool(judged) is text.startswith(("Alina", "4l1na"))
