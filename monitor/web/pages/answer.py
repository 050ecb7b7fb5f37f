"""Answer an alert by a link in a message: looking changes nothing, only the button on the page does."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from monitor.domain import AccessEvent
from monitor.errors import InputError
from monitor.jobs import telling
from monitor.jobs.signed_links import PUT_OFF_FOR, Purpose, SignedLink, read, signing_key
from monitor.web.passwords import token_hash
from monitor.web.rendering import page
from monitor.web.site import Site

doors = APIRouter(include_in_schema=False)
"""What acts without a sign-in, because the link itself is signed, runs out, and acts once."""

BY = "a link in a message"
REFUSED = "link refused"
MOST_REFUSED = 30
_WHILE = timedelta(minutes=15)
_ASKS = {
    Purpose.ACKNOWLEDGE: (
        "You have seen it",
        "What repeats the same as number {number} is then left to the summary until something more serious comes.",
        "Yes, I have seen it",
    ),
    Purpose.SNOOZE: (
        "Leave it to the summary",
        "What repeats the same as number {number} is then left to the summary for 3 days.",
        "Leave it for 3 days",
    ),
}
_ALWAYS_TOLD = "Dangers are always told, and pages are kept all the while."


@doors.get("/act/{token}")
def ask(request: Request, token: str) -> Response:
    """Ask whether to do what the link says; programs that open every link of a mail change nothing."""
    site, link = _site(request), _genuine(request, token)
    if link is None:
        return _refuse(request)
    if fault := _fault(site, token, link):
        return _say(request, *fault, status=410)
    heading, lead, action = _ASKS[link.purpose]
    return _say(request, heading, f"{lead.format(number=link.mention_id)} {_ALWAYS_TOLD}", action=action)


@doors.post("/act/{token}")
def act(request: Request, token: str) -> Response:
    """Do it, once."""
    site, link = _site(request), _genuine(request, token)
    if link is None:
        return _refuse(request)
    if fault := _fault(site, token, link):
        return _say(request, *fault, status=410)
    now = site.clock.now()
    try:
        # Done first and noted after: a crash between them costs a second press, never the answer.
        if link.purpose is Purpose.ACKNOWLEDGE:
            telling.acknowledge(site.store, link.mention_id, BY, now)
        else:
            telling.snooze(site.store, link.mention_id, PUT_OFF_FOR, now, by=BY)
    except InputError as error:
        return _say(request, "Nothing was changed", error.why, status=409)
    site.store.spend_link(token_hash(token), link.expires_at, now)
    return _say(request, "Done", f"It is noted for number {link.mention_id}. {_ALWAYS_TOLD} You can close this page.")


def _site(request: Request) -> Site:
    found: Site = request.app.state.site
    return found


def _genuine(request: Request, token: str) -> SignedLink | None:
    return read(signing_key(_site(request).store), token)


def _fault(site: Site, token: str, link: SignedLink) -> tuple[str, str] | None:
    if site.store.is_spent(token_hash(token)):
        return "This was done already", "Each link works once. There is nothing more to do here."
    if site.clock.now() >= link.expires_at:
        return "This link is too old", "Links in messages work for 7 days. Sign in to see what there is."
    return None


def _refuse(request: Request) -> Response:
    """Say calmly that a link is none of ours; after many such within a quarter of an hour they are not even noted."""
    site, now = _site(request), _site(request).clock.now()
    if site.store.count_access(REFUSED, now - _WHILE) >= MOST_REFUSED:
        return _say(request, "Not now", "Too many links were tried that are none. Wait 15 minutes.", status=429)
    site.store.log_access(AccessEvent(action=REFUSED, account="", at=now))
    why = "It was cut off or changed on the way. Nothing was changed here. Open it from the message again, or sign in."
    return _say(request, "This link does not work", why, status=404)


def _say(request: Request, heading: str, lead: str, *, action: str = "", status: int = 200) -> Response:
    return page(request, "answer.html", status=status, heading=heading, lead=lead, action=action)
