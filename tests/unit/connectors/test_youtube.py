"""The youtube connector: search within the day's bucket, comment threads, and refusals."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from connectors.youtube import YouTubeConnector, YouTubeCursor, YouTubeSettings
from monitor.contract import MemoryLedger, Page, Query, Response
from monitor.domain import HealthState, MentionKind
from monitor.errors import (
    AccessForbidden,
    AuthenticationFailed,
    MonitorError,
    RateLimited,
    SourceChanged,
    SourceUnavailable,
)
from monitor.testing import NOW, FakeHttp, answer, collect, context

NAMES = Query(terms=("FIRST LAST", "@firstlast"))


class YouTube(FakeHttp):
    """Answer by the last part of the path; `script` gives a body or an error for each, given the parameters."""

    def __init__(self, **script: Any) -> None:
        super().__init__()
        self.script = script

    def _next(self, full: str) -> Response:
        parts = urlsplit(full)
        params = {name: values[0] for name, values in parse_qs(parts.query).items()}
        given = self.script[parts.path.rpartition("/")[2]]
        given = given(params) if callable(given) else given
        if isinstance(given, MonitorError):
            raise given
        return given if isinstance(given, Response) else answer(json.dumps(given), media_type="application/json")

    def asked_for(self, what: str) -> list[dict[str, str]]:
        wanted = [urlsplit(one.url) for one in self.asked]
        return [
            {name: values[0] for name, values in parse_qs(parts.query).items()}
            for parts in wanted
            if parts.path.endswith(f"/{what}")
        ]


def connector(**settings: Any) -> YouTubeConnector:
    return YouTubeConnector(YouTubeSettings.model_validate({"api_key": "k-1", **settings}))


async def read(http: YouTube, cursor: Any = None, query: Query = NAMES, **settings: Any) -> list[Page]:
    now, ledger = settings.pop("now", NOW), settings.pop("ledger", None)
    return list(await collect(connector(**settings), context(http, now=now, ledger=ledger), cursor, query))


def ids(pages: list[Page]) -> list[str]:
    return [item.external_id for page in pages for item in page.items]


def video(number: int, **told: Any) -> dict[str, Any]:
    snippet = {
        "publishedAt": "2026-01-15T12:00:00Z",
        "channelId": "UCabcdefghijklmnop",
        "channelTitle": "A &amp; B",
        "title": f"Video &quot;{number}&quot;",
        "description": "words",
        **told,
    }
    return {"id": {"kind": "youtube#video", "videoId": f"video{number:04}"}, "snippet": snippet}


def comment(name: str, text: str = "words", **told: Any) -> dict[str, Any]:
    snippet = {
        "authorDisplayName": "@somebody",
        "authorChannelUrl": "http://www.youtube.com/@somebody",
        "authorChannelId": {"value": "UCzyx"},
        "textOriginal": text,
        "publishedAt": "2026-01-15T12:00:00Z",
        "updatedAt": "2026-01-15T12:00:00Z",
        **told,
    }
    return {"id": f"comment-{name}", "snippet": snippet}


def thread(name: str, *replies: dict[str, Any], total: int | None = None, **told: Any) -> dict[str, Any]:
    return {
        "id": f"comment-{name}",
        "snippet": {
            "videoId": "video0001",
            "topLevelComment": comment(name, **told),
            "totalReplyCount": len(replies) if total is None else total,
        },
        "replies": {"comments": list(replies)},
    }


async def test_search() -> None:
    http = YouTube(search={"items": [video(1), {"id": {"kind": "youtube#channel"}}]})
    pages = await read(http)
    (item,) = [item for page in pages for item in page.items]
    assert (item.external_id, item.title, item.kind) == ("video:video0001", 'Video "1"', MentionKind.VIDEO)
    assert item.url == "https://www.youtube.com/watch?v=video0001"
    assert item.author is not None
    assert (item.author.name, item.author.external_id) == ("A & B", "UCabcdefghijklmnop")
    (asked,) = http.asked_for("search")
    assert asked["q"] == '"FIRST LAST"|"@firstlast"'
    assert "publishedAfter" not in asked
    assert all("k-1" not in one.url and one.headers["X-Goog-Api-Key"] == "k-1" for one in http.asked)
    assert [page.complete for page in pages][-1]


async def test_searches_are_spread_over_the_day_and_overlap() -> None:
    http = YouTube(search={"items": []})
    pages = await read(http, searches_per_day=24)
    soon = await read(http, pages[-1].cursor, searches_per_day=24, now=NOW + timedelta(minutes=59))
    assert len(http.asked) == 1
    assert soon[-1].cursor == pages[-1].cursor
    await read(http, soon[-1].cursor, searches_per_day=24, now=NOW + timedelta(minutes=60))
    since = NOW - timedelta(hours=48)
    assert http.asked_for("search")[1]["publishedAfter"] == f"{since:%Y-%m-%dT%H:%M:%SZ}"


async def test_the_bucket_has_a_bottom() -> None:
    http = YouTube(search={"items": [video(1)], "nextPageToken": "more"})
    cursor: Any = None
    given = {"searches_per_day": 3, "ledger": MemoryLedger()}
    for hours in range(10):
        cursor = (await read(http, cursor, **given, now=NOW + timedelta(hours=hours)))[-1].cursor
    assert len(http.asked) == 3
    await read(http, cursor, **given, now=NOW + timedelta(days=2))
    assert len(http.asked) > 3
    assert YouTubeCursor.model_validate_json(cursor.model_dump_json()) == cursor
    untouched = YouTube()
    assert ids(await read(untouched, searches_per_day=0)) == []


async def test_no_names_and_no_videos() -> None:
    (page,) = await read(YouTube(), query=Query())
    assert (page.items, page.complete) == ((), True)


async def test_comments_and_replies() -> None:
    def replies(params: dict[str, str]) -> dict[str, Any]:
        assert params["parentId"] == "comment-b"
        return {"items": [comment("b.1", parentId="comment-b"), comment("b.2", parentId="comment-b")]}

    threads = [
        thread("a", comment("a.1", parentId="comment-a"), updatedAt="2026-01-15T13:00:00Z"),
        thread("b", total=2, authorDisplayName="", authorChannelUrl="", authorChannelId={}),
    ]
    http = YouTube(commentThreads={"items": threads}, comments=replies)
    pages = await read(http, query=Query(), videos=["https://youtu.be/video0001"])
    found = {item.external_id: item for page in pages for item in page.items}
    assert set(found) == {f"comment:comment-{name}" for name in ("a", "a.1", "b", "b.1", "b.2")}
    first, reply, nobody = (found[f"comment:comment-{name}"] for name in ("a", "b.1", "b"))
    assert first.edited_at == NOW.replace(2026, 1, 15, 13, 0, 0, 0)
    assert first.url == "https://www.youtube.com/watch?v=video0001&lc=comment-a"
    assert reply.in_reply_to_url == "https://www.youtube.com/watch?v=video0001&lc=comment-b"
    assert nobody.author is not None
    assert nobody.author.name == "[deleted]"


async def test_the_walk_ends_at_known_threads_and_reads_all_once_a_day() -> None:
    order = [thread(f"n{number}") for number in range(9)]

    def threads(params: dict[str, str]) -> dict[str, Any]:
        at = int(params.get("pageToken", "0"))
        more = {"nextPageToken": str(at + 3)} if at + 3 < len(order) else {}
        return {"items": order[at : at + 3], **more}

    http = YouTube(commentThreads=threads)
    first = await read(http, query=Query(), videos=["video0001"])
    assert len(ids(first)) == 9
    order.insert(0, thread("new"))
    later = await read(http, first[-1].cursor, Query(), videos=["video0001"], now=NOW + timedelta(hours=1))
    assert "comment:comment-new" in ids(later)
    assert len(http.asked) == 4
    whole = await read(http, later[-1].cursor, Query(), videos=["video0001"], now=NOW + timedelta(days=2))
    assert ids(whole) == [], "nothing has changed"
    assert len(http.asked) == 8, "four pages hold ten threads"
    order[8] = thread("n7", textOriginal="other words", updatedAt="2026-01-16T12:00:00Z")
    whole = await read(http, whole[-1].cursor, Query(), videos=["video0001"], now=NOW + timedelta(days=3))
    assert ids(whole) == ["comment:comment-n7"]


async def test_a_page_token_that_has_grown_old_begins_the_walk_anew() -> None:
    is_old = True

    def threads(params: dict[str, str]) -> Any:
        nonlocal is_old
        if "pageToken" not in params:
            return {"items": [thread("a"), thread("b")], "nextPageToken": "2"}
        if is_old:
            is_old = False
            return _refusal(400, "invalidPageToken")
        return {"items": [thread("c")]}

    pages = await read(YouTube(commentThreads=threads), query=Query(), videos=["video0001"])
    assert ids(pages) == [f"comment:comment-{name}" for name in "abc"]


@pytest.mark.parametrize("kept", [0, 1, 2])
async def test_a_killed_walk_is_made_again(kept: int) -> None:
    pages_of = {"": ["a", "b"], "2": ["c", "d"], "3": ["e"]}

    def threads(params: dict[str, str]) -> dict[str, Any]:
        token = params.get("pageToken", "")
        following = {"": "2", "2": "3", "3": ""}[token]
        return {"items": [thread(name) for name in pages_of[token]], "nextPageToken": following}

    http = YouTube(commentThreads=threads)
    first = (await read(http, query=Query(), videos=["video0001"]))[:kept]
    cursor = first[-1].cursor if first else None
    second = await read(http, cursor, Query(), videos=["video0001"])
    assert len(set(ids(first) + ids(second))) == 5


async def test_closed_comments_do_not_hide_other_videos() -> None:
    def threads(params: dict[str, str]) -> Any:
        if params["videoId"] == "video0002":
            return answer(json.dumps({"error": {"errors": [{"reason": "commentsDisabled"}]}}), status=403)
        return answer(status=404) if params["videoId"] == "video0003" else {"items": [thread("a")]}

    http = YouTube(commentThreads=threads)
    seen: list[Page] = []
    with pytest.raises(AccessForbidden, match="video0002, video0003"):
        await _gather(http, seen)
    assert ids(seen) == ["comment:comment-a"]


async def _gather(http: YouTube, seen: list[Page]) -> None:
    one = connector(videos=["video0002", "video0003", "video0001"])
    async for page in one.poll(context(http), Query(), YouTubeCursor()):
        seen.append(page)  # noqa: PERF401 - what came before an error counts


def _refusal(status: int, reason: str) -> Response:
    return answer(json.dumps({"error": {"message": "m", "errors": [{"reason": reason}]}}), status=status)


@pytest.mark.parametrize(
    ("given", "error", "state"),
    [
        (answer(status=401), AuthenticationFailed, HealthState.AUTH),
        (_refusal(400, "badRequest"), AuthenticationFailed, HealthState.AUTH),
        (_refusal(403, "accessNotConfigured"), AuthenticationFailed, HealthState.AUTH),
        (_refusal(403, "forbidden"), AccessForbidden, HealthState.BLOCKED),
        (answer("<html>no</html>", status=403), AccessForbidden, HealthState.BLOCKED),
        (_refusal(403, "quotaExceeded"), RateLimited, HealthState.DEGRADED),
        (answer(status=429), RateLimited, HealthState.DEGRADED),
        (answer(status=500), SourceUnavailable, HealthState.DEGRADED),
        (answer("<html>log in</html>"), SourceChanged, HealthState.CHANGED),
        (answer('{"items": [{"id": '), SourceChanged, HealthState.CHANGED),
        (answer(""), SourceChanged, HealthState.CHANGED),
    ],
)
async def test_what_can_go_wrong(given: Response, error: type[Exception], state: HealthState) -> None:
    http = YouTube(search=given, commentThreads=given, videoCategories=given)
    with pytest.raises(error):
        await read(http)
    with pytest.raises(error):
        await read(http, query=Query(), videos=["video0001"])
    assert (await connector().check(context(http))).state is state


async def test_spent_quota_waits_for_midnight_in_california() -> None:
    with pytest.raises(RateLimited) as caught:
        await read(YouTube(search=_refusal(403, "quotaExceeded")))
    assert caught.value.retry_at is not None
    assert NOW < caught.value.retry_at <= NOW + timedelta(days=1, hours=1)
    assert caught.value.retry_at.hour in (7, 8)


async def test_health() -> None:
    assert (await connector().check(context(YouTube(videoCategories={"items": []})))).state is HealthState.OK
    missing = await connector(api_key="").check(context(YouTube()))
    assert (missing.state, bool(missing.what and missing.why and missing.try_)) == (HealthState.AUTH, True)


@pytest.mark.parametrize(
    "settings",
    [{"videos": ["a b"]}, {"videos": ["https://x/"]}, {"base_url": "file:///"}, {"search_pages": 0}, {"x": 1}],
)
def test_settings_that_make_no_sense(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        YouTubeSettings.model_validate(settings)


def test_the_key_is_not_shown() -> None:
    assert "k-1" not in repr(YouTubeSettings.model_validate({"api_key": "k-1"}))
