"""Answers of real Mastodon servers, replayed through the connector."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from pydantic import SecretStr

from connectors.mastodon import MastodonConnector, MastodonSettings
from monitor.contract import Page, Query, Response
from monitor.domain import Precision
from monitor.testing import FakeHttp, answer, collect, context

TIMELINES = {
    "get_timeline_hashtag_anonymous.yml.gz": (5, "tag/rstats"),
    "get_timeline_public_anonymous.yml.gz": (20, "public"),
    "test_hashtag_tl.yaml.gz": (1, "tag/hoot"),
    "test_public_tl_anonymous.yaml.gz": (8, "public"),
}


def _recorded(path: Path, part: str) -> tuple[str, Response]:
    """Give the address and the answer of the first recorded request whose address holds `part`."""
    recording = yaml.safe_load(gzip.decompress(path.read_bytes()))
    for one in recording.get("interactions") or recording["http_interactions"]:
        uri, response = one["request"]["uri"], one["response"]
        if part in uri and one["request"]["method"].upper() == "GET":
            link = {name.lower(): value for name, value in response["headers"].items()}.get("link", "")
            joined = ", ".join(link) if isinstance(link, list) else link
            body = response["body"]["string"]
            return uri, answer(body, media_type="application/json", headers={"Link": joined} if joined else {})
    raise AssertionError(f"{path.name} has no {part}")


class Recorded(FakeHttp):
    """Give a recorded answer to the first request, and the end of the listing to those that follow by an id."""

    def __init__(self, first: Response, last: str) -> None:
        super().__init__()
        self._first = first
        self._last = last

    async def get(self, url: str, *, params: Mapping[str, str] | None = None, **options: Any) -> Response:
        full = f"{url}?{'&'.join(f'{name}={value}' for name, value in (params or {}).items())}"
        self.set(full, self._last if params and "max_id" in params else self._first)
        return await super().get(full, **options)


def _check(pages: tuple[Page, ...], count: int) -> None:
    items = [item for page in pages for item in page.items]
    assert len(items) == count
    assert len({item.external_id for item in items}) == count
    for item in items:
        assert item.external_id.startswith(("http://", "https://"))
        assert item.url.startswith(("http://", "https://"))
        assert item.published_at is not None
        assert item.published_precision is Precision.EXACT
        assert item.author is not None
        assert "@" in item.author.handle
        assert item.author.profile_url
        assert item.author.account_created_at is not None
        assert "<p>" not in item.text
        assert item.text or item.media or item.title


@pytest.mark.parametrize("name", TIMELINES)
async def test_timelines(shared_data: Path, name: str) -> None:
    count, part = TIMELINES[name]
    uri, first = _recorded(shared_data / "recordings" / "mastodon" / name, f"timelines/{part}")
    base = f"{urlsplit(uri).scheme}://{urlsplit(uri).netloc}"
    tags = (part.removeprefix("tag/"),) if part != "public" else ()
    settings = MastodonSettings(base_url=base, hashtags=tags, public=not tags, backfill_days=3650)
    # Every post of a public timeline holds one of these, so that none is left out for want of a watched word.
    query = Query(terms=("http", "the", "a@", ".", "/", "@", urlsplit(base).netloc))
    assert len(json.loads(first.body)) == count
    http = Recorded(first, "[]")
    pages = tuple(await collect(MastodonConnector(settings), context(http), None, query))
    _check(pages, count)
    assert len(http.asked) == 2, "the Link header leads to one more page, and that one is the last"
    again = tuple(await collect(MastodonConnector(settings), context(Recorded(first, "[]")), None, query))
    assert [page.items for page in again] == [page.items for page in pages]


async def test_search(shared_data: Path) -> None:
    uri, first = _recorded(shared_data / "recordings" / "mastodon" / "test_entity_searchv2.yaml.gz", "/api/v2/search")
    base = f"https://{urlsplit(uri).netloc}"
    settings = MastodonSettings(base_url=base, token=SecretStr("x"), backfill_days=3650)
    pages = tuple(
        await collect(
            MastodonConnector(settings), context(Recorded(first, '{"statuses": []}')), None, Query(terms=("halcy",))
        )
    )
    assert sum(len(page.items) for page in pages) == len(json.loads(first.body)["statuses"])
    assert pages[-1].complete
