"""Give a sign of life after each whole cycle, so that somebody else notices when none comes any more."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from monitor.contract import Http
from monitor.errors import ConnectorError, FetchError
from monitor.ports import Clock

log = logging.getLogger("goodname.heartbeat")


class Cycle:
    """Follow which jobs have gone round well since the last sign of life."""

    def __init__(self, jobs: Iterable[str]) -> None:
        self._jobs = frozenset(jobs)
        self._done: set[str] = set()

    def went_well(self, job: str) -> None:
        """Note that a job ended well."""
        self._done.add(job)

    def is_whole(self) -> bool:
        """Tell whether every job has ended well since the cycle began."""
        return self._done >= self._jobs

    def begin(self) -> None:
        """Begin the next cycle."""
        self._done.clear()


class Heartbeat:
    """Call the address of a dead man's switch; one that cannot be reached is logged once and tried again."""

    def __init__(self, http: Http, url: str, clock: Clock, every_s: float) -> None:
        self._http, self._url, self._clock, self._every = http, url, clock, every_s
        self._last = float("-inf")
        self._is_failing = False

    def is_due(self) -> bool:
        """Tell whether an address is configured and the last call is long enough ago."""
        return bool(self._url) and self._clock.monotonic() - self._last >= self._every

    async def beat(self) -> bool:
        """Call the address; gives whether it took the call. Nothing but the call itself is sent."""
        self._last = self._clock.monotonic()
        try:
            await self._http.get(self._url)
        except (ConnectorError, FetchError) as error:
            if not self._is_failing:
                log.warning("the sign of life did not arrive", extra={"why": type(error).__name__})
            self._is_failing = True
            return False
        self._is_failing = False
        return True
