"""Answers that X's interface gave to tweepy's own tests, through tweepy."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.x import XConnector, XSettings
from monitor.contract import MemoryLedger, Page, Query, account_of
from monitor.testing import NOW, Received, collect, reply
from tests.unit.connectors.guarded_server import GuardedServer

LISTS = ["search_recent_tweets", "search_all_tweets", "get_home_timeline", "get_users_mentions", "get_quote_tweets"]


def _bodies(shared_data: Path, name: str) -> list[bytes]:
    """Give the recorded bodies of a cassette, decompressed."""
    path = shared_data / "recordings" / "x" / f"test_client_{name}.yaml.gz"
    cassette = yaml.safe_load(gzip.decompress(path.read_bytes()))
    found = []
    for one in cassette["interactions"]:
        body = one["response"]["body"]["string"]
        raw = body if isinstance(body, bytes) else body.encode()
        found.append(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    return found


async def _read(body: bytes, ledger: MemoryLedger) -> list[Page]:
    served = [body]

    def script(_: Received) -> bytes:
        given = served.pop() if served else b'{"meta": {"result_count": 0}}'
        return reply(given, headers={"Content-Type": "application/json; charset=utf-8", "Connection": "close"})

    async with GuardedServer(script) as server:
        settings = {"bearer_token": "t", "base_url": server.url("").rstrip("/")}
        connector = XConnector(XSettings.model_validate(settings))
        return list(await collect(connector, server.context(ledger=ledger), query=Query(terms=("Tweepy",))))


@pytest.mark.parametrize("name", LISTS)
async def test_recorded_posts(shared_data: Path, name: str) -> None:
    for body in _bodies(shared_data, name):
        told: dict[str, Any] = json.loads(body)
        ledger = MemoryLedger()
        pages = await _read(body, ledger)
        items = {item.external_id: item for page in pages for item in page.items}
        assert set(items) == {post["id"] for post in told["data"]}
        for post in told["data"]:
            item = items[post["id"]]
            assert item.text
            assert item.published_at is not None
            assert 2006 <= item.published_at.year <= 2026
            assert item.url.endswith(f"/status/{post['id']}")
            assert item.raw == body
        cost = await ledger.used(account_of("x microdollars", "t"), f"{NOW:%Y-%m}")
        assert cost == 5_000 * len(told["data"])
