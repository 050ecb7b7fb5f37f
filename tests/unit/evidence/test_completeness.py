from __future__ import annotations

import random

import pytest

from monitor.domain import Completeness
from monitor.evidence.completeness import PageSigns, contains, judge, reason, words

QUOTE = "FIRST LAST stole money from patients"
TALK = "Nice weather today, is it not? " * 30


def page(text: str) -> list[str]:
    return list(words(text))


@pytest.mark.parametrize(
    ("quote", "text", "is_there"),
    [
        (QUOTE, f"Beware: {QUOTE}!", True),
        (QUOTE, "first  last\nSTOLE “money” from… patients", True),
        (QUOTE, "FIRST LAST (edited 2 h ago) stole money from patients", True),
        (QUOTE, "ＦＩＲＳＴ ＬＡＳＴ stole mo\u00adney from\u200b patients", True),
        ("FIRST LAST stole money from his own patients", "FIRST LAST stole money from her own patients", True),
        (QUOTE, "patients from money stole LAST FIRST", False),
        (QUOTE, "FIRST LAST is kind. " + TALK + "They stole money. " + TALK + "from patients", False),
        (QUOTE, "", False),
        ("a thief", "what a thief", True),
        ("a thief", "a kind thief", False),
        ("", "anything", True),
        ("💰🤬", "anything", True),
        ("他偷了病人的钱", "大家小心，他偷了病人的钱。", True),
        ("他偷了病人的钱", "他给了病人很多帮助。", False),
        ("stole", "he stole " * 3, True),
    ],
)
def test_a_quote_is_found_by_its_words(quote: str, text: str, is_there: bool) -> None:
    assert contains(quote, page(text)) is is_there


def test_up_to_one_word_in_seven_may_differ_and_no_more() -> None:
    dice = random.Random(4)
    wanted = [f"word{n}" for n in range(20)]
    for lost in range(6):
        for _ in range(20):
            seen = list(wanted)
            for position in dice.sample(range(20), lost):
                seen[position] = "other"
            text = f"{TALK} {' '.join(seen)} {TALK}"
            assert contains(" ".join(wanted), page(text)) is (lost <= 3)


def test_a_quote_is_found_anywhere_in_a_long_page() -> None:
    dice = random.Random(5)
    filler = [f"w{n % 997}" for n in range(30_000)]
    for _ in range(10):
        spot = dice.randrange(len(filler))
        assert contains(QUOTE, [*filler[:spot], *page(QUOTE), *filler[spot:]])
    assert not contains(QUOTE, filler)


@pytest.mark.parametrize(
    ("signs", "verdict"),
    [
        ({"text": QUOTE}, Completeness.FOUND),
        ({"text": QUOTE, "title": "Log in", "asks_password": True}, Completeness.FOUND),
        ({"text": TALK}, Completeness.NOT_FOUND),
        ({"text": TALK * 3, "asks_password": True}, Completeness.NOT_FOUND),
        ({"text": "Forum. Name, password", "asks_password": True}, Completeness.LOGIN_WALL),
        ({"text": "You must be logged in to see this"}, Completeness.LOGIN_WALL),
        ({"text": "", "status": 401}, Completeness.LOGIN_WALL),
        (
            {"text": TALK * 3, "requested_url": "https://x.example/t/1", "final_url": "https://x.example/login?next=1"},
            Completeness.LOGIN_WALL,
        ),
        ({"text": "Please complete the CAPTCHA"}, Completeness.BOT_WALL),
        ({"text": TALK * 3, "title": "Just a moment...", "status": 403}, Completeness.BOT_WALL),
        ({"text": TALK * 3, "title": "How I beat a captcha"}, Completeness.NOT_FOUND),
        ({"text": TALK, "status": 429}, Completeness.BOT_WALL),
        ({"text": "Please enable JavaScript"}, Completeness.SCRIPT_FAILED),
        ({"text": "", "scripts_ran": False}, Completeness.SCRIPT_FAILED),
        ({"text": ""}, Completeness.NOT_FOUND),
    ],
)
def test_what_stands_in_place_of_the_words_is_told(signs: dict, verdict: Completeness) -> None:
    assert judge((QUOTE,), PageSigns(**signs)) is verdict


def test_every_quote_must_be_there() -> None:
    assert judge((QUOTE, "and lied about it often"), PageSigns(text=QUOTE)) is Completeness.NOT_FOUND


def test_without_quotes_only_a_wall_is_a_verdict() -> None:
    assert judge((), PageSigns(text=TALK)) is Completeness.UNKNOWN
    assert judge((), PageSigns(text="Please log in")) is Completeness.LOGIN_WALL


@pytest.mark.parametrize("verdict", Completeness)
def test_every_verdict_but_the_good_ones_has_a_reason(verdict: Completeness) -> None:
    assert bool(reason(verdict)) is (verdict not in (Completeness.FOUND, Completeness.UNKNOWN))
