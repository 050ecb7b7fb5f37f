"""Lists of links that a person brings, honest and hostile."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from monitor.text.link_list import MAX_BYTES, NotALinkList, read_links

A, B = "https://a.example/1", "https://b.example/2?x=1,2"
ALERT = "https://www.google.com/url?rct=j&url=https://a.example/1&ct=ga"
FEED = "https://www.google.com/alerts/feeds/123456/7890123"


def links(body: str | bytes) -> list[tuple[int, str]]:
    found = read_links(body if isinstance(body, bytes) else body.encode())
    assert not [line for line in found if line.fault]
    return [(line.number, line.url) for line in found]


@pytest.mark.parametrize("name", ["url", "URL", "Link", "Web address", "permalink", "Source-URL", "Adresse", "href"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_column_is_found_by_many_names(name, delimiter):
    body = f"note{delimiter}{name}\r\nfirst{delimiter}{A}\r\n\r\nsecond{delimiter}{A}?p=2\r\n"
    assert links(body) == [(2, A), (4, f"{A}?p=2")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_one_link_a_line_in_the_usual_encodings(encoding):
    assert links(f"{A}\n{B}\n".encode(encoding)) == [(1, A), (2, B)]


def test_rows_without_a_header():
    assert links(f'2026-01-01;{A};a note\n2026-01-02,"{B}",another') == [(1, A), (2, B)]


def test_bad_lines_are_named_and_nothing_after_them_is_lost():
    rows = ["url,note", A, "not a link", '"never closed', '=HYPERLINK("https://x.example"),f', ",empty", f"{B!r}", A]
    found = read_links("\n".join(rows).encode())
    assert [line.number for line in found] == list(range(2, 9))
    assert [line.number for line in found if line.url] == [2, 8]
    assert "formula" in found[3].fault


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "file:///etc/passwd", "https://u:p@a.example/", "http://", "@SUM(1)"]
)
def test_what_is_no_web_address_is_bad(link):
    (line,) = read_links(link.encode())
    assert (line.url, bool(line.fault)) == ("", True)


def test_opml_gives_feeds_with_titles_and_lines():
    body = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<opml version="2.0"><body>\n<outline text="News">\n'
        f'<outline type="rss" text="Town &amp; land" xmlUrl="{A}"/>\n<outline text="none"/>\n</outline></body></opml>'
    )
    feed, bad = read_links(body.encode())
    assert (feed.number, feed.url, feed.title, feed.is_feed) == (4, A, "Town & land", True)
    assert (bad.number, bad.fault) == (5, "this entry holds no address")


def test_alerts_are_unwrapped_in_every_form():
    atom = (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="{ALERT.replace("&", "&amp;")}"/></entry></feed>'
    )
    page = f'<html><body><a href="{ALERT}">x</a><a href="https://google.example/unsubscribe">y</a></body></html>'
    for body in (ALERT, f"link\n{ALERT}", atom, page):
        assert [url for _, url in links(body)] == [A]


def test_an_address_of_an_alert_feed_is_a_feed():
    (line,) = read_links(FEED.encode())
    assert line.is_feed


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><opml><body>&b;</body></opml>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><opml><outline xmlUrl="&a;"/></opml>'


@pytest.mark.parametrize(
    "body",
    [
        BOMB.encode(),
        OUTSIDE.encode(),
        b"\x7fELF\0\0\0\1" * 100,
        b"PK\3\4\0\0" * 100,
        b"<opml><body>",
        b"<svg/>",
        b"a" * (MAX_BYTES + 1),
        b"<opml>" + b"<outline>" * 5_000,
    ],
    ids=["bomb", "outside", "elf", "zip", "cut", "svg", "large", "deep"],
)
def test_what_is_no_list_is_refused_in_words(body):
    with pytest.raises(NotALinkList, match="it "):
        read_links(body)


def test_the_largest_file_of_one_hostile_line_is_cheap():
    body = b'"' * (MAX_BYTES // 4)
    tracemalloc.start()
    begun = time.process_time()
    (line,) = read_links(body)
    assert line.fault
    assert time.process_time() - begun < 5
    assert tracemalloc.get_traced_memory()[1] < 64 * 1024 * 1024
    tracemalloc.stop()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_cells_with_line_breaks(delimiter, encoding, end):
    rows = [
        ["Note", "Link"],
        ['"first, ""quoted""' + end + end + 'third; line"', "https://a.example/1"],
        ["plain", '"https://a.example/2"'],
        ['"two' + end + 'lines"', "no address"],
        ["", "https://a.example/3"],
    ]
    text = end.join(delimiter.join(row) for row in rows) + end
    found = read_links(text.encode(encoding))
    assert [(line.number, line.url) for line in found if line.url] == [
        (2, "https://a.example/1"),
        (5, "https://a.example/2"),
        (8, "https://a.example/3"),
    ]
    assert [(line.number, line.fault) for line in found if line.fault] == [(6, "this is no web address")]


def test_a_quote_that_is_never_closed_spoils_its_line_alone():
    lines = ["note,url", '"open,https://a.example/1', "x,https://a.example/2", '5" nail,https://a.example/3']
    found = read_links("\n".join(lines).encode())
    assert [(line.number, line.url) for line in found if line.url] == [
        (3, "https://a.example/2"),
        (4, "https://a.example/3"),
    ]
    assert [line.number for line in found if line.fault] == [2]


def test_quotes_without_end_are_cheap():
    """Each line is looked at once, however many look like the beginning of a cell over several lines."""
    found = read_links(b"note,url\n" + b'"\n' * 300_000)
    assert len(found) == 300_000
