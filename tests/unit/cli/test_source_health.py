"""How a source is doing, from a real poll of a real site to what `goodname source list` and `test` say of it."""

from __future__ import annotations

import json
from datetime import datetime
from importlib.metadata import entry_points

import pytest

from tests.unit.cli.conftest import run

GUEST = {
    "bluesky": {},
    "google_places": {"place_id": "ChIJ_invented_place_1"},
    "mailbox": {"host": "127.0.0.1"},
    "mastodon": {},
    "reddit": {},
    "web_search": {"engine": "brave"},
    "x": {},
    "youtube": {},
}
"""What asks for credentials, with what else it cannot be set up without: everything but those."""

OPEN = {"feed", "hackernews", "jetstream", "page", "wikipedia"}
"""What anybody may read."""

CODES = {"ok": 0, "auth": 4}

HEALTH = [
    ("ok", None, "closed", ""),
    ("degraded", (503, b""), "open", "503"),
    ("auth", (401, b""), "open", "401"),
    ("blocked", (403, b""), "open", "403"),
    ("changed", (200, b"<html>no feed</html>"), "open", "feed"),
]


@pytest.mark.parametrize(("state", "answer", "breaker", "why"), HEALTH)
def test_each_state_is_reached_by_a_poll(home, state, answer, breaker, why):
    if answer:
        home.site.put("/feed.json", answer[1], status=answer[0])
    home.run("once", code=CODES.get(state, 1))
    _is_so(home, state, breaker, why)


def test_a_spent_budget_is_a_state(home):
    home.edit('connector = "feed"', 'connector = "web_search"')
    home.edit(f'url = "{home.site.url("/feed.json")}"', f'base_url = "{home.site.url("")}"')
    home.edit("  base_url", '  engine = "brave"\n  monthly_budget = 0\n  api_key = "no-real-key"\n  base_url')
    home.run("once", code=1)
    _is_so(home, "budget", "open", "used up")
    assert home.site.asked == [], "nothing is asked once the budget is spent"


def _is_so(home, state, breaker, why):
    (listed,) = home.json("source", "list")["sources"]
    assert (listed["state"], listed["breaker"]) == (state, breaker)
    assert why in listed["why"]
    assert bool(listed["last_good_at"]) is (state == "ok")
    assert bool(listed["failures"]) is (state != "ok")
    assert datetime.fromisoformat(listed["next_attempt_at"]).tzinfo is not None
    told = home.json("source", "test", "town-forum", code=CODES.get(state, 1))
    assert told["state"] == state
    assert told["what"]
    if state != "ok":
        assert told["why"]
        assert told["try"]
        in_words = home.run("source", "test", "town-forum", code=CODES.get(state, 1)).stderr
        assert [line[:5] for line in in_words.splitlines() if line[:5].strip()] == ["What:", "Why: ", "Try: "]


def test_a_good_check_ends_a_bad_state(home):
    good = home.site.answers["/feed.json"]
    home.site.put("/feed.json", b"", status=401)
    home.run("once", code=4)
    home.site.answers["/feed.json"] = good
    home.run("once")
    _is_so(home, "ok", "closed", "")


def test_every_connector_is_tried_without_credentials():
    assert {point.name for point in entry_points(group="monitor.connectors")} == {*GUEST, *OPEN}


@pytest.mark.parametrize("connector", GUEST)
def test_without_credentials_a_source_is_a_state_and_others_go_on(home, connector):
    settings = "".join(f'  {key} = "{value}"\n' for key, value in GUEST[connector].items())
    block = f'[[source]]\nname = "guest"\nconnector = "{connector}"\n  [source.settings]\n{settings}'
    home.write("goodname.toml", home.config.read_text("utf-8") + block)
    cycle = home.json("once", code=4)
    assert {one["source"]: one["outcome"] for one in cycle["polled"]} == {"town-forum": "ok", "guest": "auth"}
    listed = {one["name"]: one for one in home.json("source", "list")["sources"]}
    assert (listed["town-forum"]["state"], listed["guest"]["state"]) == ("ok", "auth")
    told = home.json("source", "test", "guest", code=4)
    assert told["state"] == "auth"
    assert told["what"]
    assert told["try"], "a person is told what to do"


@pytest.mark.parametrize(("connector", "missing"), [("google_places", "place_id"), ("mailbox", "host")])
def test_what_a_source_cannot_do_without_is_named_and_others_go_on(home, connector, missing):
    block = f'[[source]]\nname = "guest"\nconnector = "{connector}"\n  [source.settings]\n'
    home.write("goodname.toml", home.config.read_text("utf-8") + block)
    (polled,) = home.json("once", code=3)["polled"]
    assert polled["source"] == "town-forum"
    listed = {one["name"]: one for one in home.json("source", "list")["sources"]}
    assert listed["guest"]["state"] == "unusable"
    assert missing in listed["guest"]["why"]


def test_every_declared_field_is_filled():
    for one in json.loads(run("source", "list", "--json").stdout)["connectors"]:
        empty = {key for key, value in one.items() if value in ("", [], None)}
        # How far back is not known everywhere; a mailbox can do nothing beyond being read; and whose server is read
        # decides whose terms hold, which `terms` says.
        assert empty <= {"backfill_days", "terms_url", *(("capabilities",) if one["name"] == "mailbox" else ())}
