"""The x connector: tweepy itself against a real server on the loopback address, and a budget that holds."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from connectors._x_posts import written_at
from connectors.x import XConnector, XSettings
from monitor.contract import Gap, GapCursor, ListingsCursor, MemoryLedger, Page, Query, account_of
from monitor.domain import HealthState
from monitor.errors import (
    AccessForbidden,
    AuthenticationFailed,
    BudgetSpent,
    RateLimited,
    SourceChanged,
    SourceUnavailable,
)
from monitor.testing import NOW, FakeHttp, Received, collect, context, reply
from tests.unit.connectors.guarded_server import GuardedServer

NAMES = Query(terms=("FIRST LAST", "@firstlast"))
WORDS = '"FIRST LAST" OR "@firstlast"'
NEWEST = int((NOW - written_at(0)) / timedelta(milliseconds=1)) << 22


def post(age: int, **told: Any) -> dict[str, Any]:
    """Make a post as old as so many minutes."""
    number = NEWEST - (age * 60_000 << 22)
    return {"id": str(number), "text": f"text {age}", "author_id": "42", "created_at": "2026-01-15T11:00:00Z", **told}


def ok(record: object, *, status: int = 200, **headers: str) -> bytes:
    head = {"Content-Type": "application/json", "Connection": "close"}
    head |= {name.replace("_", "-"): value for name, value in headers.items()}
    return reply(record if isinstance(record, str) else json.dumps(record), status=status, headers=head)


def page_of(*posts: dict[str, Any], token: str = "", **more: Any) -> dict[str, Any]:
    meta = {"result_count": len(posts), **({"next_token": token} if token else {})}
    return {"meta": meta, **({"data": list(posts)} if posts else {}), **more}


class X:
    """Answer as X does; `asked` holds the parameters of each search."""

    def __init__(self, answer: Callable[[dict[str, str]], bytes]) -> None:
        self._answer = answer
        self.asked: list[dict[str, str]] = []
        self.users: list[str] = []
        self.ledger = MemoryLedger()
        self.server = GuardedServer(self._script)

    def _script(self, received: Received) -> bytes:
        parts = urlsplit(received.target)
        assert received.headers["authorization"] == "Bearer t-1"
        params = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/2/users":
            self.users.append(params["ids"])
            return self._answer({"users": params["ids"]})
        if parts.path != "/2/tweets/counts/recent":
            assert parts.path == "/2/tweets/search/recent"
        self.asked.append(params)
        return self._answer(params)

    def connector(self, **settings: Any) -> XConnector:
        given = {"bearer_token": "t-1", "base_url": self.server.url("").rstrip("/"), **settings}
        return XConnector(XSettings.model_validate(given))

    async def read(self, cursor: Any = None, query: Query = NAMES, **settings: Any) -> list[Page]:
        now = settings.pop("now", NOW)
        async with self.server:
            ctx = self.server.context(now=now, ledger=self.ledger)
            return list(await collect(self.connector(**settings), ctx, cursor, query))

    async def spent(self, now: datetime = NOW) -> int:
        return await self.ledger.used(account_of("x microdollars", "t-1"), f"{now:%Y-%m}")


def ids(pages: list[Page]) -> list[str]:
    return [item.external_id for page in pages for item in page.items]


async def test_one_question_for_all_names() -> None:
    reference = [{"type": "replied_to", "id": "77"}]
    x = X(lambda _: ok(page_of(post(1, text="a &amp; b", referenced_tweets=reference, lang="en"))))
    (page,) = await x.read()
    (item,) = page.items
    assert (item.text, item.language, item.in_reply_to_url) == ("a & b", "en", "https://x.com/i/status/77")
    assert item.url == f"https://x.com/i/status/{item.external_id}"
    assert item.author is not None
    assert (item.author.external_id, item.author.name) == ("42", "")
    assert (await x.spent(), page.complete) == (5_000, True)
    (asked,) = x.asked
    assert asked["query"] == f"({WORDS}) -is:retweet"
    assert "expansions" not in asked
    assert "since_id" not in asked


async def test_authors_of_matching_posts_are_read_once_each() -> None:
    def answer(params: dict[str, str]) -> bytes:
        if "users" in params:
            user = {"id": "42", "name": "Some Body", "username": "somebody", "created_at": "2020-01-01T00:00:00Z"}
            return ok({"data": [user]})
        named = [post(1, text="First Last &amp; co"), post(2, text="of first last", author_id="43")]
        return ok(page_of(*named, post(3, text="a link only", author_id="44"), post(4, text="first last again")))

    x = X(answer)
    pages = await x.read(authors=True)
    one, two, three, four = pages[-1].items
    assert one.author is not None
    assert two.author is not None
    assert three.author is not None
    assert four.author == one.author
    assert (one.author.handle, one.url) == ("@somebody", f"https://x.com/somebody/status/{one.external_id}")
    assert (two.author.handle, two.author.external_id) == ("", "43")
    assert (three.author.handle, three.author.external_id) == ("", "44")
    assert x.users == ["42,43"]
    assert await x.spent() == 4 * 5_000 + 10_000


async def test_authors_are_left_out_when_the_money_is_short() -> None:
    x = X(lambda _: ok(page_of(*(post(age, text="first last", author_id=str(age + 1)) for age in range(10)))))
    (page,) = await x.read(authors=True, monthly_budget="0.05")
    assert (len(page.items), x.users, await x.spent()) == (10, [], 50_000)


class Timeline:
    """Hold posts by age in minutes; give them newest first, three a page, after `since_id`."""

    def __init__(self, *ages: int) -> None:
        self.ages = list(ages)

    def __call__(self, params: dict[str, str]) -> bytes:
        posts = sorted((post(age) for age in self.ages), key=lambda one: -int(one["id"]))
        posts = [one for one in posts if int(one["id"]) > int(params.get("since_id", 0))]
        at = int(params.get("next_token", 0))
        token = str(at + 3) if at + 3 < len(posts) else ""
        return ok(page_of(*posts[at : at + 3], token=token))


async def test_since_id_and_overlap() -> None:
    timeline = Timeline(100, 90, 80, 70, 60)
    first = await X(timeline).read()
    assert len(ids(first)) == 5
    timeline.ages += [59, 50, 61]
    x = X(timeline)
    second = await x.read(first[-1].cursor)
    assert {post(age)["id"] for age in (59, 50, 61)} <= set(ids(second))
    assert len(ids(second)) == 3
    assert await x.spent() == 4 * 5_000, "only the overlap is paid for twice"
    assert "since_id" in x.asked[0]
    late = X(timeline)
    await late.read(second[-1].cursor, now=NOW + timedelta(days=8))
    assert "since_id" not in late.asked[0], "X refuses ids of more than a week ago"


@pytest.mark.parametrize("kept", range(4))
async def test_a_killed_walk_goes_on(kept: int) -> None:
    timeline = Timeline(*range(10, 80, 10))
    first = (await X(timeline).read())[:kept]
    cursor = first[-1].cursor if first else None
    second = await X(timeline).read(cursor)
    assert set(ids(first) + ids(second)) == {post(age)["id"] for age in timeline.ages}
    assert len(ids(first) + ids(second)) == len(timeline.ages)
    assert ListingsCursor.model_validate_json(second[-1].cursor.model_dump_json()) == second[-1].cursor


async def test_a_long_walk_goes_on_at_the_next_poll() -> None:
    timeline = Timeline(*range(10, 80, 10))
    first = await X(timeline).read(pages=1)
    assert not first[-1].complete
    second = await X(timeline).read(first[-1].cursor, pages=5)
    assert len(ids(first) + ids(second)) == 7


async def test_a_dead_page_token_begins_the_walk_anew() -> None:
    def answer(params: dict[str, str]) -> bytes:
        return ok({"title": "Invalid Request"}, status=400) if "next_token" in params else ok(page_of(post(1)))

    gap = Gap(token="dead", floor=NOW - timedelta(minutes=30), is_sweep=True)
    known = GapCursor(head=(post(5)["id"],), newest_at=NOW - timedelta(minutes=5), begun_at=NOW, gaps=(gap,))
    x = X(answer)
    pages = await x.read(ListingsCursor(listings={WORDS: known}))
    assert ids(pages) == [post(1)["id"]]
    assert pages[-1].complete
    assert await x.spent() == 10_000, "the newest page was read for each walk, the refused request is not counted"


async def test_the_budget_is_never_passed() -> None:
    full = page_of(*(post(age) for age in range(100)), token="more")
    paid = 0

    def answer(params: dict[str, str]) -> bytes:
        nonlocal paid
        size = int(params["max_results"])
        paid += size
        return ok({**full, "data": full["data"][:size], "meta": {"result_count": size, "next_token": f"more {paid}"}})

    ledger, cursor = MemoryLedger(), None
    for _ in range(3):
        x, seen = X(answer), []
        x.ledger = ledger
        async with x.server:
            with pytest.raises(BudgetSpent, match="budget"):
                await _gather(x, cursor or ListingsCursor(), seen, monthly_budget="1.27")
        cursor = seen[-1].cursor if seen else cursor
        assert paid * 0.005 <= 1.27
    assert paid == 254
    later = X(answer)
    later.ledger = ledger
    in_a_month = NOW + timedelta(days=40)
    await later.read(cursor, now=in_a_month, monthly_budget=1, pages=1)
    assert await later.spent(in_a_month) == 500_000


async def _gather(x: X, cursor: Any, seen: list[Page], **settings: Any) -> None:
    async for page in x.connector(**settings).poll(x.server.context(ledger=x.ledger), NAMES, cursor):
        seen.append(page)  # noqa: PERF401 - what came before an error counts


async def test_sources_with_one_credential_share_its_budget() -> None:
    ledger = MemoryLedger()
    for _ in range(2):
        x = X(lambda params: ok(page_of(*(post(age) for age in range(int(params["max_results"]))))))
        x.ledger = ledger
        await x.read(monthly_budget="0.6")
    with pytest.raises(BudgetSpent):
        await x.read(monthly_budget="0.6")
    assert await x.spent() == 600_000


async def test_what_it_may_cost_is_counted_before_it_is_sent() -> None:
    counted: list[int] = []

    class Watched(MemoryLedger):
        async def take(self, account: str, period: str, amount: int, most: int) -> bool:
            counted.append(amount)
            return await super().take(account, period, amount, most)

    def answer(_: dict[str, str]) -> bytes:
        assert counted == [500_000], "a crash from here on cannot hide the cost"
        return ok(page_of(post(1)))

    x = X(answer)
    x.ledger = Watched()
    await x.read()
    assert await x.spent() == 5_000


@pytest.mark.parametrize(("given", "counted"), [(b"", 500_000), (ok({}, status=503), 0), (ok({}, status=429), 0)])
async def test_only_what_may_have_been_delivered_stays_counted(given: bytes, counted: int) -> None:
    x = X(lambda _: given)
    with pytest.raises((SourceUnavailable, RateLimited)):
        await x.read()
    assert await x.spent() == counted


async def test_being_offline_costs_nothing() -> None:
    x = X(lambda _: b"")
    async with x.server:
        await x.server.stop()
        with pytest.raises(SourceUnavailable):
            await collect(x.connector(), x.server.context(ledger=x.ledger), query=NAMES)
    assert await x.spent() == 0


async def test_empty_answers_and_no_names() -> None:
    x = X(lambda _: ok(page_of()))
    pages = await x.read()
    assert (ids(pages), await x.spent(), pages[-1].complete) == ([], 0, True)
    x = X(lambda _: ok(page_of()))
    (page,) = await x.read(query=Query())
    assert (page.items, page.complete, x.asked) == ((), True, [])


@pytest.mark.parametrize(
    ("given", "error", "state"),
    [
        (ok({"title": "Unauthorized"}, status=401), AuthenticationFailed, HealthState.AUTH),
        (ok({"title": "Forbidden"}, status=403), AccessForbidden, HealthState.BLOCKED),
        (ok({"title": "CreditsDepleted"}, status=402), AccessForbidden, HealthState.BLOCKED),
        (ok({}, status=400), SourceChanged, HealthState.CHANGED),
        (ok({}, status=404), SourceChanged, HealthState.CHANGED),
        (ok({}, status=429), RateLimited, HealthState.DEGRADED),
        (ok("<html>busy</html>", status=503), SourceUnavailable, HealthState.DEGRADED),
        (ok({}, status=500), SourceUnavailable, HealthState.DEGRADED),
        (ok("<html>log in</html>"), SourceChanged, HealthState.CHANGED),
        (ok('{"data": [{"id": "1'), SourceChanged, HealthState.CHANGED),
        (ok(""), SourceChanged, HealthState.CHANGED),
        (b"", SourceUnavailable, HealthState.DEGRADED),
    ],
)
async def test_what_can_go_wrong(given: bytes, error: type[Exception], state: HealthState) -> None:
    with pytest.raises(error):
        await X(lambda _: given).read()
    x = X(lambda _: given)
    async with x.server:
        health = await x.connector().check(x.server.context())
    assert health.state is state


async def test_the_wait_is_as_long_as_x_says() -> None:
    at = NOW + timedelta(minutes=7)
    with pytest.raises(RateLimited) as caught:
        await X(lambda _: ok({}, status=429, x_rate_limit_reset=str(int(at.timestamp())))).read()
    assert caught.value.retry_at == at


async def test_health_costs_nothing_and_logs_no_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    x = X(lambda _: ok({"data": [], "meta": {"total_tweet_count": 1}}))
    async with x.server:
        health = await x.connector().check(x.server.context())
    assert health.state is HealthState.OK
    assert "t-1" not in caplog.text


async def test_missing_credential_and_library_are_states(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = await XConnector(XSettings()).check(context(FakeHttp()))
    assert (missing.state, bool(missing.what and missing.why and missing.try_)) == (HealthState.AUTH, True)
    monkeypatch.setitem(sys.modules, "tweepy", None)
    health = await XConnector(XSettings.model_validate({"bearer_token": "t"})).check(context(FakeHttp()))
    assert (health.state, "goodname[x]" in health.try_) == (HealthState.AUTH, True)


@pytest.mark.parametrize(
    "settings", [{"monthly_budget": -1}, {"pages": 0}, {"base_url": "file:///x"}, {"price_per_post": "x"}, {"x": 1}]
)
def test_settings_that_make_no_sense(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        XSettings.model_validate(settings)


def test_the_token_is_not_shown() -> None:
    assert "t-1" not in repr(XSettings.model_validate({"bearer_token": "t-1"}))
