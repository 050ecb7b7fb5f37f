"""A real answer of Bluesky's search, replayed through the connector."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import SecretStr

from connectors.bluesky import BlueskyConnector, BlueskySettings
from monitor.contract import Query
from monitor.domain import Precision
from monitor.testing import FakeHttp, answer, collect, context

BASE = "https://bsky.social/xrpc"
SETTINGS = BlueskySettings(handle="somebody.bsky.social", app_password=SecretStr("x"), backfill_days=3650)


async def test_a_hundred_posts(shared_data: Path) -> None:
    body = (shared_data / "recordings" / "bluesky" / "app.bsky.feed.searchPosts_bb16d.json").read_bytes()
    url = f"{BASE}/app.bsky.feed.searchPosts?q=%22%23rstats%22&sort=latest&limit=100"
    http = FakeHttp(
        {
            f"{BASE}/com.atproto.server.createSession": '{"accessJwt": "t", "did": "did:plc:a"}',
            url: answer(body, media_type="application/json"),
            f"{url}&cursor=100": '{"posts": []}',
        }
    )
    pages = await collect(BlueskyConnector(SETTINGS), context(http), None, Query(terms=("#rstats",)))
    items = [item for page in pages for item in page.items]
    assert len(items) == 100
    assert len({item.external_id for item in items}) == 100
    recorded = {post["uri"]: post for post in json.loads(body)["posts"]}
    for item in items:
        post = recorded[item.external_id]
        assert item.text.split("\n")[0].split() == post["record"]["text"].split("\n")[0].split()
        assert item.url.startswith("https://bsky.app/profile/did:plc:")
        assert item.author is not None
        assert item.author.handle == post["author"]["handle"]
        assert item.author.external_id == post["author"]["did"]
        assert item.author.account_created_at is not None
        assert item.published_precision is Precision.EXACT
        assert bool(item.in_reply_to_url) == ("reply" in post["record"])
    assert pages[-1].complete


async def test_a_post_with_a_linked_page(shared_data: Path) -> None:
    body = (shared_data / "recordings" / "bluesky" / "app.bsky.feed.searchPosts_b1263.json").read_bytes()
    uri = json.loads(body)["posts"][0]["uri"]
    http = FakeHttp({f"{BASE}/com.atproto.server.createSession": '{"accessJwt": "t"}'})
    http.set(f"{BASE}/app.bsky.feed.getPosts?uris={uri}", answer(body))
    item = await BlueskyConnector(SETTINGS).refetch(context(http), uri)
    assert getattr(item, "text", "").endswith(
        "Wrapper for the AT Protocol Behind Bluesky\nhttps://jbgruber.github.io/atrrr"
    )
