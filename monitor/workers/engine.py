"""Make PgQueuer's loop as patient as a busy machine needs; loaded where jobs are done, for it is an optional extra."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import FailingListenerError
from pgqueuer.models import HealthCheckEvent

_QUESTIONS = 5


class PatientManager(QueueManager):
    """Ask the listener again before it is given up.

    The engine asks for the first time while it is about to listen, so that answer is often lost; the engine alone would
    then end the process ten seconds after its start.
    """

    async def listener_healthy(
        self,
        timeout: timedelta = timedelta(seconds=10),  # noqa: ASYNC109 - the engine's own name for it
    ) -> HealthCheckEvent:
        """Ask up to five times within `timeout`; FailingListenerError when no question is heard."""
        for _ in range(_QUESTIONS - 1):
            with suppress(FailingListenerError):
                return await super().listener_healthy(timeout / _QUESTIONS)
        return await super().listener_healthy(timeout / _QUESTIONS)
