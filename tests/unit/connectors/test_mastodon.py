"""The Mastodon connector: listings, pages by Link, what a post becomes, and what is no answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import SecretStr, ValidationError

from connectors._status import next_max_id
from connectors.mastodon import MastodonConnector, MastodonSettings
from monitor.contract import ListingsCursor, Page, Query, Response
from monitor.domain import HealthState, Precision
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
HOME = "https://home.example"
TAGGED = MastodonConnector(MastodonSettings(base_url=HOME, hashtags=("#dentist",)))
SEARCHING = MastodonConnector(MastodonSettings(base_url=HOME, token=SecretStr("s3cret")))


def _status(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "uri": f"https://away.example/users/a/statuses/{number}",
        "url": f"https://away.example/@a/{number}",
        "created_at": (NOW - timedelta(days=1) + timedelta(seconds=number)).isoformat().replace("+00:00", "Z"),
        "edited_at": None,
        "visibility": "public",
        "language": "en",
        "spoiler_text": "",
        "content": f"<p>FIRST LAST &amp; words <span>{number}</span></p><p>more</p><script>x()</script>",
        "in_reply_to_id": None,
        "media_attachments": [],
        "account": {
            "acct": "a@away.example",
            "display_name": "Somebody",
            "url": "https://away.example/@a",
            "uri": "https://away.example/users/a",
            "created_at": "2020-01-01T00:00:00.000Z",
        },
        **fields,
    }


class Server(FakeHttp):
    """Give posts newest first, with a Link to the next page, as the servers do."""

    def __init__(self, *statuses: Mapping[str, Any]) -> None:
        super().__init__()
        self.statuses = {str(one["id"]): one for one in statuses}
        self.broken: dict[str, Response | MonitorError] = {}

    async def get(self, url: str, *, params: Mapping[str, str] | None = None, **options: Any) -> Response:
        given = dict(params or {})
        order = sorted(self.statuses.values(), key=lambda one: int(one["id"]), reverse=True)
        below = [one for one in order if int(one["id"]) < int(given.get("max_id") or 10**18)][: int(given["limit"])]
        body = json.dumps({"statuses": below, "accounts": []} if url.endswith("/search") else below)
        link = f'<{url}?limit=40&max_id={below[-1]["id"]}>; rel="next", <{url}?min_id=1>; rel="prev"' if below else ""
        full = f"{url}?{'&'.join(f'{name}={value}' for name, value in given.items())}"
        made = answer(body, media_type="application/json", headers={"Link": link} if link else {})
        self.set(full, self.broken.get(urlsplit(url).netloc, made))
        return await super().get(full, **options)


async def _pages(connector: MastodonConnector, http: FakeHttp, query: Query = QUERY) -> tuple[Page, ...]:
    return tuple(await collect(connector, context(http), None, query))


async def test_a_post() -> None:
    http = Server(
        _status(
            5,
            spoiler_text="About &amp; around",
            in_reply_to_id="4",
            edited_at="2026-01-15T11:00:00.000Z",
            media_attachments=[{"url": "https://away.example/m.png"}, {"url": "javascript:x"}, 5],
        )
    )
    (item,) = (item for page in await _pages(TAGGED, http) for item in page.items)
    assert item.external_id == "https://away.example/users/a/statuses/5"
    assert item.url == "https://away.example/@a/5"
    assert item.title == "About & around"
    assert item.text == "FIRST LAST & words 5\nmore"
    assert item.in_reply_to_url == f"{HOME}/statuses/4"
    assert item.media == ("https://away.example/m.png",)
    assert item.edited_at is not None
    assert item.published_precision is Precision.EXACT
    assert item.author is not None
    assert (item.author.name, item.author.handle) == ("Somebody", "a@away.example")
    assert item.author.account_created_at is not None
    assert item.language == "en"


async def test_pages_are_followed_by_id_only() -> None:
    http = Server(*(_status(number) for number in range(1, 101)))
    pages = await _pages(TAGGED, http)
    assert sum(len(page.items) for page in pages) == 100
    assert all(one.url.startswith(f"{HOME}/api/v1/timelines/tag/dentist?") for one in http.asked)
    assert [dict(parse_qsl(urlsplit(one.url).query)).get("max_id") for one in http.asked] == [None, "61", "21", "1"]
    assert [page.complete for page in pages] == [False, False, False, True]


async def test_searching_uses_the_token_only_at_home() -> None:
    settings = MastodonSettings(
        base_url=HOME, token=SecretStr("s3cret"), more=("https://other.example/",), hashtags=("a_b",)
    )
    http = Server(_status(1))
    await _pages(MastodonConnector(settings), http, Query(terms=("FIRST LAST", "@firstlast")))
    seen = {(urlsplit(one.url).netloc, urlsplit(one.url).path, one.headers.get("Authorization")) for one in http.asked}
    assert seen == {
        ("home.example", "/api/v2/search", "Bearer s3cret"),
        ("home.example", "/api/v1/timelines/tag/a_b", "Bearer s3cret"),
        ("other.example", "/api/v1/timelines/tag/a_b", None),
    }
    asked = [dict(parse_qsl(urlsplit(one.url).query)) for one in http.asked]
    assert {one["q"] for one in asked if "q" in one} == {'"FIRST LAST"', '"@firstlast"'}
    assert "s3cret" not in repr(settings)


async def test_what_not_everybody_may_read_is_left_out() -> None:
    http = Server(_status(1, visibility="private"), _status(2, visibility="direct"), _status(3, visibility="unlisted"))
    pages = await _pages(SEARCHING, http)
    assert [item.external_id[-1] for page in pages for item in page.items] == ["3"]


async def test_a_public_timeline_keeps_only_posts_with_a_watched_word() -> None:
    connector = MastodonConnector(MastodonSettings(base_url=HOME, public=True, local=True))
    http = Server(
        _status(1), _status(2, content="<p>nothing of it</p>"), _status(3, content="<p>that LAST dentist</p>")
    )
    pages = await _pages(connector, http, Query(terms=("FIRST LAST",)))
    assert [item.external_id[-1] for page in pages for item in page.items] == ["3", "1"]
    assert "local=true" in http.asked[0].url
    (page,) = await _pages(connector, http, Query())
    assert (page.items, page.complete) == ((), True)


async def test_new_posts_edits_and_a_deleted_author() -> None:
    http = Server(*(_status(number) for number in range(1, 60)))
    cursor = (await _pages(TAGGED, http))[-1].cursor
    http.statuses["60"] = _status(60, account=None)
    http.statuses["59"] = _status(59, content="<p>changed</p>", edited_at="2026-01-15T11:59:00Z")
    kept = ListingsCursor.model_validate_json(cursor.model_dump_json())
    (page,) = await collect(TAGGED, context(http, now=NOW + timedelta(minutes=5)), kept, QUERY)
    assert [(item.external_id[-2:], item.author.name if item.author else "") for item in page.items] == [
        ("60", "[deleted]"),
        ("59", "Somebody"),
    ]


async def test_one_failing_server_does_not_stop_the_others() -> None:
    settings = MastodonSettings(base_url=HOME, more=("https://other.example",), hashtags=("a",))
    http = Server(_status(1))
    http.broken["home.example"] = answer(status=500)
    pages: list[Page] = []
    walk = MastodonConnector(settings).poll(context(http), QUERY, ListingsCursor())
    with pytest.raises(SourceUnavailable):
        await _drain(walk, pages)
    assert [len(page.items) for page in pages] == [1, 0]


async def _drain(walk: Any, pages: list[Page]) -> None:
    async for page in walk:
        pages += [page]


ODD: dict[str, tuple[Response | MonitorError, type[MonitorError], HealthState]] = {
    "401": (answer(status=401), AuthenticationFailed, HealthState.AUTH),
    "403": (answer(status=403), AccessForbidden, HealthState.BLOCKED),
    "422": (answer('{"error": "..."}', status=422), AuthenticationFailed, HealthState.AUTH),
    "429": (answer(status=429, headers={"Retry-After": "60"}), RateLimited, HealthState.DEGRADED),
    "500": (answer(status=500), SourceUnavailable, HealthState.DEGRADED),
    "HTML": (answer("<!doctype html><h1>Hello</h1>"), SourceChanged, HealthState.CHANGED),
    "truncated": (answer('[{"id": "1"'), SourceChanged, HealthState.CHANGED),
    "empty": (answer(""), SourceChanged, HealthState.CHANGED),
    "another kind": (answer('{"error": "moved"}'), SourceChanged, HealthState.CHANGED),
    "deep": (answer("[" * 100_000), SourceChanged, HealthState.CHANGED),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("connector", [TAGGED, SEARCHING], ids=["timeline", "search"])
async def test_what_is_no_answer(connector: MastodonConnector, name: str) -> None:
    given, error, state = ODD[name]
    http = Server()
    http.broken["home.example"] = given
    with pytest.raises(error):
        await _pages(connector, http)
    health = await connector.check(context(http))
    assert health.state is state
    assert health.what


async def test_nothing_to_read_without_a_token_is_a_health_state() -> None:
    connector = MastodonConnector(MastodonSettings())
    health = await connector.check(context(FakeHttp()))
    assert health.state is HealthState.AUTH
    assert "token" in health.why
    assert "read:search" in health.try_
    with pytest.raises(AuthenticationFailed):
        await _pages(connector, FakeHttp())


async def test_health_and_empty_page() -> None:
    assert (await TAGGED.check(context(Server()))).state is HealthState.OK
    (page,) = await _pages(TAGGED, Server())
    assert (page.items, page.complete) == ((), True)


async def test_nonsense_inside_an_answer_is_passed_over() -> None:
    http = Server()
    http.broken["home.example"] = answer('[null, 3, [], {}, {"id": "9", "content": 5, "account": [], "uri": {}}]')
    (page,) = await _pages(TAGGED, http)
    (item,) = page.items
    assert (item.external_id, item.text, item.published_at) == (f"{HOME}/statuses/9", "5", None)


@pytest.mark.parametrize(
    ("link", "max_id"),
    [
        ('<https://a.example/x?max_id=12&limit=4>; rel="next", <https://a.example/x?min_id=9>; rel="prev"', "12"),
        ('<https://a.example/x?min_id=9>; rel="prev", <https://a.example/x?max_id=3>; rel="next"', "3"),
        ("<https://a.example/x?max_id=12>; rel=next", "12"),
        ('<https://a.example/x?min_id=9>; rel="prev"', ""),
        ('<https://a.example/x?max_id=1%0d%0aX>; rel="next"', ""),
        ('<https://[a?max_id=1>; rel="next"', ""),
        ("<" * 9000, ""),
        ("", ""),
    ],
)
def test_link(link: str, max_id: str) -> None:
    assert next_max_id(link) == max_id


@pytest.mark.parametrize("fields", [{"hashtags": ["a b"]}, {"hashtags": ["#"]}, {"base_url": "a.example"}, {"x": 1}])
def test_settings(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MastodonSettings.model_validate(fields)
