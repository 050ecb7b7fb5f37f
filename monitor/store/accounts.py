"""Keep accounts, and what each may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from monitor.domain import Account, Role
from monitor.errors import InputError
from monitor.store.account_tables import account, account_grant, web_session
from monitor.store.part import Part


class AccountRows(Part):
    """Implement the accounts of `monitor.ports.AccountStore`."""

    def accounts(self) -> tuple[Account, ...]:
        """Give all accounts, by name."""
        return self._accounts(account.c.id > 0)

    def account(self, account_id: int) -> Account | None:
        """Give one account, or None."""
        return next(iter(self._accounts(account.c.id == account_id)), None)

    def account_named(self, name: str) -> Account | None:
        """Give one account by its name, in any case of letters, or None."""
        return next(iter(self._accounts(account.c.name_key == _key(name))), None)

    def _accounts(self, chosen: ColumnElement[bool]) -> tuple[Account, ...]:
        with self._db.reading() as connection:
            rows = connection.execute(select(account).where(chosen).order_by(account.c.name_key)).all()
            grants = _load_grants(connection, [row.id for row in rows])
        return tuple(_account_of(row, grants.get(row.id, {})) for row in rows)

    def add_account(self, name: str, password_hash: str, grants: Mapping[str, Role]) -> int:
        """Add an account and give its id; InputError when the name is taken."""
        values = {
            "name": name,
            "name_key": _key(name),
            "password_hash": password_hash,
            "totp_secret": "",
            "totp_step": 0,
            "is_active": True,
            "uses_keys": True,
            "created_at": self._clock.now(),
        }
        with self._db.writing() as connection:
            try:
                with connection.begin_nested():
                    added = connection.execute(insert(account).values(values).returning(account.c.id)).scalar_one()
            except IntegrityError:
                raise InputError(
                    f"The name {name!r} is taken.", why="Each account needs its own.", try_="Choose another name."
                ) from None
            _write_grants(connection, added, grants)
        return int(added)

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
        """Change what is given; see the port for what ends the sessions."""
        given = {
            "password_hash": password_hash,
            "totp_secret": totp_secret,
            "is_active": is_active,
            "uses_keys": uses_keys,
        }
        values = {key: value for key, value in given.items() if value is not None}
        with self._db.writing() as connection:
            if values:
                connection.execute(update(account).where(account.c.id == account_id).values(values))
            if grants is not None:
                connection.execute(delete(account_grant).where(account_grant.c.account_id == account_id))
                _write_grants(connection, account_id, grants)
            if password_hash is not None or grants is not None or is_active is False:
                connection.execute(delete(web_session).where(web_session.c.account_id == account_id))

    def use_totp_step(self, account_id: int, step: int) -> bool:
        """Note that a code of this time step was used; False when it, or a later one, already was."""
        unused = update(account).where(account.c.id == account_id, account.c.totp_step < step)
        with self._db.writing() as connection:
            return connection.execute(unused.values(totp_step=step)).rowcount == 1


def _key(name: str) -> str:
    return " ".join(name.casefold().split())


def _load_grants(connection: Connection, ids: list[int]) -> dict[int, dict[str, Role]]:
    grants: dict[int, dict[str, Role]] = {}
    query = select(account_grant).where(account_grant.c.account_id.in_(ids)).order_by(account_grant.c.client_id)
    for row in connection.execute(query):
        grants.setdefault(row.account_id, {})[row.client_id] = Role(row.role)
    return grants


def _write_grants(connection: Connection, account_id: int, grants: Mapping[str, Role]) -> None:
    rows = [{"account_id": account_id, "client_id": client, "role": role} for client, role in grants.items()]
    if rows:
        connection.execute(insert(account_grant), rows)


def _account_of(row: Row[Any], grants: Mapping[str, Role]) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        password_hash=row.password_hash,
        grants=grants,
        created_at=row.created_at,
        totp_secret=row.totp_secret,
        totp_step=row.totp_step,
        is_active=row.is_active,
        uses_keys=row.uses_keys,
    )
