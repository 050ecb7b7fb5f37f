"""The kit for connector authors: on every built-in connector that asks over our client, and itself on bad ones."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict, Field

from connectors.bluesky import BlueskyConnector
from connectors.feed import FeedConnector
from connectors.hackernews import HackerNewsConnector
from connectors.jetstream import JetstreamConnector
from connectors.mastodon import MastodonConnector
from connectors.page import PageConnector
from connectors.web_search import WebSearchConnector
from connectors.wikipedia import WikipediaConnector
from connectors.youtube import YouTubeConnector
from monitor.contract import Access, Capability, ConnectorSpec, Context, Health, Page, Query, Response, Tested
from monitor.domain import HealthState, Item
from monitor.errors import MonitorError, SourceChanged
from monitor.testing import NOW, FakeHttp, answer, collect, context
from monitor.testing.kit import ConnectorKit
from monitor.testing.recording import Exchange, Recording, RecordingHttp, secrets_of
from monitor.testing.stream_kit import StreamKit
from monitor.testing.streams import as_lines
from tests.unit.connectors.jetstream_world import LATEST, event, identity, recorded_frames
from tests.unit.connectors.paging_servers import SOURCES, Server, World


def recorded(name: str) -> Recording:
    """Record one poll of a simulated server, with a word in each text that can be changed."""
    source = SOURCES[name]
    world = World(random.Random(7), timedelta())
    for _ in range(4):
        world.live(timedelta(hours=1))
    assert source.script is not None
    connector = source.make(world)
    http = RecordingHttp(Server(world, source.script), secrets=secrets_of(connector._settings))  # type: ignore[attr-defined]
    asyncio.run(collect(connector, context(http, now=world.now), None, source.query))
    whole = Recording(connector=name, query=source.query, at=world.now, exchanges=tuple(http.exchanges))
    return whole.with_bodies(lambda one: one.body.replace(b"FIRST LAST n", b"FIRST LAST visited n"))


class TestMastodon(ConnectorKit):
    connector = MastodonConnector
    settings: ClassVar = {"base_url": "https://m.example", "hashtags": ["tag"], "max_pages": 4}
    recording = recorded("mastodon")
    word = "visited"


class TestHackerNews(ConnectorKit):
    connector = HackerNewsConnector
    settings: ClassVar = {"base_url": "https://h.example", "max_pages": 4}
    recording = recorded("hackernews")
    pages_follow_order = True
    word = "visited"


class TestBluesky(ConnectorKit):
    connector = BlueskyConnector
    settings: ClassVar = {"handle": "h", "app_password": "pass-word-1"}
    recording = recorded("bluesky")
    word = "visited"


class TestWikipedia(ConnectorKit):
    connector = WikipediaConnector
    settings: ClassVar = {"base_url": "https://w.example/api.php", "max_pages": 4}
    recording = recorded("wikipedia")
    word = "visited"


class TestYouTubeSearch(ConnectorKit):
    connector = YouTubeConnector
    settings: ClassVar = {"api_key": "key-12345", "searches_per_day": 10_000, "search_pages": 4}
    recording = recorded("youtube-search")
    word = "visited"


class TestYouTubeComments(ConnectorKit):
    connector = YouTubeConnector
    settings: ClassVar = {"api_key": "key-12345", "videos": ["video0001"], "comment_pages": 4}
    recording = recorded("youtube-comments")
    word = "visited"


class Anywhere(FakeHttp):
    """Give one answer at every address."""

    def __init__(self, body: str, media_type: str) -> None:
        super().__init__()
        self._body, self._media_type = body, media_type

    async def get(self, url: str, *, params: Mapping[str, str] | None = None, **options: Any) -> Response:
        return answer(self._body, media_type=self._media_type, url=url)

    async def post_json(self, url: str, **options: Any) -> Response:
        return answer(self._body, media_type=self._media_type, url=url)


def recorded_anywhere(connector: type[Any], settings: Mapping[str, Any], body: str, media_type: str) -> Recording:
    made = connector(connector.spec.settings.model_validate(dict(settings)))
    http = RecordingHttp(Anywhere(body, media_type), secrets=secrets_of(made._settings))
    asyncio.run(collect(made, context(http), None, NAMES))
    return Recording(connector=connector.spec.name, query=NAMES, at=NOW, exchanges=tuple(http.exchanges))


NAMES = Query(terms=("FIRST LAST",))
ENTRY = """<item><guid>a{0}</guid><title>News {0}</title><link>https://feed.example/{0}</link>
<description>FIRST LAST visited the harbour</description><pubDate>Mon, 05 Jan 2026 10:00:00 +0000</pubDate></item>"""
RSS = f"""<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Town</title>
<link>https://feed.example/</link><description>d</description>{ENTRY.format(1)}{ENTRY.format(2)}</channel></rss>"""
FEED: dict[str, Any] = {"url": "https://feed.example/rss"}

