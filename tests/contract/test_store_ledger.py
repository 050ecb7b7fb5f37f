"""Every store counts costs so that a cap holds, whoever counts at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from monitor.bootstrap.ledger import StoreLedger
from monitor.store import SqlStore


def test_counts_are_kept_by_account_and_period(store: SqlStore):
    assert store.used("x a", "2026-11") == 0
    assert store.take("x a", "2026-11", 60, 100)
    assert not store.take("x a", "2026-11", 41, 100)
    assert store.take("x a", "2026-11", 40, 100)
    assert store.used("x a", "2026-11") == 100
    assert store.used("x b", "2026-11") == 0
    store.give_back("x a", "2026-11", 30)
    assert store.used("x a", "2026-11") == 70
    assert store.take("x a", "2026-12", 100, 100), "a new month begins at nothing"
    store.give_back("x a", "2026-11", 50)
    assert store.used("x a", "2026-12") == 100, "what belongs to last month changes nothing now"
    store.give_back("x a", "2026-12", 500)
    assert store.used("x a", "2026-12") == 0


def test_many_threads_never_pass_the_cap(store: SqlStore):
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: store.take("x", "2026-11", 7, 100), range(40)))
    assert sum(taken) == 14
    assert store.used("x", "2026-11") == 98


async def test_connectors_count_through_it(store: SqlStore):
    ledger = StoreLedger(store)
    assert await ledger.take("x", "2026-11", 5, 5)
    assert not await ledger.take("x", "2026-11", 1, 5)
    await ledger.give_back("x", "2026-11", 2)
    assert await ledger.used("x", "2026-11") == store.used("x", "2026-11") == 3
