"""`goodname pause|handover|storm`: how a person is told for now; evidence is kept the same all the while."""

from __future__ import annotations

import asyncio

from monitor.bootstrap import open_app
from monitor.jobs.deliver import render
from monitor.settings import load_settings
from tests.unit.cli.conftest import Installation, feed_of

MORE = "FIRST LAST stole money from patients, I am told in Leeds."


def with_helper(home: Installation) -> None:
    home.edit('quiet_hours = ""', f'quiet_hours = ""\nhelper_urls = ["json://127.0.0.1:{home.site.port}/helper"]')


def news(home: Installation, *texts: str) -> None:
    home.site.put("/feed.json", feed_of(home.site, *texts))


def test_a_pause_keeps_evidence_and_leaves_alerts_to_the_summary(home):
    assert "paused until" in home.run("pause", "7").stdout
    told = home.json("once")
    assert home.site.posted == []
    assert told
    (hit,) = [one for one in home.json("hits", "list") if one["level"] == "likely"]
    assert hit["capture"] == "partial"  # there is no browser here, but the page was kept
    assert home.run("pause", "off").stdout == "You are told in the ordinary way.\n"
    home.run("once")
    assert home.site.posted == []  # what the pause held back is told by the summary, not all at once


def test_a_pause_has_an_end(home):
    for wrong in ("365", "0", "-1", "for ever"):
        assert "cannot be paused" in home.run("pause", "--", wrong, code=2).stderr


def test_handing_over_needs_a_helper_and_then_tells_them(home):
    assert "no helper" in home.run("handover", "on", code=2).stderr
    assert "no helper" in home.run("storm", "on", code=2).stderr
    with_helper(home)
    assert home.json("handover", "on")["is_handed_over"] is True
    home.run("once")
    assert len(home.site.posted) == 1  # one alert, to the helper's channel alone
    assert "helper" in home.run("storm", "on").stdout
    assert "Handed over" in home.run("storm", "off").stdout
    assert "ordinary way" in home.run("handover", "off").stdout


def test_a_danger_waits_for_no_morning(home):
    home.edit('quiet_hours = ""', 'quiet_hours = "00:00-23:59"')
    news(home, "FIRST LAST of Leeds should die, and we know where she lives.", MORE)
    home.run("once")
    assert len(home.site.posted) == 1
    danger, repeat = (home.run("explain", number).stdout for number in ("1", "2"))
    assert "threaten" in danger
    assert "threaten" not in repeat


def test_hours_that_are_none_are_named(home):
    home.edit('quiet_hours = ""', 'quiet_hours = "9pm to 8"')
    assert "quiet_hours" in home.run("config", "check", code=2).stderr


def test_a_statement_is_snoozed_by_the_number_of_a_mention(home):
    home.run("once")
    (hit,) = [one for one in home.json("hits", "list") if one["level"] == "likely"][:1]
    told = home.json("snooze", str(hit["id"]), "--for", "2d")
    assert told["mention"] == hit["id"]
    assert "is left to the summary until" in home.run("snooze", str(hit["id"])).stdout
    assert "can be put off" in home.run("snooze", "999", code=2).stderr
    assert "no length of time" in home.run("snooze", "1", "--for", "soon", code=2).stderr
    assert "1 hour to 30 days" in home.run("snooze", "1", "--for", "60d", code=2).stderr


def test_what_was_seen_is_acknowledged_and_taken_back(home):
    home.run("once")
    (hit,) = [one for one in home.json("hits", "list") if one["level"] == "likely"][:1]
    number = str(hit["id"])
    assert home.run("ack", number, "--undo").stdout == "It was not acknowledged, so nothing changed.\n"
    assert home.json("ack", number) == {"mention": hit["id"], "acknowledged": True, "changed": True}
    assert "left to the summary" in home.run("ack", number).stdout
    assert "told of repeats again" in home.run("ack", number, "--undo").stdout
    assert "nothing about mention 999 to acknowledge" in home.run("ack", "999", code=2).stderr


def test_alerts_carry_links_to_answer_with_once_there_is_an_https_address(home):
    home.edit('bind = "off"', 'bind = "off"\naddress = "https://watch.example"')
    home.run("once")
    (hit,) = [one for one in home.json("hits", "list") if one["level"] == "likely"][:1]
    (sent,) = home.site.posted
    for purpose in ("ack", "snooze"):
        assert f"https://watch.example/act/{purpose}.{hit['id']}." in sent["message"]


async def test_a_feed_carries_no_link_that_acts(home):
    home.edit('bind = "off"', 'bind = "off"\naddress = "https://watch.example"')
    await asyncio.to_thread(home.run, "once")
    async with open_app(load_settings(home.config)) as app:
        (alert,) = [one for one in app.store.alerts() if one.mention_id]
        assert "/act/ack." in render(app.office, alert).text
        assert "https://watch.example/mention/" in app.messages.in_words(alert).text
        assert "/act/" not in app.messages.in_words(alert).text
