"""Measure how many jobs a second one, two and four worker processes do; beside raw PgQueuer and Procrastinate.

    python benchmarks/workers.py [--jobs 8000] [--smoke]

Every job does nothing, so that the queue itself is measured, on a PostgreSQL of its own with fsync off. Each figure is
from putting the first job in until the last is done. Prints JSON: jobs per second by number of workers, and how each
grows from one worker to the most. On two cores more than two processes share them with the server.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

from monitor.testing.postgres import PostgresServer, postgres_server
from monitor.workers import Job, open_queue
from monitor.workers.jobs import RECHECK

PLACES = 32
PUT_AT_ONCE = 1_000
Main = Callable[[str], Coroutine[Any, Any, None]]


def plain(url: str) -> str:
    return url.replace("+psycopg", "")


async def nothing(_payload: bytes | None) -> None:
    """Do nothing."""


async def our_worker(url: str) -> None:
    async with open_queue(url) as queue:
        await queue.work({RECHECK: nothing}, concurrency=PLACES)


async def our_jobs(url: str, count: int) -> None:
    async with open_queue(url) as queue:
        for start in range(0, count, PUT_AT_ONCE):
            numbers = range(start, min(start + PUT_AT_ONCE, count))
            await queue.put([Job(kind=RECHECK, key=f"bench:{number}") for number in numbers])


async def raw_worker(url: str) -> None:
    import asyncpg
    from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver
    from pgqueuer.core.qm import QueueManager
    from pgqueuer.models import Job as Handed
    from pgqueuer.queries import Queries

    pool = await asyncpg.create_pool(plain(url), min_size=1, max_size=8)
    manager = QueueManager(Queries(AsyncpgPoolDriver(pool)))

    @manager.entrypoint(RECHECK)
    async def handle(job: Handed) -> None:
        del job

    await manager.run(batch_size=PLACES // 2, max_concurrent_tasks=PLACES)


async def raw_jobs(url: str, count: int) -> None:
    import asyncpg
    from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver
    from pgqueuer.queries import Queries

    pool = await asyncpg.create_pool(plain(url), min_size=1, max_size=2)
    queries = Queries(AsyncpgPoolDriver(pool))
    if not await queries.schema_is_installed():
        await queries.install()
    for start in range(0, count, PUT_AT_ONCE):
        some = min(PUT_AT_ONCE, count - start)
        await queries.enqueue([RECHECK] * some, [None] * some, [0] * some)
    await pool.close()


def procrastinate_app(url: str) -> Any:  # noqa: ANN401 # the library is loaded where it is used
    import procrastinate

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=plain(url), max_size=8))

    @app.task(name="nothing")
    async def task() -> None:
        """Do nothing."""

    return app


async def procrastinate_worker(url: str) -> None:
    async with (app := procrastinate_app(url)).open_async():
        await app.run_worker_async(concurrency=PLACES, install_signal_handlers=False, delete_jobs="always")


async def procrastinate_jobs(url: str, count: int) -> None:
    async with (app := procrastinate_app(url)).open_async():
        with contextlib.suppress(Exception):  # the schema is there already
            await app.schema_manager.apply_schema_async()
        for start in range(0, count, PUT_AT_ONCE):
            await app.tasks["nothing"].batch_defer_async(*({} for _ in range(min(PUT_AT_ONCE, count - start))))


ENGINES = {
    "goodname": (our_worker, our_jobs, "pgqueuer"),
    "pgqueuer": (raw_worker, raw_jobs, "pgqueuer"),
    "procrastinate": (procrastinate_worker, procrastinate_jobs, "procrastinate_jobs"),
}


def run_worker(main: Main, url: str) -> None:
    asyncio.run(main(url))


def left(url: str, table: str) -> int:
    import psycopg

    with psycopg.connect(plain(url), autocommit=True) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # a name from the table above
        return int(row[0]) if row else 0


def drain(url: str, table: str, put: Callable[[str, int], Coroutine[Any, Any, None]], count: int) -> None:
    asyncio.run(put(url, count))
    while left(url, table):
        time.sleep(0.05)


def measure(server: PostgresServer, engine: str, workers: int, count: int) -> float:
    worker, put, table = ENGINES[engine]
    url = server.url(server.new_database())
    asyncio.run(put(url, 0) if engine == "goodname" else put(url, 1))  # makes the tables
    context = multiprocessing.get_context("spawn")
    crew = [context.Process(target=run_worker, args=(worker, url), daemon=True) for _ in range(workers)]
    for one in crew:
        one.start()
    time.sleep(3)
    drain(url, table, put, 50)  # whoever is slow to start, starts
    begun = time.monotonic()
    drain(url, table, put, count)
    seconds = time.monotonic() - begun
    for one in crew:
        one.kill()
        one.join()
    return count / seconds


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description="Jobs per second of the shared queue, beside two others.")
    parser.add_argument("--jobs", type=int, default=8_000)
    parser.add_argument("--smoke", action="store_true", help="few jobs and one worker, for CI")
    given = parser.parse_args()
    count, sizes = (300, (1,)) if given.smoke else (given.jobs, (1, 2, 4))
    out: dict[str, Any] = {"jobs": count}
    with postgres_server() as server:
        for engine in ENGINES:
            rates = {size: round(measure(server, engine, size, count)) for size in sizes}
            out[engine] = {"jobs_per_second": rates, "growth": round(rates[sizes[-1]] / rates[sizes[0]], 2)}
            print(engine, rates, file=sys.stderr)
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
