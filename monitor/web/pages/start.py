"""The first steps, each of which can be skipped: whom to watch for and who asks, a statement, sources, alerts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from monitor.web.pages._forms import own_form, require_owner, see_other
from monitor.web.pages.rules import lines
from monitor.web.pages.sources import form
from monitor.web.rendering import page, visitor

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)


@router.get("/start")
def ask_person(request: Request) -> Response:
    """Ask whom to watch for; every step can be skipped."""
    require_owner(request)
    return page(request, "person.html")


@router.post("/start")
def add_person(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    kind: Annotated[str, Form(max_length=20)] = "person",
    aliases: Annotated[str, Form(max_length=5_000)] = "",
    context_terms: Annotated[str, Form(max_length=5_000)] = "",
    relation: Annotated[str, Form(max_length=20)] = "",
    by: Annotated[str, Form(max_length=200)] = "",
    reference: Annotated[str, Form(max_length=200)] = "",
    client_id: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Keep a new subject with today's attestation, and lead on to its first statement."""
    require_owner(request)
    who = visitor(request)
    given = {
        "name": name,
        "kind": kind,
        "aliases": lines(aliases),
        "context_terms": lines(context_terms),
        "client_id": client_id.strip(),
        "attestation": {"relation": relation, "by": by, "reference": reference},
    }
    made = who.site.operations.new_subject(given)
    who.site.operations.save_subject(made)
    who.log("began to watch for somebody", detail=made.id)
    return see_other(f"/rules/{made.id}/statement?first=1")


@router.get("/start/sources")
def first_sources(request: Request) -> Response:
    """Ask where to look."""
    require_owner(request)
    return form(request, None, first=True)
