"""The addresses under /api/v1."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response

from monitor import __version__
from monitor.domain import Capture, Hit, Level, Review, Role, Statement, Subject
from monitor.ports import Pile, ReviewFilter, SourceState
from monitor.web.api.asking import reader, reviewer
from monitor.web.api.shapes import (
    MOST,
    Evidence,
    Fault,
    File,
    Found,
    Kept,
    ListedStatement,
    Mentions,
    NewVerdict,
    OneMention,
    Person,
    Source,
    Status,
    Verdict,
)
from monitor.web.pages._forms import unknown
from monitor.web.site import Visitor

_FAULTS: dict[int | str, dict[str, Any]] = {status: {"model": Fault} for status in (400, 401, 403, 404, 413, 422)}
_TEXT = Query(max_length=200)
_MOST_OFFSET = 10_000_000

router = APIRouter(prefix="/api/v1", responses=_FAULTS)

Reader = Annotated[Visitor, Depends(reader)]
Reviewer = Annotated[Visitor, Depends(reviewer)]
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=_MOST_OFFSET)]
MentionId = Annotated[int, Path(ge=1, le=MOST)]


@router.get("/openapi.json", include_in_schema=False)
def schema(who: Reader) -> Response:
    """Give the schema of all this, in OpenAPI 3.1."""
    del who
    made = get_openapi(title="Goodname", version=__version__, routes=router.routes, summary="Mentions and evidence")
    made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    made["security"] = [{"token": []}]
    return JSONResponse(made)


@router.get("/status")
def status(who: Reader) -> Status:
    """Say how things stand."""
    store, sources = who.site.store, who.site.operations.sources()
    return Status(
        version=__version__,
        persons=len(who.watched),
        waiting=store.count_review(ReviewFilter(subjects=who.subjects)),
        likely=store.count_review(ReviewFilter(subjects=who.subjects, min_level=Level.LIKELY)),
        sources=len(sources),
        sources_failing=len([one for one in sources if one.is_failing]),
    )


@router.get("/mentions")
def mentions(  # one parameter is one filter of the address
    who: Reader,
    text: Annotated[str, _TEXT] = "",
    pile: Pile = Pile.WAITING,
    level: Level = Level.NONE,
    subject: Annotated[str, _TEXT] = "",
    statement: Annotated[str, _TEXT] = "",
    source: Annotated[str, _TEXT] = "",
    days: Annotated[int, Query(ge=0, le=3_660, description="At most so many days old; 0: of any age.")] = 0,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Mentions:
    """List mentions, newest first: by default what waits for a verdict."""
    subjects = who.subjects
    if subject:
        subjects = frozenset({subject} & set(who.watched))
    chosen = ReviewFilter(
        subjects=subjects,
        statement_id=statement,
        source=source,
        min_level=level,
        text=text,
        since=who.site.clock.now() - timedelta(days=days) if days else None,
        pile=pile,
        limit=limit + 1,
        offset=offset,
    )
    hits = who.site.store.review_hits(chosen)
    if hits:
        who.log("words read by a program", detail=f"{len(hits[:limit])} mentions")
    return Mentions(
        mentions=tuple(_found(hit) for hit in hits[:limit]),
        next_offset=offset + limit if len(hits) > limit else None,
    )


@router.get("/mentions/{mention_id}")
def mention(who: Reader, mention_id: MentionId) -> OneMention:
    """Give one mention."""
    found = _one(who, mention_id)
    who.log("words read by a program", subject_id=found.found[0].subject_id, mention_id=mention_id)
    return found


@router.post("/mentions/{mention_id}/verdicts", status_code=201)
def record(who: Reviewer, mention_id: MentionId, given: NewVerdict) -> Verdict:
    """Record a verdict; it can be taken back with another one."""
    if given.subject_id not in {one.subject_id for one in _one(who, mention_id).found}:
        unknown()
    if not who.may(given.subject_id, Role.HELPER):
        raise HTTPException(403, "The account behind this token may only look.")
    review = Review(
        mention_id=mention_id,
        subject_id=given.subject_id,
        verdict=given.verdict,
        reviewed_at=who.site.clock.now(),
        reviewer=who.account.name,
        note=given.note.strip(),
    )
    who.site.store.save_review(review)
    who.log(f"marked {given.verdict.value} by a program", subject_id=given.subject_id, mention_id=mention_id)
    return Verdict.model_validate(review)


@router.get("/sources")
def sources(who: Reader) -> tuple[Source, ...]:
    """List the sources, and how each stands."""
    return tuple(_source(one) for one in who.site.operations.sources())


@router.get("/persons")
def persons(who: Reader) -> tuple[Person, ...]:
    """List the persons and firms that are watched for."""
    return tuple(_person(one) for one in who.watched.values())


@router.get("/statements")
def statements(who: Reader, subject: Annotated[str, _TEXT] = "") -> tuple[ListedStatement, ...]:
    """List the statements that are said to be false."""
    found = who.site.store.statements(active_only=False)
    allowed = {subject} & set(who.watched) if subject else set(who.watched)
    return tuple(_statement(one) for one in found if one.subject_id in allowed)


@router.get("/evidence")
def evidence(who: Reader, limit: Limit = 50, offset: Offset = 0) -> Evidence:
    """List what is kept, newest first: what each capture holds, with every hash; the files are given by the page."""
    found = who.site.store.gallery(who.subjects, limit=limit + 1, offset=offset)
    return Evidence(
        captures=tuple(_kept(one) for one in found[:limit]),
        next_offset=offset + limit if len(found) > limit else None,
    )


@router.get("/evidence/{capture_id}")
def capture(who: Reader, capture_id: Annotated[str, Path(max_length=100)]) -> Kept:
    """Describe one capture."""
    mention_id = who.site.store.mention_of_capture(capture_id)
    if not mention_id or not who.site.store.subjects_of(mention_id) & frozenset(who.watched):
        unknown()
    return _kept(who.site.store.capture(capture_id))


def _one(who: Visitor, mention_id: int) -> OneMention:
    """Give a mention as far as this visitor may see it; otherwise it does not exist for them."""
    store = who.site.store
    subjects = sorted(store.subjects_of(mention_id) & frozenset(who.watched))
    hits = [hit for one in subjects if (hit := store.hit(mention_id, one))]
    if not hits:
        unknown()
    verdicts = [one for one in store.reviews(mention_id) if one.subject_id in subjects]
    return OneMention(
        mention_id=mention_id,
        found=tuple(_found(hit) for hit in hits),
        verdicts=tuple(Verdict.model_validate(one) for one in verdicts),
    )


def _found(hit: Hit) -> Found:
    shown = {name: getattr(hit, name) for name in Found.model_fields if name != "review"}
    return Found.model_validate({**shown, "review": hit.review or None})


def _source(one: SourceState) -> Source:
    shared = {name: getattr(one, name) for name in Source.model_fields if name != "every_seconds"}
    return Source.model_validate({**shared, "every_seconds": int(one.every.total_seconds()) if one.every else None})


def _person(one: Subject) -> Person:
    shared = {name: getattr(one, name) for name in Person.model_fields if name != "is_attested"}
    return Person.model_validate({**shared, "is_attested": one.attestation is not None})


def _statement(one: Statement) -> ListedStatement:
    return ListedStatement.model_validate(one)


def _kept(one: Capture) -> Kept:
    shared = {name: getattr(one, name) for name in Kept.model_fields if name != "files"}
    return Kept.model_validate({**shared, "files": tuple(File.model_validate(each) for each in one.artifacts)})
