"""Who may come in, by invitation, and who opened what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from monitor.domain import InvitationKind, Role
from monitor.domain.account import EVERY_CLIENT
from monitor.web.pages._forms import own_form, require_owner, see_other, unknown
from monitor.web.rendering import page, visitor
from monitor.web.signing_in import new_link

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)
_EVENTS = 200
_ROLES = (
    (Role.VIEWER, "viewer: may look"),
    (Role.HELPER, "helper: may look and decide"),
    (Role.OWNER, "owner: may do everything for this client"),
)


@router.get("/people")
def people(request: Request) -> Response:
    """Show the accounts to the owner, and to everybody what was opened of the matters they may see."""
    return _show(request, "")


@router.post("/people/invite")
def invite(
    request: Request,
    role: Annotated[str, Form()] = "",
    client: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Make a link that works once and for a week; it is shown this one time."""
    require_owner(request)
    who = visitor(request)
    if role not in {one.value for one in Role} or client not in _clients(request):
        unknown()
    site = who.site
    grants = {client: Role(role)}
    token = new_link(site.store, site.clock, InvitationKind.INVITE, grants, invited_by=who.account.name)
    who.log("invited somebody", detail=f"{role} {client}")
    return _show(request, f"{site.address or str(request.base_url).rstrip('/')}/link/{token}")


@router.post("/people/{account_id}/access")
def access(request: Request, account_id: int, let: Annotated[str, Form()] = "no") -> Response:
    """Let an account in or keep it out; whoever is kept out is signed out at once."""
    require_owner(request)
    who = visitor(request)
    found = who.site.store.account(account_id) if 0 < account_id < 2**62 else None
    if found is None or found.id == who.account.id:
        unknown()
    who.site.store.change_account(found.id, is_active=let == "yes")
    who.log("let in again" if let == "yes" else "kept out", detail=found.name)
    return see_other("/people")


def _clients(request: Request) -> list[str]:
    return [EVERY_CLIENT, *sorted({one.client_id for one in visitor(request).watched.values()})]


def _show(request: Request, link: str) -> Response:
    who = visitor(request)
    return page(
        request,
        "people.html",
        accounts=who.site.store.accounts() if who.account.is_owner else (),
        clients=_clients(request),
        roles=_ROLES,
        link=link,
        events=who.site.store.access_events(clients=who.account.clients, limit=_EVENTS),
    )
