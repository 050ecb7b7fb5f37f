"""Clients: a tile for each with its counts, and one client's matters on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from monitor.domain import Case, CaseStatus, Level, Role, Subject
from monitor.ports import ReviewFilter
from monitor.web.pages._forms import own_form, require, unknown
from monitor.web.pages.cases import cases_of, tiles_of
from monitor.web.rendering import page, visitor
from monitor.web.site import Visitor

router = APIRouter(include_in_schema=False)

MOST_COUNTED = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientView:
    """Hold what a tile shows of one client; `id` is empty for those without a client."""

    id: str
    subjects: tuple[Subject, ...]
    waiting: int
    likely: int
    open_cases: int


@router.get("/clients")
def clients(request: Request, client: str | None = None) -> Response:
    """Show a tile for each client, or with `client` that one's people, cases and what waits."""
    who = visitor(request)
    cases = cases_of(who)
    if client is None:
        return page(request, "clients.html", clients=[_view(who, one, cases) for one in who.clients])
    if client not in who.clients:
        unknown()
    view = _view(who, client, cases)
    mine = {one.id for one in view.subjects}
    tiles = tiles_of(who, [one for one in cases if one.subject_id in mine])
    waiting = {one.id: _count(who, frozenset({one.id})) for one in view.subjects}
    may_save = bool(view.subjects) and who.may(view.subjects[0].id, Role.HELPER)
    return page(request, "client.html", client=view, tiles=tiles, waiting=waiting, may_save=may_save)


@router.post("/clients/export", dependencies=[Depends(own_form)])
async def export(request: Request, client: Annotated[str, Form()] = "") -> Response:
    """Give everything that is kept for one client as a ZIP that anybody can check; nothing of another is in it."""
    who = visitor(request)
    await run_in_threadpool(_may_export, request, who, client)
    out: Path = who.site.scratch / f"{uuid4().hex}.zip"
    await who.site.operations.export_client(out, client_id=client, actor=who.account.name)
    tidy = BackgroundTask(out.unlink, missing_ok=True)
    return FileResponse(out, media_type="application/zip", filename="client-evidence.zip", background=tidy)


def _may_export(request: Request, who: Visitor, client: str) -> None:
    subjects = [one.id for one in who.watched.values() if one.client_id == client]
    if not subjects:
        unknown()
    require(request, min(subjects), Role.HELPER)
    who.log("exported a client", subject_id=min(subjects))


def _view(who: Visitor, client: str, cases: Sequence[Case]) -> ClientView:
    subjects = tuple(one for one in who.watched.values() if one.client_id == client)
    ids = frozenset(one.id for one in subjects)
    return ClientView(
        id=client,
        subjects=subjects,
        waiting=_count(who, ids),
        likely=_count(who, ids, Level.LIKELY),
        open_cases=sum(one.subject_id in ids and one.status is CaseStatus.OPEN for one in cases),
    )


def _count(who: Visitor, subjects: frozenset[str], level: Level = Level.NONE) -> int:
    return who.site.store.count_review(ReviewFilter(subjects=subjects, min_level=level))
