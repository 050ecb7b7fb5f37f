"""The reddit connector: praw itself against a real server on the loopback address."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from connectors.reddit import RedditConnector, RedditSettings
from monitor.contract import Context, GapCursor, ListingsCursor, Page, Query
from monitor.domain import Gone, HealthState, Item
from monitor.errors import AccessForbidden, AuthenticationFailed, RateLimited, SourceChanged, SourceUnavailable
from monitor.testing import NOW, FakeHttp, Received, collect, context, reply
from tests.unit.connectors.guarded_server import GuardedServer

Answer = Callable[[str, dict[str, str]], bytes]
NAMES = Query(terms=("FIRST LAST", "u/firstlast"))
TIME = NOW.timestamp()


def ok(record: object, *, status: int = 200, **headers: str) -> bytes:
    head = {"Content-Type": "application/json", "Connection": "close"}
    head |= {name.replace("_", "-"): value for name, value in headers.items()}
    return reply(record if isinstance(record, str) else json.dumps(record), status=status, headers=head)


def listing(*things: dict[str, Any], after: str | None = None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"children": list(things), "after": after, "before": None}}


def post(number: int, **fields: Any) -> dict[str, Any]:
    name = _base36(number)
    told = {
        "id": name,
        "name": f"t3_{name}",
        "title": f"Title {number}",
        "selftext": f"text {number}",
        "author": "somebody",
        "permalink": f"/r/place/comments/{name}/title/",
        "created_utc": TIME - 1000 + number,
        "edited": False,
        "subreddit": "place",
    }
    return {"kind": "t3", "data": {**told, **fields}}


def comment(number: int, **fields: Any) -> dict[str, Any]:
    name = _base36(number)
    told = {
        "id": name,
        "name": f"t1_{name}",
        "body": f"words {number}",
        "author": "somebody",
        "link_id": "t3_zz",
        "parent_id": "t3_zz",
        "created_utc": TIME - 1000 + number,
        "edited": False,
        "subreddit": "place",
    }
    return {"kind": "t1", "data": {**told, **fields}}


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits


class Reddit:
    """Answer as Reddit does; `asked` holds the listing requests, a test's `answer` gives what they get."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.agents: set[str] = set()
        self.server = GuardedServer(self._script)

    def _script(self, received: Received) -> bytes:
        parts = urlsplit(received.target)
        self.agents.add(received.headers["user-agent"])
        if parts.path == "/api/v1/access_token":
            assert b"client_credentials" in received.body
            return ok({"access_token": "t-1", "token_type": "bearer", "expires_in": 3600, "scope": "*"})
        assert received.headers["authorization"] == "bearer t-1"
        params = {name: values[0] for name, values in parse_qs(parts.query).items()}
        path = parts.path.strip("/")
        self.asked.append((path, params))
        return self._answer(path, params)

    def connector(self, **settings: Any) -> RedditConnector:
        url = self.server.url("").rstrip("/")
        given = {"client_id": "c-1", "client_secret": "s-1", "base_url": url, **settings}
        return RedditConnector(RedditSettings.model_validate(given))


async def read(answer: Answer, cursor: ListingsCursor | None = None, **settings: Any) -> tuple[list[Page], Reddit]:
    reddit = Reddit(answer)
    async with reddit.server:
        pages = await collect(reddit.connector(**settings), reddit.server.context(), cursor, NAMES)
    return list(pages), reddit


def ids(pages: list[Page]) -> list[str]:
    return [item.external_id for page in pages for item in page.items]


