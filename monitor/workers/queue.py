"""The queue itself: PgQueuer's tables in the same PostgreSQL as everything else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from monitor.ending import cut_off
from monitor.errors import ConfigError, StoreError
from monitor.jobs.preserve import PARALLEL as CAPTURES_AT_ONCE
from monitor.workers.jobs import CAPTURE, Job

if TYPE_CHECKING:
    from asyncpg import Connection, Pool
    from pgqueuer.models import Job as Handed
    from pgqueuer.queries import Queries

    from monitor.workers.engine import PatientManager

log = logging.getLogger("goodname.queue")

TRIES = 4
"""A job that failed so many times is parked, with its error, until somebody looks."""

FIRST_RETRY = timedelta(seconds=10)
"""How long the first retry waits; each further one twice as long."""

HEARTBEAT = timedelta(seconds=30)
"""A job whose worker has not shown life for this long is handed to another."""

# The store's own locks have the number before this one: a source's lock may have any second number there.
_LOCKS = 1_735_355_237
_LEADER, _INSTALLING = (_LOCKS, 1), (_LOCKS, 2)
_LEADER_CHECK_S = 5.0

Handler = Callable[[bytes | None], Awaitable[None]]
Connect = Callable[[], Awaitable["Connection[Any]"]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Parked:
    """Describe a job that failed too often: `error` is its last one, in one line."""

    number: int
    kind: str
    key: str
    parked_at: datetime
    error: str


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueState:
    """Count what stands in the queue, by kind: waiting, being worked on, parked."""

    waiting: Mapping[str, int]
    running: Mapping[str, int]
    parked: Mapping[str, int]


def _nobody(_room: str) -> None:
    """Hear of a turn where nobody wants to know."""


class JobQueue:
    """Put jobs into the queue and take them out; for one event loop.

    StoreError when the database cannot be reached. Close it when done.
    """

    def __init__(self, pool: Pool[Any], connect: Connect) -> None:
        self._pool = pool
        self._connect = connect
        self._queries = _queries(pool)
        self._managers: list[PatientManager] = []

    async def close(self) -> None:
        """Let go of every connection; idempotent."""
        self._pool.terminate()

    async def put(self, jobs: Sequence[Job]) -> int:
        """Add jobs, but none whose key already waits or runs, or is parked; gives how many were added."""
        if not jobs:
            return 0
        with _reachable():
            parked = await self._pool.fetch("SELECT dedupe_key FROM pgqueuer WHERE status = 'failed'")
            shut = {row["dedupe_key"] for row in parked}
            fresh = [job for job in jobs if job.key not in shut]
            if not fresh:
                return 0
            numbers = await self._queries.enqueue(
                [job.kind for job in fresh],
                [job.payload for job in fresh],
                [job.priority for job in fresh],
                dedupe_key=[job.key for job in fresh],
                on_conflict="skip",
            )
        return sum(number is not None for number in numbers)

    async def work(
        self, handlers: Mapping[str, Handler], *, concurrency: int, turned: Callable[[str], None] = _nobody
    ) -> None:
        """Do jobs of these kinds until `stop`; ConnectionError or StoreError when the database went away.

        Captures have a room of their own of two places, so that slow pages never hold up the rest. `turned` hears of
        each look for work, with the name of the room.
        """
        rest = {kind: handler for kind, handler in handlers.items() if kind != CAPTURE}
        rooms = [({CAPTURE: handlers[CAPTURE]}, CAPTURES_AT_ONCE)] if CAPTURE in handlers else []
        rooms += [(rest, concurrency)] if rest else []
        self._managers = [self._manager(kinds) for kinds, _ in rooms]
        for manager in self._managers:
            manager.turned = partial(turned, " ".join(manager.entrypoint_registry))
        with _reachable():
            runs = [
                asyncio.create_task(
                    manager.run(
                        dequeue_timeout=timedelta(seconds=5),
                        batch_size=max(1, places // 2),
                        max_concurrent_tasks=places,
                        shutdown_on_listener_failure=True,
                        heartbeat_timeout=HEARTBEAT,
                    )
                )
                for manager, (_, places) in zip(self._managers, rooms, strict=True)
            ]
            await _all_or_none(runs, self.stop)

    def stop(self) -> None:
        """Take no more jobs; `work` ends when those in hand are done. Idempotent."""
        for manager in self._managers:
            manager.shutdown.set()

    async def state(self) -> QueueState:
        """Count what stands in the queue."""
        with _reachable():
            rows = await self._pool.fetch(
                "SELECT entrypoint, status::text AS status, count(*) AS n FROM pgqueuer GROUP BY 1, 2"
            )
        counts: dict[str, dict[str, int]] = {"queued": {}, "picked": {}, "failed": {}}
        for row in rows:
            counts.setdefault(row["status"], {})[row["entrypoint"]] = row["n"]
        return QueueState(waiting=counts["queued"], running=counts["picked"], parked=counts["failed"])

    async def parked(self, limit: int = 100) -> tuple[Parked, ...]:
        """Give parked jobs, the latest first."""
        query = (
            "SELECT q.id, q.entrypoint, q.dedupe_key, q.updated,"
            " (SELECT l.traceback FROM pgqueuer_log l WHERE l.job_id = q.id AND l.traceback IS NOT NULL"
            "  ORDER BY l.id DESC LIMIT 1) AS traceback"
            " FROM pgqueuer q WHERE q.status = 'failed' ORDER BY q.updated DESC LIMIT $1"
        )
        with _reachable():
            rows = await self._pool.fetch(query, limit)
        return tuple(
            Parked(
                number=row["id"],
                kind=row["entrypoint"],
                key=row["dedupe_key"] or "",
                parked_at=row["updated"],
                error=_in_words(row["traceback"]),
            )
            for row in rows
        )

    async def retry(self, numbers: Sequence[int]) -> int:
        """Put parked jobs back into the queue, all of them when none is named; gives how many."""
        command = "UPDATE pgqueuer SET status = 'queued', attempts = 0, execute_after = now()"
        return await self._settle_parked(command, numbers)

    async def drop(self, numbers: Sequence[int]) -> int:
        """Throw parked jobs away, all of them when none is named; what they stood for is ordered anew when due."""
        return await self._settle_parked("DELETE FROM pgqueuer", numbers)

    async def _settle_parked(self, command: str, numbers: Sequence[int]) -> int:
        query = f"{command} WHERE status = 'failed' AND (cardinality($1::bigint[]) = 0 OR id = ANY($1)) RETURNING id"
        with _reachable():
            return len(await self._pool.fetch(query, list(numbers)))

    def _manager(self, handlers: Mapping[str, Handler]) -> PatientManager:
        from pgqueuer.core.executors import DatabaseRetryEntrypointExecutor  # noqa: PLC0415 # an optional extra

        from monitor.workers.engine import PatientManager  # noqa: PLC0415 # as above

        manager = PatientManager(_queries(self._pool))
        for kind, handler in handlers.items():

            async def handle(job: Handed, handler: Handler = handler) -> None:
                await handler(job.payload)

            manager.entrypoint(
                kind,
                accepts_context=False,
                on_failure="hold",
                executor_factory=lambda given: DatabaseRetryEntrypointExecutor(
                    parameters=given, max_attempts=TRIES - 1, initial_delay=FIRST_RETRY
                ),
            )(handle)
        return manager

    @asynccontextmanager
    async def leadership(self) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
        """Give what tells whether this process leads; it tries to become the leader when nobody is.

        The lock ends with its connection, so a leader that dies or is cut off hands over by itself.
        """
        leader = _Leader(self._connect)
        try:
            yield leader.leads
        finally:
            await leader.resign()


class _Leader:
    """Hold the one lock, on a connection of its own that stays open."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: Connection[Any] | None = None
        self._leads = False
        self._one_at_a_time = asyncio.Lock()

    async def leads(self) -> bool:
        with _reachable():
            async with self._one_at_a_time:
                return await self._asked()

    async def _asked(self) -> bool:
        if self._connection is None or self._connection.is_closed():
            self._leads = False
            self._connection = await self._connect()
        if self._leads:  # a connection that was cut does not know it before it is used
            await self._connection.fetchval("SELECT 1", timeout=_LEADER_CHECK_S)
        else:
            self._leads = await self._connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", *_LEADER)
        return self._leads

    async def resign(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(*_lost()):
                await self._connection.close(timeout=_LEADER_CHECK_S)


@asynccontextmanager
async def open_queue(url: str) -> AsyncIterator[JobQueue]:
    """Open the queue in the PostgreSQL at an SQLAlchemy URL, making its tables when there are none.

    ConfigError when the extra is not installed, StoreError when the database cannot be reached.
    """
    try:
        import asyncpg  # noqa: PLC0415  # an optional extra
        import pgqueuer  # noqa: F401, PLC0415
    except ImportError as error:
        raise ConfigError(
            "The queue's engine is not installed.",
            why=str(error),
            try_="Run `pip install 'goodname[queue,postgresql]'`, or set [queue] engine to in-process.",
        ) from None
    with _reachable():
        pool = await asyncpg.create_pool(_plain(url), min_size=1, max_size=8, timeout=10, command_timeout=60)
        await _install(pool)
    queue = JobQueue(pool, partial(asyncpg.connect, _plain(url), timeout=10))
    try:
        yield queue
    finally:
        await queue.close()


def _queries(pool: Pool[Any]) -> Queries:
    """Give the engine's commands; each has a driver of its own, which keeps one listener."""
    from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver  # noqa: PLC0415  # an optional extra

    from monitor.workers.engine import PatientQueries  # noqa: PLC0415 # as above

    return PatientQueries(AsyncpgPoolDriver(pool))


async def _install(pool: Pool[Any]) -> None:
    from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver  # noqa: PLC0415
    from pgqueuer.queries import Queries  # noqa: PLC0415

    async with pool.acquire() as connection:
        await connection.execute("SET client_min_messages = warning")
        await connection.execute("SELECT pg_advisory_lock($1, $2)", *_INSTALLING)
        try:
            queries = Queries(AsyncpgDriver(connection))
            if await queries.schema_is_installed():
                await queries.upgrade()
            else:
                await queries.install()
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1, $2)", *_INSTALLING)


async def _all_or_none(runs: Sequence[asyncio.Task[None]], stop: Callable[[], None]) -> None:
    """Wait until all have ended; when one breaks, the others end too and its fault is raised."""
    try:
        await asyncio.wait(runs, return_when=asyncio.FIRST_EXCEPTION)
        stop()
        await asyncio.gather(*runs)
    finally:
        await cut_off(runs)


def _plain(url: str) -> str:
    """Take SQLAlchemy's driver out of an address."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"


def _lost() -> tuple[type[BaseException], ...]:
    from monitor.workers.engine import LOST  # noqa: PLC0415 # an optional extra

    return LOST


@contextlib.contextmanager
def _reachable() -> Iterator[None]:
    """Raise StoreError for whatever a database that went away makes a call raise."""
    try:
        yield
    except _lost() as error:
        raise StoreError(
            "The queue cannot be reached.",
            why=f"{type(error).__name__}: {error}"[:300],
            try_="Check that PostgreSQL runs; start this program again.",
        ) from error


def _in_words(traceback: str | None) -> str:
    """Give the last error of a job in one line."""
    if not traceback:
        return ""
    told = json.loads(traceback)
    return f"{told.get('exception_type', '')}: {told.get('exception_message', '')}".strip(": ")[:300]
