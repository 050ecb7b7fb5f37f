"""Answer `/healthz`: is the watch running, when was each source last read; no names, no words of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse

from monitor.domain import Lateness
from monitor.ports import WorkerState


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceProbe:
    """Say of one source how it is and when it last answered well."""

    name: str
    state: str
    last_good_at: datetime | None
    next_due_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """Sum up the running service: `status` is ok, degraded (a source fails) or failing (the service itself).

    `oldest_due_s` is for how many seconds the longest waiting source has been due. `queue` counts shared jobs by state
    (waiting, running, parked) and kind; empty where no work is shared. `workers` are those of several that share it;
    what they are at is not for `/healthz`, which needs no account.
    """

    status: str
    version: str
    why: tuple[str, ...]
    sources: tuple[SourceProbe, ...]
    jobs_idle_s: Mapping[str, float]
    undelivered: int
    oldest_due_s: float = 0.0
    queue: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    workers: Sequence[WorkerState] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Hold what is shown beside the probe: counts by a word, as the store gives them."""

    alerts: Mapping[str, int]
    unreviewed: Mapping[str, int]
    disk_free_bytes: int
    lateness: Lateness = field(default_factory=Lateness)


def create_app(probe: Callable[[], Probe], *routers: APIRouter) -> FastAPI:
    """Make the web application, with these routes too; `probe` may block for a moment and must not raise.

    `/healthz` answers 200 while the service works, even when a source fails (that is a state, not an outage), and
    503 when the service itself does not.
    """
    app = FastAPI(title="goodname", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        found = probe()
        shown = {**asdict(found), "workers": {one.name: one.unseen_s for one in found.workers}}
        return JSONResponse(_plain(shown), status_code=503 if found.status == "failing" else 200)

    for router in routers:
        app.include_router(router)
    return app


def _plain(value: Any) -> Any:  # noqa: ANN401  # walks JSON-like values of any shape
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
