"""What pages that change something share: the hidden field, the way back, and who may."""

from __future__ import annotations

from typing import NoReturn
from urllib.parse import urlsplit

from fastapi import HTTPException, Request
from fastapi.responses import RedirectResponse

from monitor.domain import Role
from monitor.web.passwords import is_form_token
from monitor.web.rendering import visitor


async def own_form(request: Request) -> None:
    """Refuse a form that was not made for this session."""
    if request.method in ("GET", "HEAD"):
        return
    form = await request.form(max_files=0, max_fields=2_000)
    token = form.get("token")
    if not isinstance(token, str) or not is_form_token(visitor(request).token, token):
        raise HTTPException(403, "This form is too old. Load the page again and try once more.")


def way_back(given: str, otherwise: str = "/") -> str:
    """Give a path on this site and nothing else, whatever was asked for."""
    parts = urlsplit(given.replace("\\", "/"))
    is_ours = given.startswith("/") and not parts.scheme and not parts.netloc and given.isprintable()
    return given if is_ours else otherwise


def see_other(path: str) -> RedirectResponse:
    """Lead to a page after a change, so that loading it again repeats nothing."""
    return RedirectResponse(path, status_code=303)


def unknown() -> NoReturn:
    """Answer alike for what does not exist and for what this visitor may not know of."""
    raise HTTPException(404, "There is no such page, or it is not yours to see.")


def require(request: Request, subject_id: str, role: Role) -> None:
    """Refuse what this visitor may not do for a subject; of subjects of other clients nothing is said."""
    who = visitor(request)
    if not who.may(subject_id):
        unknown()
    if not who.may(subject_id, role):
        raise HTTPException(403, "Your role does not allow this. Ask the owner.")


def require_owner(request: Request) -> None:
    """Refuse what only the owner of the installation may do."""
    if not visitor(request).account.is_owner:
        raise HTTPException(403, "Only the owner can do this.")
