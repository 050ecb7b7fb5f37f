"""The Wikipedia connector: what it asks, which words it takes, edits, and what is no answer."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from pydantic import ValidationError

from connectors._wikitext import passages
from connectors.wikipedia import WikipediaConnector, WikipediaSettings
from monitor.contract import ListingsCursor, Page, Query, Response
from monitor.domain import HealthState, MentionKind, Precision
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
API = "https://wiki.example/w/api.php"
CONNECTOR = WikipediaConnector(WikipediaSettings(base_url=API))


def _page(number: int, text: str = "'''FIRST LAST''' is a [[dentist|tooth doctor]].", **fields: Any) -> dict[str, Any]:
    at = (NOW - timedelta(days=2) + timedelta(minutes=number)).isoformat().replace("+00:00", "Z")
    revision = {"revid": 1000 + number, "timestamp": at, "slots": {"main": {"content": text}}}
    return {
        "pageid": number,
        "ns": 0,
        "title": f"Page {number}",
        "canonicalurl": f"https://wiki.example/wiki/Page_{number}",
        "pagelanguage": "en",
        "revisions": [revision],
        **fields,
    }


class Server(FakeHttp):
    """Search as a wiki does: last edits first, twenty a page, the pages themselves in any order."""

    def __init__(self, *pages: Mapping[str, Any]) -> None:
        super().__init__()
        self.pages = list(pages)
        self.broken: Response | MonitorError | None = None

    async def get(self, url: str, *, params: Mapping[str, str] | None = None, **options: Any) -> Response:
        given = dict(params or {})
        order = sorted(self.pages, key=lambda page: str(page["revisions"][0]["timestamp"]), reverse=True)
        start = int(given.get("gsroffset", "0"))
        found = [{**page, "index": start + at} for at, page in enumerate(order[start : start + 20])]
        body: dict[str, Any] = {"batchcomplete": True}
        if found:
            body["query"] = {"pages": sorted(found, key=lambda page: page["pageid"])}
        if start + 20 < len(order):
            body["continue"] = {"gsroffset": start + 20, "continue": "gsroffset||"}
        full = f"{url}?{urlencode(given)}"
        self.set(full, self.broken or answer(json.dumps(body), media_type="application/json"))
        return await super().get(full, **options)


async def _pages(http: FakeHttp) -> tuple[Page, ...]:
    return tuple(await collect(CONNECTOR, context(http), None, QUERY))


async def test_an_article_and_a_talk_page() -> None:
    http = Server(
        _page(1, "Intro.\n\n== Life ==\n* FIRST LAST was [https://a.example here].\n\nOther."), _page(2, ns=1)
    )
    (page,) = await _pages(http)
    talk, article = page.items
    assert (talk.kind, article.kind) == (MentionKind.COMMENT, MentionKind.ARTICLE)
    assert article.external_id == "wiki.example:1"
    assert article.url == "https://wiki.example/wiki/Page_1"
    assert article.title == "Page 1"
    assert article.text == "FIRST LAST was here."
    assert article.author is None
    assert article.published_precision is Precision.ESTIMATED
    assert article.edited_at == article.published_at
    assert talk.text == "FIRST LAST is a tooth doctor."
    asked = dict(parse_qsl(urlsplit(http.asked[0].url).query))
    assert (asked["gsrsearch"], asked["gsrnamespace"]) == ('"FIRST LAST"', "0|1")


async def test_all_pages_and_ties() -> None:
    http = Server(*(_page(number) for number in range(1, 71)))
    for page in http.pages[10:50]:
        page["revisions"][0]["timestamp"] = NOW.isoformat()
    pages = await _pages(http)
    assert len({item.external_id for page in pages for item in page.items}) == 70
    assert pages[-1].complete


async def test_an_edit_moves_up_and_is_given_again() -> None:
    http = Server(*(_page(number) for number in range(1, 45)))
    cursor = (await _pages(http))[-1].cursor
    http.pages[0] = _page(1, "FIRST LAST was wrongly accused.")
    http.pages[0]["revisions"][0] |= {"revid": 5000, "timestamp": NOW.isoformat()}
    kept = ListingsCursor.model_validate_json(cursor.model_dump_json())
    (page,) = await collect(CONNECTOR, context(http, now=NOW + timedelta(minutes=5)), kept, QUERY)
    assert [(item.external_id, item.text) for item in page.items] == [
        ("wiki.example:1", "FIRST LAST was wrongly accused.")
    ]


async def test_texts_that_come_in_parts_are_waited_for() -> None:
    """A wiki cuts large answers: some pages come without text, and the rest of the same batch follows."""
    first = {"query": {"pages": [_page(1, index=1), {"pageid": 2, "index": 2, "ns": 0, "title": "Page 2"}]}}
    first["continue"] = {"rvcontinue": "2|9", "continue": "||info"}
    second = {"batchcomplete": True, "query": {"pages": [_page(2, index=2)]}}

    class Parts(FakeHttp):
        async def get(self, url: str, *, params: Mapping[str, str] | None = None, **options: Any) -> Response:
            full = f"{url}?{urlencode(params or {})}"
            self.set(full, json.dumps(second if "rvcontinue" in (params or {}) else first))
            return await super().get(full, **options)

    pages = await _pages(Parts())
    assert [item.external_id for page in pages for item in page.items] == ["wiki.example:1", "wiki.example:2"]


def _error(code: str) -> Response:
    return answer(json.dumps({"error": {"code": code, "info": "..."}}))


ODD: dict[str, tuple[Response | MonitorError, type[MonitorError]]] = {
    "401": (answer(status=401), AuthenticationFailed),
    "403": (answer(status=403), AccessForbidden),
    "429": (answer(status=429, headers={"Retry-After": "60"}), RateLimited),
    "500": (answer(status=500), SourceUnavailable),
    "HTML": (answer("<!doctype html><h1>Hello</h1>"), SourceChanged),
    "truncated": (answer('{"query": {"pages": ['), SourceChanged),
    "empty": (answer(""), SourceChanged),
    "another object": (answer('{"message": "hello"}'), SourceChanged),
    "deep": (answer("[" * 100_000), SourceChanged),
    "ratelimited": (_error("ratelimited"), RateLimited),
    "maxlag": (_error("maxlag"), SourceUnavailable),
    "internal": (_error("internal_api_error_DBQueryError"), SourceUnavailable),
    "private wiki": (_error("readapidenied"), AccessForbidden),
    "bad value": (_error("badvalue"), SourceChanged),
}


@pytest.mark.parametrize("name", ODD)
async def test_what_is_no_answer(name: str) -> None:
    given, error = ODD[name]
    http = Server()
    http.broken = given
    with pytest.raises(error):
        await _pages(http)
    health = await CONNECTOR.check(context(http))
    assert health.state is not HealthState.OK
    assert health.what


async def test_health_no_names_and_an_empty_page() -> None:
    assert (await CONNECTOR.check(context(Server()))).state is HealthState.OK
    (page,) = await _pages(Server())
    assert (page.items, page.complete) == ((), True)
    http = FakeHttp()
    (page,) = await collect(CONNECTOR, context(http))
    assert (page.items, page.complete, http.asked) == ((), True, [])


async def test_nonsense_inside_an_answer_is_passed_over() -> None:
    http = Server()
    http.broken = answer(
        json.dumps({"query": {"pages": [3, {}, {"pageid": 4}, _page(5, canonicalurl="javascript:x")]}})
    )
    (page,) = await _pages(http)
    (item,) = page.items
    assert item.url == "https://wiki.example/w/index.php?curid=5"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a\n\nFIRST <b>LAST</b> b<ref>c</ref><!-- FIRST LAST hidden -->", "FIRST LAST bc"),
        ("{{cite|title=FIRST LAST stole|url=x}}", "FIRST LAST stole x"),
        ("{{a|{{b|FIRST}} LAST}}", "FIRST LAST"),
        ("== FIRST LAST ==", "FIRST LAST"),
        ("[[File:a.png|thumb|x]]Of ''FIRST'' [[X|LAST]]", "Of FIRST LAST"),
        ("nothing of it", "nothing of it"),
        ("", ""),
    ],
)
def test_passages(source: str, words: str) -> None:
    assert passages(source, "First Last") == words


@pytest.mark.parametrize("piece", ["<!--", "{{", "[[", "[//", "<ref>", "{{a|", "[[a|", "= ", "'", "[[File:", "\n"])
def test_hostile_markup_takes_no_time(piece: str) -> None:
    started = time.monotonic()
    assert len(passages(piece * 100_000, "FIRST LAST")) <= 20_000
    assert time.monotonic() - started < 5


def test_settings() -> None:
    with pytest.raises(ValidationError):
        WikipediaSettings(namespaces=())
