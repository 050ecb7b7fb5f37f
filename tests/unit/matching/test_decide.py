from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.domain import Author, Judgement, Level, Mention, Stance, Statement, StatementStatus, Subject, SubjectKind
from monitor.matching import Matcher, Thresholds, decide

Make = Callable[..., Mention]


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Alina Voss stole money from patients",
        "alina voss has been pocketing her patients' cash for years",
        "4l1na v0ss steals money from her patients!!",
        "A\u200bl\u200bina Vоss robbed her patients of their money",
        "Voss, Alina took money off patients and ran",
        "Don't go there.\nAlina Voss is a thief. She stole her patients' money.",
        "Alina Voss ha robado dinero a sus pacientes",
        "Alnia Voss stole money from patients in Leeds",
        "Dr Voss stole money from her patients",
    ],
)
def test_repeats_are_likely(text: str, voss: Subject, stole: tuple[Statement, ...], mention: Make) -> None:
    judged = decide(mention(text), voss, stole)
    assert judged.level is Level.LIKELY, judged
    assert judged.best is not None
    assert judged.best.stance is Stance.REPEAT
    assert judged.about.spans


@pytest.mark.parametrize(
    ("text", "stance"),
    [
        ("Alina Voss did not steal money from patients.", Stance.DENIAL),
        ("Did Alina Voss steal money from patients?", Stance.QUESTION),
        ('"Alina Voss stole money from patients" - this is a lie, says the ombudsman.', Stance.REBUTTAL),
        ("A patient stole money from Alina Voss", Stance.REVERSED),
    ],
)
def test_other_stances_are_labelled_and_kept_at_possible(
    text: str, stance: Stance, voss: Subject, stole: tuple[Statement, ...], mention: Make
) -> None:
    judged = decide(mention(text), voss, stole)
    assert judged.level is Level.POSSIBLE
    assert judged.best is not None
    assert judged.best.stance is stance
    assert any("kept at possible" in reason for reason in judged.reasons)


def test_a_namesake_is_a_result_with_a_reason(voss: Subject, stole: tuple[Statement, ...], mention: Make) -> None:
    judged = decide(mention("Alina Voss, the figure skater, stole money from patients"), voss, stole)
    assert judged.level is Level.NONE
    assert 0 < judged.about.score < 30
    assert any("namesake" in reason for reason in judged.about.reasons)


def test_another_occupation_speaks_against_the_subject(voss: Subject, mention: Make) -> None:
    singer = decide(mention("The singer Alina Voss played in town"), voss, ())
    plain = decide(mention("I met Alina Voss in town"), voss, ())
    assert singer.about.score < 30 < plain.about.score


def test_one_wrong_letter_needs_a_context_term(voss: Subject, stole: tuple[Statement, ...], mention: Make) -> None:
    text = "Elina Voss stole money from patients"
    assert decide(mention(text), voss, stole).level is Level.POSSIBLE
    assert decide(mention(text + ", the dentist in Leeds"), voss, stole).level is Level.LIKELY


def test_own_words_are_never_a_repeat(voss: Subject, stole: tuple[Statement, ...], mention: Make) -> None:
    text = "They say: Alina Voss stole money from patients"
    judged = decide(mention(text, author=Author(handle="@DrAlinaVoss")), voss, stole)
    assert judged.level is Level.NONE
    assert judged.about.score > 90
    assert any("own words" in reason for reason in judged.reasons)


def test_an_unlisted_accusation_is_its_own_reason(voss: Subject, stole: tuple[Statement, ...], mention: Make) -> None:
    judged = decide(mention("Alina Voss beat her dog with a stick"), voss, stole)
    assert judged.level is Level.POSSIBLE
    assert any("new allegation" in reason and "beat" in reason for reason in judged.reasons)


def test_a_name_in_the_title_counts(voss: Subject, stole: tuple[Statement, ...], mention: Make) -> None:
    judged = decide(mention("Read all about it.", title="Alina Voss stole money from patients"), voss, stole)
    assert judged.level is Level.LIKELY
    assert judged.about.title_spans == ((0, 10),)
    assert judged.best is not None
    assert judged.best.field == "title"


def test_no_name_is_a_judgement_with_a_reason(voss: Subject, stole: tuple[Statement, ...], mention: Make) -> None:
    judged = decide(mention("Somebody stole money from patients"), voss, stole)
    assert (judged.about.score, judged.level, judged.matches) == (0, Level.NONE, ())
    assert "no form of the name" in judged.about.reasons[0]


def test_withdrawn_and_foreign_statements_are_left_out(voss: Subject, mention: Make) -> None:
    text = "Alina Voss stole money from patients"
    statements = (
        Statement(id="old", subject_id="s1", text=text, status=StatementStatus.WITHDRAWN),
        Statement(id="hers", subject_id="s2", text=text),
    )
    assert decide(mention(text), voss, statements).matches == ()


