"""The page connector: posts by selectors, JSON-LD and microdata, edits, removals, following pages."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from connectors._page_reader import is_harmless
from connectors.page import NO_LONGER_SHOWN, PageConnector, PageCursor, PageSettings
from monitor.contract import Page, Query
from monitor.domain import Gone, HealthState, Item, MentionKind, Precision
from monitor.errors import AccessForbidden, RobotsDisallowed, SourceChanged, SourceUnavailable
from monitor.testing import FakeHttp, answer, collect, context

URL = "https://forum.example/t/1"
SELECTORS = {"item": "article.post", "text": ".body", "author": ".author", "published": "time"}


def _post(number: int, text: str = "", *, extra: str = "") -> str:
    return (
        f'<article class="post" id="post-{number}"><span class="author"><a href="/u/{number}">user{number}</a></span>'
        f'<time datetime="2026-01-15T12:00:0{number % 10}Z">today</time>'
        f'<div class="body"><p>{text or f"words of post {number}"}</p>{extra}</div></article>'
    )


def _html(*parts: str, head: str = "") -> str:
    return f"<!doctype html><html><head><title>t</title>{head}</head><body><main>{''.join(parts)}</main></body></html>"


def _linked(*nodes: dict[str, Any], body: str = "", **holder: Any) -> str:
    data = json.dumps({"@context": "https://schema.org", **(holder or {"@graph": list(nodes)})})
    return _html(body, head=f'<script type="application/ld+json">{data}</script>')


async def _poll(http: FakeHttp, cursor: PageCursor | None = None, **settings: Any) -> list[Page]:
    return list(await collect(PageConnector(PageSettings(url=URL, **settings)), context(http), cursor))


async def _items(body: str, **settings: Any) -> tuple[Item, ...]:
    (page,) = await _poll(FakeHttp({URL: body}), **settings)
    return page.items


def _ids(pages: list[Page]) -> list[str]:
    return [item.external_id for page in pages for item in page.items]


# Selectors


async def test_posts_by_selectors() -> None:
    first, second = await _items(_html(_post(1, extra='<img src="/i.png">'), _post(2)), **SELECTORS)
    assert first.external_id == "post-1"
    assert first.url == f"{URL}#post-1"
    assert first.anchor == "#post-1"
    assert first.text == "words of post 1"
    assert first.author is not None
    assert (first.author.name, first.author.profile_url) == ("user1", "https://forum.example/u/1")
    assert (first.published_at, first.published_precision) == (
        datetime(2026, 1, 15, 12, 0, 1, tzinfo=UTC),
        Precision.EXACT,
    )
    assert first.media == ("https://forum.example/i.png",)
    assert first.kind is MentionKind.POST
    assert second.raw is first.raw


async def test_ids_from_elsewhere() -> None:
    body = _html(
        '<div class=p data-key="k1"><a class=l href="/p/1">x</a>one</div>',
        '<div class=p data-key="k2"><a class=l href="/p/2">x</a>two</div>',
    )
    by_attribute = await _items(body, item=".p", id="@data-key")
    by_link = await _items(body, item=".p", id=".l")
    guessed = await _items(body, item=".p", link=".l")
    hashed = await _items(body, item=".p")
    assert [item.external_id for item in by_attribute] == ["k1", "k2"]
    assert [item.external_id for item in by_link] == ["/p/1", "/p/2"]
    assert [item.external_id for item in guessed] == ["https://forum.example/p/1", "https://forum.example/p/2"]
    assert [item.url for item in guessed] == ["https://forum.example/p/1", "https://forum.example/p/2"]
    assert len({item.external_id for item in hashed}) == 2
    assert hashed[1].anchor == "body > main:nth-of-type(1) > div:nth-of-type(2)"


async def test_replies_do_not_become_part_of_what_they_reply_to() -> None:
    reply = _post(2, "the reply")
    outer, inner = await _items(_html(_post(1, "the post", extra=reply)), **SELECTORS)
    assert (outer.text, inner.text) == ("the post", "the reply")
    assert outer.author is not None
    assert outer.author.name == "user1"


async def test_stars_make_reviews() -> None:
    body = _html(
        '<li id=r1><b class=s>4,5 of 5</b><p>fine</p></li><li id=r2><b class=s content="2"></b><p>bad</p></li>'
    )
    items = await _items(body, item="li", rating=".s", text="p")
    assert [(item.rating, item.kind) for item in items] == [(4.5, MentionKind.REVIEW), (2.0, MentionKind.REVIEW)]


async def test_selectors_that_find_nothing_are_a_fault() -> None:
    with pytest.raises(SourceChanged, match="No item was found"):
        await _items(_html(_post(1)), item=".review")


# JSON-LD and microdata

REVIEW = {
    "@type": "Review",
    "@id": "#r1",
    "author": {"@type": "Person", "name": "Somebody", "url": "/u/1"},
    "datePublished": "2026-01-15",
    "dateModified": "2026-01-16",
    "name": "Never again",
    "reviewBody": "They &amp; their <b>quay</b>",
    "reviewRating": {"@type": "Rating", "ratingValue": "1", "bestRating": 5},
    "inLanguage": "en",
    "image": ["/i.png", {"@type": "ImageObject", "contentUrl": "/j.png"}],
}


async def test_review_in_json_ld() -> None:
    body = '<div id="r1"><p>They &amp; their quay</p></div>'
    (item,) = await _items(_linked(**{"@type": "Dentist", "name": "Voss Dental", "review": [REVIEW]}, body=body))
    assert (item.external_id, item.url, item.anchor) == ("r1", f"{URL}#r1", "#r1")
    assert (item.title, item.text, item.rating) == ("Never again", "They & their quay", 1.0)
    assert item.kind is MentionKind.REVIEW
    assert item.author is not None
    assert (item.author.name, item.author.profile_url) == ("Somebody", "https://forum.example/u/1")
    assert (item.published_at, item.published_precision) == (datetime(2026, 1, 15, tzinfo=UTC), Precision.DAY)
    assert item.edited_at == datetime(2026, 1, 16, tzinfo=UTC)
    assert item.media == ("https://forum.example/i.png", "https://forum.example/j.png")
    assert item.language == "en"


async def test_reviews_are_found_wherever_they_are_nested() -> None:
    deep = {"@type": ["Product"], "a": [{"b": {"review": [REVIEW, {**REVIEW, "@id": "#r2"}]}}]}
    items = await _items(_linked({"@graph": [deep]}, deep))
    assert [item.external_id for item in items] == ["r1", "r2"]


async def test_an_id_that_several_share_is_not_theirs() -> None:
    reviews = [{**REVIEW, "@id": URL, "author": name} for name in ("A", "B", "C")]
    first = await _items(_linked(*reviews))
    assert len({item.external_id for item in first}) == 3
    edited = [{**one, "reviewBody": "changed"} for one in reviews]
    again = await _items(_linked(*edited))
    assert [item.external_id for item in first] == [item.external_id for item in again], "an edit must keep the id"


async def test_two_by_one_person_on_one_day() -> None:
    one = {key: REVIEW[key] for key in ("@type", "author", "datePublished")}
    items = await _items(_linked({**one, "reviewBody": "a"}, {**one, "reviewBody": "b"}))
    assert len({item.external_id for item in items}) == 2


async def test_thread_in_json_ld() -> None:
    thread = {
        "@type": "https://schema.org/DiscussionForumPosting",
        "headline": "H",
        "text": "first words",
        "url": f"{URL}#p1",
        "author": "A",
        "comment": [{"@type": "Comment", "text": "second words", "author": [{"name": "B"}], "url": f"{URL}#p2"}],
    }
    post, comment = await _items(_linked(thread, body="<p id=p1>first words</p><div id=p2>second words</div>"))
    assert (post.kind, post.title, post.text, post.url) == (MentionKind.POST, "H", "first words", f"{URL}#p1")
    assert (comment.kind, comment.text, comment.anchor) == (MentionKind.COMMENT, "second words", "#p2")


async def test_the_sites_own_answers_are_nobodys_posts() -> None:
    answers = [{"@type": "Question", "name": "Q", "acceptedAnswer": {"@type": "Answer", "text": "A"}}]
    page = _linked(
        **{"@type": "FAQPage", "mainEntity": answers}, body="<p>What the page says itself, at some length.</p>"
    )
    (item,) = await _items(page)
    assert item.kind is MentionKind.ARTICLE
    asked = _linked(**{"@type": "QAPage", "mainEntity": {**answers[0], "text": "Is it so?"}})
    question, reply = await _items(asked)
    assert (question.text, reply.text) == ("Is it so?", "A")


async def test_broken_json_ld_does_not_hide_the_rest() -> None:
    good = json.dumps({"@context": "https://schema.org", **REVIEW})
    scripts = ['{"@type": "Review", ', "", "null", "[[[[", f"<!-- {good[:-1]},}} -->"]
    head = "".join(f'<script type="application/ld+json; charset=utf-8">{one}</script>' for one in scripts)
    (item,) = await _items(_html(head=head))
    assert item.external_id == "r1"


async def test_microdata() -> None:
    review = (
        '<div itemscope itemtype="https://schema.org/Review" id="m1"><span itemprop="author" itemscope '
        'itemtype="https://schema.org/Person"><b itemprop="name">Somebody</b></span><meta itemprop="datePublished" '
        'content="2026-01-15"><p itemprop="reviewBody">So <i>so</i></p><div itemprop="reviewRating" itemscope '
        'itemtype="https://schema.org/Rating"><meta itemprop="ratingValue" content="3.5"></div></div>'
    )
    (item,) = await _items(_html(review))
    assert (item.external_id, item.anchor, item.text, item.rating) == ("m1", "#m1", "So so", 3.5)
    assert item.author is not None
    assert item.author.name == "Somebody"
    assert item.published_at == datetime(2026, 1, 15, tzinfo=UTC)


async def test_a_page_without_posts_is_an_article() -> None:
    body = (
        '<html lang="en"><head><title>Title – Site</title><meta property="og:title" content="Title"><meta '
        'name="author" content="Desk"><meta property="article:published_time" content="2026-01-15T12:00:00Z"></head>'
        "<body><nav>"
        "<ul><li><a href=/>Home</a></ul></nav><div class=content><h1>Title</h1>"
        + "".join(
            f"<p>Paragraph {number} says something of some length about the quay and the town.</p>"
            for number in range(6)
        )
        + '</div><div class="related-posts"><p>Another story that has nothing to do with it at all.</p></div>'
    )
    (item,) = await _items(body)
    assert (item.kind, item.title, item.language) == (MentionKind.ARTICLE, "Title", "en")
    assert item.text.startswith("Title\nParagraph 0")
    assert "Another story" not in item.text
    assert "Home" not in item.text
    assert item.author is not None
    assert item.author.name == "Desk"
    assert item.published_at == datetime(2026, 1, 15, 12, tzinfo=UTC)
    assert item.url == URL


async def test_the_page_beside_its_posts() -> None:
    page = _linked(REVIEW, body="<p>What the page says itself, at some length, about the quay.</p>")
    review, article = await _items(page, whole=True)
    assert (review.kind, article.kind) == (MentionKind.REVIEW, MentionKind.ARTICLE)
    assert "at some length" in article.text


# Over time


async def test_edit_removal_and_return() -> None:
    http = FakeHttp()
    http.set(
        URL,
        _html(_post(1), _post(2), _post(3)),
        _html(_post(1), _post(2, "changed"), _post(3)),
        _html(_post(1), _post(3)),
        _html(_post(1), _post(2), _post(3)),
    )
    (first,) = await _poll(http, **SELECTORS)
    (edited,) = await _poll(http, first.cursor, **SELECTORS)  # type: ignore[arg-type]
    assert _ids([first]) == _ids([edited])
    assert edited.items[1].text == "changed"
    assert edited.gone == ()
    (removed,) = await _poll(http, edited.cursor, **SELECTORS)  # type: ignore[arg-type]
    assert removed.gone == (Gone(external_id="post-2", signal=NO_LONGER_SHOWN),)
    (back,) = await _poll(http, removed.cursor, **SELECTORS)  # type: ignore[arg-type]
    assert back.gone == ()
    assert "post-2" in _ids([back])


async def test_a_list_of_the_newest_pushes_old_ones_out() -> None:
    http = FakeHttp()
    http.set(URL, _html(_post(3), _post(2), _post(1)), _html(_post(4), _post(3), _post(2)))
    (first,) = await _poll(http, **SELECTORS)
    (second,) = await _poll(http, first.cursor, **SELECTORS)  # type: ignore[arg-type]
    assert second.gone == ()


async def test_unchanged_costs_nothing() -> None:
    http = FakeHttp()
    http.set(URL, answer(_html(_post(1)), headers={"ETag": '"1"'}), answer(status=304), _html(_post(1)))
    (first,) = await _poll(http, **SELECTORS)
    for _ in range(2):
        (again,) = await _poll(http, first.cursor, **SELECTORS)  # type: ignore[arg-type]
        assert again.not_modified
        assert again.cursor == first.cursor
    assert http.asked[1].etag == '"1"'


@pytest.mark.parametrize("status", [404, 410])
async def test_a_page_that_is_gone_takes_its_posts_along_once(status: int) -> None:
    http = FakeHttp()
    http.set(URL, _html(_post(1), _post(2)), answer(status=status))
    (first,) = await _poll(http, **SELECTORS)
    (second,) = await _poll(http, first.cursor, **SELECTORS)  # type: ignore[arg-type]
    assert [gone.external_id for gone in second.gone] == ["post-1", "post-2"]
    assert {gone.signal for gone in second.gone} == {f"HTTP {status}"}
    with pytest.raises(SourceChanged, match="does not exist"):
        await _poll(http, second.cursor, **SELECTORS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wall",
    [
        _html("<h1>Log in</h1><form><input type=password></form>"),
        _html("<p>Checking that you are human …</p>"),
        _html('<div class="new-design" id="post-1">words of post 1</div>'),
        "<html></html>",
    ],
)
async def test_a_wall_is_not_a_removal(wall: str) -> None:
    http = FakeHttp()
    http.set(URL, _html(_post(1), _post(2)), wall)
    (first,) = await _poll(http, **SELECTORS)
    with pytest.raises(SourceChanged):
        await _poll(http, first.cursor, **SELECTORS)  # type: ignore[arg-type]


@pytest.mark.parametrize("whole", [False, True])
async def test_nor_is_it_where_posts_mark_themselves(whole: bool) -> None:
    http = FakeHttp()
    http.set(URL, _linked(REVIEW), _html("<h1>Log in</h1><p>You have to log in before you can see this page.</p>"))
    (first,) = await _poll(http, whole=whole)
    with pytest.raises(SourceChanged, match="none of the"):
        await _poll(http, first.cursor, whole=whole)  # type: ignore[arg-type]


async def test_an_empty_page_that_says_so_is_one() -> None:
    http = FakeHttp()
    http.set(URL, _html(_post(1)), _html('<p class="none">No posts yet.</p>'), _html(_post(2)))
    settings = {**SELECTORS, "empty": "p.none"}
    (first,) = await _poll(http, **settings)
    (second,) = await _poll(http, first.cursor, **settings)  # type: ignore[arg-type]
    assert [gone.external_id for gone in second.gone] == ["post-1"]
    (third,) = await _poll(http, second.cursor, **settings)  # type: ignore[arg-type]
    assert _ids([third]) == ["post-2"]


async def test_first_reviews_on_a_page_that_had_none() -> None:
    http = FakeHttp()
    http.set(URL, _html("<p>Nobody has said anything about this product so far.</p>"), _linked(REVIEW))
    (first,) = await _poll(http)
    assert first.items[0].kind is MentionKind.ARTICLE
    (second,) = await _poll(http, first.cursor)  # type: ignore[arg-type]
    assert second.items[0].kind is MentionKind.REVIEW
    assert second.gone == ()


# Following pages


def _next(number: int) -> str:
    return f'<a rel="nofollow next" href="?page={number}">more</a>'


def _walkable(pages: int = 3) -> FakeHttp:
    http = FakeHttp()
    http.set(URL, _html(_post(1), _post(2), _next(2)))
    for number in range(2, pages + 1):
        follow = _next(number + 1) if number < pages else ""
        http.set(f"{URL}?page={number}", _html(_post(number * 2 - 1), _post(number * 2), follow))
    return http


async def test_pages_are_followed_and_the_position_moves_last() -> None:
    http = _walkable()
    pages = await _poll(http, **SELECTORS)
    assert _ids(pages) == [f"post-{number}" for number in range(1, 7)]
    assert [page.complete for page in pages] == [False, False, True]
    assert [page.cursor == PageCursor() for page in pages] == [True, True, False]
    assert pages[1].items[0].url == f"{URL}?page=2#post-3"
    last = pages[-1].cursor
    assert isinstance(last, PageCursor)
    assert last.ids == _ids(pages)
    assert last.etag == last.body_sha256 == ""


async def test_a_removal_on_a_later_page() -> None:
    http = _walkable()
    pages = await _poll(http, **SELECTORS)
    http.set(f"{URL}?page=2", _html(_post(4), _next(3)))
    again = await _poll(http, pages[-1].cursor, **SELECTORS)  # type: ignore[arg-type]
    assert [gone.external_id for page in again for gone in page.gone] == ["post-3"]


async def test_what_lies_behind_the_last_page_read_is_not_gone() -> None:
    http = _walkable(4)
    pages = await _poll(http, **SELECTORS)
    again = await _poll(http, pages[-1].cursor, **SELECTORS, max_pages=2)  # type: ignore[arg-type]
    assert len(again) == 2
    assert again[-1].gone == ()


async def test_a_walk_that_breaks_off_is_made_again() -> None:
    http = _walkable()
    http.set(f"{URL}?page=3", SourceUnavailable("down"))
    walk = PageConnector(PageSettings(url=URL, **SELECTORS)).poll(context(http), Query(), PageCursor())
    seen = [await anext(walk), await anext(walk)]
    with pytest.raises(SourceUnavailable):
        await anext(walk)
    assert {page.cursor.model_dump_json() for page in seen} == {PageCursor().model_dump_json()}
    assert _ids(await _poll(_walkable(), **SELECTORS))[:4] == _ids(seen)


@pytest.mark.parametrize(
    "link",
    [
        f'<a rel="next" href="{URL}">more</a>',
        '<a rel="next" href="https://elsewhere.example/">more</a>',
        '<a rel="next" href="javascript:more()">more</a>',
        '<a rel="next" href="http://[">more</a>',
        '<a rel="next">more</a>',
        '<a rel="nextish" href="?page=2">more</a>',
    ],
)
async def test_links_that_are_not_followed(link: str) -> None:
    http = _walkable()
    http.set(URL, _html(_post(1), link))
    assert len(await _poll(http, **SELECTORS)) == 1
    assert len(http.asked) == 1


async def test_a_circle_of_pages_ends() -> None:
    http = FakeHttp(
        {URL: _html(_post(1), _next(2)), f"{URL}?page=2": _html(_post(2), f'<a rel="next" href="{URL}">x</a>')}
    )
    assert _ids(await _poll(http, **SELECTORS)) == ["post-1", "post-2"]


async def test_a_next_link_by_selector() -> None:
    http = FakeHttp(
        {URL: _html(_post(1), '<div class="pager"><a href="?page=2">2</a></div>'), f"{URL}?page=2": _html(_post(2))}
    )
    assert _ids(await _poll(http, **SELECTORS, next=".pager")) == ["post-1", "post-2"]


# One item again


async def test_refetch() -> None:
    connector = PageConnector(PageSettings(url=URL, **SELECTORS))
    http = _walkable()
    found = await connector.refetch(context(http), "post-5")
    assert isinstance(found, Item)
    assert found.url == f"{URL}?page=3#post-5"
    assert await connector.refetch(context(http), "post-99") == Gone(external_id="post-99", signal=NO_LONGER_SHOWN)
    http.set(URL, answer(status=410))
    assert await connector.refetch(context(http), "post-5") == Gone(external_id="post-5", signal="HTTP 410")
    http.set(URL, _html("<h1>Log in</h1>"))
    with pytest.raises(SourceChanged):
        await connector.refetch(context(http), "post-5")


# Bodies that are no page, checks, settings


@pytest.mark.parametrize(
    ("body", "media_type", "words"),
    [
        (b"", "text/html", "empty"),
        (b"%PDF-1.7", "text/html", "not an HTML page"),
        (b"{}", "application/json", "not an HTML page"),
        (b"\x89PNG\r\n", "image/png", "not an HTML page"),
        (b"<!-- -->", "text/html", "nothing that could be read"),
    ],
)
async def test_what_is_no_page(body: bytes, media_type: str, words: str) -> None:
    with pytest.raises(SourceChanged, match=words):
        await _poll(FakeHttp({URL: answer(body, media_type=media_type)}))


async def test_a_large_page_is_refused_in_words() -> None:
    with pytest.raises(SourceChanged, match="1 KiB are read"):
        await _items(_html("x" * 3000), max_bytes=1024)


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (_html(_post(1)), HealthState.OK),
        (_html(), HealthState.CHANGED),
        (answer(status=404), HealthState.CHANGED),
        (RobotsDisallowed("no"), HealthState.BLOCKED),
        (AccessForbidden("no"), HealthState.BLOCKED),
        (SourceUnavailable("no"), HealthState.DEGRADED),
    ],
)
async def test_check(given: Any, state: HealthState) -> None:
    health = await PageConnector(PageSettings(url=URL, **SELECTORS)).check(context(FakeHttp({URL: given})))
    assert health.state is state
    assert health.what


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"url": "file:///etc/passwd"},
        {"url": URL, "item": "div["},
        {"url": URL, "item": ".x", "text": ">>"},
        {"url": URL, "text": ".body"},
        {"url": URL, "max_pages": 0},
        {"url": URL, "itm": ".x"},
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PageSettings.model_validate(settings)


HEAVY = {
    "attributes": b"<a " + b" ".join(b"a%d" % number for number in range(8_000)) + b">",
    "attributes in quotes": b"<a " + b" ".join(b"a%d='>'" % number for number in range(8_000)) + b">",
    "a quote that is none": b'<a b=x" ' + b" ".join(b"a%d" % number for number in range(8_000)) + b' d="">',
    "behind a script": b"<script>'<a \"</script><a " + b" ".join(b"a%d" % number for number in range(8_000)) + b">",
    "unclosed": b"<a " * 8_000,
    "unclosed comment": b"<!-- " + b"x" * 1000,
    "many tags": b"<p>" * 50_000,
    "wide letters": "<p>".encode("utf-16"),
    "size": b"x" * 2_000_000,
}


@pytest.mark.parametrize("name", HEAVY)
def test_heavy_bodies_are_recognised(name: str) -> None:
    assert not is_harmless(HEAVY[name])


@pytest.mark.parametrize("name", HEAVY)
async def test_and_read_apart(name: str) -> None:
    """Whatever comes of them, it comes as items or as a fault of the source."""
    with suppress(SourceChanged):
        await _poll(FakeHttp({URL: answer(HEAVY[name])}))


def test_honest_bodies_are_recognised_too() -> None:
    page = _html(
        '<script>if (a<b && "</p>") {}</script><!-- <a --><img src="data:;base64,' + "A" * 50_000 + '">', _post(1)
    )
    assert is_harmless(page.encode())


ARTICLE = f"""
<html><head><title>Town</title></head><body><nav>Menu one two</nav><main><h1>A headline</h1>
<p>Published on 3 March 2021</p>{"<p>The council met and spoke about the harbour at some length. </p>" * 9}
</main></body></html>
"""


async def test_the_library_reads_articles_and_guesses_a_date() -> None:
    pytest.importorskip("trafilatura", reason="the extra `articles` is not installed")
    (item,) = await _items(ARTICLE, reader="trafilatura")
    assert "spoke about the harbour" in item.text
    assert "Menu one" not in item.text
    assert item.published_at is not None
    assert (f"{item.published_at:%Y-%m-%d}", item.published_precision) == ("2021-03-03", Precision.ESTIMATED)
    (plain,) = await _items(ARTICLE)
    assert plain.published_at is None


async def test_a_missing_library_is_a_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors._article_library.find_spec", lambda _: None)
    connector = PageConnector(PageSettings(url=URL, reader="trafilatura"))
    health = await connector.check(context(FakeHttp({URL: answer(ARTICLE)})))
    assert health.state is HealthState.AUTH
    assert "goodname[articles]" in health.try_
