"""Accounts, sessions, links, tokens, saved views and the access log, on both engines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.domain import (
    EVERY_CLIENT,
    AccessEvent,
    Invitation,
    InvitationKind,
    Role,
    Scope,
    WebSession,
)
from monitor.errors import InputError
from monitor.store import SqlStore
from monitor.testing.builders import NOW

HOUR = timedelta(hours=1)
OWNER = {EVERY_CLIENT: Role.OWNER}


def add(store: SqlStore, name: str = "Robin", **grants: Role) -> int:
    return store.add_account(name, "hash", grants or OWNER)


def test_an_account_comes_back_as_it_was_added(store: SqlStore):
    number = add(store, north=Role.HELPER, south=Role.VIEWER)
    found = store.account(number)
    assert found is not None
    assert (found.name, found.is_active, found.uses_keys, found.totp_secret) == ("Robin", True, True, "")
    assert found.grants == {"north": Role.HELPER, "south": Role.VIEWER}
    assert found.clients == {"north", "south"}
    assert found.may("north", Role.HELPER)
    assert not found.may("south", Role.HELPER)
    assert not found.may("west", Role.VIEWER)
    assert store.accounts() == (found,)


def test_names_differ_by_more_than_case(store: SqlStore):
    add(store, "Robin Smith")
    with pytest.raises(InputError, match="taken"):
        add(store, "robin  SMITH")
    assert store.account_named("ROBIN SMITH") is not None
    assert store.account_named("robin") is None


def test_a_new_password_ends_every_session(store: SqlStore):
    number = add(store)
    store.open_session(WebSession(token_sha256="a", account_id=number, created_at=NOW, seen_at=NOW))
    store.change_account(number, uses_keys=False)
    assert store.session("a") is not None
    store.change_account(number, password_hash="other")
    assert store.session("a") is None


@pytest.mark.parametrize("change", [{"is_active": False}, {"grants": {"north": Role.VIEWER}}])
def test_less_rights_end_every_session(store: SqlStore, change):
    number = add(store)
    store.open_session(WebSession(token_sha256="a", account_id=number, created_at=NOW, seen_at=NOW))
    store.change_account(number, **change)
    assert store.session("a") is None


def test_a_session_is_touched_revealed_and_closed(store: SqlStore):
    number = add(store)
    store.open_session(WebSession(token_sha256="a", account_id=number, created_at=NOW, seen_at=NOW))
    store.touch_session("a", NOW + HOUR)
    store.reveal_session("a", NOW + 2 * HOUR)
    found = store.session("a")
    assert found is not None
    assert (found.seen_at, found.revealed_until, found.created_at) == (NOW + HOUR, NOW + 2 * HOUR, NOW)
    store.close_sessions(token_sha256="a")
    assert store.session("a") is None


def test_sessions_long_over_are_thrown_away(store: SqlStore):
    number = add(store)
    store.open_session(WebSession(token_sha256="old", account_id=number, created_at=NOW, seen_at=NOW))
    later = NOW + timedelta(days=3)
    store.open_session(WebSession(token_sha256="new", account_id=number, created_at=later, seen_at=later))
    assert store.session("old") is None


def link(name: str, kind: InvitationKind = InvitationKind.SETUP, **fields: object) -> Invitation:
    given: dict[str, object] = {"created_at": NOW, "expires_at": NOW + HOUR, "grants": OWNER, **fields}
    return Invitation(token_sha256=name, kind=kind, **given)  # type: ignore[arg-type]


def test_a_link_works_once(store: SqlStore):
    store.add_invitation(link("a"))
    assert store.invitation("a", NOW) == link("a")
    assert store.use_invitation("a", NOW) == link("a")
    assert store.use_invitation("a", NOW) is None


def test_a_link_runs_out(store: SqlStore):
    store.add_invitation(link("a"))
    assert store.use_invitation("a", NOW + HOUR) is None


def test_a_new_setup_link_makes_the_earlier_one_void_and_leaves_invitations(store: SqlStore):
    store.add_invitation(link("a"))
    store.add_invitation(link("friend", InvitationKind.INVITE))
    store.add_invitation(link("b"))
    store.add_invitation(link("another", InvitationKind.INVITE))
    assert store.invitation("a", NOW) is None
    assert store.invitation("b", NOW)
    assert store.invitation("friend", NOW)
    assert store.invitation("another", NOW)


def test_a_time_step_is_used_once_and_never_backwards(store: SqlStore):
    number = add(store)
    assert store.use_totp_step(number, 10)
    assert not store.use_totp_step(number, 10)
    assert not store.use_totp_step(number, 9)
    assert store.use_totp_step(number, 11)


def test_the_access_log_is_newest_first_and_by_client(store: SqlStore):
    for number, client in enumerate(("north", "south", "north")):
        store.log_access(AccessEvent(action="open", account="Robin", at=NOW, client_id=client, mention_id=number))
    assert [one.mention_id for one in store.access_events()] == [2, 1, 0]
    assert [one.mention_id for one in store.access_events(clients=frozenset({"north"}))] == [2, 0]
    assert [one.mention_id for one in store.access_events(mention_id=1)] == [1]
    assert store.access_events(clients=frozenset()) == ()
    assert store.count_access("open", NOW) == 3
    assert store.count_access("open", NOW + HOUR) == 0
    assert store.count_access("open", NOW, account="Kim") == 0


def test_views_are_replaced_by_name_and_dropped_by_their_owner_alone(store: SqlStore):
    one, other = add(store), add(store, "Kim")
    store.save_view(one, "mine", "pile=later")
    store.save_view(one, "mine", "pile=done")
    (view,) = store.saved_views(one)
    assert view.query == "pile=done"
    store.drop_view(other, view.id)
    assert store.saved_views(one) == (view,)
    store.drop_view(one, view.id)
    assert store.saved_views(one) == ()


def test_tokens_are_found_by_their_hash_until_revoked(store: SqlStore):
    one, other = add(store), add(store, "Kim")
    store.add_api_token(one, "script", "hash", [Scope.READ])
    token = store.api_token("hash")
    assert token is not None
    assert token.scopes == (Scope.READ,)
    assert (token.account_id, token.client_id) == (one, "*")
    store.add_api_token(other, "calendar", "other-hash", [Scope.READ], "north")
    assert store.api_tokens(other)[0].client_id == "north"
    store.use_api_token(token.id, NOW)
    assert store.api_tokens(one)[0].last_used_at == NOW
    store.drop_api_token(other, token.id)
    assert store.api_token("hash") is not None
    store.drop_api_token(one, token.id)
    assert store.api_token("hash") is None
