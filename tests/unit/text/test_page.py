"""Visible words are read from a page without running or trusting any of it."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from monitor.text import read_page


def test_scripts_styles_and_head_are_no_words() -> None:
    title, text = read_page(
        b"<html><head><title>A  title</title><style>p{}</style></head><body><script>var x='hidden'</script>"
        b"<h1>Head</h1><p>One <b>bold</b> word</p><template>no</template><p>Two</body>"
    )
    assert title == "A title"
    assert text == "Head\nOne bold word\nTwo"


def test_a_head_that_never_ends_does_not_swallow_the_page() -> None:
    assert read_page(b"<head><title>t</title><p>words")[1] == "words"


def test_charsets_are_followed_and_wrong_ones_survived() -> None:
    assert read_page("<p>Ж".encode("windows-1251"), "windows-1251")[1] == "Ж"
    assert read_page("<p>é".encode("cp1252"))[1] == "é"
    assert read_page("<p>日本".encode(), "no-such-charset")[1] == "日本"
    assert read_page(b"<p>a\x00b &#xD800; &#0;")[1].startswith("a\ufffdb")


@given(st.binary(max_size=400))
def test_any_bytes_give_clean_text(body: bytes) -> None:
    for part in read_page(body):
        part.encode("utf-8")
        assert "\x00" not in part


def test_deep_nesting_and_open_tags_take_linear_time() -> None:
    def took(body: bytes) -> float:
        start = time.perf_counter()
        read_page(body)
        return time.perf_counter() - start

    took(b"<div>" * 1_000)
    small, large = took(b"<div><script>" * 5_000), took(b"<div><script>" * 50_000)
    assert large < 60 * max(small, 0.01)
