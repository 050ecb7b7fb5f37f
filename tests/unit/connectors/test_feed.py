"""The feed connector: formats, ids, dates, words, and what is no feed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from connectors._feed_reader import is_harmless
from connectors._presets import PRESETS, feed_url
from connectors.feed import FeedConnector, FeedCursor, FeedSettings
from monitor.domain import HealthState, Item, MentionKind, Precision
from monitor.errors import AuthenticationFailed, MonitorError, SourceChanged, SourceUnavailable
from monitor.testing import NOW, FakeHttp, answer, collect, context

URL = "https://blog.example/feed"


async def _items(body: bytes | str, *, media_type: str = "application/rss+xml", **settings: Any) -> tuple[Item, ...]:
    http = FakeHttp({URL: answer(body, media_type=media_type)})
    pages = await collect(FeedConnector(FeedSettings(url=URL, **settings)), context(http))
    return tuple(item for page in pages for item in page.items)


def _rss(*items: str, head: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>t</title>'
        f"{head}{''.join(f'<item>{item}</item>' for item in items)}</channel></rss>"
    )


def _atom(*entries: str, head: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        f'xmlns:thr="http://purl.org/syndication/thread/1.0">{head}'
        f"{''.join(f'<entry>{entry}</entry>' for entry in entries)}</feed>"
    )


async def test_rss_item() -> None:
    (item,) = await _items(
        _rss(
            '<guid isPermaLink="false">g-1</guid><title>Two &amp;amp; three</title><link>/post/1</link>'
            "<pubDate>Thu, 15 Jan 2026 13:00:00 +0100</pubDate><dc:creator>Somebody</dc:creator>"
            "<description>short</description>"
            "<content:encoded><![CDATA[<p>First&nbsp;<b>line</b></p><p>Second<br>third</p><script>x()</script>"
            '<img src="/a.png"><img src="p.gif" width=1 height=1>]]></content:encoded>'
            '<enclosure url="https://blog.example/b.mp3" type="audio/mpeg" length="1"/>'
            '<enclosure url="https://blog.example/b.zip" type="application/zip" length="1"/>'
            '<media:content url="https://blog.example/c.jpg" medium="image"/>',
            head="<language>de</language>",
        )
    )
    assert item.external_id == "g-1"
    assert item.title == "Two & three"
    assert item.url == "https://blog.example/post/1"
    assert item.text == "First line\nSecond\nthird"
    assert item.author is not None
    assert item.author.name == "Somebody"
    assert (item.published_at, item.published_precision) == (datetime(2026, 1, 15, 12, tzinfo=UTC), Precision.EXACT)
    assert item.edited_at is None
    assert item.language == "de"
    assert item.kind is MentionKind.ARTICLE
    assert item.media == ("https://blog.example/b.mp3", "https://blog.example/c.jpg", "https://blog.example/a.png")
    assert item.fetched_at == NOW
    assert b"First" in item.raw
    assert item.raw_media_type == "application/rss+xml"


async def test_atom_entry() -> None:
    (item,) = await _items(
        _atom(
            "<id>tag:a,1</id><title type='html'>&lt;b&gt;Bold&lt;/b&gt; words</title>"
            "<link rel='alternate' href='https://blog.example/1'/>"
            "<link rel='enclosure' type='image/png' href='/i.png'/>"
            "<published>2026-01-15T12:00:00Z</published><updated>2026-01-15T14:00:00Z</updated>"
            "<thr:in-reply-to ref='tag:a,0' href='https://blog.example/0'/>"
            "<content type='xhtml' xml:lang='fr'><div xmlns='http://www.w3.org/1999/xhtml'><p>un</p><p>deux</p></div></content>",
            head="<author><name>The Blog</name><uri>https://blog.example/about</uri></author>",
        )
    )
    assert (item.external_id, item.title, item.text) == ("tag:a,1", "Bold words", "un\ndeux")
    assert item.author is not None
    assert (item.author.name, item.author.profile_url) == ("The Blog", "https://blog.example/about")
    assert item.edited_at == datetime(2026, 1, 15, 14, tzinfo=UTC)
    assert item.in_reply_to_url == "https://blog.example/0"
    assert item.media == ("https://blog.example/i.png",)
    assert item.language == "fr"


async def test_atom_plain_text_keeps_its_angle_brackets() -> None:
    (item,) = await _items(
        _atom("<id>1</id><title type='text'>a &lt;b&gt; c &amp;amp; d</title><summary>x &lt; y</summary>")
    )
    assert (item.title, item.text) == ("a <b> c &amp; d", "x < y")


async def test_json_feed() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "language": "en",
        "authors": [{"name": "Desk"}],
        "items": [
            {
                "id": 7,
                "url": "/7",
                "title": "Seven",
                "content_html": "<p>one<p>two<img src=/i.png>",
                "date_published": "2026-01-15T12:00:00+01:00",
                "date_modified": "2026-01-15T13:00:00+01:00",
                "attachments": [{"url": "https://blog.example/a.mp3"}, "odd"],
            },
            {
                "id": "8",
                "external_url": "https://other.example/x",
                "content_text": "plain <b>",
                "author": {"name": "A"},
            },
            "odd",
            {"content_text": "no id"},
        ],
    }
    seven, eight, nameless = await _items(json.dumps(feed), media_type="application/feed+json")
    assert (seven.external_id, seven.url, seven.text) == ("7", "https://blog.example/7", "one\ntwo")
    assert seven.author is not None
    assert seven.author.name == "Desk"
    assert seven.edited_at == datetime(2026, 1, 15, 12, tzinfo=UTC)
    assert seven.media == ("https://blog.example/a.mp3", "https://blog.example/i.png")
    assert (eight.text, eight.url) == ("plain <b>", "https://other.example/x")
    assert eight.author is not None
    assert eight.author.name == "A"
    assert len(nameless.external_id) == 64
    assert nameless.url == URL


async def test_redirecting_links_are_unwrapped() -> None:
    link = "https://www.google.com/url?rct=j&amp;sa=t&amp;url=https://news.example/story&amp;ct=ga"
    (item,) = await _items(_atom(f"<id>tag:google.com,2013:googlealerts/feed:1</id><link href='{link}'/>"))
    assert item.url == "https://news.example/story"
    assert item.external_id == "tag:google.com,2013:googlealerts/feed:1"


async def test_ids_of_items_without_one() -> None:
    first = await _items(_rss("<link>https://blog.example/1?utm_source=x</link><title>a</title>", "<title>b</title>"))
    again = await _items(_rss("<link>https://blog.example/1</link><title>changed</title>", "<title>b</title>"))
    assert [item.external_id for item in first] == [item.external_id for item in again]
    assert len({item.external_id for item in first}) == 2


async def test_items_that_share_an_id_by_mistake_are_all_kept() -> None:
    same = "<guid isPermaLink='false'>0</guid>"
    feed = _rss(f"{same}<link>https://a.example/1</link>", f"{same}<link>https://a.example/2</link>")
    assert len({item.external_id for item in await _items(feed)}) == 2
    twice = f"{same}<link>https://a.example/1</link>"
    assert [item.external_id for item in await _items(_rss(twice, twice))] == ["0"]


@pytest.mark.parametrize(
    ("fields", "moment", "precision"),
    [
        ("<pubDate>2026-01-15</pubDate>", datetime(2026, 1, 15, tzinfo=UTC), Precision.DAY),
        ("<pubDate>not a date</pubDate>", None, Precision.UNKNOWN),
        ("<pubDate>Thu, 99 Jan 2026 99:99:99 GMT</pubDate>", None, Precision.UNKNOWN),
        ("", None, Precision.UNKNOWN),
        ("<dc:date>2026-01-15T12:00:00Z</dc:date>", datetime(2026, 1, 15, 12, tzinfo=UTC), Precision.ESTIMATED),
    ],
)
async def test_dates(fields: str, moment: datetime | None, precision: Precision) -> None:
    (item,) = await _items(_rss(f"<title>a</title>{fields}"))
    assert (item.published_at, item.published_precision) == (moment, precision)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("windows-1251", "Привет"),
        ("iso-8859-1", "Grüße"),
        ("koi8-r", "Привет"),
        ("shift_jis", "こんにちは"),
        ("gb18030", "你好"),
        ("utf-16", "שלום"),
    ],
)
async def test_encodings(encoding: str, text: str) -> None:
    feed = _rss(f"<title>{text}</title>").replace('encoding="utf-8"', f'encoding="{encoding}"').encode(encoding)
    (item,) = await _items(feed)
    assert item.title == text


async def test_hostile_markup_becomes_words() -> None:
    html = "&lt;img src=x onerror=alert(1)&gt;&lt;svg onload=alert(2)&gt;seen&lt;/svg&gt; &amp;lt;b&amp;gt; end"
    (item,) = await _items(
        _rss(f"<title>{html}</title><link>javascript:alert(1)</link><description>{html}</description>")
    )
    assert item.url == URL
    assert "onerror" not in item.text
    assert item.text.endswith("<b> end")
    assert item.media == ("https://blog.example/x",)


async def test_entities_of_their_own_lead_nowhere() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "' + "A" * 1000 + '">'
    bomb += "".join(f'<!ENTITY {b} "{f"&{a};" * 20}">' for a, b in zip("abcdef", "bcdefg", strict=True)) + "]>"
    feed = _rss("<title>&g;</title>").replace("<rss", f"{bomb}<rss")
    try:
        items = await _items(feed)
    except SourceChanged:
        return
    assert all(len(item.title) <= 1_000 for item in items)


async def test_files_are_not_opened() -> None:
    feed = _rss("<title>&x;</title>").replace("<rss", '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss')
    (item,) = await _items(feed)
    assert "root:" not in item.title + item.text
    with pytest.raises(SourceChanged):
        await _items("/etc/passwd")


# What is no feed


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "empty"),
        ("  \n ", "empty"),
        ("<!doctype html><html><body>Please log in</body></html>", "HTML page"),
        ("<html><head><title>x</title></head></html>", "HTML page"),
        ('{"error": "nope"}', "not a JSON Feed"),
        ("[1, 2]", "not a JSON Feed"),
        ('{"version": "https://jsonfeed.org/version/1"}', "without a list"),
        ('{"version": "https://jsonfeed.org/ver', "damaged or cut short"),
        ("[" * 100_000, "nested too deeply"),
        ("Just words.", "neither XML nor JSON"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "neither XML nor JSON"),
        ("<?xml version='1.0'?><note>hi</note>", "XML, but not a feed"),
    ],
)
async def test_what_is_no_feed_is_said_in_words(body: str | bytes, words: str) -> None:
    with pytest.raises(SourceChanged, match=words) as caught:
        await _items(body)
    assert caught.value.connector == "feed"


async def test_a_feed_that_is_cut_short_gives_only_whole_items() -> None:
    whole = _rss(
        "<guid>1</guid><description>all of it</description>", "<guid>2</guid><description>the second</description>"
    )
    for end in range(whole.index("<item>") + 60, len(whole) - 1):
        cut = whole[:end]
        http = FakeHttp({URL: answer(cut, headers={"ETag": '"1"'})})
        try:
            (page,) = await collect(FeedConnector(FeedSettings(url=URL)), context(http))
        except SourceChanged:
            continue
        texts = [item.text for item in page.items]
        assert set(texts) <= {"all of it", "the second"}
        if len(texts) < 2:
            assert page.cursor == FeedCursor(), "a feed of which something is missing must be read again"


async def test_a_large_feed_is_refused_in_words() -> None:
    with pytest.raises(SourceChanged, match="1 KiB are read"):
        await _items(_rss("<title>a</title>" * 500), max_bytes=1024)


# Nothing new


async def test_unchanged_by_validator() -> None:
    first = answer(_rss("<guid>1</guid>"), headers={"ETag": '"1"', "Last-Modified": "Thu, 15 Jan 2026 12:00:00 GMT"})
    http = FakeHttp()
    http.set(URL, first, answer(status=304))
    connector = FeedConnector(FeedSettings(url=URL))
    (page,) = await collect(connector, context(http))
    assert len(page.items) == 1
    (again,) = await collect(connector, context(http), page.cursor)
    assert again.not_modified
    assert again.cursor == page.cursor
    assert (http.asked[1].etag, http.asked[1].last_modified) == ('"1"', "Thu, 15 Jan 2026 12:00:00 GMT")


async def test_unchanged_by_content() -> None:
    http = FakeHttp({URL: _rss("<guid>1</guid>")})
    connector = FeedConnector(FeedSettings(url=URL))
    (page,) = await collect(connector, context(http))
    (again,) = await collect(connector, context(http), page.cursor)
    assert again.not_modified


async def test_an_edit_is_given_again_under_its_id() -> None:
    http = FakeHttp()
    http.set(URL, _rss("<guid>1</guid><title>a</title>"), _rss("<guid>1</guid><title>b</title>"))
    connector = FeedConnector(FeedSettings(url=URL))
    (page,) = await collect(connector, context(http))
    (again,) = await collect(connector, context(http), page.cursor)
    assert [item.external_id for item in again.items] == [item.external_id for item in page.items]
    assert again.items[0].title == "b"


async def test_absurd_validators_are_not_sent_back() -> None:
    http = FakeHttp({URL: answer(_rss("<guid>1</guid>"), headers={"ETag": "x" * 5000})})
    (page,) = await collect(FeedConnector(FeedSettings(url=URL)), context(http))
    assert page.cursor == FeedCursor(body_sha256=page.cursor.body_sha256)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (SourceUnavailable("down"), HealthState.DEGRADED),
        (AuthenticationFailed("no"), HealthState.AUTH),
        (SourceChanged("odd"), HealthState.CHANGED),
    ],
)
async def test_check_says_what_is_wrong(error: MonitorError, state: HealthState) -> None:
    health = await FeedConnector(FeedSettings(url=URL)).check(context(FakeHttp({URL: error})))
    assert (health.state, health.what) == (state, error.what)


async def test_check_says_what_is_right() -> None:
    health = await FeedConnector(FeedSettings(url=URL)).check(context(FakeHttp({URL: _rss("<guid>1</guid>")})))
    assert (health.state, health.what) == (HealthState.OK, "The feed has 1 items.")


# Settings


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"url": URL, "preset": "discourse", "value": "https://a.example"},
        {"url": "ftp://a.example"},
        {"url": "file:///etc/passwd"},
        {"url": "https://u:p@a.example/"},
        {"url": URL, "value": "x"},
        {"preset": "discourse"},
        {"preset": "nothing", "value": "x"},
        {"preset": "youtube_channel", "value": "@somebody"},
        {"url": URL, "max_bytes": 0},
        {"url": URL, "unknown": 1},
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FeedSettings.model_validate(settings)


EXAMPLES = {
    "bluesky_profile": ("@somebody.bsky.social", "https://bsky.app/profile/somebody.bsky.social/rss"),
    "discourse": ("forum.example/", "https://forum.example/posts.rss"),
    "google_alerts": ("12345678/87654321", "https://www.google.com/alerts/feeds/12345678/87654321"),
    "google_news": ('"FIRST LAST" dentist', "https://news.google.com/rss/search?q=%22FIRST%20LAST%22%20dentist"),
    "mastodon_profile": ("@some_body@social.example", "https://social.example/@some_body.rss"),
    "mastodon_tag": ("#leeds@social.example", "https://social.example/tags/leeds.rss"),
    "reddit_feed": (
        "https://old.reddit.com/.rss?feed=0123abcd&user=somebody",
        "https://www.reddit.com/.rss?feed=0123abcd&user=somebody",
    ),
    "stackexchange_tag": ("serverfault.com/c++", "https://serverfault.com/feeds/tag/c%2B%2B"),
    "wordpress_comments": ("https://blog.example/sub/", "https://blog.example/sub/comments/feed/"),
    "wordpress_posts": ("http://blog.example", "http://blog.example/feed/"),
    "youtube_channel": (
        "UCabcdefghijklmnopqrstuv",
        "https://www.youtube.com/feeds/videos.xml?channel_id=UCabcdefghijklmnopqrstuv",
    ),
}


@pytest.mark.parametrize("name", PRESETS)
def test_presets(name: Any) -> None:
    value, url = EXAMPLES[name]
    assert feed_url(name, value) == url
    for wrong in ("", "http://", "a b\n", "https://u:p@a.example/?q"):
        if name != "google_news" or not wrong:
            with pytest.raises(ValueError, match="needs"):
                feed_url(name, wrong)


async def test_a_preset_knows_the_kind() -> None:
    value, url = EXAMPLES["wordpress_comments"]
    connector = FeedConnector(FeedSettings(preset="wordpress_comments", value=value))
    (page,) = await collect(connector, context(FakeHttp({url: _rss("<guid>1</guid>")})))
    assert page.items[0].kind is MentionKind.COMMENT


# Inputs that take feedparser minutes go to a process that can be killed.

K = 100_000
HEAVY = {
    "one word": b"<rss><channel><item><author>" + b"a" * K,
    "attributes": b"<rss><channel><item><description><b " + b" ".join(b"a%d='1'" % n for n in range(K // 9)) + b"/>",
    "nesting": b"<rss><channel><item><description>" + b"<b>" * (K // 3),
    "closed nesting": b"<rss><channel>" + b"<b>" * 5000 + b" " * K + b"</b>" * 5000,
    "open items": b"<rss><channel>" + b"<item>" * (K // 6),
    "brackets": b"<rss><channel><item><description>" + b"<" * K,
    "entities": b'<!DOCTYPE a [<!ENTITY x "y">]><rss>',
    "size": b"<rss>" + b"a b " * K,
}


@pytest.mark.parametrize("name", HEAVY)
def test_heavy_bodies_are_recognised(name: str) -> None:
    assert not is_harmless(HEAVY[name])


async def test_a_preset_can_be_read_from_another_server() -> None:
    settings = FeedSettings(preset="google_news", value="FIRST LAST", base_url="https://mirror.example/news/")
    url = "https://mirror.example/news/rss/search?q=FIRST%20LAST"
    http = FakeHttp()
    http.set(url.replace("%20", "+"), "<rss version='2.0'><channel><item><guid>1</guid></item></channel></rss>")
    (page,) = await collect(FeedConnector(settings), context(http))
    assert len(page.items) == 1
    assert http.asked[0].url.startswith("https://mirror.example/news/rss/search?q=FIRST")
    with pytest.raises(ValidationError):
        FeedSettings(url="https://a.example/feed", base_url="https://mirror.example")
