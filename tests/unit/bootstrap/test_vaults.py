"""What a trial finds of an object store, tried on stores that keep the promise and on those that break it."""

from __future__ import annotations

import threading

from monitor.bootstrap.vaults import trial_fault
from monitor.evidence import Objects
from monitor.testing.s3 import S3Server


class Store:
    """A store of objects that keeps its promise: of all that write one name, one succeeds."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.tried = 0
        self._lock = threading.Lock()

    def create(self, name: str, body: bytes) -> None:
        with self._lock:
            self.tried += 1
            if name in self.held:
                raise FileExistsError(name)
            self.held[name] = body

    def remove(self, names: list[str]) -> None:
        for name in names:
            self.held.pop(name, None)


class Replacing(Store):
    """One that puts the last word over the first."""

    def create(self, name: str, body: bytes) -> None:
        self.held[name] = body


class Racing(Store):
    """One that looks first and writes then: late writes are refused, and those at once all succeed."""

    def __init__(self, rivals: int) -> None:
        super().__init__()
        self._all_looked = threading.Barrier(rivals, timeout=30)

    def create(self, name: str, body: bytes) -> None:
        if name in self.held:
            raise FileExistsError(name)
        if self.held:  # the first write of all is made alone
            self._all_looked.wait()
        self.held[name] = body


class Mute(Store):
    def create(self, name: str, body: bytes) -> None:
        raise OSError(5, "connection refused")


def test_a_store_that_keeps_its_promise_passes_and_is_left_empty() -> None:
    store = Store()
    assert trial_fault(store) == ""
    assert store.held == {}
    assert store.tried == 2 + 8


def test_a_real_server_passes(s3: S3Server) -> None:
    objects = Objects(f"s3://{s3.new_bucket()}/x", s3.options)
    assert trial_fault(objects) == ""
    assert objects.sizes("") == {}


def test_a_store_that_replaces_is_refused() -> None:
    store = Replacing()
    assert "replaces objects" in trial_fault(store)
    assert store.held == {}


def test_a_store_that_lets_two_at_once_succeed_is_refused() -> None:
    store = Racing(8)
    assert "more than one" in trial_fault(store)
    assert store.held == {}


def test_a_store_that_cannot_be_written_is_named() -> None:
    assert "connection refused" in trial_fault(Mute())
