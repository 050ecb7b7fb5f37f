"""Keep the ways in: sessions, one-time links, tokens; and the log of who opened what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from monitor.domain import AccessEvent, ApiToken, Invitation, InvitationKind, Role, SavedView, Scope, WebSession
from monitor.domain.account import EVERY_CLIENT
from monitor.errors import InputError
from monitor.store.account_tables import access_event, api_token, invitation, saved_view, web_session
from monitor.store.engine import insert_into
from monitor.store.part import Part

_LONG_OVER = timedelta(days=2)
_MOST_VIEWS = 50
_MOST_TOKENS = 50


class SessionRows(Part):
    """Implement the sessions and one-time links of `monitor.ports.AccountStore`."""

    def open_session(self, session: WebSession) -> None:
        """Keep a new session, and throw away those that are long over."""
        with self._db.writing() as connection:
            connection.execute(delete(web_session).where(web_session.c.seen_at < session.seen_at - _LONG_OVER))
            values = {
                "token_sha256": session.token_sha256,
                "account_id": session.account_id,
                "created_at": session.created_at,
                "seen_at": session.seen_at,
                "revealed_until": session.revealed_until,
            }
            connection.execute(insert(web_session).values(values))

    def session(self, token_sha256: str) -> WebSession | None:
        """Give a session by the hash of its token, or None."""
        with self._db.reading() as connection:
            row = connection.execute(select(web_session).where(web_session.c.token_sha256 == token_sha256)).first()
        if row is None:
            return None
        return WebSession(
            token_sha256=row.token_sha256,
            account_id=row.account_id,
            created_at=row.created_at,
            seen_at=row.seen_at,
            revealed_until=row.revealed_until,
        )

    def touch_session(self, token_sha256: str, seen_at: datetime) -> None:
        """Note that a session was used."""
        with self._db.writing() as connection:
            its_row = update(web_session).where(web_session.c.token_sha256 == token_sha256)
            connection.execute(its_row.values(seen_at=seen_at))

    def reveal_session(self, token_sha256: str, until: datetime | None) -> None:
        """Lift the veil for a session until a moment, or lower it."""
        with self._db.writing() as connection:
            its_row = update(web_session).where(web_session.c.token_sha256 == token_sha256)
            connection.execute(its_row.values(revealed_until=until))

    def close_sessions(self, *, token_sha256: str = "", account_id: int = 0) -> None:
        """End one session, or all of an account."""
        columns = web_session.c
        chosen = columns.token_sha256 == token_sha256 if token_sha256 else columns.account_id == account_id
        with self._db.writing() as connection:
            connection.execute(delete(web_session).where(chosen))

    def add_invitation(self, given: Invitation) -> None:
        """Keep a one-time link; a new setup or recovery link for the same name makes the earlier ones void."""
        columns = invitation.c
        with self._db.writing() as connection:
            connection.execute(delete(invitation).where(columns.expires_at < given.created_at))
            if given.kind is not InvitationKind.INVITE:
                earlier = delete(invitation).where(columns.kind == given.kind, columns.name == given.name)
                connection.execute(earlier)
            values = {
                "token_sha256": given.token_sha256,
                "kind": given.kind,
                "name": given.name,
                "grants": {client: role.value for client, role in given.grants.items()},
                "invited_by": given.invited_by,
                "created_at": given.created_at,
                "expires_at": given.expires_at,
            }
            connection.execute(insert(invitation).values(values))

    def invitation(self, token_sha256: str, now: datetime) -> Invitation | None:
        """Give a link that was not used and has not run out, or None."""
        columns = invitation.c
        query = select(invitation).where(columns.token_sha256 == token_sha256, columns.expires_at > now)
        with self._db.reading() as connection:
            row = connection.execute(query).first()
        return _invitation_of(row) if row else None

    def use_invitation(self, token_sha256: str, now: datetime) -> Invitation | None:
        """Use up a link; only one caller ever gets it, everybody else None."""
        found = self.invitation(token_sha256, now)
        if found is None:
            return None
        with self._db.writing() as connection:
            used = connection.execute(delete(invitation).where(invitation.c.token_sha256 == token_sha256)).rowcount
        return found if used == 1 else None


class AccessRows(Part):
    """Implement the access log, saved views and tokens of `monitor.ports.AccountStore`."""

    def log_access(self, event: AccessEvent) -> None:
        """Write down who opened, changed or tried what."""
        values = {
            "action": event.action,
            "account": event.account,
            "at": event.at,
            "client_id": event.client_id,
            "subject_id": event.subject_id,
            "mention_id": event.mention_id,
            "detail": event.detail,
        }
        with self._db.writing() as connection:
            connection.execute(insert(access_event).values(values))

    def access_events(
        self, *, clients: frozenset[str] | None = None, mention_id: int = 0, limit: int = 100
    ) -> tuple[AccessEvent, ...]:
        """Give events, newest first; with `clients`, only those about these clients' matters."""
        columns = access_event.c
        query = select(access_event).order_by(columns.id.desc()).limit(limit)
        if clients is not None:
            query = query.where(columns.client_id.in_(clients))
        if mention_id:
            query = query.where(columns.mention_id == mention_id)
        with self._db.reading() as connection:
            return tuple(_event_of(row) for row in connection.execute(query))

    def count_access(self, action: str, since: datetime, *, account: str = "") -> int:
        """Count events of one kind since a moment, of one name or of all."""
        columns = access_event.c
        query = select(func.count()).where(columns.action == action, columns.at >= since)
        if account:
            query = query.where(columns.account == account)
        with self._db.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def saved_views(self, account_id: int) -> tuple[SavedView, ...]:
        """Give an account's saved filters, by name."""
        columns = saved_view.c
        query = select(saved_view).where(columns.account_id == account_id).order_by(columns.name)
        with self._db.reading() as connection:
            return tuple(
                SavedView(id=row.id, account_id=row.account_id, name=row.name, query=row.query)
                for row in connection.execute(query)
            )

    def save_view(self, account_id: int, name: str, query: str) -> None:
        """Keep filters under a name; the same name is replaced. InputError beyond 50."""
        if len(self.saved_views(account_id)) >= _MOST_VIEWS:
            raise InputError(
                "This view was not saved.", why=f"There are {_MOST_VIEWS} already.", try_="Drop one that is not needed."
            )
        with self._db.writing() as connection:
            command = insert_into(connection, saved_view).values(account_id=account_id, name=name, query=query)
            chosen = command.on_conflict_do_update(
                index_elements=["account_id", "name"], set_={"query": command.excluded.query}
            )
            connection.execute(chosen)

    def drop_view(self, account_id: int, view_id: int) -> None:
        """Throw saved filters away; idempotent."""
        columns = saved_view.c
        with self._db.writing() as connection:
            connection.execute(delete(saved_view).where(columns.account_id == account_id, columns.id == view_id))

    def add_api_token(
        self, account_id: int, name: str, token_sha256: str, scopes: Sequence[Scope], client_id: str = EVERY_CLIENT
    ) -> None:
        """Keep a new token's hash; InputError beyond 50."""
        if len(self.api_tokens(account_id)) >= _MOST_TOKENS:
            raise InputError(
                "No token was made.", why=f"There are {_MOST_TOKENS} already.", try_="Revoke one that is not needed."
            )
        values = {
            "client_id": client_id,
            "account_id": account_id,
            "name": name,
            "token_sha256": token_sha256,
            "scopes": [scope.value for scope in scopes],
            "created_at": self._clock.now(),
            "last_used_at": None,
        }
        with self._db.writing() as connection:
            connection.execute(insert(api_token).values(values))

    def api_token(self, token_sha256: str) -> ApiToken | None:
        """Give a token by its hash, or None."""
        with self._db.reading() as connection:
            row = connection.execute(select(api_token).where(api_token.c.token_sha256 == token_sha256)).first()
        return _token_of(row) if row else None

    def use_api_token(self, token_id: int, at: datetime) -> None:
        """Note that a token was used."""
        with self._db.writing() as connection:
            connection.execute(update(api_token).where(api_token.c.id == token_id).values(last_used_at=at))

    def api_tokens(self, account_id: int) -> tuple[ApiToken, ...]:
        """Give an account's tokens, by name."""
        columns = api_token.c
        query = select(api_token).where(columns.account_id == account_id).order_by(columns.name, columns.id)
        with self._db.reading() as connection:
            return tuple(_token_of(row) for row in connection.execute(query))

    def drop_api_token(self, account_id: int, token_id: int) -> None:
        """Revoke a token; idempotent."""
        columns = api_token.c
        with self._db.writing() as connection:
            connection.execute(delete(api_token).where(columns.account_id == account_id, columns.id == token_id))


def _invitation_of(row: Row[Any]) -> Invitation:
    grants: Mapping[str, str] = row.grants
    return Invitation(
        token_sha256=row.token_sha256,
        kind=InvitationKind(row.kind),
        created_at=row.created_at,
        expires_at=row.expires_at,
        grants={client: Role(role) for client, role in grants.items()},
        name=row.name,
        invited_by=row.invited_by,
    )


def _event_of(row: Row[Any]) -> AccessEvent:
    return AccessEvent(
        id=row.id,
        action=row.action,
        account=row.account,
        at=row.at,
        client_id=row.client_id,
        subject_id=row.subject_id,
        mention_id=row.mention_id,
        detail=row.detail,
    )


def _token_of(row: Row[Any]) -> ApiToken:
    return ApiToken(
        id=row.id,
        account_id=row.account_id,
        name=row.name,
        token_sha256=row.token_sha256,
        scopes=tuple(Scope(one) for one in row.scopes),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        client_id=row.client_id,
    )
