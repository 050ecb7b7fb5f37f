"""Words out of HTML, dates, and the small readers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors._anchors import Places, css_identifier, selector_of
from connectors._dates import read_date
from connectors._html import absolute, decode, html_to_text, parse, text_of
from connectors._json_ld import load
from connectors._removals import removed
from monitor.domain import Precision


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain  words\n here ", "plain words\nhere"),
        ("a &amp; b &lt; c", "a & b < c"),
        ("x < y and y > z", "x < y and y > z"),
        ("<p>a</p><p>b</p>", "a\nb"),
        ("<b>a</b><i>b</i>", "ab"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>a<li>b</ul>c", "a\nb\nc"),
        ("<p>a\n  b</p>", "a b"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("a<script>x</script>b<style>y</style>c<!-- d -->e", "abce"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a\nb"),
        ("<div><div>a</div>b</div>c", "a\nb\nc"),
        ("<p></p>", ""),
        ("<", "<"),
        ("", ""),
        ("<template>x</template><noscript>y</noscript>z", "z"),
        ("<textarea>a</textarea><a title='<b>'>b</a>", "ab"),
    ],
)
def test_html_to_text(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_nothing_is_lost_in_deep_trees() -> None:
    assert html_to_text("<div>" * 1500 + "deep") == "deep"


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(html_to_text(text), str)
    assert isinstance(html_to_text(f"<p>{text}"), str)


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("ä".encode(), "", "ä"),
        (b"\xe4", "", "ä"),
        (b"\xe4", "iso-8859-1", "ä"),
        (b"\x93x\x94", "iso-8859-1", "“x”"),
        (b"\xef\xbb\xbf\xc3\xa4", "iso-8859-1", "ä"),
        ("ä".encode("utf-16"), "", "ä"),
        (b'<meta charset="windows-1251">\xcf', "", '<meta charset="windows-1251">П'),
        (b"<meta http-equiv=content-type content='text/html; charset=koi8-r'>\xf0", "", None),
        (b"\xe4", "utf-7", "ä"),
        (b"\xe4", "base64", "ä"),
        (b"\xe4", "no such charset", "ä"),
        (b"\xe4", "\x00", "ä"),
    ],
)
def test_decode(body: bytes, charset: str, text: str | None) -> None:
    found = decode(body, charset)
    assert found.endswith("П") if text is None else found == text


@given(body=st.binary(), charset=st.text(max_size=20))
def test_any_bytes_can_be_decoded(body: bytes, charset: str) -> None:
    decode(body, charset).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "moment", "precision"),
    [
        ("2026-01-15T12:00:00Z", datetime(2026, 1, 15, 12, tzinfo=UTC), Precision.EXACT),
        ("2026-01-15T12:00:00+02:00", datetime(2026, 1, 15, 10, tzinfo=UTC), Precision.EXACT),
        ("2026-01-15T12:00", datetime(2026, 1, 15, 12, tzinfo=UTC), Precision.ESTIMATED),
        ("2026-01-15", datetime(2026, 1, 15, tzinfo=UTC), Precision.DAY),
        ("Thu, 15 Jan 2026 12:00:00 GMT", datetime(2026, 1, 15, 12, tzinfo=UTC), Precision.EXACT),
        ("January 15, 2026", datetime(2026, 1, 15, tzinfo=UTC), Precision.DAY),
        ("15.01.2026, 12:30", datetime(2026, 1, 15, 12, 30, tzinfo=UTC), Precision.ESTIMATED),
        ("1768478400", datetime(2026, 1, 15, 12, tzinfo=UTC), Precision.EXACT),
        ("1768478400000", datetime(2026, 1, 15, 12, tzinfo=UTC), Precision.EXACT),
        ("01/02/2026", None, Precision.UNKNOWN),
        ("yesterday", None, Precision.UNKNOWN),
        ("", None, Precision.UNKNOWN),
        ("0001-01-01T00:00:00+14:00", None, Precision.UNKNOWN),
        ("99999999999999", datetime(5138, 11, 16, 9, 46, 39, 999000, tzinfo=UTC), Precision.EXACT),
        ("9" * 500, None, Precision.UNKNOWN),
    ],
)
def test_dates(text: str, moment: datetime | None, precision: Precision) -> None:
    assert read_date(text) == (moment, precision)


@given(st.text())
def test_any_date_can_be_read(text: str) -> None:
    moment, _ = read_date(text)
    assert moment is None or moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('<!-- {"a": 1} -->', {"a": 1}),
        ('//<![CDATA[\n{"a": 1}\n//]]>', {"a": 1}),
        ('/*<![CDATA[*/{"a": 1}/*]]>*/', {"a": 1}),
        ('{"a": [1, 2,], }', {"a": [1, 2]}),
        ('{"a": "x, }", "b": "http://y", /* c */ "d": 1 // e\n}', {"a": "x, }", "b": "http://y", "d": 1}),
        ('{"a": "line\nbreak"}', {"a": "line\nbreak"}),
        ("{&quot;a&quot;: 1}", {"a": 1}),
        ('{"a": 1};', {"a": 1}),
        ('{"a": ', None),
        ("", None),
        ("[" * 100_000, None),
    ],
)
def test_tolerant_json(text: str, value: object) -> None:
    assert load(text) == value


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("/a", "https://a.example/a"),
        (" //b.example/c ", "https://b.example/c"),
        ("javascript:alert(1)", ""),
        ("data:image/png;base64,x", ""),
        ("http://[", ""),
        ("", ""),
        ("http://u:p@a.example/", ""),
    ],
)
def test_absolute(url: str, found: str) -> None:
    assert absolute(url, "https://a.example/x/") == found


PAGE = """<html><body><div id="main"><p>one</p><p class=x>two <b>three</b> four five six</p>
<ul><li id="post-12">alpha</li><li>beta <i>gamma delta epsilon</i></li><li id="1x:y">z</li></ul></div></body></html>"""


@pytest.mark.parametrize(
    ("words", "selector"),
    [
        ("two three four five six", "#main > p:nth-of-type(2)"),
        ("gamma delta epsilon", "#main > ul:nth-of-type(1) > li:nth-of-type(2) > i:nth-of-type(1)"),
        ("one two three four five six", "#main"),
    ],
)
def test_places(words: str, selector: str) -> None:
    tree = parse(PAGE)
    assert tree is not None
    found = Places(tree).by_words(words)
    assert found is not None
    assert selector_of(found) == selector
    assert tree.cssselect(selector) == [found]


def test_every_selector_leads_back() -> None:
    tree = parse(PAGE)
    assert tree is not None
    for element in tree.iter():
        assert tree.cssselect(selector_of(element)) == [element]


def test_words_that_are_not_there_have_no_place() -> None:
    tree = parse(PAGE)
    assert tree is not None
    assert Places(tree).by_words("nothing of this kind is said") is None
    assert Places(tree).by_words("one") is None


def test_css_identifiers() -> None:
    assert css_identifier("post-12") == "post-12"
    assert css_identifier("1x:y") == "\\31 x\\3a y"
    assert css_identifier("é") == "é"


def test_parse_keeps_words_of_odd_pages() -> None:
    for body in ("<?xml version='1.0' encoding='utf-8'?><html><p>x</p>", "<p>a\x00b", "<!-->x", "x" * 10):
        tree = parse(body)
        assert tree is not None
        assert text_of(tree)


@pytest.mark.parametrize(
    ("before", "now", "gone"),
    [
        ("", "ab", ""),
        ("ab", "ab", ""),
        ("abc", "ac", "b"),
        ("abc", "bc", "a"),
        ("abc", "ab", "c"),
        ("abc", "xab", ""),  # a new one came in and pushed the oldest out
        ("abc", "xac", "b"),
        ("abc", "xa", "bc"),  # one came in, two are missing
        ("abc", "xya", ""),
        ("abc", "bcx", ""),
        ("abc", "abx", "c"),
        ("abc", "acx", "b"),
        ("abc", "xyz", "abc"),
        ("abc", "", "abc"),
    ],
)
def test_removed(before: str, now: str, gone: str) -> None:
    assert removed(list(before), list(now)) == tuple(gone)
