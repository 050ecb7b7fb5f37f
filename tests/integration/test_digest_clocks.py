"""Days of cases reach the summary of their own client, without what a person wrote into them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from monitor.bootstrap.web import case_days
from monitor.domain import Case, CaseClock, Digest, Owner
from monitor.jobs import digest
from monitor.notify import WordRenderer
from monitor.store import open_store
from monitor.testing import NOW, FakeClock, make_subject
from monitor.web.dates import calendar_of


def gathered(tmp_path: Path, client_id: str) -> Digest:
    store = open_store(f"sqlite:///{tmp_path / 'rows.db'}", clock=FakeClock())
    store.save_subject(make_subject(client_id="client-7"))
    case = store.save_case(Case(subject_id="subject-1", title="x", opened_at=NOW))
    for title, days, is_done in (
        ("FIRST LAST reply", 3, False),
        ("late", -2, False),
        ("far", 90, False),
        ("done", 1, True),
    ):
        store.save_clock(
            CaseClock(
                case_id=case.id,
                title=title,
                starts_on=date(2026, 1, 1),
                due_on=(NOW + timedelta(days=days)).date(),
                set_by=Owner.COUNSEL,
                set_at=NOW,
                is_done=is_done,
            )
        )
    found = digest.gather(store, client_id, (NOW - timedelta(days=1), NOW), "Europe/London", "")
    store.close()
    return found


def test_what_is_past_or_comes_within_two_weeks_is_told(tmp_path: Path) -> None:
    assert [clock.title for clock in gathered(tmp_path, "client-7").clocks] == ["late", "FIRST LAST reply"]


def test_other_clients_do_not_see_it(tmp_path: Path) -> None:
    assert gathered(tmp_path, "client-8").clocks == ()


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("veil", [True, False])
def test_the_summary_names_days_and_only_unveiled_what_for(tmp_path: Path, language: str, veil: bool) -> None:
    found = gathered(tmp_path, "client-7")
    message = WordRenderer(language=language, veil=veil).digest(found, message_id="m")
    for part in (message.text, message.html):
        assert found.clocks[1].due_on.isoformat() in part
        assert ("FIRST LAST reply" in part) is not veil
    assert "FIRST" not in message.title


def test_the_calendar_has_every_day_of_ones_own_clients(tmp_path: Path) -> None:
    gathered(tmp_path, "client-7")
    store = open_store(f"sqlite:///{tmp_path / 'rows.db'}", clock=FakeClock())
    try:
        for clients, expected in ((None, 4), (frozenset({"client-7", "client-8"}), 4), (frozenset({"client-8"}), 0)):
            days = case_days(store, clients)
            assert len(days) == len({day.id for day in days}) == expected
        assert b"FIRST" not in calendar_of(case_days(store, None), name="Days")
        assert b"FIRST LAST reply" in calendar_of(case_days(store, None), name="Days", veil=False)
    finally:
        store.close()
