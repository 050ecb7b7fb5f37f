"""`goodname token`: made, listed, revoked; and it opens the feeds of a real installation."""

from __future__ import annotations

import asyncio
import re

from monitor.bootstrap import open_app
from monitor.bootstrap.web import setup_path, site_of
from monitor.settings import load_settings
from monitor.web.signing_in import accept_link


def with_owner(home, name: str = "me") -> None:
    """Make the first account, as the one-time link does."""

    async def work() -> None:
        async with open_app(load_settings(home.config)) as app:
            accept_link(site_of(app), setup_path(app).rpartition("/")[2], name, "four plain random words")

    asyncio.run(work())


def test_a_token_needs_an_account_to_lend(home):
    assert "Nobody has an account yet" in home.run("token", "new", "reader", code=2).stderr
    assert "There is no token" in home.run("token", "list").stdout


def test_tokens_are_made_listed_and_revoked(home):
    with_owner(home)
    made = home.run("token", "new", "feed reader")
    assert re.fullmatch(r"goodname_[\w-]{43}\n", made.stdout)
    assert "not shown again" in made.stderr
    both = home.json("token", "new", "script", "--review")
    assert both["scopes"] == ["read", "review"]
    listed = home.json("token", "list")
    assert [(one["name"], one["may"], one["last_used"]) for one in listed] == [
        ("feed reader", "read", "never"),
        ("script", "read review", "never"),
    ]
    shown = home.run("token", "list").stdout
    assert made.stdout.strip() not in shown
    assert home.run("token", "revoke", str(listed[0]["number"])).stdout == "Revoked: feed reader.\n"
    assert "There is no token" in home.run("token", "revoke", str(listed[0]["number"]), code=2).stderr
    assert len(home.json("token", "list")) == 1


def test_what_is_wrong_with_a_token_is_said(home):
    with_owner(home)
    assert "There is no client 'north'" in home.run("token", "new", "x", "--client", "north", code=2).stderr
    assert "owns nothing here" in home.run("token", "new", "x", "--account", "you", code=2).stderr
    assert "has no name" in home.run("token", "new", " ", code=2).stderr
