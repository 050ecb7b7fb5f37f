"""Whom and what is watched for, with a preview before anything is kept, and why a text would match or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from monitor.domain import Attestation, Judgement, Relation, Role, Statement, Subject
from monitor.errors import ConnectorError, FetchError, InputError
from monitor.jobs.preview import Changed, Preview
from monitor.text import is_web_url
from monitor.web.pages._forms import own_form, require, see_other
from monitor.web.pages.mention import visible
from monitor.web.rendering import page, visitor
from monitor.web.site import Visitor
from monitor.web.words import STANCES

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)
_LISTS = ("aliases", "handles", "context_terms", "exclude_terms")
_SHOWN = 20
_LONGEST = 100_000


@router.get("/rules")
def rules(request: Request) -> Response:
    """Show whom and what is watched for."""
    return _list(request)


def _list(request: Request, tried: str = "", fault: str = "", found: tuple[dict[str, object], ...] = ()) -> Response:
    who = visitor(request)
    statements: dict[str, list[Statement]] = {one: [] for one in who.watched}
    for one in who.site.store.statements():
        if one.subject_id in statements:
            statements[one.subject_id].append(one)
    return page(request, "rules.html", statements=statements, tried=tried, fault=fault, found=found)


@router.post("/rules/why")
async def why(request: Request, text: Annotated[str, Form(max_length=_LONGEST)] = "") -> Response:
    """Say of a pasted text or address what would match and why, or why not; stores nothing."""
    who = visitor(request)
    given, title, fault = text.strip(), "", ""
    body = given
    if is_web_url(given):
        if not who.may_anywhere(Role.HELPER):
            fault = "Your role may paste words, but not have an address read."
        else:
            try:
                title, body = await who.site.operations.read_url(given)
            except (ConnectorError, FetchError) as error:
                fault = str(error)
    judged = () if fault or not given else await run_in_threadpool(who.site.previewer.text, body, title)
    found = tuple(_reasons(who, one) for one in judged if one.subject_id in who.watched)
    return await run_in_threadpool(_list, request, given, fault, found)


def _reasons(who: Visitor, one: Judgement) -> dict[str, object]:
    matches = [f"{m.statement_id}: {m.score} of 100, {STANCES[m.stance]}; {'; '.join(m.reasons)}" for m in one.matches]
    return {
        "name": who.watched[one.subject_id].name,
        "level": one.level,
        "about": one.about,
        "reasons": [*matches, *one.reasons],
    }


@router.get("/rules/{subject_id}")
def rule(request: Request, subject_id: str, mention: int = 0) -> Response:
    """Show one subject's names and words, to be changed by the owner."""
    require(request, subject_id, Role.VIEWER)
    who = visitor(request)
    fields = {name: "\n".join(getattr(who.watched[subject_id], name)) for name in _LISTS}
    return _form(request, who.watched[subject_id], fields, mention=mention)


def _form(
    request: Request, subject: Subject, fields: Mapping[str, str], preview: Preview | None = None, mention: int = 0
) -> Response:
    who = visitor(request)
    return page(
        request,
        "rule.html",
        subject=subject,
        fields=fields,
        said=subject.attestation,
        suggested=_suggested(who, subject, mention),
        preview=preview,
        gained=_changes(who, preview.gained if preview else ()),
        lost=_changes(who, preview.lost if preview else ()),
        may_change=who.may(subject.id, Role.OWNER),
    )


def _suggested(who: Visitor, subject: Subject, mention_id: int) -> list[str]:
    """Suggest words of a post about a namesake that stand in none of the posts borne out; none while veiled."""
    if not 0 < mention_id < 2**62 or subject.id not in visible(who, mention_id):
        return []
    if not who.is_revealed(who.site.clock.now()):
        return []
    known = " ".join((subject.name, *subject.aliases, *subject.context_terms, *subject.exclude_terms)).casefold()
    words = [word.strip(".,;:!?\"'()[]“”‘’") for word in who.site.store.mention(mention_id).text.split()]
    likely = [word for word in words if len(word) > 4 and word.isalpha() and word.casefold() not in known]
    return list(dict.fromkeys(likely))[:8]


def _changes(who: Visitor, changes: tuple[Changed, ...]) -> list[dict[str, object]]:
    """Name stored posts that would be judged otherwise; of posts that this visitor may not see nothing is said."""
    sees_all = who.account.clients is None
    shown = [one for one in changes if sees_all or visible(who, one.mention.id)][:_SHOWN]
    return [{"mention": one.mention, "may_open": bool(visible(who, one.mention.id))} for one in shown]


