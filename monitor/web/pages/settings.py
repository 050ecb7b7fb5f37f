"""What everybody sets for themselves: the password, and codes from an app; for the owner also tokens for programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from monitor.domain import Scope
from monitor.domain.account import EVERY_CLIENT
from monitor.errors import InputError
from monitor.web.pages._forms import own_form, require_owner, see_other, unknown
from monitor.web.passwords import hash_password, is_password, new_totp_secret, totp_step, totp_uri
from monitor.web.rendering import page, visitor
from monitor.web.signing_in import refuse_guessing, wrong_guess
from monitor.web.tokens import drop_api_token, new_api_token

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)


@router.get("/settings")
def settings(request: Request) -> Response:
    """Show what can be set."""
    return show(request)


def show(request: Request, *, secret: str = "", made: str = "") -> Response:
    """Show the page: with the key for an app, or with a token that was just made."""
    who = visitor(request)
    tokens = who.site.store.api_tokens(who.account.id) if who.account.is_owner else ()
    return page(
        request,
        "settings.html",
        secret=secret,
        uri=totp_uri(secret, who.account.name) if secret else "",
        tokens=tokens,
        made=made,
        origin=who.site.address or str(request.base_url).rstrip("/"),
        clients=[EVERY_CLIENT, *sorted({one.client_id for one in who.watched.values()})],
    )


@router.post("/settings/password")
def password(
    request: Request,
    old: Annotated[str, Form(max_length=2_000)] = "",
    new: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    """Change one's own password; every session ends, this one too."""
    who = visitor(request)
    refuse_guessing(who.site, who.account.name)
    if not is_password(who.account.password_hash, old):
        wrong_guess(who.site, who.account.name)
        raise InputError("The password was not changed.", why="The present one is not right.", try_="Type it again.")
    who.site.store.change_account(who.account.id, password_hash=hash_password(new))
    who.log("changed the password")
    return see_other("/login")


@router.post("/settings/code")
def code(
    request: Request,
    secret: Annotated[str, Form(max_length=64)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
    off: Annotated[str, Form()] = "",
) -> Response:
    """Begin to ask for codes, after one was typed that fits; or end it, again with a code."""
    who = visitor(request)
    now = who.site.clock.now()
    if off:
        refuse_guessing(who.site, who.account.name)
        if not totp_step(who.account.totp_secret, code, now):
            wrong_guess(who.site, who.account.name)
            raise InputError("Codes are still asked for.", why="This code does not fit.", try_="Type the next one.")
        who.site.store.change_account(who.account.id, totp_secret="")
        who.log("codes are no longer asked for")
        return see_other("/settings")
    if not secret:
        return show(request, secret=new_totp_secret())
    if not (len(secret) == 32 and secret.isalnum() and secret.isascii() and totp_step(secret, code, now)):
        raise InputError("Codes are not asked for yet.", why="This code does not fit the key.", try_="Begin once more.")
    who.site.store.change_account(who.account.id, totp_secret=secret)
    who.log("codes are asked for")
    return see_other("/settings")


@router.post("/settings/tokens")
def add_token(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    scope: Annotated[str, Form(max_length=20)] = Scope.READ,
    client: Annotated[str, Form(max_length=100)] = EVERY_CLIENT,
) -> Response:
    """Make a token for a program; it is shown this one time."""
    require_owner(request)
    who = visitor(request)
    known = {EVERY_CLIENT, *(one.client_id for one in who.watched.values())}
    if scope not in set(Scope) or client not in known:
        unknown()
    site = who.site
    made = new_api_token(site.store, site.clock, who.account, name=name, scopes=[Scope(scope)], client_id=client)
    return show(request, made=made)


@router.post("/settings/tokens/{token_id}/revoke")
def revoke_token(request: Request, token_id: int) -> Response:
    """Revoke one of one's own tokens; it stops working at once."""
    require_owner(request)
    who = visitor(request)
    if not 0 < token_id < 2**62 or not drop_api_token(who.site.store, who.site.clock, who.account, token_id):
        unknown()
    return see_other("/settings#tokens")
