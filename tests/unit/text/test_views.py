from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.views import View, Views, fold, latin, offsets, skeleton, squeeze

MIXED = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from("aAlLiI1!|@$0o .-*_\\/()<>\u200b\u0301\u0336\u00df\ufb01\u0130🅰🇦Ⅷ½ｖ𝓋ᗩдя中ك"),
    ),
    max_size=80,
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Alina Voss", "alina voss"),
        ("ALINA\tVOSS", "alina voss"),
        ("Ａｌｉｎａ Ｖｏｓｓ", "alina voss"),
        ("𝓐𝓵𝓲𝓷𝓪 𝐕𝐨𝐬𝐬", "alina voss"),
        ("A\u0336l\u0336i\u0336n\u0336a", "alina"),
        ("Al\u200bi\u00adna", "alina"),
        ("Straße", "strasse"),
        ("Nguyễn Thị Hoà", "nguyen thi hoa"),
        ("Łódź Đà Øre", "lodz da ore"),
        ("Мария Петрова", "мария петрова"),
        ("दिव्या शर्मा", "दिव्या शर्मा"),
        ("محمّد", "محمد"),
        ("O’Brien’s", "o brien s"),
        ("\ud800x", "x"),
    ],
)
def test_folded_text_reads_as_a_person_would(written: str, read: str) -> None:
    assert fold(written) == read


@pytest.mark.parametrize(
    "disguise",
    [
        "4l1na v0ss", "Аlіnа Vоss", "@1!n@ v0$$", "A.l.i.n.a V-o-s-s", "A l i n a V o s s", "a🔥l🔥i🔥n🔥a v🔥o🔥s🔥s",
        "🅰🇱ina ⓥⓞⓢⓢ", "ᴀʟɪɴᴀ ᴠᴏꜱꜱ", "ᗩᒪIᑎᗩ ᐯOᔕᔕ", "卂ㄥ丨几卂 ᐯㄖ丂丂", "₳Ⱡł₦₳ V0$$",
        "/\\lina \\/oss", "Aliiiina Vosss", "aLina vOss",
    ],
)  # fmt: skip
def test_disguises_squeeze_to_the_same_letters(disguise: str) -> None:
    assert squeeze(disguise) == squeeze("Alina Voss")


def test_native_names_survive_and_have_a_latin_reading() -> None:
    assert latin("Мария Петрова") == "mariya petrova"
    assert latin("李娜来了").startswith("li na")
    assert fold("李娜") == "李娜"


@given(MIXED)
def test_offset_maps_give_the_same_view_and_point_into_the_original(text: str) -> None:
    for view, make in ((View.FOLDED, fold), (View.LATIN, latin), (View.SKELETON, skeleton), (View.SQUEEZED, squeeze)):
        read, where = offsets(text, view)
        assert read == make(text)
        assert len(read) == len(where)
        assert list(where) == sorted(where)
        assert all(0 <= place < len(text) for place in where)


@given(MIXED)
def test_views_can_be_encoded_and_searched(text: str) -> None:
    views = Views(text)
    for view in View:
        views.get(view).encode()
    if views.folded:
        start, end = views.original(View.FOLDED, 0, len(views.folded))
        assert 0 <= start < end <= len(text)
        assert fold(text[start:end]) == views.folded


def test_ordinary_posts_are_not_taken_for_disguised() -> None:
    for text in (
        "Lovely day, isn’t it? 😀",
        "It costs £20 – see you at 10:30",
        "see https://example.org/x and #tag @friend",
    ):
        assert not Views(text).is_disguised
    for text in ("v0ss", "vоss", "v*ss", "V.o.s.s"):
        assert Views(text).is_disguised
