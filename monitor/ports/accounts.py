"""What the web page asks of the database about the people who use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from monitor.domain import AccessEvent, Account, ApiToken, Invitation, Role, SavedView, Scope, WebSession
from monitor.domain.account import EVERY_CLIENT


class AccountStore(Protocol):
    """Keep who may sign in, who is signed in, and who opened what; no password or token is kept in the clear."""

    def accounts(self) -> tuple[Account, ...]:
        """Give all accounts, by name."""
        ...

    def account(self, account_id: int) -> Account | None:
        """Give one account, or None."""
        ...

    def account_named(self, name: str) -> Account | None:
        """Give one account by its name, in any case of letters, or None."""
        ...

    def add_account(self, name: str, password_hash: str, grants: Mapping[str, Role]) -> int:
        """Add an account and give its id; InputError when the name is taken."""
        ...

    def change_account(
        self,
        account_id: int,
        *,
        password_hash: str | None = None,
        totp_secret: str | None = None,
        is_active: bool | None = None,
        uses_keys: bool | None = None,
        grants: Mapping[str, Role] | None = None,
    ) -> None:
        """Change what is given; a new password, new grants or an end of activity also end every session of it."""
        ...

    def use_totp_step(self, account_id: int, step: int) -> bool:
        """Note that a code of this time step was used; False when it, or a later one, already was."""
        ...

    def open_session(self, session: WebSession) -> None:
        """Keep a new session, and throw away those that are long over."""
        ...

    def session(self, token_sha256: str) -> WebSession | None:
        """Give a session by the hash of its token, or None."""
        ...

    def touch_session(self, token_sha256: str, seen_at: datetime) -> None:
        """Note that a session was used."""
        ...

    def reveal_session(self, token_sha256: str, until: datetime | None) -> None:
        """Lift the veil for a session until a moment, or lower it."""
        ...

    def close_sessions(self, *, token_sha256: str = "", account_id: int = 0) -> None:
        """End one session, or all of an account."""
        ...

    def add_invitation(self, invitation: Invitation) -> None:
        """Keep a one-time link; a new setup or recovery link for the same name makes the earlier ones void."""
        ...

    def invitation(self, token_sha256: str, now: datetime) -> Invitation | None:
        """Give a link that was not used and has not run out, or None."""
        ...

    def use_invitation(self, token_sha256: str, now: datetime) -> Invitation | None:
        """Use up a link; only one caller ever gets it, everybody else None."""
        ...

    def log_access(self, event: AccessEvent) -> None:
        """Write down who opened, changed or tried what."""
        ...

    def access_events(
        self, *, clients: frozenset[str] | None = None, mention_id: int = 0, limit: int = 100
    ) -> tuple[AccessEvent, ...]:
        """Give events, newest first; with `clients`, only those about these clients' matters."""
        ...

    def count_access(self, action: str, since: datetime, *, account: str = "") -> int:
        """Count events of one kind since a moment, of one name or of all."""
        ...

    def saved_views(self, account_id: int) -> tuple[SavedView, ...]:
        """Give an account's saved filters, by name."""
        ...

    def save_view(self, account_id: int, name: str, query: str) -> None:
        """Keep filters under a name; the same name is replaced. At most 50 an account."""
        ...

    def drop_view(self, account_id: int, view_id: int) -> None:
        """Throw saved filters away; idempotent."""
        ...

    def add_api_token(
        self, account_id: int, name: str, token_sha256: str, scopes: Sequence[Scope], client_id: str = EVERY_CLIENT
    ) -> None:
        """Keep a new token's hash, for one client or for all that the account sees; InputError beyond 50."""
        ...

    def api_token(self, token_sha256: str) -> ApiToken | None:
        """Give a token by its hash, or None."""
        ...

    def use_api_token(self, token_id: int, at: datetime) -> None:
        """Note that a token was used."""
        ...

    def api_tokens(self, account_id: int) -> tuple[ApiToken, ...]:
        """Give an account's tokens, by name."""
        ...

    def drop_api_token(self, account_id: int, token_id: int) -> None:
        """Revoke a token; idempotent."""
        ...
