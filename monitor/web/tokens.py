"""Make tokens for programs, and know them again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from monitor.domain import AccessEvent, Account, ApiToken, Scope
from monitor.domain.account import EVERY_CLIENT
from monitor.errors import InputError
from monitor.ports import AccountStore, Clock
from monitor.web.passwords import new_token, token_hash

MARK = "goodname_"
"""How every token begins, so that it can be told from other secrets where it should not stand."""

_LONGEST = 100
_NOTE_EVERY = timedelta(minutes=1)


class TokenStore(Protocol):
    """Keep tokens and their accounts."""

    def api_token(self, token_sha256: str) -> ApiToken | None:
        """Give a token by its hash, or None."""
        ...

    def use_api_token(self, token_id: int, at: datetime) -> None:
        """Note that a token was used."""
        ...

    def account(self, account_id: int) -> Account | None:
        """Give one account, or None."""
        ...


def new_api_token(
    store: AccountStore,
    clock: Clock,
    account: Account,
    *,
    name: str,
    scopes: Sequence[Scope],
    client_id: str = EVERY_CLIENT,
) -> str:
    """Make a token and give it, this one time; InputError without a name or with nothing that it may do.

    Only the owner of the installation makes tokens; whoever may review may read too.
    """
    called = " ".join(name.split())
    if not called or len(called) > 60:
        raise InputError(
            "The token has no name.", why="It needs 1 to 60 characters.", try_="Name the program that will use it."
        )
    if not account.is_owner:
        raise InputError(
            "No token was made.",
            why=f"{account.name} does not own the installation, and a token lends an account to a program.",
            try_="Name an owner's account.",
        )
    allowed = {Scope.READ, *scopes}
    token = MARK + new_token()
    ordered = [scope for scope in Scope if scope in allowed]
    store.add_api_token(account.id, called, token_hash(token), ordered, client_id)
    store.log_access(AccessEvent(action="made a token", account=account.name, at=clock.now(), detail=called))
    return token


def drop_api_token(store: AccountStore, clock: Clock, account: Account, token_id: int) -> bool:
    """Revoke one of an account's tokens, at once; False when it has none of this number."""
    found = next((one for one in store.api_tokens(account.id) if one.id == token_id), None)
    if found is None:
        return False
    store.drop_api_token(account.id, found.id)
    store.log_access(AccessEvent(action="revoked a token", account=account.name, at=clock.now(), detail=found.name))
    return True


def bearer(header: str) -> str:
    """Give the token of an Authorization header, or an empty string."""
    kind, _, given = header.partition(" ")
    return given.strip() if kind.casefold() == "bearer" else ""


def lent_account(store: TokenStore, now: datetime, given: str) -> tuple[Account, tuple[Scope, ...]] | None:
    """Give the account that a token lends, with what it may be used for; None when there is none.

    Notes the use, at most once a minute.
    """
    if not given or len(given) > _LONGEST:
        return None
    token = store.api_token(token_hash(given))
    account = store.account(token.account_id) if token else None
    if token is None or account is None or not account.is_active:
        return None
    if token.last_used_at is None or abs(now - token.last_used_at) > _NOTE_EVERY:
        store.use_api_token(token.id, now)
    return token.lent(account), token.scopes