OTHER_REVIEW = {"@type": "Review", "@id": "https://shop.example/r/2", "reviewBody": "Nice view of the water"}
REVIEW = {
    "@type": "Review",
    "@id": "https://shop.example/r/1",
    "author": {"@type": "Person", "name": "A Guest"},
    "reviewBody": "FIRST LAST visited the harbour and left",
    "datePublished": "2026-01-05",
    "reviewRating": {"ratingValue": 1},
}
REVIEWED = {
    "@context": "https://schema.org",
    "@type": "LocalBusiness",
    "name": "FIRST LAST",
    "review": [OTHER_REVIEW, REVIEW],
}
SHOP = f"""<!doctype html><html><head><title>Shop</title>
<script type="application/ld+json">{json.dumps(REVIEWED)}</script></head><body><p>Reviews</p></body></html>"""
PAGE: dict[str, Any] = {"url": "https://shop.example/reviews"}

FOUND = {
    "results": [
        {"url": f"https://blog.example/{n}", "title": f"Post {n}", "content": "FIRST LAST visited the harbour"}
        for n in (1, 2)
    ]
}
SEARCH: dict[str, Any] = {"engine": "searxng", "base_url": "https://search.example"}


class TestFeed(ConnectorKit):
    connector = FeedConnector
    settings = FEED
    recording = recorded_anywhere(FeedConnector, FEED, RSS, "application/rss+xml")
    word = "harbour"


class TestPage(ConnectorKit):
    connector = PageConnector
    settings = PAGE
    recording = recorded_anywhere(PageConnector, PAGE, SHOP, "text/html")
    reads_html = True
    word = "harbour"
    gone_after = recorded_anywhere(PageConnector, PAGE, SHOP.replace(f", {json.dumps(REVIEW)}", ""), "text/html")


class TestWebSearch(ConnectorKit):
    connector = WebSearchConnector
    settings = SEARCH
    recording = recorded_anywhere(WebSearchConnector, SEARCH, json.dumps(FOUND), "application/json")
    word = "harbour"


def jetstream(*frames: bytes) -> Recording:
    stream = Exchange(
        url="https://jetstream2.us-east.bsky.network/subscribe?wantedCollections=app.bsky.feed.post",
        status=101,
        headers={},
        body=as_lines(frames),
    )
    return Recording(connector="jetstream", query=NAMES, at=NOW, exchanges=(stream,))


class TestJetstream(StreamKit):
    connector = JetstreamConnector
    recording = jetstream(*recorded_frames())
    word = "visited"
    gone_after = jetstream(event(LATEST + 1, rkey="edited", operation="delete"), identity(LATEST + 2))


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_simulated_server_can_be_recorded_or_keeps_a_library_of_its_own(name: str) -> None:
    if SOURCES[name].script is None:
        assert name in {"reddit", "x", "mailbox"}  # they ask through praw, tweepy and IMAP
    else:
        assert recorded(name).exchanges


# --- the kit itself: each of these connectors breaks one promise, and the test that is named must see it ---


class PlainSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    base_url: str = Field("https://plain.example", description="Where.")


class PlainCursor(BaseModel):
    newest: int = 0


class Plain:
    """Read a list, newest first, in pages of two; correct."""

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="plain",
        title="Plain",
        settings=PlainSettings,
        cursor=PlainCursor,
        capabilities=frozenset({Capability.SEARCH}),
        access=Access.API,
        cost="free",
        needs_credentials=False,
        terms_url="https://plain.example/terms",
        tested=Tested.SCHEMA,
    )

    def __init__(self, settings: PlainSettings) -> None:
        self._settings = settings

    async def poll(self, ctx: Context, query: Query, cursor: PlainCursor) -> AsyncIterator[Page]:
        for number in (1, 2):
            entries = await self._entries(ctx, number)
            yield Page(
                items=tuple(self._item(ctx, one, position) for position, one in enumerate(entries)), cursor=cursor
            )

    async def _entries(self, ctx: Context, number: int) -> list[dict[str, Any]]:
        got = await ctx.http.get(f"{self._settings.base_url}/list", params={"page": str(number)})
        try:
            entries = json.loads(got.body)["entries"]
            return list(entries)
        except (ValueError, KeyError, TypeError):
            raise SourceChanged("It is not understood.", why="no JSON") from None

    def _item(self, ctx: Context, one: Mapping[str, Any], position: int) -> Item:
        return Item(
            external_id=str(one["id"]),
            url=f"https://plain.example/{one['id']}",
            text=one["text"],
            fetched_at=ctx.now,
            raw=json.dumps(one).encode(),
        )

    async def check(self, ctx: Context) -> Health:
        try:
            await self._entries(ctx, 1)
        except MonitorError as error:
            return Health(state=HealthState.DEGRADED, what=error.what, why=error.why)
        return Health(state=HealthState.OK, what="It answers.")


def _listed(number: int) -> Exchange:
    entries = [{"id": one, "text": f"FIRST LAST visited {one}"} for one in (number * 2, number * 2 - 1)]
    body = json.dumps({"entries": entries}).encode()
    return Exchange(
        url=f"https://plain.example/list?page={number}",
        status=200,
        headers={"content-type": "application/json"},
        body=body,
    )