@router.post("/rules/{subject_id}")
def change(
    request: Request,
    subject_id: str,
    do: Annotated[str, Form()] = "preview",
    aliases: Annotated[str, Form(max_length=5_000)] = "",
    handles: Annotated[str, Form(max_length=5_000)] = "",
    context_terms: Annotated[str, Form(max_length=5_000)] = "",
    exclude_terms: Annotated[str, Form(max_length=5_000)] = "",
    relation: Annotated[str, Form(max_length=20)] = "",
    by: Annotated[str, Form(max_length=200)] = "",
    reference: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Preview changed names and words on what was found in the last 30 days, or keep them; say who asks."""
    require(request, subject_id, Role.OWNER)
    who = visitor(request)
    fields = dict(zip(_LISTS, (aliases, handles, context_terms, exclude_terms), strict=True))
    known = who.watched[subject_id]
    typed = replace(
        known,
        attestation=known.attestation or _attested(who, relation, by, reference),
        aliases=lines(aliases),
        handles=lines(handles),
        context_terms=lines(context_terms),
        exclude_terms=lines(exclude_terms),
    )
    changed = who.site.operations.check_subject(typed)
    if do != "save":
        return _form(request, changed, fields, who.site.previewer.subject(changed))
    again = who.site.operations.save_subject(changed)
    who.log("changed the rules", subject_id=subject_id, detail=f"{again} looked at again")
    return see_other("/rules")


def _attested(who: Visitor, relation: str, by: str, reference: str) -> Attestation | None:
    """Read who asks for a watch, as of today; None while it is not said."""
    if relation not in set(Relation) or not by.strip():
        return None
    today = who.site.clock.now().astimezone(who.site.zone).date()
    return Attestation(relation=Relation(relation), by=by.strip(), on=today, reference=reference.strip())


def lines(text: str) -> tuple[str, ...]:
    """Read a field with one entry on each line."""
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


@router.get("/rules/{subject_id}/statement")
def ask_statement(request: Request, subject_id: str, mention: int = 0, first: str = "") -> Response:
    """Ask for a new statement, or a new wording of a known one."""
    require(request, subject_id, Role.VIEWER)
    who = visitor(request)
    text = ""
    hit = who.site.store.hit(mention, subject_id) if 0 < mention < 2**62 else None
    if hit and who.is_revealed(who.site.clock.now()):
        text = " ".join((hit.excerpt or hit.text).split())[:500]
    return _statement_form(request, subject_id, text, hit.statement_id if hit else "", first=bool(first))


def _statement_form(
    request: Request,
    subject_id: str,
    text: str,
    chosen: str,
    preview: Preview | None = None,
    *,
    first: bool = False,
) -> Response:
    who = visitor(request)
    return page(
        request,
        "statement.html",
        first=first,
        subject=who.watched[subject_id],
        statements=who.site.store.statements(subject_id),
        text=text,
        chosen=chosen,
        preview=preview,
        gained=_changes(who, preview.gained if preview else ()),
        lost=_changes(who, preview.lost if preview else ()),
        may_change=who.may(subject_id, Role.OWNER),
    )


@router.post("/rules/{subject_id}/statement")
def add_statement(
    request: Request,
    subject_id: str,
    do: Annotated[str, Form()] = "preview",
    text: Annotated[str, Form(max_length=2_000)] = "",
    known: Annotated[str, Form(max_length=100)] = "",
    first: Annotated[str, Form()] = "",
) -> Response:
    """Preview a statement or a wording on what was found in the last 30 days, or keep it."""
    require(request, subject_id, Role.OWNER)
    who = visitor(request)
    statements = {one.id: one for one in who.site.store.statements(subject_id)}
    if known and known not in statements:
        raise InputError("This statement is not listed any more.", try_="Choose another one.")
    made = who.site.operations.check_statement(subject_id, text, statements.get(known))
    if do != "save":
        return _statement_form(request, subject_id, text, known, who.site.previewer.statement(made), first=bool(first))
    again = who.site.operations.save_statement(made)
    done = "added a wording" if known else "added a statement"
    who.log(done, subject_id=subject_id, detail=f"{again} looked at again")
    return see_other("/start/sources" if first else "/rules")
