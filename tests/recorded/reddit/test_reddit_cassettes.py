"""Answers that Reddit gave between 2016 and 2026, through praw's own parsing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.reddit import RedditConnector, RedditSettings
from monitor.contract import Page, Query
from monitor.domain import Gone, Item
from monitor.errors import AccessForbidden, AuthenticationFailed, SourceChanged
from monitor.testing import Received, collect, reply
from tests.unit.connectors.guarded_server import GuardedServer

# Which of the connector's listings each recorded listing is given to, and how many posts and comments it holds.
LISTINGS = {
    "TestSubreddit.test_search": ("search", 6),
    "TestSubredditListings.test_comments": ("comments", 100),
    "TestSubredditListings.test_new": ("new", 100),
    "TestSubredditStreams.test_submissions": ("new", 100),
    "TestSubredditStreams.test_comments__with_pause": ("comments", 14),
    "TestRedditorListings.test_comments__new": ("comments", 100),
    "TestRedditorListings.test_overview__new": ("new", 100),
    "TestReddit.test_info_url": ("new", 25),
    "TestSubredditQuarantine.test_opt_in": ("new", 100),
}
NO_LISTING = {
    "TestAuthImplicit.test_implicit__with_invalid_token": AuthenticationFailed,
    "TestInbox.test_message__unauthorized": AccessForbidden,
    "TestReddit.test_bad_request_without_json_text_html_response": SourceChanged,
    "TestRedditors.test_partial_redditors__not_found": SourceChanged,
    "TestSubmission.test_comments": SourceChanged,
    "TestSubmission.test_resolve_from_share_url__invalid_url": SourceChanged,
    "TestUser.test_pin__deleted_submission": SourceChanged,
}


def _answers(shared_data: Path, name: str) -> list[dict[str, Any]]:
    path = shared_data / "recordings" / "reddit" / f"{name}.json.gz"
    made = json.loads(gzip.decompress(path.read_bytes()))["interactions"]
    return [one["response"] for one in made if "access_token" not in one["request"]["uri"]]


def _replayed(recorded: dict[str, Any]) -> bytes:
    kept = {"content-type", "location", "www-authenticate", "x-ratelimit-remaining", "x-ratelimit-used"}
    headers = {key: values[0] for key, values in recorded["headers"].items() if key.lower() in kept}
    if "x-ratelimit-remaining" in {key.lower() for key in headers}:
        headers["x-ratelimit-reset"] = "1"  # nobody waits ten minutes in a test
    return reply(
        recorded["body"]["string"], status=recorded["status"]["code"], headers={**headers, "Connection": "close"}
    )


async def _read(recorded: dict[str, Any], kind: str) -> list[Page]:
    """Poll once; the first request gets the recorded answer, the next ones an empty listing."""
    served: list[bytes] = [_replayed(recorded)]
    empty = reply('{"kind": "Listing", "data": {"children": [], "after": null}}', headers={"Connection": "close"})

    def script(received: Received) -> bytes:
        if "access_token" in received.target:
            token = {"access_token": "t", "token_type": "bearer", "expires_in": 3600, "scope": "*"}
            return reply(json.dumps(token), headers={"Connection": "close"})
        assert parse_qs(urlsplit(received.target).query)["raw_json"] == ["1"]
        return served.pop() if served else empty

    async with GuardedServer(script) as server:
        settings = {
            "client_id": "c",
            "client_secret": "s",
            "base_url": server.url("").rstrip("/"),
            "subreddits": ["askreddit"] if kind != "search" else [],
            "search": kind == "search",
            "new": kind == "new",
            "comments": kind == "comments",
        }
        connector = RedditConnector(RedditSettings.model_validate(settings))
        return list(await collect(connector, server.context(), query=Query(terms=("praw",))))


@pytest.mark.parametrize("name", LISTINGS)
async def test_every_thing_has_all_that_matters(shared_data: Path, name: str) -> None:
    kind, least = LISTINGS[name]
    recorded = [one for one in _answers(shared_data, name) if one["status"]["code"] == 200]
    for one in recorded:
        told = [
            child["data"]
            for child in json.loads(one["body"]["string"])["data"]["children"]
            if child["kind"] in ("t1", "t3")
        ]
        pages = await _read(one, kind)
        things = {found.external_id: found for page in pages for found in (*page.items, *page.gone)}
        assert set(things) == {thing["name"] for thing in told}
        for thing in told:
            _compare(things[thing["name"]], thing)
    assert max(len(json.loads(one["body"]["string"])["data"]["children"]) for one in recorded) >= least


def _compare(found: Item | Gone, told: dict[str, Any]) -> None:
    if isinstance(found, Gone):
        assert "[" in (told.get("body") or told.get("selftext") or "[") or told.get("removed_by_category")
        return
    assert found.url.startswith("https://www.reddit.com/")
    assert told["id"] in found.url
    if told.get("permalink"):
        assert found.url == "https://www.reddit.com" + told["permalink"]
    assert found.author is not None
    assert found.author.name == (told["author"] or "[deleted]")
    assert found.author.external_id == "", "accounts are not linked"
    assert found.published_at is not None
    assert found.published_at.timestamp() == told["created_utc"]
    assert bool(found.edited_at) == bool(told["edited"])
    assert found.text or found.title
    assert found.raw


@pytest.mark.parametrize("name", NO_LISTING)
async def test_what_is_no_listing_is_an_error_in_words(shared_data: Path, name: str) -> None:
    with pytest.raises(NO_LISTING[name]) as caught:
        await _read(_answers(shared_data, name)[0], "search")
    assert caught.value.why


async def test_quarantine(shared_data: Path) -> None:
    refused = _answers(shared_data, "TestSubredditQuarantine.test_opt_in")[0]
    with pytest.raises(AccessForbidden, match="r/askreddit/new"):
        await _read(refused, "new")
