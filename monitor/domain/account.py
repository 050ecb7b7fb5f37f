"""Who may look, at whose matters, and what they opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from monitor.domain._utc import require_utc

EVERY_CLIENT = "*"
"""Stands in a grant for all clients, those of the future too."""


class Role(StrEnum):
    """Say what somebody may do with one client's matters: an owner everything, a helper the work, a viewer look."""

    VIEWER = "viewer"
    HELPER = "helper"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """Order the roles: 0 viewer, 1 helper, 2 owner."""
        return ("viewer", "helper", "owner").index(self.value)


class Scope(StrEnum):
    """Say what an API token may be used for."""

    READ = "read"
    REVIEW = "review"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Hold somebody who may sign in.

    `grants` are roles by client id; `EVERY_CLIENT` stands for all. `totp_step` is the last time step for which a code
    was accepted, so that none is accepted twice. `uses_keys` says whether single keys act on the review page.
    """

    id: int
    name: str
    password_hash: str = field(repr=False)
    grants: Mapping[str, Role]
    created_at: datetime
    totp_secret: str = field(default="", repr=False)
    totp_step: int = 0
    is_active: bool = True
    uses_keys: bool = True

    def __post_init__(self) -> None:
        require_utc(self)

    @property
    def clients(self) -> frozenset[str] | None:
        """Give the clients whose matters may be seen; None for all of them."""
        return None if EVERY_CLIENT in self.grants else frozenset(self.grants)

    def may(self, client_id: str, role: Role) -> bool:
        """Tell whether this account has at least this role for a client."""
        given = [self.grants[one] for one in (client_id, EVERY_CLIENT) if one in self.grants]
        return any(one.rank >= role.rank for one in given)

    @property
    def is_owner(self) -> bool:
        """Tell whether this account owns the whole installation."""
        return self.grants.get(EVERY_CLIENT) is Role.OWNER


@dataclass(frozen=True, kw_only=True, slots=True)
class WebSession:
    """Hold one signed-in browser; only the hash of its token is kept."""

    token_sha256: str
    account_id: int
    created_at: datetime
    seen_at: datetime
    revealed_until: datetime | None = None

    def __post_init__(self) -> None:
        require_utc(self)


class InvitationKind(StrEnum):
    """Say what a one-time link is for."""

    SETUP = "setup"
    INVITE = "invite"
    RECOVER = "recover"


@dataclass(frozen=True, kw_only=True, slots=True)
class Invitation:
    """Hold one one-time link; only the hash of its token is kept. `name` is the account's for a recovery."""

    token_sha256: str
    kind: InvitationKind
    created_at: datetime
    expires_at: datetime
    grants: Mapping[str, Role]
    name: str = ""
    invited_by: str = ""

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessEvent:
    """Record that somebody opened, changed or tried something; holds none of others' words."""

    action: str
    account: str
    at: datetime
    client_id: str = ""
    subject_id: str = ""
    mention_id: int = 0
    detail: str = ""
    id: int = 0

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedView:
    """Keep one account's choice of filters under a name; `query` is the address's query."""

    id: int
    account_id: int
    name: str
    query: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiToken:
    """Hold one token for programs, by its hash; `client_id` is the only client that it shows, or `EVERY_CLIENT`."""

    id: int
    account_id: int
    name: str
    token_sha256: str = field(repr=False)
    scopes: tuple[Scope, ...]
    created_at: datetime
    last_used_at: datetime | None = None
    client_id: str = EVERY_CLIENT

    def __post_init__(self) -> None:
        require_utc(self)

    def lent(self, account: Account) -> Account:
        """Give the account as the token lends it to a program: never more than its own, often less.

        Without the scope to review nothing can be changed; a token for one client shows no other.
        """
        most = Role.HELPER if Scope.REVIEW in self.scopes else Role.VIEWER
        grants = account.grants
        if self.client_id != EVERY_CLIENT:
            found = [grants[one] for one in (self.client_id, EVERY_CLIENT) if one in grants]
            grants = {self.client_id: max(found, key=lambda role: role.rank)} if found else {}
        least = {client: min(role, most, key=lambda one: one.rank) for client, role in grants.items()}
        return replace(account, grants=least)
