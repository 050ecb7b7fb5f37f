"""Tokens for programs: made by the owner, shown once, never more than the account, gone at once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from monitor.domain import Role, Scope
from monitor.domain.account import EVERY_CLIENT
from monitor.web.passwords import token_hash
from monitor.web.tokens import new_api_token


def make(town, **fields: str) -> str:
    shown = town.client().send_form("/settings/tokens", **{"name": "reader", **fields}).text
    found = re.search(r'class="hash">(goodname_[\w-]{43})<', shown)
    assert found
    return found[1]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_is_shown_once_and_opens_the_feeds_until_it_is_revoked(town):
    token = make(town)
    page = town.client().get("/settings").text
    assert token not in page
    assert "last used never" in page
    (kept,) = town.store.api_tokens(1)
    assert kept.token_sha256 == token_hash(token)
    program = town.client("")
    for path in ("/feed.atom", "/calendar.ics", "/metrics"):
        assert program.get(path, headers=bearer(token)).status_code == 200
        assert program.get(f"{path}?token={token}").status_code == 200
    assert town.store.api_tokens(1)[0].last_used_at == town.clock.now()
    assert town.client().send_form(f"/settings/tokens/{kept.id}/revoke").status_code == 303
    assert program.get("/feed.atom", headers=bearer(token)).status_code == 401
    did = [one.action for one in town.store.access_events(limit=10)]
    assert {"made a token", "revoked a token"} <= set(did)


def test_a_token_is_no_sign_in(town):
    token = make(town, scope="review")
    program = town.client("")
    for path in ("/", "/review", "/settings", "/evidence", f"/mention/{town.north[0]}"):
        assert program.get(path, headers=bearer(token)).status_code == 401
    assert program.post("/veil", headers=bearer(token), data={"show": "yes"}).status_code == 401


def test_only_the_owner_makes_and_revokes_them(town):
    make(town)
    for name in ("helper", "viewer", "south"):
        client = town.client(name)
        assert "Tokens for programs" not in client.get("/settings").text
        assert client.send_form("/settings/tokens", name="x").status_code == 403
        assert client.send_form("/settings/tokens/1/revoke").status_code == 403
    assert len(town.store.api_tokens(1)) == 1
    account = town.store.account_named("helper")
    assert account
    with pytest.raises(Exception, match="No token was made"):
        new_api_token(town.store, town.clock, account, name="x", scopes=[Scope.READ])


def test_a_token_without_name_scope_or_client_is_refused(town):
    owner = town.client()
    assert "has no name" in owner.send_form("/settings/tokens", name=" ").text
    assert owner.send_form("/settings/tokens", name="x", scope="everything").status_code == 404
    assert owner.send_form("/settings/tokens", name="x", client="nobody").status_code == 404
    assert owner.send_form("/settings/tokens/99/revoke").status_code == 404
    for number in range(50):
        assert owner.send_form("/settings/tokens", name=str(number)).status_code == 200
    assert "There are 50 already" in owner.send_form("/settings/tokens", name="one more").text


def test_it_lends_less_and_never_more_than_the_account_has(town):
    make(town)
    make(town, client="north", scope="review")
    owner, helper = town.store.account_named("owner"), town.store.account_named("helper")
    everybody, north = sorted(town.store.api_tokens(1), key=lambda one: one.id)
    assert everybody.lent(owner).grants == {EVERY_CLIENT: Role.VIEWER}
    assert north.lent(owner).grants == {"north": Role.HELPER}
    assert north.lent(owner).clients == frozenset({"north"})
    assert everybody.lent(helper).grants == {"north": Role.VIEWER}
    assert north.lent(town.store.account_named("south")).grants == {}
    assert north.lent(town.store.account_named("south")).clients == frozenset()


def test_a_token_of_somebody_kept_out_opens_nothing(town):
    token = make(town)
    town.store.change_account(1, is_active=False)
    assert town.client("").get("/feed.atom", headers=bearer(token)).status_code == 401


def test_its_use_is_noted_once_a_minute(town):
    token = make(town)
    town.client("").get("/feed.atom", headers=bearer(token))
    first = town.clock.now()
    town.clock.advance(timedelta(seconds=30))
    town.client("").get("/feed.atom", headers=bearer(token))
    assert town.store.api_tokens(1)[0].last_used_at == first
