from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.words import sentences, stem, words_at


def test_sentences_end_where_people_end_them() -> None:
    text = 'Dr. Alina Voss left. "She did it!" Really? Yes… no\nnew line, e.g. this one.'
    assert [text[a:b] for a, b in sentences(text)] == [
        "Dr. Alina Voss left.",
        '"She did it!"',
        "Really?",
        "Yes…",
        "no",
        "new line, e.g. this one.",
    ]


@given(st.text(max_size=2000))
def test_sentences_lie_in_order_within_the_text(text: str) -> None:
    last = 0
    for start, end in sentences(text):
        assert last <= start < end <= len(text)
        assert end - start <= 600
        last = end


@given(st.text(max_size=300))
def test_words_slice_to_what_was_folded(text: str) -> None:
    for word, start, end in words_at(text):
        assert word
        assert 0 <= start < end <= len(text)


@pytest.mark.parametrize(
    "forms",
    [
        "steal steals stealing stole stolen",
        "tax taxes taxed",
        "pocket pockets pocketing pocketed",
        "rob robbed robbing",
    ],
)
def test_forms_of_a_word_share_a_stem(forms: str) -> None:
    assert len({stem(form) for form in forms.split()}) == 1
