"""A case from its opening to its end in a real Chromium: by keyboard alone, with JavaScript and without."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from monitor.domain import ActionOutcome, CaseStatus, PosterState
from tests.dashboard.test_browser import chromium, fill, press, visit

__all__ = ["chromium", "visit"]  # fixtures

pytestmark = pytest.mark.browser


def unfold(page: Page, name: str) -> None:
    """Open what is folded away, by keyboard; what is open stays open."""
    summary = page.locator("main summary", has_text=name).first
    if not summary.evaluate("one => one.parentElement.open"):
        summary.focus()
        page.keyboard.press("Enter")


def choose(page: Page, within: str, **options: str) -> None:
    """Choose in lists of one form by typing the beginning of what stands there."""
    for name, words in options.items():
        field = page.locator(f"{within} select[name='{name}']").first
        field.focus()
        page.keyboard.type(words, delay=5)
        chosen = field.evaluate("one => one.options[one.selectedIndex].text.trim()")
        assert chosen.startswith(words), (name, chosen)


def typed(page: Page, within: str, **fields: str) -> None:
    """Type into fields of one form."""
    for name, words in fields.items():
        page.locator(f"{within} [name='{name}']").first.focus()
        page.keyboard.type(words)


@pytest.mark.parametrize("script", [True, False])
def test_a_case_by_keyboard_alone(town, visit, script):
    town.confirm(town.north[0])
    window = visit("owner", java_script_enabled=script)
    page = window.page
    page.goto("/cases")
    fill(page, title="THE THREAD")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/*")
    (case,) = [one for one in town.store.cases() if one.title == "THE THREAD"]
    form = f"main form[action='/cases/{case.id}/"

    unfold(page, "Change a line of the plan")
    choose(page, f"{form}plan']", outcome="left out")
    typed(page, f"{form}plan']", because="counsel wrote")
    press(page, "Keep this", within=f"{form}plan']")
    page.get_by_text("Left out:").first.wait_for()

    unfold(page, "Add confirmed mentions")
    page.locator(f"{form}add'] input[type=checkbox]").first.focus()
    page.keyboard.press("Space")
    press(page, "Add these")
    page.get_by_role("heading", name="Exhibits").wait_for()

    unfold(page, "Say what troubles you most")
    press(page, "Mark it")
    page.get_by_text("(marked)").first.wait_for()

    unfold(page, "Keep a lead, or decide about the poster")
    choose(page, f"{form}poster']", state="cannot")
    press(page, "Keep this", within=f"{form}poster']")
    page.get_by_text("the poster cannot be named from what is known").wait_for()

    unfold(page, "Draft a letter")
    typed(page, f"{form}letter']", to="THE SITE", sender="ME")
    press(page, "Draft it")
    page.wait_for_url("**/letters/*")
    with page.expect_download() as letter:
        page.locator("main button[name='form'][value='pdf']").press("Enter")
    assert Path(letter.value.path()).read_bytes().startswith(b"%PDF")

    page.goto(f"/cases/{case.id}/notices/eu-dsa-16")
    page.get_by_text("Not complete").first.wait_for()
    page.goto(f"/cases/{case.id}")
    unfold(page, "Record what you have sent")
    choose(page, f"{form}sent']", what="letter")
    typed(page, f"{form}sent']", because="counsel wrote")
    press(page, "Record it")
    page.get_by_role("region", name="What you have sent").wait_for()
    unfold(page, "Record what you have sent")
    choose(page, f"{form}outcome']", outcome="refused")
    press(page, "Record the outcome")
    page.get_by_role("cell", name="refused").wait_for()

    unfold(page, "Set a day")
    page.locator(f"{form}clock'] [name='day']").first.focus()
    page.keyboard.type("12012027")
    typed(page, f"{form}clock']", title="THE REPLY")
    press(page, "Set it")
    page.get_by_text("THE REPLY").wait_for()

    unfold(page, "Place a legal hold")
    typed(page, f"{form}hold']", because="suit likely")
    press(page, "Place it")
    page.get_by_text("On hold since").wait_for()

    for name, beginning in (("Save the packet alone", b"%PDF"), ("Save with the evidence", b"PK")):
        with page.expect_download() as packet:
            press(page, name)
        assert Path(packet.value.path()).read_bytes().startswith(beginning)

    unfold(page, "Close this case")
    typed(page, f"{form}close']", because="settled")
    press(page, "Close it")
    page.get_by_text("closed").first.wait_for()

    done = town.store.case(case.id)
    assert (done.status, done.poster, done.worst_ids) == (
        CaseStatus.CLOSED,
        PosterState.CANNOT_BE_NAMED,
        (town.north[0],),
    )
    assert ActionOutcome.REFUSED in {one.outcome for one in town.store.actions(case.id)}
    assert [str(one.due_on) for one in town.store.clocks(case.id) if one.title == "THE REPLY"] == ["2027-12-01"]
    assert [word for word in window.said if word] == [], "the console is clean"
    assert window.elsewhere == []
