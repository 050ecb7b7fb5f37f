"""What was reported and is still there reaches the summary of its own client, until it is gone or answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.domain import Action, ActionOutcome, Case, CaseStatus, Digest, LiveState, Step, StillUp, still_up
from monitor.jobs import digest
from monitor.notify import WordRenderer
from monitor.store import SqlStore, open_store
from monitor.testing import NOW, FakeClock, make_subject


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'rows.db'}", clock=FakeClock())
    opened.save_subject(make_subject(client_id="client-7"))
    yield opened
    opened.close()


HOSTILE = '<img src=x onerror=alert(1)> {{ 7*7 }} <a href="javascript:alert(1)">x</a>'


def test_a_hostile_addressee_is_only_words_in_the_mail(store: SqlStore) -> None:
    opened = store.save_case(Case(subject_id="subject-1", title=HOSTILE, opened_at=NOW - timedelta(days=30)))
    store.save_action(replace(sent(opened, 9), addressee=HOSTILE, title=HOSTILE))
    message = WordRenderer(language="en", veil=False).digest(gathered(store), message_id="m")
    assert "&lt;img src=x onerror=alert(1)&gt; {{ 7*7 }}" in message.html
    assert "<img src=x" not in message.html
    assert '<a href="javascript' not in message.html


def sent(case: Case, days: int, outcome: ActionOutcome = ActionOutcome.OPEN) -> Action:
    return Action(
        case_id=case.id,
        step=Step.REPORT,
        title="report",
        made_at=NOW - timedelta(days=days),
        sent_at=NOW - timedelta(days=days),
        addressee="MX OWNER",
        mention_ids=(1, 2),
        outcome=outcome,
    )


def gathered(store: SqlStore, client_id: str = "client-7") -> Digest:
    return digest.gather(store, client_id, (NOW - timedelta(days=1), NOW), "Europe/London", "")


@pytest.fixture
def case(store: SqlStore) -> Case:
    opened = store.save_case(Case(subject_id="subject-1", title="x", opened_at=NOW - timedelta(days=30)))
    store.save_action(sent(opened, 9))
    store.save_action(sent(opened, 6))
    store.save_action(sent(opened, 20, ActionOutcome.REMOVED))
    return opened


def test_only_what_is_a_week_old_and_unanswered_is_told_and_only_to_its_client(store: SqlStore, case: Case) -> None:
    found = gathered(store).still_up
    assert [(one.action.case_id, one.mention_id, one.days) for one in found] == [(case.id, 1, 9), (case.id, 2, 9)]
    assert gathered(store, "client-8").still_up == ()
    store.save_case(replace(case, status=CaseStatus.CLOSED, closed_at=NOW, closed_because="done"))
    assert gathered(store).still_up == ()


@pytest.mark.parametrize("state", [None, *LiveState])
def test_what_was_not_seen_to_be_there_is_not_called_so(state: LiveState | None) -> None:
    action = sent(Case(subject_id="s", title="x", opened_at=NOW, id=3), 9)
    found = still_up([action], {1: state}, NOW)
    is_there = state in (None, LiveState.LIVE, LiveState.EDITED)
    assert found == ((StillUp(action=action, mention_id=1, days=9),) if is_there else ())


@pytest.mark.parametrize(("language", "line"), [("en", "2 mentions, 9 days after"), ("de", "2 Erwähnungen, 9 Tage")])
@pytest.mark.parametrize("veil", [True, False])
def test_the_summary_counts_days_and_names_the_addressee_only_unveiled(
    store: SqlStore, case: Case, language: str, line: str, veil: bool
) -> None:
    message = WordRenderer(language=language, veil=veil).digest(gathered(store), message_id="m")
    for part in (message.text, message.html):
        assert line in part
        assert ("MX OWNER" in part) is not veil
    assert "OWNER" not in message.title
