"""Coming in and going out: sign-in, one-time links, the veil."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from monitor.domain import InvitationKind
from monitor.errors import InputError
from monitor.web.pages._forms import own_form, see_other, way_back
from monitor.web.passwords import token_hash
from monitor.web.rendering import page, visitor
from monitor.web.signing_in import COOKIE, accept_link, sign_in, void_link
from monitor.web.site import ABSOLUTE, REVEAL_FOR, Site

doors = APIRouter(include_in_schema=False)
"""What can be opened without a sign-in."""

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)

_HEADINGS = {
    InvitationKind.SETUP: ("Set up", "Choose a name and a password for yourself. You will sign in with them."),
    InvitationKind.INVITE: ("Come in", "You were asked to help. Choose a name and a password for yourself."),
    InvitationKind.RECOVER: ("A new password", "Choose a new password. A code from an app is no longer asked for."),
}


def _site(request: Request) -> Site:
    found: Site = request.app.state.site
    return found


def _came_in(site: Site, token: str, place: str) -> Response:
    answer = see_other(place)
    # No expiry: the browser forgets it when it is closed, the server after its own limits.
    answer.set_cookie(
        COOKIE,
        token,
        path="/",
        httponly=True,
        samesite="strict",
        secure=site.is_secure,
        max_age=int(ABSOLUTE.total_seconds()),
    )
    return answer


@doors.get("/login")
def ask_password(request: Request, next: str = "/") -> Response:  # noqa: A002  # the address's own word
    """Ask for name and password."""
    if request.state.visitor:
        return see_other(way_back(next))
    return _login(request, way_back(next))


def _login(request: Request, place: str, fault: str = "", name: str = "") -> Response:
    site = _site(request)
    lead = (
        "Please sign in."
        if site.store.accounts()
        else ("Nobody has an account yet. Run `goodname web --link` on the machine to get a link that sets one up.")
    )
    return page(
        request,
        "sign.html",
        status=403 if fault else 200,
        kind="login",
        heading="Sign in",
        lead=lead,
        fault=fault,
        action="Sign in",
        next=place,
        name=name,
        name_is_fixed=False,
    )


@doors.post("/login")
def check_password(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2_000)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
    next: Annotated[str, Form(max_length=2_000)] = "/",  # noqa: A002  # the form's own word
) -> Response:
    """Sign in."""
    site = _site(request)
    try:
        token = sign_in(site, name, password, code)
    except InputError as error:
        return _login(request, way_back(next), str(error), name)
    return _came_in(site, token, way_back(next))


@doors.get("/link/{token}")
def ask_newcomer(request: Request, token: str) -> Response:
    """Ask whoever holds a one-time link for a name and a password; looking at it does not use it up."""
    return _link(request, token)


def _link(request: Request, token: str, fault: str = "", name: str = "") -> Response:
    site = _site(request)
    found = site.store.invitation(token_hash(token), site.clock.now())
    if found is None:
        error = void_link()
        return page(
            request,
            "sign.html",
            status=410,
            kind="gone",
            heading=error.what,
            lead=f"{error.why} {error.try_}",
            fault="",
        )
    heading, lead = _HEADINGS[found.kind]
    return page(
        request,
        "sign.html",
        status=400 if fault else 200,
        kind="link",
        heading=heading,
        lead=lead,
        fault=fault,
        action="Go on",
        name=found.name or name,
        name_is_fixed=bool(found.name),
    )


@doors.post("/link/{token}")
def take_newcomer(
    request: Request,
    token: str,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    """Make the account and sign it in."""
    site = _site(request)
    try:
        session = accept_link(site, token, name, password)
    except InputError as error:
        return _link(request, token, str(error), name)
    return _came_in(site, session, "/" if site.store.subjects(active_only=False) else "/start")


@router.post("/logout")
def leave(request: Request) -> Response:
    """End the session."""
    who = visitor(request)
    if who.session:
        who.site.store.close_sessions(token_sha256=who.session.token_sha256)
    answer = see_other("/login")
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=who.site.is_secure)
    return answer


@router.post("/veil")
def veil(
    request: Request,
    show: Annotated[str, Form()] = "no",
    back: Annotated[str, Form(max_length=2_000)] = "/",
) -> Response:
    """Show words for fifteen minutes, or hide them again."""
    who = visitor(request)
    if who.session:
        until = who.site.clock.now() + REVEAL_FOR if show == "yes" else None
        who.site.store.reveal_session(who.session.token_sha256, until)
        who.log("words shown for 15 minutes" if until else "words hidden")
    return see_other(way_back(back))
