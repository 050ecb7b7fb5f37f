"""Cases and clients on the page: six steps at a glance, veiled, each change by a form that works without scripts."""

from __future__ import annotations

import html
import re

import pytest

from monitor.domain import ActionOutcome, CaseStatus, PosterState
from monitor.testing import make_subject

PRIVATE = ("PRIVATE NEIGHBOUR", "PRIVATE BASIS", "PRIVATE HARM", "PRIVATE WEBMASTER", "stole money from patients")


def plain(answer) -> str:
    """Give a page's words alone."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_a_case_shows_six_steps_and_hides_words_until_asked(town):
    case, helper = town.case(), town.client("helper")
    veiled = plain(helper.get(f"/cases/{case}"))
    for number, words in enumerate(("Stay calm", "Gather", "Who is", "Ask in a letter", "Report", "For counsel"), 1):
        assert f"{number} {words}" in veiled
    assert not any(words in veiled for words in PRIVATE)
    assert "the first, newest, worst: kept" in veiled
    assert "not complete; missing:" in veiled
    helper.send_form("/veil", show="yes")
    shown = plain(helper.get(f"/cases/{case}"))
    assert all(words in shown for words in PRIVATE)
    drawn = helper.get(f"/cases/{case}/spread.svg")
    assert drawn.headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in drawn.headers["content-security-policy"]


def test_from_a_confirmed_mention_to_a_case_with_papers(town):
    helper = town.client("helper")
    town.confirm(town.north[0])
    made = helper.send_form("/cases", subject="subject-1", title="  The   thread ", place="EU")
    path = made.headers["location"]
    assert f'value="{town.north[0]}"' in helper.get(path).text
    assert helper.send_form(f"{path}/add", mention=str(town.north[0])).status_code == 303
    case = town.store.cases()[0]
    assert (case.title, case.mention_ids, case.jurisdictions) == ("The thread", (town.north[0],), ("EU",))
    helper.send_form(f"{path}/plan", item="aim", outcome="done", owner="counsel", due="2026-06-01")
    action = next(one for one in town.store.actions(case.id) if one.item == "aim")
    assert (action.outcome, action.owner.value, str(action.due_on)) == (ActionOutcome.DONE, "counsel", "2026-06-01")
    letter = helper.send_form(f"{path}/letter", kind="removal_request", to="MX OWNER", sender="ME").headers["location"]
    newer = helper.send_form(letter, body="Dear MX OWNER,\r\nplease").headers["location"]
    assert [one.version for one in town.store.papers(case.id)] == [1, 2]
    assert town.store.papers(case.id)[1].body == "Dear MX OWNER,\nplease"
    assert helper.send_form(f"{newer}/file", form="text").text == "Dear MX OWNER,\nplease"
    assert helper.send_form(f"{newer}/file", form="pdf").content.startswith(b"%PDF")
    helper.send_form(f"{path}/facts", name="reasons_illegal", value="It is false.")
    assert "Not complete" in helper.get(f"{path}/notices/eu-dsa-16").text
    assert helper.send_form(f"{path}/notices/eu-dsa-16/file", form="pdf").content.startswith(b"%PDF")
    assert "NOT COMPLETE" in helper.send_form(f"{path}/notices/eu-dsa-16/file", form="text").text
    helper.send_form(f"{path}/worst", mention=str(town.north[0]), do="mark")
    assert town.store.case(case.id).worst_ids == (town.north[0],)
    assert "worst (marked)" in plain(helper.get(path))
    helper.send_form(f"{path}/worst", mention=str(town.north[0]), do="unmark")
    assert town.store.case(case.id).worst_ids == ()
    helper.send_form(f"{path}/poster", state="cannot_be_named")
    assert town.store.case(case.id).poster is PosterState.CANNOT_BE_NAMED
    actors = {one.actor for one in town.vault.custody() if one.event.startswith("case_")}
    assert actors == {"helper"}, "the log says who did it"


def test_what_was_sent_its_outcome_days_and_the_hold(town):
    case, helper = town.case(), town.client("helper")
    path = f"/cases/{case}"
    refused = helper.send_form(f"{path}/sent", what="notice:eu-dsa-16", to="THE FORUM")
    assert refused.status_code == 400
    assert "Nothing goes out yet." in refused.text
    assert helper.send_form(f"{path}/sent", what="notice:eu-dsa-16", to="F", because="urgent").status_code == 303
    action = town.store.actions(case)[-1]
    helper.send_form(f"{path}/outcome", action=str(action.id), outcome="refused", reference="N-7")
    action = town.store.actions(case)[-1]
    assert (action.outcome, action.reference, "urgent" in action.reason) == (ActionOutcome.REFUSED, "N-7", True)
    helper.send_form(f"{path}/clock", rule="de-limitation", day="2025-05-05", by="counsel")
    helper.send_form(f"{path}/clock", day="2026-12-01", title="reply of the host")
    assert {str(one.due_on) for one in town.store.clocks(case)} >= {"2028-12-31", "2026-12-01"}
    helper.send_form(f"{path}/hold", because="suit likely")
    assert town.store.hold(case).placed_by == "helper"
    helper.send_form(f"{path}/hold", do="lift")
    assert town.store.hold(case).lifted_by == "helper"
    helper.send_form(f"{path}/close", because="settled")
    assert town.store.case(case).status is CaseStatus.CLOSED
    assert helper.send_form(f"{path}/poster", state="named").status_code == 400
    assert "Close this case" not in helper.get(path).text


def test_the_packet_alone_and_with_the_evidence(town):
    case, helper = town.case(), town.client("helper")
    alone = helper.send_form(f"/cases/{case}/packet", form="pdf")
    assert alone.content.startswith(b"%PDF")
    assert "attachment" in alone.headers["content-disposition"]
    assert helper.send_form(f"/cases/{case}/packet", form="zip").content.startswith(b"PK")
    assert town.operations.cases_exported == [(case, "helper")]
    assert not list(town.site.scratch.glob("*.zip")), "nothing stays behind"


BAD = {
    "letter to nobody": ("letter", {"kind": "removal_request", "to": " "}, 400, "to whom"),
    "no such letter": ("letter", {"kind": "threat", "to": "X"}, 404, "no such page"),
    "nothing was sent": ("sent", {"what": "pigeon:1"}, 400, "what was sent"),
    "another case's letter": ("sent", {"what": "letter:999"}, 400, "no draft 999"),
    "a number that is none": ("sent", {"what": "letter:²"}, 400, "no such letter"),
    "a day that is none": ("clock", {"rule": "de-limitation", "day": "tomorrow"}, 400, "not a day"),
    "a day to come": ("clock", {"rule": "de-limitation", "day": "2030-01-01"}, 400, "future"),
    "no day": ("clock", {"rule": "de-limitation"}, 400, "which day"),
    "no such rule": ("clock", {"rule": "moon", "day": "2026-01-01"}, 400, "no clock rule"),
    "skipped without reason": ("plan", {"item": "aim", "outcome": "skipped"}, 400, "needs a reason"),
    "no such line": ("plan", {"item": "revenge"}, 400, "no item"),
    "a lead without a basis": ("lead", {"value": "X"}, 400, "three things"),
    "no such fact": ("facts", {"name": "shoe_size", "value": "9"}, 400, "no fact"),
    "not confirmed": ("add", {"mention": "2"}, 400, "confirmed mention 2"),
    "not about this one": ("add", {"mention": "99999"}, 400, "not about"),
    "marked what is not in it": ("worst", {"mention": "99999"}, 400, "not in case"),
    "closed without reason": ("close", {}, 400, "not said why"),
    "a hold without reason": ("hold", {}, 400, "needs a reason"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_input_is_answered_in_words_and_changes_nothing(town, name):
    case, helper = town.case(), town.client("helper")
    door, fields, status, words = BAD[name]

    def kept():
        store = town.store
        return store.case(case), store.actions(case), store.papers(case), store.leads(case), store.clocks(case)

    before = kept()
    answer = helper.send_form(f"/cases/{case}/{door}", **fields)
    assert (answer.status_code, words in plain(answer)) == (status, True), plain(answer)
    assert kept() == before


@pytest.mark.parametrize("fields", [{"place": "MARS", "title": "x"}, {"title": " "}])
def test_no_case_is_opened_for_an_unknown_place_or_without_a_name(town, fields):
    assert town.client("helper").send_form("/cases", subject="subject-1", **fields).status_code == 400
    assert town.store.cases() == ()


def test_what_was_gone_before_it_was_kept_stays_in_the_case_and_is_named(town):
    town.confirm(town.north[1])
    desk = town.site.cases
    case = desk.open("subject-1", "gone", mention_ids=[town.north[1]]).id
    desk.tick(case, "rest", ActionOutcome.SKIPPED, because="counsel says so")
    helper = town.client("helper")
    refused = helper.send_form(f"/cases/{case}/sent", what="notice:platform-form", to="F")
    assert refused.status_code == 400
    assert f"mention {town.north[1]} has no complete copy yet" in plain(refused)
    assert "[E1] has no complete copy" in desk.make_packet(case).incomplete
    assert "none yet; asked for" in helper.get(f"/cases/{case}").text
    went = helper.send_form(f"/cases/{case}/sent", what="notice:platform-form", to="F", because="it is gone")
    assert went.status_code == 303
    assert town.store.actions(case)[-1].reason.endswith("It went on because: it is gone")


def test_a_viewer_looks_and_changes_nothing(town):
    case, viewer = town.case(), town.client("viewer")
    text = viewer.get(f"/cases/{case}").text
    assert viewer.get("/cases").status_code == 200
    assert 'action="/cases' not in text
    for door in (
        "add",
        "plan",
        "worst",
        "letter",
        "facts",
        "sent",
        "outcome",
        "lead",
        "poster",
        "clock",
        "hold",
        "packet",
    ):
        assert viewer.send_form(f"/cases/{case}/{door}").status_code == 403, door


def test_clients_are_tiles_with_counts_and_two_steps_apart(town):
    town.case()
    owner = town.client("owner")
    text = plain(owner.get("/clients"))
    assert "north 4 to look through, 1 of them likely repeats 1 open case" in text
    assert "south 2 to look through, 0 of them likely repeats 0 open cases" in text
    assert 'href="/clients?client=north"' in owner.get("/clients").text
    one = owner.get("/clients", params={"client": "north"})
    assert "FIRST LAST" in one.text
    assert "OTHER NAME" not in one.text
    assert 'href="/review?subject=subject-1"' in one.text
    assert owner.get("/clients", params={"client": "nobody"}).status_code == 404
    assert 'href="/clients"' in owner.get("/").text
    assert 'href="/clients"' not in town.client("helper").get("/").text, "one client needs no list of clients"


def test_two_clients_with_the_same_name_stay_two(town):
    town.store.save_subject(make_subject(id="twin", name="FIRST LAST", client_id="south"))
    town.site.cases.open("twin", "twin matter")
    assert "twin matter" not in town.client("helper").get("/cases").text
    assert "twin matter" in town.client("south").get("/cases").text
    assert town.client("helper").send_form("/cases", subject="twin", title="x").status_code == 404


def test_a_clients_evidence_is_saved_by_those_who_may(town):
    helper = town.client("helper")
    assert "Save the evidence" in helper.get("/clients", params={"client": "north"}).text
    assert helper.send_form("/clients/export", client="north").content.startswith(b"PK")
    assert town.operations.clients_exported == [("north", "helper")]
    assert helper.send_form("/clients/export", client="south").status_code == 404
    assert helper.send_form("/clients/export", client="nobody").status_code == 404
    viewer = town.client("viewer")
    assert "Save the evidence" not in viewer.get("/clients", params={"client": "north"}).text
    assert viewer.send_form("/clients/export", client="north").status_code == 403
    assert len(town.operations.clients_exported) == 1
    assert not list(town.site.scratch.glob("*.zip")), "nothing stays behind"
    helper.send_form(f"/mention/{town.north[0]}/export")
    assert town.operations.spoken_of == [frozenset({"subject-1"})]