PLAIN = Recording(connector="plain", query=Query(), at=NOW, exchanges=(_listed(1), _listed(2)))


class TestPlain(ConnectorKit):
    connector = Plain
    recording = PLAIN


class IdsByPlace(Plain):
    def _item(self, ctx: Context, one: Mapping[str, Any], position: int) -> Item:
        return replace(super()._item(ctx, one, position), external_id=f"place-{position}")


class IdsByWords(Plain):
    def _item(self, ctx: Context, one: Mapping[str, Any], position: int) -> Item:
        return replace(super()._item(ctx, one, position), external_id=one["text"])


class SkipsAhead(Plain):
    """Keep the end position with the first page, as a high-water mark does."""

    async def poll(self, ctx: Context, query: Query, cursor: PlainCursor) -> AsyncIterator[Page]:
        async for page in super().poll(ctx, query, cursor):
            items = tuple(item for item in page.items if int(item.external_id) > cursor.newest)
            yield replace(page, items=items, cursor=PlainCursor(newest=4))


class AsksElsewhere(Plain):
    async def poll(self, ctx: Context, query: Query, cursor: PlainCursor) -> AsyncIterator[Page]:
        await ctx.http.get("https://tracker.example/", ok=frozenset({200, 404}))
        async for page in super().poll(ctx, query, cursor):
            yield page


class SwallowsFaults(Plain):
    async def _entries(self, ctx: Context, number: int) -> list[dict[str, Any]]:
        try:
            return await super()._entries(ctx, number)
        except MonitorError:
            return []


class InventsItems(Plain):
    async def _entries(self, ctx: Context, number: int) -> list[dict[str, Any]]:
        try:
            return await super()._entries(ctx, number)
        except SourceChanged:
            return [{"id": 99, "text": "something"}]


class DropsOtherScripts(Plain):
    def _item(self, ctx: Context, one: Mapping[str, Any], position: int) -> Item:
        return super()._item(ctx, {**one, "text": one["text"].encode("ascii", "ignore").decode()}, position)


class KeepsNoBytes(Plain):
    def _item(self, ctx: Context, one: Mapping[str, Any], position: int) -> Item:
        return replace(super()._item(ctx, one, position), raw=b"")


class DeclaresRemovals(Plain):
    spec = replace(Plain.spec, capabilities=frozenset({Capability.DELETES}))


class RaisesInCheck(Plain):
    async def check(self, ctx: Context) -> Health:
        await self._entries(ctx, 1)
        return Health(state=HealthState.OK, what="It answers.")


class OpenSettings(PlainSettings):
    model_config = ConfigDict(extra="ignore", frozen=True)


class TakesAnything(Plain):
    spec = replace(Plain.spec, settings=OpenSettings)


class TellsSecrets(Plain):
    class Settings(PlainSettings):
        token: str = Field("", description="The key.")

    spec = replace(Plain.spec, settings=Settings, needs_credentials=True)


class NeedsAPosition(Plain):
    class Cursor(BaseModel):
        since: int

    spec = replace(Plain.spec, cursor=Cursor)


@pytest.mark.parametrize(
    ("broken", "test", "arguments"),
    [
        (IdsByPlace, "test_one_id_is_one_thing", ()),
        (IdsByWords, "test_an_edit_is_seen_as_one", ()),
        (SkipsAhead, "test_a_crash_between_two_pages_loses_nothing", ()),
        (SkipsAhead, "test_a_crash_at_any_question_loses_nothing", ()),
        (AsksElsewhere, "test_only_the_hosts_of_the_recording_are_asked", ()),
        (SwallowsFaults, "test_a_refusal_is_told_as_what_it_is", (401, MonitorError)),
        (SwallowsFaults, "test_it_waits_as_long_as_it_is_told", ()),
        (InventsItems, "test_an_answer_of_another_kind_is_no_item", (b"<html></html>",)),
        (InventsItems, "test_a_truncated_answer_gives_only_what_is_there", ()),
        (DropsOtherScripts, "test_other_scripts_survive", ()),
        (KeepsNoBytes, "test_it_reads_its_recording", ()),
        (DeclaresRemovals, "test_what_is_gone_is_said", ()),
        (RaisesInCheck, "test_a_check_never_raises", (500,)),
        (TakesAnything, "test_settings_are_described_and_nothing_unknown_is_taken", ()),
        (TellsSecrets, "test_secrets_are_kept", ()),
        (NeedsAPosition, "test_it_says_what_it_is", ()),
    ],
)
def test_the_kit_sees_a_broken_promise(broken: type[Any], test: str, arguments: tuple[Any, ...]) -> None:
    class Kit(ConnectorKit):
        connector = broken
        recording = PLAIN

    with pytest.raises((AssertionError, MonitorError, ValueError, pytest.fail.Exception)):
        getattr(Kit(), test)(*arguments)
