from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.notify.masks import Masker, login_secrets, url_secrets
from monitor.notify.safe import header_line, hide_paths, one_line, plain_text, quiet_call_outs, shorten, shorten_lines


@given(st.text(max_size=2000), st.integers(1, 300))
def test_one_line_is_one_line_of_bounded_length(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    line.encode("utf-8")


def test_a_lone_surrogate_a_nul_and_direction_overrides_go() -> None:
    assert plain_text("a\ud800b\0c\u202ed\u2066e", 100) == "a\ufffdb\ufffdcde"


def test_stacked_marks_are_thinned_and_ordinary_ones_stay() -> None:
    assert plain_text("Z" + "\u0301" * 500, 100) == "Z" + "\u0301" * 4
    assert plain_text("Việt Nam é क्षि", 100) == "Việt Nam é क्षि"


def test_shortening_ends_at_a_line_and_says_so() -> None:
    assert shorten("abcdef", 4) == "abc…"
    assert shorten_lines("first line\nsecond line\nthird", 25, "[more]") == "first line\n[more]"
    assert shorten_lines("short", 25, "[more]") == "short"
    assert shorten_lines("x" * 50, 4, "[more]") == "xxx…"


@given(st.text(max_size=300), st.integers(1, 60))
def test_shortened_lines_fit(text: str, limit: int) -> None:
    assert len(shorten_lines(text, limit, "[cut]")) <= limit


def test_links_and_pictures_in_words_are_quieted() -> None:
    for words in (
        "[bank](https://evil.example)",
        "![see](https://evil.example/p.png)",
        "[a][b]\n[b]: https://x.example",
    ):
        said = quiet_call_outs(words)
        assert not any(sign in said for sign in ("](", "][", "]:"))
        assert said.replace("\u2060", "") == words
    assert quiet_call_outs("[1] and [two]") == "[1] and [two]"


def test_call_outs_to_people_are_quieted() -> None:
    said = quiet_call_outs("@everyone <!channel> <@U1> a < b mail@example.org 5 @ 3")
    assert "@everyone" not in said
    assert "<!channel" not in said
    assert "<@U1" not in said
    assert said.replace("\u2060", "") == "@everyone <!channel> <@U1> a < b mail@example.org 5 @ 3"


def test_an_encoded_word_is_not_one_any_more() -> None:
    assert "=?" not in header_line("=?utf-8?q?=0D=0ABcc:_evil?=")


def test_every_spelling_of_a_secret_is_masked() -> None:
    mask = Masker(login_secrets("me", "p@ss w/rd"))
    said = mask("p@ss w/rd p%40ss%20w%2Frd P@SS W/RD cEBzcyB3L3Jk AG1lAHBAc3Mgdy9yZA== ok")
    assert said == "*** *** *** *** *** ok"


def test_short_secrets_are_masked_only_where_they_stand_alone() -> None:
    assert Masker(["ab"])("ab cab a-ab, tab") == "*** cab a-***, tab"
    assert Masker([])("nothing to hide") == "nothing to hide"


def test_pieces_of_an_address_that_are_not_shown_are_secrets() -> None:
    secrets = url_secrets("tgram://123456:tokentoken/chat?x=hiddenvalue", "tgram://****/chat")
    assert {"123456", "tokentoken", "hiddenvalue"} <= secrets


def test_addresses_are_cut_down_to_their_host() -> None:
    said = hide_paths("at https://forum.example/first-last-lied?q=FIRST+LAST failed, see http://x.example. Also 3/4")
    assert said == "at https://forum.example/… failed, see http://x.example. Also 3/4"
