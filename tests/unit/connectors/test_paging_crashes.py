"""Every paging connector, killed between any two steps, over servers that fail and show things late, loses nothing."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta

import pytest

from monitor.contract import MemoryLedger, Page
from monitor.errors import SourceUnavailable
from monitor.testing import FakeHttp, context
from tests.unit.connectors.paging_servers import SOURCES, Server, Source, World, number_in

SEEDS = 200


class Life:
    """Poll a source as the program does: items and position are kept together, or neither."""

    def __init__(self, source: Source, seed: int) -> None:
        self.chance = random.Random(seed)
        self.world = World(self.chance, source.lateness)
        self._source = source
        self._position = ""
        self._ledger = MemoryLedger()
        self.kept: dict[str, str] = {}
        self.numbers: set[int] = set()
        self.again = 0
        self.is_whole = False

    async def poll(self, *, dies: float) -> None:
        """Poll once with a connector that knows nothing but the kept position."""
        connector = self._source.make(self.world)
        model = connector.spec.cursor
        cursor = model.model_validate_json(self._position) if self._position else model()
        http = Server(self.world, self._source.script) if self._source.script else FakeHttp()
        ctx = context(http, now=self.world.now, ledger=self._ledger)
        self.is_whole = False
        with suppress(SourceUnavailable):
            async for page in connector.poll(ctx, self._source.query, cursor):
                if self.chance.random() < dies:
                    return
                self._keep(page)
                if self.chance.random() < dies:
                    return
                self.is_whole = page.complete

    def _keep(self, page: Page) -> None:
        for item in page.items:
            self.again += item.external_id in self.kept
            self.kept[item.external_id] = item.text
            self.numbers.add(number_in(f"{item.title} {item.text}"))
        self._position = page.cursor.model_dump_json()


async def _come_to_rest(life: Life) -> None:
    for _ in range(60):
        await life.poll(dies=0.0)
        if life.is_whole:
            return
        life.world.now += timedelta(minutes=2)
    raise AssertionError("the walk never ends")


async def _live(source: Source, seed: int) -> Life:
    life = Life(source, seed)
    for _ in range(7):
        life.world.live(timedelta(minutes=life.chance.choice((5, 15, 70, 500))))
        life.world.fails = 0.15
        await life.poll(dies=0.15)
    life.world.fails = 0.0
    life.world.now += source.lateness  # all that was written is shown now
    for _ in range(2):  # the second begins with a walk far back
        await _come_to_rest(life)
        life.world.now += timedelta(hours=25)
    return life


@pytest.mark.parametrize("name", SOURCES)
async def test_nothing_is_lost_and_nothing_kept_twice(name: str) -> None:
    source, things = SOURCES[name], 0
    for seed in range(SEEDS):
        life = await _live(source, seed)
        wanted = {one.number for one in life.world.entries}
        things += len(wanted)
        assert life.numbers == wanted, (seed, sorted(wanted - life.numbers))
        assert len(life.kept) == len(wanted), "one thing has two ids"
    assert things > 15 * SEEDS
