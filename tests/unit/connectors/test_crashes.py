"""Killed between any two steps, a walk loses nothing and keeps nothing twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from connectors.feed import FeedConnector, FeedSettings
from connectors.page import PageConnector, PageSettings
from monitor.contract import Connector, Page, Query
from monitor.errors import SourceUnavailable
from monitor.testing import FakeHttp, answer, context

URL = "https://town.example/t"


class Town:
    """A thread of pages, and a feed of its newest posts, that grow, change and shrink while they are read."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.posts = {number: f"words {number}" for number in range(1, 12)}
        self.ever = dict(self.posts)

    def live_on(self) -> None:
        number = max(self.ever) + 1
        for new in range(number, number + self._chance.randint(0, 3)):
            self.posts[new] = self.ever[new] = f"words {new}"
        if self._chance.random() < 0.3:
            old = self._chance.choice(sorted(self.posts))
            self.posts[old] = self.ever[old] = f"{self.posts[old]} (edited)"

    def serve(self, http: FakeHttp, *, is_calm: bool) -> None:
        order = sorted(self.posts)
        size = 4
        sheets = [order[start : start + size] for start in range(0, len(order), size)]
        for index, sheet in enumerate(sheets):
            body = "".join(f'<p class="post" id="p{number}">{self.posts[number]}</p>' for number in sheet)
            more = f'<a rel="next" href="?n={index + 1}">more</a>' if index + 1 < len(sheets) else ""
            given = answer(f"<html><body>{body}{more}</body></html>")
            is_down = index > 0 and not is_calm and self._chance.random() < 0.15
            http.set(f"{URL}?n={index}" if index else URL, SourceUnavailable("down") if is_down else given)
        newest = "".join(
            f"<item><guid isPermaLink='false'>p{number}</guid><description>{self.posts[number]}</description></item>"
            for number in reversed(order)
        )
        http.set(f"{URL}.rss", f"<rss version='2.0'><channel>{newest}</channel></rss>")


class Runner:
    """Keep items and position together, as the store does, and die now and then before or after doing so."""

    def __init__(self, connector: Connector, chance: random.Random) -> None:
        self._connector = connector
        self._chance = chance
        self._cursor = connector.spec.cursor().model_dump_json()
        self.kept: dict[str, list[str]] = {}

    async def poll(self, http: FakeHttp, *, is_calm: bool) -> None:
        cursor = self._connector.spec.cursor.model_validate_json(self._cursor)
        with suppress(SourceUnavailable):
            async for page in self._connector.poll(context(http), Query(), cursor):
                if self._dies(is_calm=is_calm):
                    return
                self._keep(page)
                if self._dies(is_calm=is_calm):
                    return

    def _dies(self, *, is_calm: bool) -> bool:
        return not is_calm and self._chance.random() < 0.15

    def _keep(self, page: Page) -> None:
        for item in page.items:
            texts = self.kept.setdefault(item.external_id, [])
            if not texts or texts[-1] != item.text:
                texts.append(item.text)
        self._cursor = page.cursor.model_dump_json()


SEEDS = 200

CONNECTORS: dict[str, Callable[[], Connector]] = {
    "feed": lambda: FeedConnector(FeedSettings(url=f"{URL}.rss")),
    "page": lambda: PageConnector(PageSettings(url=URL, item=".post", max_pages=50)),
}


@pytest.mark.parametrize("kind", CONNECTORS)
async def test_nothing_lost_nothing_twice(kind: str) -> None:
    for seed in range(SEEDS):
        chance = random.Random(seed)
        town, runner, http = Town(chance), Runner(CONNECTORS[kind](), chance), FakeHttp()
        for _ in range(12):
            town.live_on()
            town.serve(http, is_calm=False)
            await runner.poll(http, is_calm=False)
        town.serve(http, is_calm=True)
        await runner.poll(http, is_calm=True)
        assert set(runner.kept) == {f"p{number}" for number in town.ever}, seed
        for number, text in town.ever.items():
            texts = runner.kept[f"p{number}"]
            assert texts[-1] == text
            assert len(set(texts)) == len(texts), "one state was kept twice"
