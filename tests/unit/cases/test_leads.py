from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cases.leads import Basis, account_of, suggest
from monitor.domain import Author, Confidence, Mention

WORDS = "she took the deposits of eleven patients and left the town at night"


def mention(number: int, source: str, text: str, handle: str = "") -> Mention:
    return Mention(
        id=number,
        source=source,
        external_id=str(number),
        url=f"https://example.org/{number}",
        text=text,
        first_seen_at=datetime(2026, 1, 1, tzinfo=UTC),
        author=Author(handle=handle) if handle else None,
    )


def test_the_same_handle_words_or_link_elsewhere_is_a_suggestion() -> None:
    found = suggest(
        [
            mention(1, "forum", f"So: {WORDS}. See https://example.org/proof.", "@QuayRat"),
            mention(2, "blog", f"{WORDS.upper()}!", "quayrat"),
            mention(3, "news", "Read https://example.org/proof", "someone"),
        ],
        never_linked=(),
    ).found
    assert {(one.basis, one.mention_ids, one.confidence) for one in found} == {
        (Basis.SAME_HANDLE, (1, 2), Confidence.FAIR),
        (Basis.SAME_LINK, (1, 3), Confidence.WEAK),
        (Basis.SAME_WORDS, (1, 2), Confidence.WEAK),
    }
    handle = next(one for one in found if one.basis is Basis.SAME_HANDLE)
    assert (handle.value, handle.accounts) == ("quayrat", ("blog: quayrat", "forum: @QuayRat"))


def test_one_account_with_itself_is_no_suggestion() -> None:
    two = [mention(1, "forum", WORDS, "quayrat"), mention(2, "forum", WORDS, "quayrat")]
    assert suggest(two, never_linked=()).found == ()


def test_short_handles_and_unknown_authors_say_nothing() -> None:
    two = [
        mention(1, "forum", "a", "bob"),
        mention(2, "blog", "b", "bob"),
        mention(3, "news", WORDS),
        mention(4, "x", WORDS),
    ]
    assert suggest(two, never_linked=()).found == ()


def test_sources_that_forbid_linking_are_left_out_and_named() -> None:
    two = [mention(1, "reddit-town", WORDS, "quayrat"), mention(2, "blog", WORDS, "quayrat")]
    suggestions = suggest(two, never_linked=["reddit-town", "reddit-other"])
    assert suggestions.found == ()
    assert suggestions.left_out == ("reddit-town",)


@pytest.mark.parametrize(("author", "named"), [(Author(name="N"), "s: N"), (Author(), ""), (None, "")])
def test_an_account_is_named_as_it_was_seen(author: Author | None, named: str) -> None:
    one = Mention(
        source="s", external_id="1", url="u", text="", first_seen_at=datetime(2026, 1, 1, tzinfo=UTC), author=author
    )
    assert account_of(one) == named


@given(st.lists(st.text(max_size=80), max_size=6))
def test_any_text_will_do(texts: list[str]) -> None:
    suggest([mention(number, "s", text, f"handle{number % 2}") for number, text in enumerate(texts)], never_linked=())
