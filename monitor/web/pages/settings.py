"""What everybody sets for themselves: the password, and codes from an app."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from monitor.errors import InputError
from monitor.web.pages._forms import own_form, see_other
from monitor.web.passwords import hash_password, is_password, new_totp_secret, totp_step, totp_uri
from monitor.web.rendering import page, visitor
from monitor.web.signing_in import refuse_guessing, wrong_guess

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)


@router.get("/settings")
def settings(request: Request) -> Response:
    """Show what can be set."""
    return page(request, "settings.html", secret="", uri="")


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
        made = new_totp_secret()
        return page(request, "settings.html", secret=made, uri=totp_uri(made, who.account.name))
    if not (len(secret) == 32 and secret.isalnum() and secret.isascii() and totp_step(secret, code, now)):
        raise InputError("Codes are not asked for yet.", why="This code does not fit the key.", try_="Begin once more.")
    who.site.store.change_account(who.account.id, totp_secret=secret)
    who.log("codes are asked for")
    return see_other("/settings")
