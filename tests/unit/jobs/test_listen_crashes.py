"""Killed or cut off between any two steps, a stream loses nothing and keeps nothing twice."""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from connectors.jetstream import JetstreamConnector, JetstreamSettings
from monitor.clock import SystemClock
from monitor.contract import Context
from monitor.domain import LiveState
from monitor.errors import SourceUnavailable, StoreBusy
from monitor.jobs import listen
from monitor.jobs.listen import Listener
from monitor.jobs.poll import Source, targets_of
from monitor.jobs.poll_ends import PollEnds
from monitor.jobs.sift import Sieve
from monitor.matching import Matcher
from monitor.ports import PageResult, PageRows, PollEnd, PollStore
from monitor.store import SqlStore, open_store
from monitor.testing import NOW, make_subject
from tests.unit.connectors.jetstream_world import event, identity, us

SEEDS = range(200)
MATCHER = Matcher([make_subject(id="alpha", name="Alina Vossberg")], ())


class Killed(BaseException):
    """The process ended here."""


class AllTold(BaseException):
    """The server has nothing more, and what it sent was heard to the end."""


def history(chance: random.Random) -> list[bytes]:
    """Write what happened, in the server's order: some of it some seconds late, posts edited, deleted, written anew."""
    frames: list[bytes] = []
    alive: list[str] = []
    time_us = us(NOW)
    for number in range(chance.randint(15, 45)):
        time_us += chance.randint(1, 2_000_000)
        late = time_us - chance.choice((0, 0, 0, chance.randint(0, 4_000_000)))
        name = chance.choice(("Alina Vossberg", "somebody", "no one"))
        what = chance.random()
        if what < 0.55 or not alive:
            alive.append(f"k{number}")
            frames.append(event(late, f"{name} {number}", rkey=alive[-1]))
        elif what < 0.75:
            frames.append(event(late, f"{name} {number}", rkey=chance.choice(alive), operation="update"))
        elif what < 0.9:
            frames.append(event(late, rkey=chance.choice(alive), operation="delete"))
        else:
            frames.append(identity(late))
    return frames


def expected(frames: Sequence[bytes]) -> dict[str, tuple[list[str], list[LiveState]]]:
    """Say what must be kept in the end: each version of each mention once, each removal once."""
    kept: dict[str, tuple[list[str], list[LiveState]]] = defaultdict(lambda: ([], []))
    for frame in frames:
        commit = json.loads(frame).get("commit")
        if not commit:
            continue
        key, text = commit["rkey"], commit.get("record", {}).get("text", "")
        if commit["operation"] == "delete":
            if key in kept and kept[key][1][-1:] != [LiveState.GONE]:
                kept[key][1].append(LiveState.GONE)
        elif key in kept or "Alina Vossberg" in text:
            kept[key][0].append(text)
            if kept[key][1][-1:] == [LiveState.GONE]:
                kept[key][1].append(LiveState.LIVE)
    return dict(kept)


class Sky:
    """Send from the asked position on, in batches of any size, and break off now and then."""

    def __init__(self, frames: list[bytes], chance: random.Random) -> None:
        self._frames, self._chance = frames, chance
        self.breaks = 0

    @asynccontextmanager
    async def stream(
        self, url: str, *, params: Mapping[str, str], **_: Any
    ) -> AsyncIterator[AsyncIterator[tuple[bytes, ...]]]:
        if self._chance.random() < 0.1:
            raise SourceUnavailable("down")
        start = int(params.get("cursor", "0"))
        yield self._batches([one for one in self._frames if json.loads(one)["time_us"] >= start])

    async def _batches(self, frames: list[bytes]) -> AsyncIterator[tuple[bytes, ...]]:
        while frames:
            if self._chance.random() < 0.12:
                self.breaks += 1
                raise SourceUnavailable("broken off")
            if self._chance.random() < 0.06:
                raise Killed
            size = self._chance.randint(1, 6)
            yield tuple(frames[:size])
            frames = frames[size:]
            if self._chance.random() < 0.1:
                yield ()
        raise AllTold


class MortalStore:
    """Die before or after a transaction, or find the database locked."""

    def __init__(self, store: SqlStore, chance: random.Random) -> None:
        self._store, self._chance = store, chance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save_page(self, rows: PageRows) -> PageResult:
        self._may_die(0.05)
        if self._chance.random() < 0.04:
            raise StoreBusy("locked")
        result = self._store.save_page(rows)
        self._may_die(0.05)
        return result

    def finish_polls(self, ends: Sequence[PollEnd]) -> None:
        self._may_die(0.03)
        self._store.finish_polls(ends)
        self._may_die(0.03)

    def _may_die(self, how_likely: float) -> None:
        if self._chance.random() < how_likely:
            raise Killed


async def at_once(_: float) -> None:
    """Wait no time at all."""


async def one_life(store: SqlStore, name: str, sky: Sky, chance: random.Random) -> bool:
    """Listen until all is told or the process dies; tells whether it died."""
    clock, mortal = SystemClock(), cast("PollStore", MortalStore(store, chance))
    connector: Any = JetstreamConnector(JetstreamSettings(backfill_hours=1))
    source = Source(
        name=name,
        connector_name="jetstream",
        connector=connector,
        every=timedelta(minutes=15),
        context=lambda _: Context(source=name, http=cast("Any", sky), now=NOW),
        sift=partial(Sieve(store, lambda: MATCHER, clock).sift, name),
    )
    (target,) = targets_of([source], ["Alina Vossberg"])
    try:
        await Listener(mortal, source, target, clock, PollEnds(mortal), sleep=at_once).run()
    except Killed:
        return True
    except AllTold:
        return False
    raise AssertionError("a stream ends by being killed or told out")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('crashes') / 'a.db'}", clock=SystemClock())
    yield opened
    opened.close()


@pytest.mark.parametrize("decade", range(len(SEEDS) // 10))
def test_nothing_is_lost_and_nothing_doubled(
    store: SqlStore, decade: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deaths = breaks = 0
    for seed in SEEDS[decade * 10 : decade * 10 + 10]:
        chance = random.Random(seed)
        monkeypatch.setattr(listen, "SAVE_EVERY_S", chance.choice((0.0, 5.0)))
        frames = history(chance)
        # The server learns of the end only later: a first life hears half of it.
        half = Sky(frames[: len(frames) // 2], chance)
        while asyncio.run(one_life(store, f"sky{seed}", half, chance)):
            deaths += 1
        sky = Sky(frames, chance)
        while asyncio.run(one_life(store, f"sky{seed}", sky, chance)):
            deaths += 1
        breaks += half.breaks + sky.breaks
        assert kept(store, f"sky{seed}", frames) == expected(frames), f"seed {seed}"
    assert deaths
    assert breaks


def kept(store: SqlStore, source: str, frames: Sequence[bytes]) -> dict[str, tuple[list[str], list[LiveState]]]:
    """Read back what the store holds of these events."""
    keys = {told["commit"]["rkey"] for one in frames if "commit" in (told := json.loads(one))}
    found = {}
    for key in keys:
        mention = store.find(source, f"at://did:plc:alpha/app.bsky.feed.post/{key}")
        if mention:
            texts = [one.text for one in store.revisions(mention.id)]
            found[key] = (texts, [one.state for one in store.observations(mention.id)])
    return found
