"""Remember which jobs go on failing, so that a person hears even of a database in which no alert can be put."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from monitor.domain import Alert, AlertKind
from monitor.errors import StoreError

SHOWN_AFTER_S = 10.0
"""A job that has failed for so long without going well once is shown: one that was only unlucky is not."""

TOLD_AFTER_S = 30.0
"""A database that took nothing for so long is told on the channels themselves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fault:
    since: float
    why: str
    is_of_store: bool


class Ailments:
    """Note how jobs end; every moment is of the monotonic clock. Safe to be asked from several threads."""

    def __init__(self) -> None:
        self._faults: dict[str, _Fault] = {}
        self._turn = threading.Lock()
        self._is_told = False

    def failed(self, job: str, error: Exception, at: float) -> None:
        """Note that a job ended with an error; since when counts from the first in a row."""
        with self._turn:
            before = self._faults.get(job)
            since = before.since if before else at
            self._faults[job] = _Fault(since=since, why=str(error), is_of_store=isinstance(error, StoreError))

    def went_well(self, job: str) -> None:
        """Note that a job did its work."""
        with self._turn:
            self._faults.pop(job, None)

    def lasting(self, at: float) -> tuple[str, ...]:
        """Say of each job that goes on failing that it does, and why."""
        with self._turn:
            found = dict(self._faults)
        return tuple(f"the {job} job fails: {one.why}" for job, one in found.items() if at - one.since >= SHOWN_AFTER_S)

    def news(self, at: float, now: datetime) -> Alert | None:
        """Give word of a database that goes on taking nothing, once, and once that it does again."""
        with self._turn:
            ill = [one for one in self._faults.values() if one.is_of_store]
            first = min((one.since for one in ill), default=at)
            why = ill[0].why if ill else ""
            if not self._is_told and at - first >= TOLD_AFTER_S:
                self._is_told = True
                return _word(AlertKind.STORE_FAILING, now, why)
            if self._is_told and not ill:
                self._is_told = False
                return _word(AlertKind.STORE_BACK, now)
        return None


def _word(kind: AlertKind, now: datetime, why: str = "") -> Alert:
    key = f"{kind}:{now:%Y%m%dT%H%M%S}"
    return Alert(kind=kind, dedupe_key=key, created_at=now, payload={"why": why} if why else {})
