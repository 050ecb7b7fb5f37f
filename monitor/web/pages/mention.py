"""One mention: its words, why it was found, its versions, what is kept, and who looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from monitor.domain import Assessment, Mention, Review, ReviewVerdict, Role, Span, Subject
from monitor.errors import StoreError
from monitor.web.cards import CHOICES
from monitor.web.pages._forms import own_form, require, see_other, unknown
from monitor.web.passages import Piece, compared, marked
from monitor.web.rendering import page, visitor
from monitor.web.site import Visitor
from monitor.web.words import STANCES, veiled

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Say why some words counted; `number` is the mark's."""

    number: int
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """Hold a mention's title and text with what counted in them."""

    title: tuple[Piece, ...]
    text: tuple[Piece, ...]
    reasons: tuple[Reason, ...]


def visible(who: Visitor, mention_id: int) -> frozenset[str]:
    """Give the subjects for which this visitor may see a mention; none for a mention that is not theirs to see."""
    about = who.site.store.subjects_of(mention_id)
    return about & frozenset(who.watched)


@router.get("/mention/{mention_id}")
def mention(request: Request, mention_id: int, reveal: str = "") -> Response:
    """Show one mention; veiled unless asked for."""
    who = visitor(request)
    if not 0 < mention_id < 2**62:
        unknown()
    subjects = visible(who, mention_id)
    if not subjects:
        unknown()
    store, now = who.site.store, who.site.clock.now()
    revealed = who.is_revealed(now) or bool(reveal)
    who.log("opened" if not revealed else "opened with words", subject_id=min(subjects), mention_id=mention_id)
    found = store.mention(mention_id)
    assessments = [one for one in store.assessments(mention_id) if one.judgement.subject_id in subjects]
    revisions = store.revisions(mention_id)
    return page(
        request,
        "mention.html",
        mention=found,
        judged=[(who.watched[one.judgement.subject_id], one.judgement) for one in assessments],
        view=view_of(found, assessments, who.watched),
        why=_why(assessments, who.watched, reveal=revealed),
        shown=revealed,
        versions=_versions(revisions) if revealed else [],
        revisions=revisions,
        captures=store.captures(mention_id),
        observations=store.observations(mention_id),
        reviews=[one for one in store.reviews(mention_id) if one.subject_id in subjects],
        log=store.access_events(clients=who.account.clients, mention_id=mention_id, limit=50),
        choices=CHOICES,
        may_mark=[one for one in sorted(subjects) if who.may(one, Role.HELPER)],
    )


def view_of(mention: Mention, assessments: Sequence[Assessment], watched: dict[str, Subject]) -> View:
    """Put marks on the words that counted, with one numbered reason for each kind."""
    reasons: list[Reason] = []
    in_text: list[tuple[Span, int]] = []
    in_title: list[tuple[Span, int]] = []
    for one in assessments:
        judgement, number = one.judgement, len(reasons) + 1
        name = watched[judgement.subject_id].name
        about = "; ".join(judgement.about.reasons)
        if judgement.about.spans or judgement.about.title_spans:
            reasons.append(Reason(number=number, words=f"names {name} ({judgement.about.score} of 100): {about}"))
            in_text += [(span, number) for span in judgement.about.spans]
            in_title += [(span, number) for span in judgement.about.title_spans]
        for match in judgement.matches:
            number = len(reasons) + 1
            words = f"statement {match.statement_id}, {match.score} of 100, {STANCES[match.stance]}"
            reasons.append(Reason(number=number, words=f"{words}: {'; '.join(match.reasons)}"))
            (in_title if match.field == "title" else in_text).append((match.span, number))
    return View(title=marked(mention.title, in_title), text=marked(mention.text, in_text), reasons=tuple(reasons))


def _why(assessments: Sequence[Assessment], watched: dict[str, Subject], *, reveal: bool) -> list[str]:
    found: list[str] = []
    for one in assessments:
        judgement = one.judgement
        own = {watched[judgement.subject_id].name, *(match.statement_id for match in judgement.matches)}
        found += [
            reason if reveal else veiled(reason, own) for reason in (*judgement.about.reasons, *judgement.reasons)
        ]
    return list(dict.fromkeys(found))


def _versions(revisions: Sequence[Mention]) -> list[dict[str, object]]:
    pairs = pairwise(revisions)
    return [
        {
            "number": after.revision,
            "at": after.first_seen_at,
            "title": compared(before.title, after.title) if before.title != after.title else (),
            "text": compared(before.text, after.text),
        }
        for before, after in pairs
    ]


@router.post("/mention/{mention_id}/review")
def review(
    request: Request,
    mention_id: int,
    verdict: Annotated[str, Form()] = "",
    subject: Annotated[str, Form()] = "",
    note: Annotated[str, Form(max_length=4_000)] = "",
) -> Response:
    """Record a verdict with a note."""
    who = visitor(request)
    if not 0 < mention_id < 2**62 or subject not in visible(who, mention_id):
        unknown()
    require(request, subject, Role.HELPER)
    if verdict not in {one.value for one in ReviewVerdict}:
        unknown()
    who.site.store.save_review(
        Review(
            mention_id=mention_id,
            subject_id=subject,
            verdict=ReviewVerdict(verdict),
            reviewed_at=who.site.clock.now(),
            reviewer=who.account.name,
            note=note.strip(),
        )
    )
    who.log(f"marked {verdict}", subject_id=subject, mention_id=mention_id)
    return see_other(f"/mention/{mention_id}#reviews")


def _may_export(request: Request, who: Visitor, mention_id: int) -> None:
    subjects = visible(who, mention_id) if 0 < mention_id < 2**62 else frozenset()
    if not subjects:
        unknown()
    require(request, min(subjects), Role.HELPER)
    who.log("exported", subject_id=min(subjects), mention_id=mention_id)


@router.post("/mention/{mention_id}/export")
async def export(request: Request, mention_id: int) -> Response:
    """Give everything that is kept of one mention as a ZIP that anybody can check."""
    who = visitor(request)
    await run_in_threadpool(_may_export, request, who, mention_id)
    out: Path = who.site.scratch / f"{uuid4().hex}.zip"
    try:
        await who.site.operations.export(out, mention_id=mention_id, actor=who.account.name, about=who.subjects)
    except StoreError:
        unknown()
    tidy = BackgroundTask(out.unlink, missing_ok=True)
    return FileResponse(out, media_type="application/zip", filename=f"mention-{mention_id}.zip", background=tidy)
