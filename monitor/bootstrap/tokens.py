"""Make, list and revoke tokens for programs from the command line."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.bootstrap.app import App
from monitor.domain import Account, ApiToken, Scope
from monitor.domain.account import EVERY_CLIENT
from monitor.errors import InputError
from monitor.web import drop_api_token, new_api_token


def make_token(app: App, name: str, *, scopes: Sequence[Scope], client_id: str | None, account: str) -> str:
    """Make a token for a program, and give it; `client_id` None: for all clients.

    InputError for an unknown client, or when it is not clear whose token it is to be.
    """
    known = {one.client_id for one in app.store.subjects(active_only=False)}
    if client_id is not None and client_id not in known:
        raise InputError(
            f"There is no client {client_id!r}.",
            why=f"Known: {', '.join(sorted(one for one in known if one)) or 'none yet'}.",
            try_="Leave --client out for a token that sees everybody.",
        )
    owner = _owner(app, account)
    client = EVERY_CLIENT if client_id is None else client_id
    return new_api_token(app.store, app.clock, owner, name=name, scopes=scopes, client_id=client)


def list_tokens(app: App) -> tuple[tuple[Account, ApiToken], ...]:
    """Give every token with its account; the tokens themselves are not kept."""
    return tuple((one, token) for one in app.store.accounts() for token in app.store.api_tokens(one.id))


def revoke_token(app: App, token_id: int) -> ApiToken:
    """Revoke a token by its number; InputError when there is none."""
    for account, token in list_tokens(app):
        if token.id == token_id and drop_api_token(app.store, app.clock, account, token_id):
            return token
    raise InputError(f"There is no token {token_id}.", try_="Run `goodname token list`.")


def _owner(app: App, name: str) -> Account:
    owners = [one for one in app.store.accounts() if one.is_owner and one.is_active]
    chosen = [one for one in owners if not name or one.name.casefold() == name.casefold()]
    if len(chosen) == 1:
        return chosen[0]
    if not owners:
        raise InputError(
            "Nobody has an account yet that a token could lend.", try_="Run `goodname web --link` and open the link."
        )
    raise InputError(
        f"{name!r} owns nothing here." if name else "It is not clear whose token this is to be.",
        why=f"Owners: {', '.join(one.name for one in owners)}.",
        try_="Say whose with --account NAME.",
    )
