"""Remember which jobs go on failing, so that a person hears even of a database in which no alert can be put."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from monitor.domain import Alert, AlertKind
from monitor.errors import StoreError
from monitor.ports import OnceStore

SHOWN_AFTER_S = 10.0
"""A job that has failed for so long without going well once is shown: one that was only unlucky is not."""

TOLD_AFTER_S = 30.0
"""A database that took nothing for so long is told on the channels themselves."""

_TRIED = "store.tried_at"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fault:
    since: float
    why: str
    is_of_store: bool


class Ailments:
    """Note how jobs end; every moment is of the monotonic clock. Safe to be asked from several threads.

    `is_told`: a service that ran before this one has told of a database that takes nothing, and not that it is over.
    """

    def __init__(self, *, is_told: bool = False) -> None:
        self._faults: dict[str, _Fault] = {}
        self._turn = threading.Lock()
        self._is_told = is_told

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

    @property
    def is_told(self) -> bool:
        """Tell whether a person knows of a database that takes nothing, and not yet that it is over."""
        return self._is_told

    def of_store(self) -> tuple[str, ...]:
        """Name the jobs that fail of the database."""
        with self._turn:
            return tuple(job for job, one in self._faults.items() if one.is_of_store)

    def news(self, at: float, now: datetime, *, is_mended: bool = False) -> Alert | None:
        """Give word of a database that goes on taking nothing, once, and once that it does again.

        It does again once a write has just gone well (`is_mended`), and so has every job that had failed of it.
        """
        with self._turn:
            ill = [one for one in self._faults.values() if one.is_of_store]
            first = min((one.since for one in ill), default=at)
            if not self._is_told and at - first >= TOLD_AFTER_S:
                self._is_told = True
                return _word(AlertKind.STORE_FAILING, now, ill[0].why)
            if self._is_told and is_mended and not ill:
                self._is_told = False
                return _word(AlertKind.STORE_BACK, now)
        return None


def takes_a_write(store: OnceStore, now: datetime) -> bool:
    """Try whether the database keeps something, by noting when it was tried."""
    try:
        store.set_setting(_TRIED, now.isoformat())
    except StoreError:
        return False
    return True


def _word(kind: AlertKind, now: datetime, why: str = "") -> Alert:
    key = f"{kind}:{now:%Y%m%dT%H%M%S}"
    return Alert(kind=kind, dedupe_key=key, created_at=now, payload={"why": why} if why else {})
