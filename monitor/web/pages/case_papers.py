"""What a case writes: letters with their versions, notices with what they lack, and the packet for counsel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from monitor.cases.letters import LETTERS, Sender
from monitor.cases.printing import notice_facts, notice_text, print_notice
from monitor.domain import Paper, PaperKind, Role
from monitor.pdf import Printed
from monitor.web.pages._case import Opened, one_of, open_case
from monitor.web.pages._forms import own_form, see_other, unknown
from monitor.web.rendering import page

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)

_LONGEST = 200_000


@router.post("/cases/{case_id}/letter")
def letter(
    request: Request,
    case_id: int,
    kind: Annotated[str, Form()] = "",
    to: Annotated[str, Form(max_length=300)] = "",
    sender: Annotated[str, Form(max_length=300)] = "",
    email: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Draft a letter as a new paper, and lead on to it."""
    opened = open_case(request, case_id)
    chosen = one_of(PaperKind, kind)
    if chosen not in LETTERS:
        unknown()
    made, _ = opened.desk.draft_letter(
        case_id, chosen, addressee=to, sender=Sender(name=sender, email=email), by=opened.who.account.name
    )
    opened.done("drafted a letter")
    return see_other(f"/cases/{case_id}/letters/{made.id}")


@router.get("/cases/{case_id}/letters/{paper_id}")
def paper(request: Request, case_id: int, paper_id: int) -> Response:
    """Show one version of a letter; its words while words are shown."""
    opened = open_case(request, case_id, Role.VIEWER)
    found = _paper(opened, paper_id)
    versions = [one for one in opened.who.site.store.papers(case_id) if one.draft_id == found.draft_id]
    may_work = opened.who.may(opened.case.subject_id, Role.HELPER)
    return page(request, "letter.html", case=opened.case, paper=found, versions=versions, may_work=may_work)


@router.post("/cases/{case_id}/letters/{paper_id}")
def revise(
    request: Request, case_id: int, paper_id: int, body: Annotated[str, Form(max_length=_LONGEST)] = ""
) -> Response:
    """Keep an edited letter as its next version; the older ones stay."""
    opened = open_case(request, case_id)
    _paper(opened, paper_id)
    made = opened.desk.revise(case_id, paper_id, body.replace("\r\n", "\n"), by=opened.who.account.name)
    opened.done("revised a letter")
    return see_other(f"/cases/{case_id}/letters/{made.id}")


@router.post("/cases/{case_id}/letters/{paper_id}/file")
def letter_file(request: Request, case_id: int, paper_id: int, form: Annotated[str, Form()] = "pdf") -> Response:
    """Give a letter to save: as PDF, or as plain text."""
    opened = open_case(request, case_id)
    found = _paper(opened, paper_id)
    opened.done("saved a letter")
    name = f"case-{case_id}-letter-{paper_id}"
    return _text(found.body, name) if form == "text" else _pdf(opened.desk.letter_pdf(found), name)


@router.get("/cases/{case_id}/notices/{notice}")
def notice(request: Request, case_id: int, notice: str) -> Response:
    """Show a notice with each part that it has or lacks."""
    opened = open_case(request, case_id, Role.VIEWER)
    filled, exhibits = opened.desk.fill_notice(case_id, _kind(opened, notice))
    facts = notice_facts(filled, exhibits, case_id=case_id, at=opened.who.site.clock.now())
    may_work = opened.who.may(opened.case.subject_id, Role.HELPER)
    return page(request, "notice.html", case=opened.case, filled=filled, facts=facts, may_work=may_work)


@router.post("/cases/{case_id}/notices/{notice}/file")
def notice_file(request: Request, case_id: int, notice: str, form: Annotated[str, Form()] = "pdf") -> Response:
    """Give a notice to save: as PDF, or as plain text for a form's field."""
    opened = open_case(request, case_id)
    filled, exhibits = opened.desk.fill_notice(case_id, _kind(opened, notice))
    at = opened.who.site.clock.now()
    facts = notice_facts(filled, exhibits, case_id=case_id, at=at)
    opened.done("saved a notice")
    name = f"case-{case_id}-{notice}"
    return _text(notice_text(facts), name) if form == "text" else _pdf(print_notice(facts, at), name)


@router.post("/cases/{case_id}/facts")
def facts(
    request: Request,
    case_id: int,
    name: Annotated[str, Form(max_length=100)] = "",
    value: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Keep what a person tells for notices and for counsel."""
    opened = open_case(request, case_id)
    opened.desk.give_facts(case_id, {name: value})
    return opened.done("told a fact", "told")


@router.post("/cases/{case_id}/packet")
async def packet(request: Request, case_id: int, form: Annotated[str, Form()] = "zip") -> Response:
    """Give the packet for counsel: with the evidence as a ZIP that anybody can check, or alone as PDF."""
    opened = await run_in_threadpool(open_case, request, case_id)
    name = f"case-{case_id}-packet"
    if form == "pdf":
        made = await run_in_threadpool(opened.desk.make_packet, case_id)
        await run_in_threadpool(opened.done, "saved a packet")
        return Response(made.body, media_type="application/pdf", headers=_saved(f"{name}.pdf"))
    out: Path = opened.who.site.scratch / f"{uuid4().hex}.zip"
    await opened.who.site.operations.export_case(out, case_id=case_id, actor=opened.who.account.name)
    await run_in_threadpool(opened.done, "saved a packet")
    tidy = BackgroundTask(out.unlink, missing_ok=True)
    return FileResponse(out, media_type="application/zip", filename=f"{name}.zip", background=tidy)


def _paper(opened: Opened, paper_id: int) -> Paper:
    found = {one.id: one for one in opened.who.site.store.papers(opened.case.id)}
    if paper_id not in found:
        unknown()
    return found[paper_id]


def _kind(opened: Opened, notice: str) -> str:
    if notice not in {one.id for one in opened.desk.registry.notices}:
        unknown()
    return notice


def _pdf(printed: Printed, name: str) -> Response:
    return Response(printed.body, media_type="application/pdf", headers=_saved(f"{name}.pdf"))


def _text(body: str, name: str) -> Response:
    return Response(body, media_type="text/plain; charset=utf-8", headers=_saved(f"{name}.txt"))


def _saved(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
