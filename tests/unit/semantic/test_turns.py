"""The sentence model is used by one thread at a time, although the service and several pages want it at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from monitor.bootstrap.model import ModelDesk, TakingTurns
from monitor.jobs.preview import Previewer
from monitor.matching import Thresholds
from monitor.settings import Settings
from monitor.store import open_store
from monitor.testing import FakeClock, make_statement, make_subject


class Fragile:
    """Fall apart when two threads come at once, as a model may."""

    name = "fragile-1"

    def __init__(self) -> None:
        self.inside = self.clashes = self.calls = 0
        self._counting = threading.Lock()

    def encode(self, texts):
        with self._counting:
            self.inside += 1
            self.calls += 1
            self.clashes += self.inside > 1
        time.sleep(0.002)
        with self._counting:
            self.inside -= 1
        return [[1.0, 0.0] for _ in texts]


def previews(encoder, store) -> None:
    shown = Previewer(store, FakeClock(), Thresholds(), encoder)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(shown.text, [f"FIRST LAST took the money, number {number}" for number in range(12)]))


def test_pages_take_turns_at_the_model(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'rows.db'}", clock=FakeClock())
    store.save_subject(make_subject())
    store.save_statement(make_statement())
    alone, shared = Fragile(), Fragile()
    previews(alone, store)
    previews(TakingTurns(shared), store)
    store.close()
    assert alone.clashes > 0, "without turns they do clash"
    assert (shared.clashes, shared.calls >= 12) == (0, True)


def test_all_who_ask_while_it_is_loaded_get_it(tmp_path, monkeypatch):
    desk = ModelDesk(Settings(data_dir=tmp_path), None)
    loaded = []

    def slowly():
        time.sleep(0.05)
        loaded.append(1)
        return TakingTurns(Fragile())

    monkeypatch.setattr(desk, "_found", slowly)
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: desk.encoder, range(6)))
    assert len(loaded) == 1
    assert len({id(one) for one in found}) == 1
    assert found[0] is not None
