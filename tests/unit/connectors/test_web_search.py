"""The web search connector: both services, their queries, their limits and their odd answers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from connectors.web_search import WebSearchConnector, WebSearchSettings
from monitor.contract import MemoryLedger, Query, account_of
from monitor.domain import HealthState, Precision
from monitor.errors import (
    AccessForbidden,
    AuthenticationFailed,
    BudgetSpent,
    RateLimited,
    SourceChanged,
    SourceUnavailable,
)
from monitor.testing import NOW, FakeHttp, answer, collect, context

SEARX = "https://searx.example"
BRAVE = "https://api.search.brave.com"
NAMES = Query(terms=("FIRST LAST", "@firstlast"))
SEARX_URL = SEARX + "/search?q=%22{}%22&format=json&pageno={}&safesearch=0"
FIRST, SECOND = SEARX_URL.format("FIRST+LAST", 1), SEARX_URL.format("%40firstlast", 1)


def _searx(*results: dict[str, Any]) -> str:
    return json.dumps({"query": "q", "results": list(results), "answers": []})


def _brave(*results: dict[str, Any], more: bool = False) -> str:
    return json.dumps({"type": "search", "query": {"more_results_available": more}, "web": {"results": list(results)}})


def _brave_url(offset: int = 0, words: str = "%22FIRST+LAST%22+OR+%22%40firstlast%22") -> str:
    return (
        f"{BRAVE}/res/v1/web/search?q={words}&count=20&offset={offset}&safesearch=off"
        "&text_decorations=false&spellcheck=false"
    )


def searx(**settings: Any) -> WebSearchConnector:
    return WebSearchConnector(WebSearchSettings(base_url=SEARX + "/", **settings))


def brave(**settings: Any) -> WebSearchConnector:
    return WebSearchConnector(WebSearchSettings.model_validate({"engine": "brave", "api_key": "k-1", **settings}))


async def test_searxng_asks_for_each_name() -> None:
    one = {
        "url": "https://www.google.com/url?url=https://blog.example/a%3Futm_source%3Dx",
        "title": "A <b>FIRST</b>",
        "content": "said &amp; done",
        "publishedDate": "2026-01-15T12:00:00",
    }
    same = {"url": "https://blog.example/a", "title": "again", "content": "once more"}
    odd = ({"url": "javascript:alert(1)", "title": "x"}, {"title": "no link"})
    http = FakeHttp({FIRST: _searx(one, *odd), SECOND: _searx(same)})
    first, second = await collect(searx(), context(http), query=NAMES)
    (item,) = first.items
    assert (item.title, item.text, item.url) == (
        "A FIRST",
        "said & done",
        "https://blog.example/a?utm_source=x",
    )
    assert item.published_precision is Precision.ESTIMATED
    assert second.items[0].external_id == item.external_id
    assert (first.complete, second.complete) == (False, True)
    assert b"FIRST" in item.raw


async def test_searxng_reads_further_pages_until_one_is_empty() -> None:
    http = FakeHttp({FIRST: _searx({"url": "https://a.example/"}), SEARX_URL.format("FIRST+LAST", 2): _searx()})
    pages = await collect(searx(pages=5), context(http), query=Query(terms=("FIRST LAST",)))
    assert [(len(page.items), page.complete) for page in pages] == [(1, False), (0, True)]


async def test_brave_asks_for_all_names_at_once_and_keeps_its_key_in_a_header() -> None:
    found = {"url": "https://a.example/1", "title": "t", "description": "d", "page_age": "2026-01-15T12:00:00"}
    http = FakeHttp({_brave_url(): _brave(found, more=True), _brave_url(1): _brave(found)})
    ledger = MemoryLedger()
    first, second = await collect(brave(pages=3), context(http, ledger=ledger), query=NAMES)
    assert first.items[0].text == "d"
    assert second.complete
    assert await ledger.used(account_of("web_search requests", "k-1"), f"{NOW:%Y-%m}") == 2
    assert all(one.headers["X-Subscription-Token"] == "k-1" and "k-1" not in one.url for one in http.asked)


async def test_many_names_become_few_questions() -> None:
    terms = tuple(f"FIRST{number:03} LAST" for number in range(30))
    urls: list[str] = []

    class Any200(FakeHttp):
        async def get(self, url: str, **rest: Any) -> Any:
            urls.append(rest["params"]["q"])
            return answer(_brave())

    pages = await collect(brave(), context(Any200()), query=Query(terms=terms))
    assert len(pages) == len(urls) == 4
    assert all(len(one) <= 400 for one in urls)
    assert all(sum(f'"{term}"' in one for one in urls) == 1 for term in terms)


async def test_no_names_no_request() -> None:
    http = FakeHttp()
    (page,) = await collect(searx(), context(http))
    assert (page.items, page.complete, http.asked) == ((), True, [])


async def test_the_month_has_an_end() -> None:
    http = FakeHttp({_brave_url(): _brave()})
    connector, ledger = brave(monthly_budget="0.0149"), MemoryLedger()
    for _ in range(2):
        await collect(connector, context(http, ledger=ledger), query=NAMES)
    with pytest.raises(BudgetSpent):
        await collect(connector, context(http, ledger=ledger), query=NAMES)
    with pytest.raises(BudgetSpent):
        await collect(brave(monthly_budget="0.01"), context(http, ledger=ledger), query=NAMES)
    assert len(http.asked) == 2
    later = NOW.replace(year=NOW.year + 1)
    await collect(connector, context(http, now=later, ledger=ledger), query=NAMES)


async def test_a_refused_request_costs_nothing_and_one_without_an_answer_may() -> None:
    ledger = MemoryLedger()
    for status, error in ((429, RateLimited), (401, AuthenticationFailed), (500, SourceUnavailable)):
        with pytest.raises(error):
            await collect(brave(), context(FakeHttp({_brave_url(): answer(status=status)}), ledger=ledger), query=NAMES)
    account = account_of("web_search requests", "k-1")
    assert await ledger.used(account, f"{NOW:%Y-%m}") == 1


async def test_brave_without_a_key_is_a_state() -> None:
    health = await brave(api_key=None).check(context(FakeHttp()))
    assert (health.state, bool(health.try_)) == (HealthState.AUTH, True)
    with pytest.raises(AuthenticationFailed):
        await collect(brave(api_key=None), context(FakeHttp()), query=NAMES)


@pytest.mark.parametrize(
    ("given", "error", "state"),
    [
        (answer(status=401), AuthenticationFailed, HealthState.AUTH),
        (answer(status=403), AccessForbidden, HealthState.BLOCKED),
        (answer(status=429, headers={"Retry-After": "60"}), RateLimited, HealthState.DEGRADED),
        (answer(status=500), SourceUnavailable, HealthState.DEGRADED),
        (answer("<html>log in</html>"), SourceChanged, HealthState.CHANGED),
        (answer('{"results": [{"url": "https'), SourceChanged, HealthState.CHANGED),
        (answer(""), SourceChanged, HealthState.CHANGED),
        (answer("[]"), SourceChanged, HealthState.CHANGED),
        (answer("{}"), SourceChanged, HealthState.CHANGED),
        (answer("[" * 100_000), SourceChanged, HealthState.CHANGED),
    ],
)
@pytest.mark.parametrize("kind", ["searxng", "brave"])
async def test_what_can_go_wrong(kind: str, given: Any, error: type[Exception], state: HealthState) -> None:
    class Always(FakeHttp):
        def _next(self, full: str) -> Any:
            return given

    connector = searx() if kind == "searxng" else brave()
    with pytest.raises(error):
        await collect(connector, context(Always()), query=NAMES)
    assert (await connector.check(context(Always()))).state is state


async def test_options_are_asked_for() -> None:
    class Empty(FakeHttp):
        def _next(self, full: str) -> Any:
            return answer(_searx() if "searx" in full else _brave())

    http = Empty()
    for connector in (searx(period="week", language="de"), brave(period="week", language="de")):
        assert (await connector.check(context(http))).state is HealthState.OK
    one, two = (parse_qs(urlsplit(asked.url).query) for asked in http.asked)
    assert (one["time_range"], one["language"]) == (["week"], ["de"])
    assert (two["freshness"], two["search_lang"]) == (["pw"], ["de"])


@pytest.mark.parametrize(
    "settings",
    [{}, {"base_url": "file:///x"}, {"base_url": SEARX, "pages": 0}, {"base_url": SEARX, "x": 1}, {"engine": "g"}],
)
def test_settings_that_make_no_sense(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WebSearchSettings.model_validate(settings)


def test_the_key_is_not_shown() -> None:
    assert "k-1" not in repr(WebSearchSettings.model_validate({"engine": "brave", "api_key": "k-1"}))
