"""The searching connectors through the real client, against a real loopback server."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import SecretStr

from connectors.bluesky import BlueskyConnector, BlueskySettings
from connectors.hackernews import HackerNewsConnector, HackerNewsSettings
from connectors.mastodon import MastodonConnector, MastodonSettings
from connectors.wikipedia import WikipediaConnector, WikipediaSettings
from monitor.clock import SystemClock
from monitor.contract import Connector, Context, Query
from monitor.domain import HealthState
from monitor.http import HttpClient, HttpLimits
from monitor.testing import NOW, LoopbackServer, Received, collect, reply

CONNECTORS: dict[str, Callable[[str], Connector]] = {
    "hackernews": lambda url: HackerNewsConnector(HackerNewsSettings(base_url=url)),
    "mastodon": lambda url: MastodonConnector(MastodonSettings(base_url=url, hashtags=("a",))),
    "bluesky": lambda url: BlueskyConnector(BlueskySettings(base_url=url, handle="a", app_password=SecretStr("b"))),
    "wikipedia": lambda url: WikipediaConnector(WikipediaSettings(base_url=f"{url}/api.php")),
}
SECOND = int(NOW.timestamp())
TIME = NOW.isoformat()
ANSWERS: dict[str, object] = {
    "/search_by_date": {"hits": [{"objectID": "1", "comment_text": "FIRST LAST", "created_at_i": SECOND}]},
    "/api/v1/timelines/tag/a": [{"id": "1", "uri": "https://a.example/1", "content": "FIRST LAST", "created_at": TIME}],
    "/xrpc/com.atproto.server.createSession": {"accessJwt": "t"},
    "/xrpc/app.bsky.feed.searchPosts": {
        "posts": [{"uri": "at://did:plc:a/app.bsky.feed.post/1", "record": {"text": "FIRST LAST"}, "indexedAt": TIME}]
    },
    "/api.php": {
        "query": {
            "pages": [
                {
                    "pageid": 1,
                    "revisions": [{"revid": 1, "timestamp": TIME, "slots": {"main": {"content": "FIRST LAST"}}}],
                }
            ]
        }
    },
}


def _serve(received: Received) -> bytes:
    found = [] if "max_id" in received.target else ANSWERS.get(received.target.partition("?")[0])
    headers = {"Content-Type": "application/json", "Connection": "close"}
    return reply(json.dumps(found), headers=headers) if found is not None else reply(status=404)


@pytest.mark.parametrize("kind", CONNECTORS)
async def test_one_post_and_health(kind: str) -> None:
    async with LoopbackServer(_serve) as server:
        client = HttpClient(
            clock=SystemClock(),
            allow={server.address},
            user_agent="goodname/0",
            limits=HttpLimits(deadline=timedelta(seconds=5)),
        )
        try:
            connector = CONNECTORS[kind](server.url().rstrip("/"))
            ctx = Context(source="town", http=client.for_source("town", obey_robots=False), now=NOW)
            pages = await collect(connector, ctx, None, Query(terms=("FIRST LAST",)))
            assert [item.text for page in pages for item in page.items] == ["FIRST LAST"]
            assert (await connector.check(ctx)).state is HealthState.OK
        finally:
            await client.close()
