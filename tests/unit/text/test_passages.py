"""Passages are found again, and what changed in them is named word by word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.text.passages import Edit, compare, find_passage

PASSAGE = st.lists(st.sampled_from("one two three four five six seven".split()), unique=True).map(" ".join)
WORDS = st.lists(st.sampled_from("one two three four five six seven".split()), max_size=60).map(" ".join)


def test_the_best_of_several_stretches_is_found() -> None:
    page = "He took the money. Later: he took all of the money from us, they say. He took it."
    found = find_passage("he took all of the money from us", page)
    assert found
    assert found.text == "he took all of the money from us"
    assert found.share == 1.0


def test_nothing_is_found_where_nothing_is() -> None:
    assert find_passage("some words", "") is None
    assert find_passage("", "some words") is None
    assert find_passage("words", "other things") is None


def test_a_comparison_names_what_went_and_what_came() -> None:
    assert compare("he stole the money.", "he may have borrowed the money.") == (
        Edit(same="he"),
        Edit(removed="stole", added="may have borrowed"),
        Edit(same="the money."),
    )
    assert compare("a b", "a b") == (Edit(same="a b"),)
    assert compare("", "new words") == (Edit(added="new words"),)


@given(WORDS, PASSAGE, WORDS)
def test_a_passage_in_a_text_is_always_found_whole(before: str, passage: str, after: str) -> None:
    found = find_passage(passage, f"{before} {passage} {after}")
    assert found is None if not passage else (found and found.share == 1.0)


@given(WORDS, WORDS)
def test_a_comparison_gives_both_texts_back(old: str, new: str) -> None:
    edits = compare(old, new)
    assert " ".join(part for edit in edits for part in (edit.same, edit.removed) if part) == old
    assert " ".join(part for edit in edits for part in (edit.same, edit.added) if part) == new
