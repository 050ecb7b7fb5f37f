"""The Hacker News connector: what it asks, what it makes of the answers, and what is no answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import ValidationError

from connectors.hackernews import HackerNewsConnector, HackerNewsSettings
from monitor.contract import ListingsCursor, Query, Response
from monitor.domain import Gone, HealthState, Item, MentionKind, Precision
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
BASE = "https://hn.example/api/v1"
CONNECTOR = HackerNewsConnector(HackerNewsSettings(base_url=BASE))
SECOND = int(NOW.timestamp())


class Server(FakeHttp):
    """Search a list of hits as the service does: newest first, a hundred a page, up to a second."""

    def __init__(self, *hits: Mapping[str, Any]) -> None:
        super().__init__()
        self.hits = list(hits)

    async def get(self, url: str, *, params: Mapping[str, str] | None = None, **options: Any) -> Response:
        found = sorted(self.hits, key=lambda hit: hit["created_at_i"], reverse=True)
        given = dict(params or {})
        _, _, second = given.get("numericFilters", "").partition("<=")
        if second:
            found = [hit for hit in found if hit["created_at_i"] <= int(second)]
        start = int(given.get("page", "0")) * 100
        body = json.dumps({"hits": found[start : start + 100], "page": 0})
        full = f"{url}?{'&'.join(f'{name}={value}' for name, value in given.items())}"
        self.set(full, answer(body, media_type="application/json"))
        return await super().get(full, **options)


def _comment(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "objectID": str(number),
        "author": "somebody",
        "comment_text": f"<p>FIRST LAST &amp; words {number}",
        "created_at_i": SECOND - number,
        "parent_id": 7,
        "story_title": "A story",
        **fields,
    }


async def _items(http: FakeHttp) -> tuple[Item, ...]:
    return tuple(item for page in await collect(CONNECTOR, context(http), None, QUERY) for item in page.items)


async def test_a_comment() -> None:
    (item,) = await _items(Server(_comment(12)))
    assert item.external_id == "12"
    assert item.url == "https://news.ycombinator.com/item?id=12"
    assert item.in_reply_to_url == "https://news.ycombinator.com/item?id=7"
    assert item.text == "FIRST LAST & words 12"
    assert item.title == ""
    assert item.kind is MentionKind.COMMENT
    assert item.author is not None
    assert item.author.profile_url == "https://news.ycombinator.com/user?id=somebody"
    assert (item.published_at, item.published_precision) == (NOW - timedelta(seconds=12), Precision.EXACT)
    assert b"FIRST LAST" in item.raw
    assert item.raw_media_type == "application/json"


async def test_a_story_with_a_link() -> None:
    story = {"objectID": "1", "title": "FIRST LAST &amp; more", "url": "https://blog.example/a", "author": None}
    (item,) = await _items(Server({**story, "created_at_i": 1768478400}))
    assert (item.title, item.text) == ("FIRST LAST & more", "https://blog.example/a")
    assert item.kind is MentionKind.POST
    assert item.author is not None
    assert item.author.name == "[deleted]"
    assert item.published_at == datetime(2026, 1, 15, 12, tzinfo=UTC)


async def test_one_exact_request_a_name() -> None:
    http = Server()
    await collect(CONNECTOR, context(http), None, Query(terms=("FIRST LAST", 'a "b', "first last", "x", "")))
    asked = [dict(parse_qsl(urlsplit(one.url).query)) for one in http.asked]
    assert [one["query"] for one in asked] == ['"FIRST LAST"', '"a b"']
    assert asked[0]["typoTolerance"] == "false"


async def test_no_names_no_request() -> None:
    http = Server(_comment(1))
    (page,) = await collect(CONNECTOR, context(http))
    assert (page.items, page.complete, http.asked) == ((), True, [])


async def test_pages_and_ties() -> None:
    """More than two pages, 150 of them in one and the same second."""
    hits = [_comment(number, created_at_i=SECOND - min(number, 90) - max(0, number - 240)) for number in range(1, 320)]
    items = await _items(Server(*hits))
    assert len(items) == 319
    assert len({item.external_id for item in items}) == 319


async def test_a_second_poll_gives_only_what_is_new_or_edited() -> None:
    http = Server(*(_comment(number) for number in range(1, 30)))
    (page,) = await collect(CONNECTOR, context(http), None, QUERY)
    cursor = ListingsCursor.model_validate_json(page.cursor.model_dump_json())
    http.hits[3] = _comment(4, comment_text="FIRST LAST was right")
    http.hits.append(_comment(99, created_at_i=SECOND))
    (page,) = await collect(CONNECTOR, context(http, now=NOW + timedelta(minutes=5)), cursor, QUERY)
    assert {item.external_id: item.text for item in page.items} == {
        "99": "FIRST LAST & words 99",
        "4": "FIRST LAST was right",
    }


async def test_the_same_cursor_gives_the_same_ids() -> None:
    http = Server(*(_comment(number) for number in range(1, 150)))
    assert [item.external_id for item in await _items(http)] == [item.external_id for item in await _items(http)]


ODD: dict[str, tuple[Response | MonitorError, type[MonitorError]]] = {
    "401": (answer(status=401), AuthenticationFailed),
    "403": (answer(status=403), AccessForbidden),
    "429": (answer(status=429, headers={"Retry-After": "60"}), RateLimited),
    "500": (answer(status=500), SourceUnavailable),
    "HTML": (answer("<!doctype html><h1>Hello</h1>"), SourceChanged),
    "truncated": (answer('{"hits": [{"objectID": "1"'), SourceChanged),
    "empty": (answer(""), SourceChanged),
    "another object": (answer('{"message": "moved"}'), SourceChanged),
    "deep": (answer("[" * 100_000), SourceChanged),
}


@pytest.mark.parametrize("name", ODD)
async def test_what_is_no_answer(name: str) -> None:
    given, error = ODD[name]

    class Odd(FakeHttp):
        async def get(self, url: str, **options: Any) -> Response:
            self.set(url, given)
            options.pop("params", None)
            return await super().get(url, **options)

    with pytest.raises(error):
        await _items(Odd())
    health = await CONNECTOR.check(context(Odd()))
    assert health.state is not HealthState.OK
    assert health.what


async def test_nonsense_inside_an_answer_is_passed_over() -> None:
    body = {"hits": [None, 5, [], {"objectID": {"a": 1}}, {"objectID": "../x"}, {"objectID": "5", "title": ["a"]}]}
    http = FakeHttp()

    class Odd(FakeHttp):
        async def get(self, url: str, **options: Any) -> Response:
            self.set(url, json.dumps(body))
            options.pop("params", None)
            return await super().get(url, **options)

    http = Odd()
    (item,) = await _items(http)
    assert (item.external_id, item.title, item.published_at) == ("5", "", None)


async def test_health() -> None:
    assert (await CONNECTOR.check(context(Server()))).state is HealthState.OK


async def test_refetch() -> None:
    kept = {"id": 5, "type": "comment", "text": "<i>still</i> here", "author": "a", "created_at_i": SECOND}
    http = FakeHttp({f"{BASE}/items/5": json.dumps(kept), f"{BASE}/items/6": json.dumps({**kept, "text": None})})
    item = await CONNECTOR.refetch(context(http), "5")
    assert isinstance(item, Item)
    assert item.text == "still here"
    assert await CONNECTOR.refetch(context(http), "6") == Gone(external_id="6", signal="its text was taken away")
    assert await CONNECTOR.refetch(context(http), "7") == Gone(external_id="7", signal="HTTP 404")


@pytest.mark.parametrize("base_url", ["hn.example", "file:///etc/passwd", "https://a.example/?q=1", ""])
def test_settings(base_url: str) -> None:
    with pytest.raises(ValidationError):
        HackerNewsSettings(base_url=base_url)
    with pytest.raises(ValidationError):
        HackerNewsSettings.model_validate({"url": "https://a.example"})
