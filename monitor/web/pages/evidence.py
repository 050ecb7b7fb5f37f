"""What is kept: a gallery, one capture with its files, and a check of it all. Files are reached by number only."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from monitor.blur import blurred
from monitor.domain import Artifact, ArtifactRole, Capture
from monitor.web.pages._forms import own_form, require_owner, unknown
from monitor.web.pages.mention import visible
from monitor.web.rendering import page, visitor
from monitor.web.shell import SANDBOX
from monitor.web.site import Visitor

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)
_A_PAGE = 30
_PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
_LARGEST_SHOWN = 60 * 1024 * 1024


@router.get("/evidence")
def gallery(request: Request, offset: int = 0) -> Response:
    """Show what is kept, newest first, blurred."""
    who = visitor(request)
    start = min(max(0, offset), 10_000_000)
    found = who.site.store.gallery(who.subjects, limit=_A_PAGE + 1, offset=start)
    return page(
        request,
        "evidence.html",
        captures=[(one, _picture(one)) for one in found[:_A_PAGE]],
        newer=max(0, start - _A_PAGE) if start else None,
        older=start + _A_PAGE if len(found) > _A_PAGE else None,
        head=who.site.vault.chain_head() if who.account.clients is None else "",
        report=None,
    )


@router.post("/evidence/verify")
def verify(request: Request, capture: Annotated[str, Form(max_length=100)] = "") -> Response:
    """Check every file and the whole log, or one capture."""
    who = visitor(request)
    if capture:
        found = _capture(who, capture)
        report = who.site.vault.verify(found.id)
        who.log("checked evidence", detail=found.id)
        return _show(request, who, found, report=report)
    require_owner(request)
    report = who.site.vault.verify()
    who.log("checked all evidence")
    return page(
        request,
        "evidence.html",
        captures=[],
        newer=None,
        older=None,
        head=report.chain_head,
        report=report,
    )


@router.get("/evidence/{capture_id}")
def capture(request: Request, capture_id: str) -> Response:
    """Show one capture: its files with their hashes, and what happened to it."""
    who = visitor(request)
    return _show(request, who, _capture(who, capture_id), report=None)


def _show(request: Request, who: Visitor, found: Capture, *, report: object) -> Response:
    return page(
        request,
        "capture.html",
        capture=found,
        files=[(place, one, _way(one)) for place, one in enumerate(found.artifacts)],
        custody=who.site.vault.custody(found.id),
        picture=_picture(found),
        report=report,
    )


def _capture(who: Visitor, capture_id: str) -> Capture:
    """Give a capture that this visitor may see; anything else does not exist for them."""
    mention_id = who.site.store.mention_of_capture(capture_id)
    if not mention_id or not visible(who, mention_id):
        unknown()
    return who.site.store.capture(capture_id)


def _picture(found: Capture) -> int | None:
    """Give the place of the capture's main picture among its files."""
    roles = [one.role for one in found.artifacts]
    return roles.index(ArtifactRole.SCREENSHOT) if ArtifactRole.SCREENSHOT in roles else None


def _way(artifact: Artifact) -> str:
    """Say how a file is given: shown, read as plain text, or saved."""
    if artifact.media_type in _PICTURES.values() and artifact.size <= _LARGEST_SHOWN:
        return "Show"
    return "Read" if artifact.role is ArtifactRole.TEXT else "Save"


@router.get("/evidence/{capture_id}/{place}")
def file(request: Request, capture_id: str, place: int) -> Response:
    """Give one kept file after checking its hash: a picture, plain text, or something to save; never a page."""
    who = visitor(request)
    found, body = _body(who, capture_id, place)
    artifact = found.artifacts[place]
    subject = min(visible(who, found.mention_id))
    who.log("file opened", subject_id=subject, mention_id=found.mention_id, detail=f"{found.id} {place}")
    who.site.vault.record("viewed", actor=who.account.name, capture_id=found.id, detail={"path": artifact.path})
    kind = next((kind for start, kind in _PICTURES.items() if body.startswith(start)), "")
    name = f"{found.id}-{place}"
    if kind and len(body) <= _LARGEST_SHOWN:
        disposition = f'inline; filename="{name}.{kind.partition("/")[2]}"'
    elif artifact.role is ArtifactRole.TEXT:
        kind, disposition = "text/plain; charset=utf-8", f'inline; filename="{name}.txt"'
    elif body.startswith(b"%PDF-"):
        kind, disposition = "application/pdf", f'attachment; filename="{name}.pdf"'
    else:
        kind, disposition = "application/octet-stream", f'attachment; filename="{name}.bin"'
    return Response(
        body, media_type=kind, headers={"Content-Disposition": disposition, "Content-Security-Policy": SANDBOX}
    )


@router.get("/evidence/{capture_id}/{place}/veiled")
def veiled_picture(request: Request, capture_id: str, place: int) -> Response:
    """Give a picture so blurred that nothing can be read in it."""
    _, body = _body(visitor(request), capture_id, place)
    made = blurred(body)
    if made is None:
        unknown()
    headers = {"Content-Security-Policy": SANDBOX, "Cache-Control": "private, max-age=3600"}
    return Response(made, media_type="image/png", headers=headers)


def _body(who: Visitor, capture_id: str, place: int) -> tuple[Capture, bytes]:
    found = _capture(who, capture_id)
    if not 0 <= place < len(found.artifacts):
        unknown()
    return found, who.site.vault.read(found.id, found.artifacts[place].path)