async def test_search_finds_all_names_with_one_question() -> None:
    pages, reddit = await read(lambda _, __: ok(listing(post(10))))
    (item,) = pages[0].items
    assert (item.external_id, item.title, item.text) == ("t3_a", "Title 10", "text 10")
    assert item.url == "https://www.reddit.com/r/place/comments/a/title/"
    assert item.author is not None
    assert (item.author.handle, item.author.external_id) == ("u/somebody", "")
    assert item.published_at == NOW - timedelta(seconds=990)
    assert item.edited_at is None
    assert json.loads(item.raw)["kind"] == "Listing"
    ((path, params),) = reddit.asked
    assert path == "r/all/search"
    assert (params["q"], params["sort"]) == ('"FIRST LAST" OR "u/firstlast"', "new")
    assert all("goodname" in agent for agent in reddit.agents)


async def test_an_old_comment_gets_an_address_and_its_parent_one() -> None:
    things = (comment(11, parent_id="t1_9", edited=TIME - 5), comment(12, edited=True, author=None))
    pages, _ = await read(lambda _, __: ok(listing(*things)), search=False, new=False, subreddits=["place"])
    one, two = pages[0].items
    assert one.url == "https://www.reddit.com/r/place/comments/zz/_/b/"
    assert one.in_reply_to_url == "https://www.reddit.com/r/place/comments/zz/_/9/"
    assert two.in_reply_to_url == "https://www.reddit.com/r/place/comments/zz/_/"
    assert one.edited_at == NOW - timedelta(seconds=5)
    assert two.edited_at == two.published_at
    assert two.author is not None
    assert two.author.name == "[deleted]"


async def test_removed_things_are_gone_and_nothing_more_is_fetched() -> None:
    things = (post(1, selftext="[removed]"), comment(2, body="[deleted]", author=None), {"kind": "more", "data": {}})
    pages, reddit = await read(lambda _, __: ok(listing(*things)), new=False, subreddits=["place"], search=False)
    assert [one.external_id for page in pages for one in page.gone] == ["t3_1", "t1_2"]
    assert ids(pages) == []
    assert len(reddit.asked) == 1


async def test_listed_communities_are_searched_and_read() -> None:
    pages, reddit = await read(lambda path, _: ok(listing(post(5) if "new" in path else comment(6))), subreddits=["a"])
    assert [path for path, _ in reddit.asked] == ["r/a/search", "r/a/new", "r/a/comments"]
    assert reddit.asked[0][1]["restrict_sr"] == "1"
    assert [page.complete for page in pages] == [False, False, True]


async def test_without_names_and_communities_nothing_is_asked() -> None:
    reddit = Reddit(lambda _, __: ok(listing()))
    async with reddit.server:
        (page,) = await collect(reddit.connector(), reddit.server.context())
    assert (page.items, page.complete, reddit.asked) == ((), True, [])