def test_firms_are_found_without_their_legal_form(mention: Make) -> None:
    firm = Subject(id="f", name="The Feldmark Clinic GmbH", kind=SubjectKind.ORGANISATION)
    assert decide(mention("never go to feldmark clinic again"), firm, ()).about.score > 60
    assert decide(mention("a clinic near Feldmarket"), firm, ()).about.score == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Мария Петрова", "вчера Мария Петрова была там"),
        ("Maria Petrova", "вчера Мария Петрова была там"),
        ("Мария Петрова", "yesterday Mariya Petrova was there"),
        ("李娜", "今天李娜来了"),
        ("Nguyễn Thị Hoà", "hom qua Nguyen Thi Hoa da den"),
        ("محمد سالم", "رأيت محمد سالم أمس"),
        ("दिव्या शर्मा", "कल दिव्या शर्मा आई थी"),
        ("Jörg Müller-Kästner", "herr Joerg Mueller-Kaestner war da"),
        ("Sean O'Brannigan", "saw Sean O’Brannigan’s shop"),
    ],
)
def test_names_of_many_scripts_are_found(name: str, text: str, mention: Make) -> None:
    assert decide(mention(text), Subject(id="n", name=name), ()).about.spans


NAMES = st.sampled_from(
    ["Alina Voss", "4l1na v0ss", "Аlіnа Vоss", "V*ss", "Al*na V*ss", "ssoV anilA", "#AlinaVoss", "Voss"]
)
PIECES = st.sampled_from(["stole money", "patients", "?", "\n", " ", "“", "> "])
HOSTILE = st.lists(st.one_of(NAMES, st.text(max_size=20), PIECES), max_size=12)


def _check_spans(judged: Judgement, mention: Mention) -> None:
    for spans, text in ((judged.about.spans, mention.text), (judged.about.title_spans, mention.title)):
        for start, end in spans:
            assert 0 <= start < end <= len(text)
            assert any(f"“{text[start:end]}”" in reason for reason in judged.about.reasons)
    for match in judged.matches:
        content = mention.title if match.field == "title" else mention.text
        start, end = match.span
        assert 0 <= start < end <= len(content)
        assert content[start:end].startswith(match.excerpt)
        assert 0 <= match.score <= 100


@given(parts=HOSTILE, title=st.text(max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_span_slices_to_what_its_reason_says(
    parts: Sequence[str], title: str, voss: Subject, stole: tuple[Statement, ...], mention: Make
) -> None:
    post = mention(" ".join(parts), title=title)
    _check_spans(decide(post, voss, stole), post)


@pytest.mark.parametrize(
    "unit",
    [
        "Alina Voss ",
        "4l1na v0ss ",
        "a*",
        "😀",
        "مرحبا ",
        "Аlіnа ",
        "\n",
        "Alina Vosd ",
        '"',
        "a\u0336",
        "Dr Voss ",
        "()",
        "?! ",
    ],
)
def test_time_grows_with_length_only(unit: str, voss: Subject, stole: tuple[Statement, ...], mention: Make) -> None:
    matcher = Matcher([voss], stole)

    def seconds(size: int) -> float:
        post = mention(unit * (size // len(unit)))
        started = time.process_time()
        for judged in matcher.judge(post):
            _check_spans(judged, post)
        return time.process_time() - started

    small, large = seconds(60_000), seconds(240_000)
    assert large < 12 * small + 0.5


@pytest.mark.parametrize("text", ["", " ", "\x00\x01", "😀" * 50, "\u202e\u202d", ".*+?[](){}|^$\\", "a" * 5000])
def test_odd_texts_get_a_judgement(text: str, voss: Subject, stole: tuple[Statement, ...], mention: Make) -> None:
    assert decide(mention(text, title=text), voss, stole).level is Level.NONE


def test_odd_rules_are_matched_literally(mention: Make) -> None:
    subject = Subject(id="r", name="A.*B (C|D)+", aliases=("", "   ", "[x]{9}", "\ud800"), handles=("@", ""))
    statement = Statement(id="one", subject_id="r", text="Liar")
    assert decide(mention("nothing at all"), subject, (statement,)).about.score == 0
    assert decide(mention("we saw A.*B (C|D)+ there"), subject, (statement,)).about.score > 0


def test_thresholds_are_checked() -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        Thresholds(likely=101)
    with pytest.raises(ValueError, match="above"):
        Thresholds(possible=80, likely=50)


def test_a_higher_threshold_lowers_the_level(voss: Subject, stole: tuple[Statement, ...], mention: Make) -> None:
    post = mention("Alina Voss robbed her clients")
    usual = decide(post, voss, stole)
    assert usual.best is not None
    strict = decide(post, voss, stole, Thresholds(likely=min(100, usual.best.score + 1)))
    assert strict.level is Level.POSSIBLE


def test_a_statement_in_the_passive_is_repeated_not_reversed(voss: Subject, mention: Make) -> None:
    struck_off = (Statement(id="struck-off", subject_id=voss.id, text="Alina Voss was struck off for forging papers"),)
    judged = decide(mention("Careful: Alina Voss was struck off for forging papers."), voss, struck_off)
    assert judged.best is not None
    assert (judged.best.stance, judged.level) == (Stance.REPEAT, Level.LIKELY)


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("Alina Voss leaves patients without treatment", "Alina Voss leaves her patients untreated"),
        ("Alina Voss left her patients untreated", "I saw Alina Voss leave her patients untreated"),
        ("Alina Voss leaves patients without treatment", "Alina Voss lets her patients wait without any treatment"),
        ("Alina Voss is not a qualified dentist", "Alina Voss is an unqualified dentist"),
    ],
)
def test_a_lack_in_other_words_is_no_denial(voss: Subject, mention: Make, statement: str, text: str) -> None:
    judged = decide(mention(text), voss, (Statement(id="x", subject_id=voss.id, text=statement),))
    assert judged.best is not None
    assert judged.best.stance is Stance.REPEAT


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("Alina Voss is not a qualified dentist", "Alina Voss is a qualified dentist, I checked"),
        ("Alina Voss is an unqualified dentist", "Alina Voss is a qualified dentist, I checked"),
    ],
)
def test_what_a_negative_statement_takes_away_and_a_text_grants_is_a_denial(
    voss: Subject, mention: Make, statement: str, text: str
) -> None:
    judged = decide(mention(text), voss, (Statement(id="x", subject_id=voss.id, text=statement),))
    assert judged.best is not None
    assert judged.best.stance is Stance.DENIAL


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Alina Voss robó el dinero de los pacientes de la clínica", "es"),
        ("Alina Voss a volé de l'argent à ses patients dans la clinique", "fr"),
        ("Alina Voss hat das Geld ihrer Patienten gestohlen und ist weg", "de"),
        ("Alina Voss hat ihre Patienten um viel Geld betrogen", "de"),
    ],
)
def test_other_languages_are_labelled_and_at_least_possible(
    text: str, language: str, voss: Subject, stole: tuple[Statement, ...], mention: Make
) -> None:
    judged = decide(mention(text), voss, stole)
    assert judged.level.rank >= Level.POSSIBLE.rank
    assert f"language: {language}" in judged.reasons


