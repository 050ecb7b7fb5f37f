"""Adding, pausing and taking away on the pages: forms without a script, for the owner alone, no secret shown again."""

from __future__ import annotations

import re

import pytest

from monitor.ports import ChannelState
from monitor.testing import NOW

SECRET = "canary-9c1f"


def test_a_source_is_asked_for_by_its_connectors_own_settings(town):
    owner = town.client()
    assert 'value="mailbox"' in owner.get("/sources/add").text
    asked = owner.get("/sources/add?connector=mailbox").text
    assert re.search(r'<input type="password" id="set-password" name="set.password" value=""', asked)
    assert re.search(r'<textarea id="set-senders"', asked)
    assert "set.ca_file" not in asked
    assert 'name="set.port" value="993"' in asked
    everything = [one.name for one in town.operations.additions.offers()]
    assert len(everything) >= 12
    for name in everything:
        assert owner.get(f"/sources/add?connector={name}").status_code == 200
    assert "Add it and try it" not in owner.get("/sources/add?connector=nothing").text


def test_a_source_is_added_tried_paused_and_taken_away(town):
    owner = town.client()
    given = {"name": "mail", "connector": "mailbox", "every": "1h", "set.host": "imap.example", "set.password": SECRET}
    tried = owner.send_form("/sources/add", **given)
    assert "It wants other credentials." in tried.text
    assert SECRET not in tried.text
    added = town.operations.additions.added["mail"]
    assert added == {"connector": "mailbox", "every": "1h", "host": "imap.example", "password": SECRET}
    assert "Take away" in owner.get("/sources").text
    owner.send_form("/sources/pause", name="blog", do="pause")
    assert "paused; nobody looks at it" in owner.get("/sources").text
    assert "1 source of 4 is paused" not in owner.get("/").text, "a failing one is named first"
    town.operations.names.remove("wiki")
    assert "1 source of 3 is paused." in owner.get("/").text
    owner.send_form("/sources/pause", name="blog", do="resume")
    assert town.operations.additions.paused == set()
    owner.send_form("/sources/drop", name="mail")
    assert "mail" not in town.operations.names
    did = {one.action for one in town.store.access_events(limit=10)}
    assert {"added a source", "paused a source", "went on with a source", "took a source away"} <= did


def test_a_refused_source_can_be_mended_without_typing_all_of_it_again(town):
    given = {"name": "a b", "connector": "mailbox", "set.host": "imap.example", "set.password": SECRET}
    again = town.client().send_form("/sources/add", **given)
    assert again.status_code == 400
    assert "must be shorter" in again.text
    assert 'name="set.host" value="imap.example"' in again.text
    assert SECRET not in again.text


def test_the_owner_sees_that_shared_jobs_failed_too_often(town):
    assert "failed too often" not in town.client().get("/sources").text
    town.operations.queue.update({"waiting": {"poll": 9}, "parked": {"poll": 2, "assess": 1}})
    assert "3 shared jobs failed too often" in town.client().get("/sources").text
    assert "failed too often" not in town.client("helper").get("/sources").text


def test_the_owner_sees_what_was_spent(town):
    assert "1.25 of 5 US dollars in 2026-01" in town.client().get("/sources").text
    assert "US dollars" not in town.client("helper").get("/sources").text


@pytest.mark.parametrize(
    "path",
    [
        "/sources/add",
        "/sources/pause",
        "/sources/drop",
        "/alerts/add",
        "/alerts/pause",
        "/alerts/drop",
        "/alerts/quiet",
    ],
)
def test_only_the_owner_changes_sources_and_channels(town, path):
    for name in ("helper", "viewer", "south"):
        fields = {"name": "blog", "connector": "feed", "url": "json://x", "starts": "01:00", "ends": "02:00"}
        assert town.client(name).send_form(path, **fields).status_code == 403
    assert town.operations.names == ["blog", "town-forum", "wiki"]
    assert len(town.operations.additions.kept) == 1


def test_unknown_sources_and_channels_do_not_exist(town):
    for path in ("/sources/pause", "/sources/drop", "/alerts/pause", "/alerts/drop"):
        assert town.client().send_form(path, name="nothing").status_code == 404


def test_channels_are_added_paused_and_taken_away_and_hours_changed(town):
    owner, additions = town.client(), town.operations.additions
    assert owner.send_form("/alerts/add", url=f"json://me:{SECRET}@host/x").status_code == 303
    shown = owner.get("/alerts").text
    assert "json://added" in shown
    assert SECRET not in shown
    owner.send_form("/alerts/pause", name="json://added", do="pause")
    assert additions.kept[1].is_paused
    assert "<strong>paused</strong>" in owner.get("/alerts").text
    owner.send_form("/alerts/pause", name="json://added", do="resume")
    why = "It refused: <b>410</b>"
    town.operations.additions.kept[0] = ChannelState(name="json://hook", off_why=why, off_since=NOW, missed=3)
    shown = owner.get("/alerts").text
    assert "<strong>switched off</strong>" in shown
    assert "It refused: &lt;b&gt;410&lt;/b&gt;" in shown
    assert "to your other channels alone since then: 3." in shown
    assert 'value="resume"><button name="name" value="json://hook">Send again' in shown
    town.operations.additions.kept[0] = ChannelState(name="json://hook", is_refusing=True)
    assert "It stays on, because there is no other." in owner.get("/alerts").text
    owner.send_form("/alerts/drop", name="json://added")
    assert len(additions.kept) == 1
    refused = owner.send_form("/alerts/add", url=SECRET)
    assert (refused.status_code, "it is not an address" in refused.text, SECRET in refused.text) == (400, True, False)
    owner.send_form("/alerts/quiet", starts="22:00", ends="07:30")
    assert additions.hours == "22:00-07:30"
    owner.send_form("/alerts/quiet", starts="", ends="")
    assert additions.hours == ""
    assert owner.send_form("/alerts/quiet", starts="late", ends="").status_code == 400


def test_the_summary_as_a_mail_runs_and_loads_nothing(town):
    owner = town.client()
    assert owner.get("/alerts/summary?client=north").status_code == 404, "hidden with the words"
    owner.send_form("/veil", show="yes")
    assert "/alerts/summary?client=north" in owner.get("/alerts").text
    mail = owner.get("/alerts/summary?client=north")
    assert mail.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "sandbox" in mail.headers["content-security-policy"]
    south = town.client("south")
    south.send_form("/veil", show="yes")
    assert "summary of north" not in south.get("/alerts?client=north").text


def test_the_first_steps_lead_on_and_every_one_can_be_skipped(town):
    owner = town.client()
    assert 'href="/start/sources">Skip this' in owner.get("/start").text
    statement = owner.get("/rules/subject-1/statement?first=1").text
    assert 'href="/start/sources">Skip this' in statement
    kept = owner.send_form("/rules/subject-1/statement", do="save", text="FIRST LAST stole a car", first="1")
    assert kept.headers["location"] == "/start/sources"
    assert 'href="/start/alerts">' in owner.get("/start/sources").text
    tried = owner.send_form(
        "/sources/add", name="news", connector="feed", first="1", **{"set.url": "https://x.example/f"}
    )
    assert "It is added. You can add another one, or go on." in tried.text
    assert "news: " in re.sub(r"<[^>]+>", "", tried.text)
    assert owner.send_form("/alerts/add", url="json://x", first="1").headers["location"] == "/start/alerts"
    assert "sent" in owner.send_form("/alerts/test", first="1").text
    assert 'href="/">Done' in owner.get("/start/alerts").text
    assert town.client("helper").get("/start/sources").status_code == 403
    assert town.client("helper").get("/start/alerts").status_code == 403
