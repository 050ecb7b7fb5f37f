"""Let people in: passwords with a brake, sessions with limits, one-time links."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from monitor.domain import AccessEvent, Account, Invitation, InvitationKind, Role, Scope, WebSession
from monitor.errors import InputError
from monitor.jobs.escalation import note_look
from monitor.ports import AccountStore, Clock
from monitor.web.passwords import hash_password, is_password, new_token, token_hash, totp_step
from monitor.web.site import ABSOLUTE, IDLE, Site, Visitor
from monitor.web.tokens import bearer, lent_account

COOKIE = "goodname_session"
_BRAKE = timedelta(minutes=15)
_MOST_FAILURES = 5
_MOST_FAILURES_OF_ALL = 50
_TOUCH_AFTER = timedelta(minutes=1)
LINK_FOR = timedelta(hours=1)
INVITATION_FOR = timedelta(days=7)
FAILED = "sign-in failed"


def sign_in(site: Site, name: str, password: str, code: str) -> str:
    """Check name, password and code, and open a session; gives its token.

    InputError says nothing of which of them was wrong. After five failures for a name within 15 minutes, or fifty for
    all names, nothing is checked for a while.
    """
    refuse_guessing(site, name)
    account = site.store.account_named(name[:80])
    is_right = is_password(account.password_hash if account else "", password)
    if account is None or not is_right or not account.is_active or not _is_code(site, account, code):
        wrong_guess(site, name)
        raise InputError("That did not work.", why="The name, the password or the code is not right.")
    return open_session(site, account)


def refuse_guessing(site: Site, name: str) -> None:
    """Raise InputError after five failures for a name within 15 minutes, or fifty for all names."""
    since = site.clock.now() - _BRAKE
    is_one = site.store.count_access(FAILED, since, account=_key(name)) >= _MOST_FAILURES
    if is_one or site.store.count_access(FAILED, since) >= _MOST_FAILURES_OF_ALL:
        raise InputError(
            "Too many attempts.",
            why="Somebody tried often within a quarter of an hour.",
            try_="Wait 15 minutes, or run `goodname web --link` on the machine itself.",
        )


def wrong_guess(site: Site, name: str) -> None:
    """Count a wrong password or code."""
    site.store.log_access(AccessEvent(action=FAILED, account=_key(name), at=site.clock.now()))


def _key(name: str) -> str:
    return " ".join(name.casefold().split())[:80]


def _is_code(site: Site, account: Account, code: str) -> bool:
    if not account.totp_secret:
        return True
    step = totp_step(account.totp_secret, code, site.clock.now())
    return step > 0 and site.store.use_totp_step(account.id, step)


def open_session(site: Site, account: Account) -> str:
    """Open a new session, never one that existed before; gives its token."""
    token, now = new_token(), site.clock.now()
    site.store.open_session(
        WebSession(token_sha256=token_hash(token), account_id=account.id, created_at=now, seen_at=now)
    )
    site.store.log_access(AccessEvent(action="signed in", account=account.name, at=now))
    note_look(site.store, account.id, now)
    return token


def visitor_of(site: Site, token: str) -> Visitor | None:
    """Give who holds this session's token; None when it is unknown, idle for too long, or too old."""
    if not token or len(token) > 100:
        return None
    session = site.store.session(token_hash(token))
    if session is None:
        return None
    now = site.clock.now()
    if now - session.seen_at > IDLE or now - session.created_at > ABSOLUTE:
        site.store.close_sessions(token_sha256=session.token_sha256)
        return None
    account = site.store.account(session.account_id)
    if account is None or not account.is_active:
        return None
    if now - session.seen_at > _TOUCH_AFTER:
        site.store.touch_session(session.token_sha256, now)
        note_look(site.store, account.id, now)
    return Visitor(site=site, account=account, session=session, token=token)


def program_of(site: Site, header: str) -> tuple[Visitor, tuple[Scope, ...]] | None:
    """Give whose API token an Authorization header carries, with its scopes; None when it is none."""
    found = lent_account(site.store, site.clock.now(), bearer(header))
    return (Visitor(site=site, account=found[0]), found[1]) if found else None


def new_link(
    store: AccountStore,
    clock: Clock,
    kind: InvitationKind,
    grants: Mapping[str, Role],
    *,
    name: str = "",
    invited_by: str = "",
) -> str:
    """Make a one-time link's token: an hour for setting up or recovering, a week for an invitation."""
    token, now = new_token(), clock.now()
    lasts = INVITATION_FOR if kind is InvitationKind.INVITE else LINK_FOR
    invitation = Invitation(
        token_sha256=token_hash(token),
        kind=kind,
        created_at=now,
        expires_at=now + lasts,
        grants=grants,
        name=name,
        invited_by=invited_by,
    )
    store.add_invitation(invitation)
    return token


def accept_link(site: Site, token: str, name: str, password: str) -> str:
    """Use a one-time link up: make the account, or give a known one a new password; gives a session's token.

    InputError leaves the link as it is, so that a password which is too short costs nothing.
    """
    now = site.clock.now()
    found = site.store.invitation(token_hash(token), now)
    if found is None:
        raise void_link()
    chosen = found.name or " ".join(name.split())
    if not chosen or len(chosen) > 60:
        raise InputError("A name is missing.", why="It has 1 to 60 characters.", try_="Take any name; nobody sees it.")
    hashed = hash_password(password)
    known = site.store.account_named(chosen)
    if known and found.kind is not InvitationKind.RECOVER:
        raise InputError(f"The name {chosen!r} is taken.", why="Each account needs its own.", try_="Choose another.")
    if site.store.use_invitation(token_hash(token), now) is None:
        raise void_link()
    account_id = _keep(site, known, chosen, hashed, found)
    account = site.store.account(account_id)
    assert account is not None
    return open_session(site, account)


def _keep(site: Site, known: Account | None, name: str, hashed: str, found: Invitation) -> int:
    if known is None:
        return site.store.add_account(name, hashed, found.grants)
    # Whoever holds the machine can make this link: it also lets in somebody who lost the authenticator app.
    site.store.change_account(known.id, password_hash=hashed, totp_secret="", is_active=True)
    return known.id


def void_link() -> InputError:
    """Say that a one-time link does not work, and why that may be."""
    return InputError(
        "This link does not work.",
        why="It was used, or it is too old.",
        try_="Run `goodname web --link` for a new one, or ask whoever sent it to you.",
    )
