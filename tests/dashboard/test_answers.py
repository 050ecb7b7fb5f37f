"""A link in a message acts without a sign-in: only by its button, only once, only for its purpose, only for a week."""

from __future__ import annotations

from datetime import timedelta

from monitor.domain import Alert, AlertKind
from monitor.jobs.signed_links import LIFE, links_of
from monitor.testing import NOW
from monitor.web.pages.answer import BY, MOST_REFUSED
from monitor.web.shell import CSP
from tests.dashboard.conftest import KEY

SAME = {"Sec-Fetch-Site": "same-origin"}


def state(town):
    book = town.store.rounds({0: KEY}, [], town.clock.now())
    return dict(book.acknowledged), dict(book.snoozed)


def press(town, path, **headers):
    return town.client("").post(path, headers={**SAME, **headers}, content=b"")


def test_looking_changes_nothing_and_shows_no_words(town, told):
    for path in told.values():
        answer = town.client("").get(path, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"] == CSP
        for secret in ("FIRST", "LAST", "stole", "till", "thread", "town-forum", "forum.example", "north"):
            assert secret not in answer.text
        assert f"number {town.north[0]} " in answer.text
        assert '<form method="post">' in answer.text
    assert state(town) == ({}, {})
    assert town.client("").head(told["ack"]).status_code == 405


def test_the_button_acts_once_and_is_recorded(town, told):
    answer = press(town, told["ack"])
    assert answer.status_code == 200
    assert "Done" in answer.text
    assert state(town) == ({KEY: town.clock.now()}, {})
    again = press(town, told["ack"])
    assert (again.status_code, "done already" in again.text) == (410, True)
    assert "done already" in town.client("").get(told["ack"]).text
    assert press(town, told["snooze"]).status_code == 200
    assert state(town)[1] == {KEY: town.clock.now() + timedelta(days=3)}
    logged = town.store.access_events(clients=frozenset({"north"}), mention_id=town.north[0])
    assert [(one.action, one.account) for one in logged] == [("put off", BY), ("acknowledged", BY)]


def test_a_link_runs_out_after_a_week(town, told):
    town.clock.advance(LIFE)
    for answer in (town.client("").get(told["ack"]), press(town, told["ack"])):
        assert answer.status_code == 410
        assert "too old" in answer.text
    assert state(town) == ({}, {})


def test_a_forged_link_is_refused_calmly_and_many_are_braked(town, told):
    forged = (
        told["ack"][:-1] + ("A" if told["ack"][-1] != "A" else "B"),
        told["ack"].replace("/ack.", "/snooze."),
        told["ack"].replace(f".{town.north[0]}.", f".{town.north[1]}."),
        "/act/guess",
    )
    for path in forged:
        assert press(town, path).status_code == 404
        assert "does not work" in town.client("").get(path).text
    assert state(town) == ({}, {})
    nobody = town.client("")
    codes = [nobody.get("/act/guess").status_code for _ in range(MOST_REFUSED)]
    assert codes == [404] * (MOST_REFUSED - 2 * len(forged)) + [429] * 2 * len(forged)
    assert press(town, told["ack"]).status_code == 200  # a stranger's guesses lock nobody out


def test_another_page_cannot_press_the_button(town, told):
    answer = town.client("").post(told["ack"], headers={"Sec-Fetch-Site": "cross-site"}, content=b"")
    assert answer.status_code == 403
    assert state(town) == ({}, {})


def test_a_danger_has_no_link_that_puts_it_off():
    danger = Alert(
        kind=AlertKind.MATCH,
        dedupe_key="danger",
        created_at=NOW,
        mention_id=3,
        payload={"at_once": True},
    )
    assert list(links_of(b"k", "https://watch.example", danger)) == ["ack"]