class Stream:
    """Hold a growing listing of comments, newest first, in pages of three."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = list(numbers)

    def __call__(self, _: str, params: dict[str, str]) -> bytes:
        newest = sorted(self.numbers, reverse=True)
        if "after" in params:
            number = int(params["after"][3:], 36)
            if number not in newest:
                return ok(listing())
            newest = newest[newest.index(number) + 1 :]
        after = f"t1_{_base36(newest[2])}" if len(newest) > 3 else None
        return ok(listing(*map(comment, newest[:3]), after=after))


STREAM = {"search": False, "new": False, "subreddits": ["place"]}


async def test_the_walk_ends_at_what_is_known() -> None:
    stream = Stream(*range(1, 11))
    first, _ = await read(stream, **STREAM)
    assert sorted(ids(first)) == sorted(f"t1_{_base36(number)}" for number in range(1, 11))
    stream.numbers += [11, 12, 13, 14]
    second, reddit = await read(stream, first[-1].cursor, **STREAM)  # type: ignore[arg-type]
    assert {"t1_b", "t1_c", "t1_d", "t1_e"} <= set(ids(second))
    assert len(reddit.asked) == 2
    third, reddit = await read(stream, second[-1].cursor, **STREAM)  # type: ignore[arg-type]
    assert len(reddit.asked) == 1
    assert third[0].complete


@pytest.mark.parametrize("kill_after", [0, 1, 2, 3])
@pytest.mark.parametrize("deleted", [False, True])
async def test_a_walk_that_is_killed_loses_nothing(kill_after: int, deleted: bool) -> None:
    stream = Stream(*range(1, 13))
    first, _ = await read(stream, **STREAM)
    kept = first[:kill_after]
    stream.numbers += [20, 21, 22, 23]
    if deleted and kept:
        marker = kept[-1].cursor.listings["r/place/comments"].token  # type: ignore[attr-defined]
        stream.numbers = [one for one in stream.numbers if f"t1_{_base36(one)}" != marker]
    cursor = kept[-1].cursor if kept else None
    second, _ = await read(stream, cursor, **STREAM)  # type: ignore[arg-type]
    wanted = {f"t1_{_base36(number)}" for number in stream.numbers}
    assert wanted <= set(ids(kept) + ids(second))


async def test_search_reads_the_overlap_again() -> None:
    def answer(_: str, params: dict[str, str]) -> bytes:
        if "after" in params:
            return ok(listing(post(3, created_utc=TIME - 3 * 86400), after="t3_3"))
        return ok(listing(post(9), post(8), after="t3_8"))

    known = GapCursor(head=("t3_9",), newest_at=NOW, begun_at=NOW, swept_at=NOW - timedelta(hours=2))
    pages, reddit = await read(answer, ListingsCursor(listings={'r/all/search?"FIRST LAST" OR "u/firstlast"': known}))
    assert ids(pages) == ["t3_9", "t3_8", "t3_3"]
    assert len(reddit.asked) == 2


async def _gather(connector: RedditConnector, ctx: Context, seen: list[Page]) -> None:
    async for page in connector.poll(ctx, NAMES, ListingsCursor()):
        seen.append(page)  # noqa: PERF401 - what came before an error counts


async def test_one_closed_community_does_not_hide_the_others() -> None:
    def answer(path: str, _: dict[str, str]) -> bytes:
        if "closed" in path:
            return ok({"message": "Forbidden", "error": 403, "reason": "quarantined"}, status=403)
        return ok(listing(comment(7)))

    reddit = Reddit(answer)
    seen: list[Page] = []
    async with reddit.server:
        connector = reddit.connector(subreddits=["closed", "open"], search=False)
        with pytest.raises(AccessForbidden, match="r/closed/new, r/closed/comments"):
            await _gather(connector, reddit.server.context(), seen)
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("given", "error", "state"),
    [
        (ok({"message": "Unauthorized", "error": 401}, status=401), AuthenticationFailed, HealthState.AUTH),
        (ok({}, status=403), AccessForbidden, HealthState.BLOCKED),
        (ok({}, status=404), SourceChanged, HealthState.CHANGED),
        (ok("", status=302, Location="https://www.reddit.com/subreddits"), SourceChanged, HealthState.CHANGED),
        (ok({}, status=500), SourceUnavailable, HealthState.DEGRADED),
        (ok("<html>busy</html>", status=503), SourceUnavailable, HealthState.DEGRADED),
        (ok({}, status=429, Retry_After="90"), RateLimited, HealthState.DEGRADED),
        (ok("<html>log in</html>"), SourceChanged, HealthState.CHANGED),
        (ok('{"kind": "Listing", "data": {"chil'), SourceChanged, HealthState.CHANGED),
        (ok(""), SourceChanged, HealthState.CHANGED),
        (ok("[" * 100_000), SourceChanged, HealthState.CHANGED),
        (ok({"kind": "Listing", "data": {}}), SourceChanged, HealthState.CHANGED),
        (ok({"hello": 1}), SourceChanged, HealthState.CHANGED),
        (ok({"error": 1}, x_ratelimit_remaining="many"), SourceChanged, HealthState.CHANGED),
    ],
)
async def test_what_can_go_wrong(given: bytes, error: type[Exception], state: HealthState) -> None:
    with pytest.raises(error):
        await read(lambda _, __: given)
    reddit = Reddit(lambda _, __: given)
    async with reddit.server:
        health = await reddit.connector().check(reddit.server.context())
    assert health.state is state
    assert len(reddit.asked) == 1, "retries are for the schedule to make"


async def test_the_wait_is_as_long_as_reddit_says() -> None:
    with pytest.raises(RateLimited) as caught:
        await read(lambda _, __: ok({}, status=429, x_ratelimit_reset="120"))
    assert caught.value.retry_at == NOW + timedelta(seconds=120)


async def test_when_nothing_is_left_the_next_request_is_not_made() -> None:
    spent = {"x_ratelimit_remaining": "0.0", "x_ratelimit_used": "600", "x_ratelimit_reset": "300"}
    reddit = Reddit(lambda _, __: ok(listing(post(2), after="t3_2"), **spent))
    async with reddit.server:
        with pytest.raises(RateLimited) as caught:
            await collect(reddit.connector(), reddit.server.context(), query=NAMES)
    assert caught.value.retry_at == NOW + timedelta(seconds=300)
    assert len(reddit.asked) == 1


async def test_refused_application() -> None:
    server = GuardedServer(lambda _: ok({"message": "Unauthorized", "error": 401}, status=401))
    async with server:
        connector = RedditConnector(
            RedditSettings.model_validate(
                {"client_id": "c-1", "client_secret": "s-1", "base_url": server.url("").rstrip("/")}
            )
        )
        health = await connector.check(server.context())
    assert health.state is HealthState.AUTH
    assert "s-1" not in f"{health}"


async def test_unreachable_server() -> None:
    async with GuardedServer(lambda _: b"") as server:
        await server.stop()
        given = {"client_id": "c", "client_secret": "s", "base_url": server.url("").rstrip("/")}
        connector = RedditConnector(RedditSettings.model_validate(given))
        assert (await connector.check(server.context())).state is HealthState.DEGRADED


async def test_missing_credentials_and_library_are_states(monkeypatch: pytest.MonkeyPatch) -> None:
    health = await RedditConnector(RedditSettings()).check(context(FakeHttp()))
    assert (health.state, bool(health.what and health.why and health.try_)) == (HealthState.AUTH, True)
    monkeypatch.setitem(sys.modules, "praw", None)
    health = await _unserved().check(context(FakeHttp()))
    assert health.state is HealthState.AUTH
    assert "goodname[reddit]" in health.try_


def _unserved() -> RedditConnector:
    return RedditConnector(RedditSettings.model_validate({"client_id": "c", "client_secret": "s"}))


async def test_one_thing_again() -> None:
    def answer(path: str, params: dict[str, str]) -> bytes:
        assert path == "api/info"
        found = {"t1_5": comment(5, edited=TIME), "t1_6": comment(6, body="[removed]")}.get(params["id"])
        return ok(listing(*([found] if found else [])))

    reddit = Reddit(answer)
    async with reddit.server:
        five, six, none = [
            await reddit.connector().refetch(reddit.server.context(), name) for name in ("t1_5", "t1_6", "t1_7")
        ]
    assert isinstance(five, Item)
    assert five.edited_at == NOW
    assert isinstance(six, Gone)
    assert isinstance(none, Gone)


@pytest.mark.parametrize(
    "settings",
    [{"subreddits": ["a b"]}, {"subreddits": ["../x"]}, {"base_url": "file:///x"}, {"overlap_hours": -1}, {"x": 1}],
)
def test_settings_that_make_no_sense(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RedditSettings.model_validate(settings)


def test_settings_hide_secrets() -> None:
    settings = RedditSettings.model_validate({"client_secret": "s-1", "subreddits": ["r/a", "/r/a", "b"]})
    assert "s-1" not in repr(settings)
    assert settings.subreddits == ("a", "b")