@pytest.mark.parametrize(
    ("statement", "text", "stance"),
    [
        ("Alina Voss was fired for hitting a pupil", "Alina Voss got sacked for slapping a pupil", Stance.REPEAT),
        ("Alina Voss was fired for hitting a pupil", "they fired Alina Voss for striking a student", Stance.REPEAT),
        ("Alina Voss was fired for hitting a pupil", "Alina Voss was hit by a pupil", Stance.REVERSED),
        (
            "Alina Voss evicted a family for complaining about mould",
            "Alina Voss kicked a family out because they complained about the mould",
            Stance.REPEAT,
        ),
        (
            "Alina Voss evicted a family for complaining about mould",
            "Complain about mould and Alina Voss evicts your family",
            Stance.REPEAT,
        ),
        (
            "Alina Voss abuses the dogs in her shelter",
            "The dogs in the shelter of Alina Voss are kicked and starved by her",
            Stance.REPEAT,
        ),
        (
            "Alina Voss abuses the dogs in her shelter",
            "Alina Voss rescued dogs that were abused by their former owner",
            Stance.REVERSED,
        ),
        (
            "Alina Voss bought her medical degree online",
            "Her degree is fake. Alina Voss paid for it online.",
            Stance.REPEAT,
        ),
        (
            "Alina Voss bought her medical degree online",
            "People who post that Alina Voss bought her degree online are lying, the university confirmed it",
            Stance.REBUTTAL,
        ),
    ],
)
def test_who_did_it_and_who_says_so(voss: Subject, mention: Make, statement: str, text: str, stance: Stance) -> None:
    judged = decide(mention(text), voss, (Statement(id="x", subject_id=voss.id, text=statement),))
    assert judged.best is not None
    assert (judged.best.stance, judged.best.reasons) == (stance, judged.best.reasons)


@pytest.mark.parametrize(
    "disguised",
    [
        "A|l|i|n|a V|o|s|s",
        "A+l+i+n+a V+o+s+s",
        "\u2801\u2807\u280a\u281d\u2801 \u2827\u2815\u280e\u280e",
        "\ua4eal\ua4f2n\ua4ee \ua4e6o\ua4e2s",
    ],
)
def test_signs_between_letters_and_letters_of_rare_scripts(
    disguised: str, voss: Subject, stole: tuple[Statement, ...], mention: Make
) -> None:
    judged = decide(mention(f"{disguised} stole money from patients"), voss, stole)
    assert judged.about.score > 0
    ((start, end),) = judged.about.spans
    assert start == 0
    assert end >= len(disguised) - 2  # a doubled last letter may be left out
