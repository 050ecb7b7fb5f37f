"""Make PgQueuer's loop as patient as a busy machine needs; loaded where jobs are done, for it is an optional extra."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from datetime import timedelta

import asyncpg
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import FailingListenerError
from pgqueuer.models import HealthCheckEvent, Job, TracebackRecord
from pgqueuer.queries import Queries

log = logging.getLogger("goodname.queue")

LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, FailingListenerError)
"""What a database that went away makes a call raise."""

_QUESTIONS = 5


class PatientQueries(Queries):
    """Leave a job as it is when the database is gone just as it is to be put back.

    The engine would call it failed for good as soon as the database answers again, and it would be parked, although it
    had tries left. Without a sign of life it is handed to another worker instead.
    """

    async def retry_job(self, job: Job, delay: timedelta, traceback_record: TracebackRecord | None) -> None:
        """Put a job back, to be tried again after `delay`."""
        try:
            await super().retry_job(job, delay, traceback_record)
        except LOST as error:
            log.warning("a job could not be put back", extra={"job": job.entrypoint, "why": str(error)})


class PatientManager(QueueManager):
    """Ask the listener again before it is given up, and tell of each turn of the loop.

    The engine asks for the first time while it is about to listen, so that answer is often lost; the engine alone would
    then end the process ten seconds after its start.
    """

    turned: Callable[[], None] | None = None

    async def listener_healthy(
        self,
        timeout: timedelta = timedelta(seconds=10),  # noqa: ASYNC109 - the engine's own name for it
    ) -> HealthCheckEvent:
        """Ask up to five times within `timeout`; FailingListenerError when no question is heard."""
        for _ in range(_QUESTIONS - 1):
            with suppress(FailingListenerError):
                return await super().listener_healthy(timeout / _QUESTIONS)
        return await super().listener_healthy(timeout / _QUESTIONS)

    async def fetch_jobs(
        self, batch_size: int, global_concurrency_limit: int | None, heartbeat_timeout: timedelta
    ) -> AsyncGenerator[Job, None]:
        """Give what is ready, as each turn of the loop asks for."""
        if self.turned:
            self.turned()
        async for job in super().fetch_jobs(batch_size, global_concurrency_limit, heartbeat_timeout):
            yield job
