from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from monitor.domain import HealthState, Level, LiveState, ReviewVerdict, Stance
from monitor.notify.words import LANGUAGES, Words
from monitor.notify.words.catalogue import DOMAIN, PAIRS, SENTENCES, catalogue_path, read_translations
from monitor.notify.words.en import TEXTS

OTHERS = [language for language in LANGUAGES if language != "en"]


def catalogue(language: str) -> Catalog:
    with files("monitor.notify.words").joinpath(catalogue_path(language)).open("rb") as file:
        return read_po(file, locale=language)


def sentences(language: str) -> list[str]:
    """Give everything that is said in a language."""
    if language == "en":
        return list(TEXTS.values())
    return [form for message in catalogue(language) if message.id for form in forms(message.string)]


def forms(text: str | Iterable[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_the_catalogues_are_in_line_with_the_sentences(checkout: Path) -> None:
    script = checkout / "scripts" / "catalogues.py"
    run = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"run `make catalogues`: {run.stdout}{run.stderr}"


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_says_everything_with_the_same_facts(language: str) -> None:
    found = {message.context: message for message in catalogue(language) if message.id}
    assert set(found) == {*PAIRS, *(key for key, text in SENTENCES.items() if text)}
    for key, message in found.items():
        assert all(forms(message.string)), f"{key} is not translated"
        assert not message.fuzzy, f"the translation of {key} is in doubt"
        wanted = placeholders(forms(message.id)[-1])
        assert all(placeholders(form) | {"count"} == wanted | {"count"} for form in forms(message.string)), key
        if isinstance(message.id, str):
            assert placeholders(message.string) == wanted, key


def test_a_language_has_as_many_forms_as_it_needs() -> None:
    made, key = Catalog(locale="pl", domain=DOMAIN), "digest.more"
    made.add(PAIRS[key], ("i {count} nowa", "i {count} nowe", "i {count} nowych"), context=key)
    out = BytesIO()
    write_po(out, made)
    out.seek(0)
    polish = read_translations(out, "pl")
    said = [polish.npgettext(key, *PAIRS[key], number).format(count=number) for number in (1, 3, 5, 22)]
    assert said == ["i 1 nowa", "i 3 nowe", "i 5 nowych", "i 22 nowe"]
    assert polish.pgettext("label.source", "Source") == "Source", "what is not translated is said in English"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_that_becomes_a_key_has_words(language: str) -> None:
    words = Words(language)
    keys = [f"level.{level}" for level in Level]
    keys += [f"stance.{stance}" for stance in Stance if stance not in (Stance.REPEAT, Stance.UNCLEAR)]
    keys += [f"change.state.{state}" for state in LiveState] + [f"digest.change.{state}" for state in LiveState]
    keys += [f"state.{state}" for state in HealthState]
    # A verdict that was taken back is none: the digest says nothing of it.
    keys += [f"digest.review.{verdict}" for verdict in ReviewVerdict if verdict is not ReviewVerdict.WITHDRAWN]
    assert all(words.say(key, source="x", clock="1") or key == "state.ok" for key in keys)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tone_is_calm(language: str) -> None:
    said = " ".join(sentences(language))
    assert "!" not in said
    assert not re.search(r"\b(attack|urgent|warning|danger(ous)?!|angriff|dringend|achtung)\b", said, re.IGNORECASE)


def syllables(word: str) -> int:
    return max(1, len(re.findall(r"[aeiouy]+", re.sub(r"(?<=[^l])e$", "", word.lower()))))


def test_english_reads_at_grade_eight_or_below() -> None:
    """Flesch-Kincaid over all sentences, placeholders as short words."""
    sentences = [re.sub(r"\{\w+\}", "it", text) for text in TEXTS.values() if text.endswith(".")]
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
