"""The Bluesky connector: signing in, searching, what a post becomes, and what is no answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import SecretStr, ValidationError

from connectors.bluesky import BlueskyConnector, BlueskySettings, post_url
from monitor.contract import ListingsCursor, Page, Query, Response
from monitor.domain import Gone, HealthState, Item
from monitor.errors import (
    AccessForbidden,
    AuthenticationFailed,
    MonitorError,
    RateLimited,
    SourceChanged,
    SourceUnavailable,
)
from monitor.testing import NOW, FakeHttp, answer, collect, context

QUERY = Query(terms=("FIRST LAST",))
PDS = "https://pds.example"
SETTINGS = BlueskySettings(base_url=PDS, handle="@watch.example", app_password=SecretStr("abcd-efgh"))
DAY = timedelta(days=1)


def _post(number: int, **fields: Any) -> dict[str, Any]:
    at = (NOW - DAY + timedelta(seconds=number)).isoformat()
    return {
        "uri": f"at://did:plc:abc/app.bsky.feed.post/{number}",
        "cid": f"c{number}",
        "author": {"did": "did:plc:abc", "handle": "a.example", "displayName": "Somebody", "createdAt": at},
        "record": {"text": f"FIRST LAST, words {number}", "createdAt": at, "langs": ["en"]},
        "indexedAt": at,
        **fields,
    }


class Server(FakeHttp):
    """Search posts as the service does: by the time they say they were written, a hundred a page, by offset."""

    def __init__(self, *posts: Mapping[str, Any]) -> None:
        super().__init__()
        self.posts = list(posts)
        self.broken: Response | MonitorError | None = None
        self.tokens = ["t1"]
        self.set(f"{PDS}/xrpc/com.atproto.server.createSession", '{"accessJwt": "t1"}', '{"accessJwt": "t2"}')

    async def get(self, url: str, *, params: Mapping[str, str] | None = None, **options: Any) -> Response:
        given = dict(params or {})
        order = sorted(self.posts, key=lambda post: str(post["record"]["createdAt"]), reverse=True)
        start = int(given.get("cursor", "0"))
        found: dict[str, Any] = {"posts": order[start : start + 100]}
        if start + 100 < len(order):
            found["cursor"] = str(start + 100)
        made = answer(json.dumps(found), media_type="application/json")
        if options["headers"]["Authorization"].removeprefix("Bearer ") not in self.tokens:
            made = answer('{"error": "ExpiredToken"}', status=400)
        full = f"{url}?{'&'.join(f'{name}={value}' for name, value in given.items())}"
        self.set(full, self.broken or made)
        return await super().get(full, **options)

    @property
    def sign_ins(self) -> int:
        return sum(one.json is not None for one in self.asked)


async def _pages(http: FakeHttp, connector: BlueskyConnector | None = None) -> tuple[Page, ...]:
    return tuple(await collect(connector or BlueskyConnector(SETTINGS), context(http), None, QUERY))


async def test_a_post() -> None:
    card = {"$type": "app.bsky.embed.external", "external": {"title": "A page", "uri": "https://blog.example/1"}}
    reply = {"parent": {"uri": "at://did:plc:xyz/app.bsky.feed.post/1"}}
    post = _post(5, embed={"images": [{"fullsize": "https://cdn.example/1.jpg"}, {"fullsize": "data:x"}, 3]})
    post["record"] |= {"embed": card, "reply": reply}
    http = Server(post)
    (page,) = await _pages(http)
    (item,) = page.items
    assert item.external_id == "at://did:plc:abc/app.bsky.feed.post/5"
    assert item.url == "https://bsky.app/profile/did:plc:abc/post/5"
    assert item.text == "FIRST LAST, words 5\nA page\nhttps://blog.example/1"
    assert item.in_reply_to_url == "https://bsky.app/profile/did:plc:xyz/post/1"
    assert item.media == ("https://cdn.example/1.jpg",)
    assert item.language == "en"
    assert item.author is not None
    assert (item.author.name, item.author.handle, item.author.external_id) == ("Somebody", "a.example", "did:plc:abc")
    sign_in, search = http.asked
    assert sign_in.json == {"identifier": "watch.example", "password": "abcd-efgh"}
    assert search.headers["Authorization"] == "Bearer t1"
    assert dict(parse_qsl(urlsplit(search.url).query))["q"] == '"FIRST LAST"'
    assert "abcd" not in repr(SETTINGS)


async def test_pages_ties_and_one_sign_in() -> None:
    http = Server(*(_post(number, indexedAt=NOW.isoformat()) for number in range(250)))
    for post in http.posts[:120]:
        post["record"] = {**post["record"], "createdAt": (NOW - DAY).isoformat()}
    connector = BlueskyConnector(SETTINGS)
    pages = await _pages(http, connector)
    assert [len(page.items) for page in pages] == [100, 100, 50]
    assert len({item.external_id for page in pages for item in page.items}) == 250
    await _pages(http, connector)
    assert http.sign_ins == 1


async def test_an_expired_session_is_made_anew_once() -> None:
    http = Server(_post(1))
    connector = BlueskyConnector(SETTINGS)
    await _pages(http, connector)
    http.tokens = ["t2"]
    (page,) = await _pages(http, connector)
    assert len(page.items) == 1
    assert http.sign_ins == 2
    http.tokens = []
    with pytest.raises(AuthenticationFailed):
        await _pages(http, connector)
    assert http.sign_ins == 3


async def test_a_post_that_is_indexed_late_is_found() -> None:
    http = Server(*(_post(number * 60) for number in range(300)))
    connector = BlueskyConnector(SETTINGS)
    cursor = (await _pages(http, connector))[-1].cursor
    http.posts.append(_post(61, indexedAt=NOW.isoformat()))
    found = []
    for minutes in (10, 30, 70):
        cursor = ListingsCursor.model_validate_json(cursor.model_dump_json())
        for page in await collect(connector, context(http, now=NOW + timedelta(minutes=minutes)), cursor, QUERY):
            found += [item.external_id for item in page.items]
            cursor = page.cursor
    assert found == ["at://did:plc:abc/app.bsky.feed.post/61"]


ODD: dict[str, tuple[Response | MonitorError, type[MonitorError], HealthState]] = {
    "401": (answer('{"error": "AuthMissing"}', status=401), AuthenticationFailed, HealthState.AUTH),
    "403": (answer(status=403), AccessForbidden, HealthState.BLOCKED),
    "400": (answer('{"error": "InvalidRequest"}', status=400), SourceChanged, HealthState.CHANGED),
    "429": (answer(status=429, headers={"Retry-After": "60"}), RateLimited, HealthState.DEGRADED),
    "500": (answer(status=500), SourceUnavailable, HealthState.DEGRADED),
    "HTML": (answer("<!doctype html><h1>Hello</h1>"), SourceChanged, HealthState.CHANGED),
    "truncated": (answer('{"posts": [{"uri": "a"'), SourceChanged, HealthState.CHANGED),
    "empty": (answer(""), SourceChanged, HealthState.CHANGED),
    "no list": (answer('{"feed": []}'), SourceChanged, HealthState.CHANGED),
    "deep": (answer("[" * 100_000), SourceChanged, HealthState.CHANGED),
}


@pytest.mark.parametrize("name", ODD)
async def test_what_is_no_answer(name: str) -> None:
    given, error, state = ODD[name]
    http = Server()
    http.broken = given
    with pytest.raises(error):
        await _pages(http)
    assert (await BlueskyConnector(SETTINGS).check(context(http))).state is state


@pytest.mark.parametrize("status", [400, 401])
async def test_a_wrong_password(status: int) -> None:
    http = Server()
    http.set(f"{PDS}/xrpc/com.atproto.server.createSession", answer('{"error": "x"}', status=status))
    health = await BlueskyConnector(SETTINGS).check(context(http))
    assert health.state is HealthState.AUTH
    assert "app password" in health.try_.casefold()


async def test_a_missing_credential_is_a_health_state() -> None:
    connector = BlueskyConnector(BlueskySettings())
    http = FakeHttp()
    health = await connector.check(context(http))
    assert (health.state, http.asked) == (HealthState.AUTH, [])
    assert all((health.what, health.why, health.try_))
    with pytest.raises(AuthenticationFailed):
        await _pages(http, connector)


async def test_health_no_names_and_an_empty_page() -> None:
    assert (await BlueskyConnector(SETTINGS).check(context(Server()))).state is HealthState.OK
    (page,) = await _pages(Server())
    assert (page.items, page.complete) == ((), True)
    http = FakeHttp()
    (page,) = await collect(BlueskyConnector(SETTINGS), context(http))
    assert (page.items, page.complete, http.asked) == ((), True, [])


async def test_a_deleted_author_and_nonsense() -> None:
    http = Server()
    odd = [None, 7, {}, {"uri": "javascript:x"}, {**_post(3), "author": None, "record": {"text": ["a"], "langs": [3]}}]
    http.broken = answer(json.dumps({"posts": odd}))
    (page,) = await _pages(http)
    (item,) = page.items
    assert (item.text, item.language) == ("", "")
    assert item.author is not None
    assert item.author.name == "[deleted]"


async def test_refetch() -> None:
    http = Server(_post(5))
    connector = BlueskyConnector(SETTINGS)
    found = await connector.refetch(context(http), "at://did:plc:abc/app.bsky.feed.post/5")
    assert isinstance(found, Item)
    gone = await connector.refetch(context(http), "at://did:plc:abc/app.bsky.feed.post/6")
    assert isinstance(gone, Gone)


@pytest.mark.parametrize("uri", ["", "at://a/b/c", "at://did:plc:a/app.bsky.feed.like/1", "at://did:plc:a/../x"])
def test_what_is_no_post(uri: str) -> None:
    assert post_url(uri) == ""


def test_settings() -> None:
    with pytest.raises(ValidationError):
        BlueskySettings.model_validate({"password": "x"})
