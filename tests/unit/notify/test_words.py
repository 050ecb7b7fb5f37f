from __future__ import annotations

import re
from datetime import UTC, datetime
from string import Formatter

import pytest

from monitor.domain import HealthState, Level, LiveState, ReviewVerdict, Stance
from monitor.notify.words import LANGUAGES, Words

OTHERS = [language for language in LANGUAGES if language != "en"]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_says_everything_with_the_same_facts(language: str) -> None:
    english, other = LANGUAGES["en"], LANGUAGES[language]
    assert list(english) == list(other)
    assert {key: placeholders(text) for key, text in english.items()} == {
        key: placeholders(text) for key, text in other.items()
    }
    assert [key for key, text in english.items() if bool(text) != bool(other[key])] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_that_becomes_a_key_has_words(language: str) -> None:
    texts = LANGUAGES[language]
    keys = [f"level.{level}" for level in Level]
    keys += [f"stance.{stance}" for stance in Stance if stance not in (Stance.REPEAT, Stance.UNCLEAR)]
    keys += [f"change.state.{state}" for state in LiveState] + [f"digest.change.{state}" for state in LiveState]
    keys += [f"state.{state}" for state in HealthState]
    # A verdict that was taken back is none: the digest says nothing of it.
    keys += [f"digest.review.{verdict}" for verdict in ReviewVerdict if verdict is not ReviewVerdict.WITHDRAWN]
    assert [key for key in keys if key not in texts] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tone_is_calm(language: str) -> None:
    said = " ".join(LANGUAGES[language].values())
    assert "!" not in said
    assert not re.search(r"\b(attack|urgent|warning|danger(ous)?!|angriff|dringend|achtung)\b", said, re.IGNORECASE)


def syllables(word: str) -> int:
    return max(1, len(re.findall(r"[aeiouy]+", re.sub(r"(?<=[^l])e$", "", word.lower()))))


def test_english_reads_at_grade_eight_or_below() -> None:
    """Flesch-Kincaid over all sentences, placeholders as short words."""
    sentences = [re.sub(r"\{\w+\}", "it", text) for text in LANGUAGES["en"].values() if text.endswith(".")]
    words = [word for sentence in sentences for word in re.findall(r"[A-Za-z']+", sentence)]
    ends = sum(len(re.findall(r"[.?](?:\s|$)", sentence)) for sentence in sentences)
    grade = 0.39 * len(words) / ends + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
    assert grade <= 8


def test_numbers_and_dates_follow_the_language() -> None:
    at = datetime(2026, 3, 1, 7, 5, tzinfo=UTC)
    assert Words("en").number(1234567) == "1,234,567"
    assert Words("de").number(1234567) == "1.234.567"
    assert Words("en").moment(at) == "Sunday 1 March 2026, 07:05"
    assert Words("de").moment(at) == "Sonntag, 1. März 2026, 07:05"
    assert Words("de").day(at) == "Sonntag, 1. März 2026"
    assert Words("en").count("digest.more", 1) == "and 1 more"
