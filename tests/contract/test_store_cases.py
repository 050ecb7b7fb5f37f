"""Every store keeps cases alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from monitor.domain import (
    AboutSubject,
    Action,
    ActionOutcome,
    Case,
    CaseClock,
    CaseStatus,
    Confidence,
    Hold,
    Lead,
    Level,
    LiveState,
    Observation,
    Owner,
    Paper,
    PaperKind,
    PosterState,
    Step,
)
from monitor.errors import StoreError
from monitor.ports import ExhibitRows
from monitor.store import SqlStore
from monitor.testing.builders import NOW, make_statement, make_subject

FULL = Case(
    subject_id="subject-1",
    title="日本語 \x00 forum",
    opened_at=NOW,
    status=CaseStatus.CLOSED,
    statement_ids=("stole", "struck-off"),
    mention_ids=(3, 1),
    jurisdictions=("DE", "EU"),
    counsel="COUNSEL",
    poster=PosterState.CANNOT_BE_NAMED,
    facts=(("meaning", "that money was stolen"),),
    closed_at=NOW + timedelta(days=3),
    closed_because="removed",
    worst_ids=(3,),
)


@pytest.fixture
def case(store: SqlStore) -> Case:
    store.save_subject(make_subject())
    return store.save_case(FULL)


def test_every_field_of_a_case_comes_back(store: SqlStore, case: Case) -> None:
    assert case.id > 0
    assert store.case(case.id) == replace(case, title="日本語 \ufffd forum")


def test_a_case_with_an_id_is_replaced(store: SqlStore, case: Case) -> None:
    store.save_case(replace(case, title="another", mention_ids=()))
    assert [(one.title, one.mention_ids) for one in store.cases()] == [("another", ())]


def test_cases_are_given_newest_first_by_subject_and_client(store: SqlStore, case: Case) -> None:
    store.save_subject(make_subject(id="other", client_id="client-7"))
    newer = store.save_case(replace(FULL, subject_id="other", opened_at=NOW + timedelta(days=1)))
    assert [one.id for one in store.cases()] == [newer.id, case.id]
    assert [one.id for one in store.cases(subject_id="subject-1")] == [case.id]
    assert [one.id for one in store.cases(client_id="client-7")] == [newer.id]
    assert [one.id for one in store.cases(client_id="")] == [case.id]
    assert store.cases(client_id="client-8") == ()


def test_what_is_not_known_is_said(store: SqlStore, case: Case) -> None:
    with pytest.raises(StoreError, match="no case 77"):
        store.case(77)
    with pytest.raises(StoreError, match="nobody"):
        store.save_case(replace(FULL, subject_id="nobody"))
    with pytest.raises(StoreError, match="no row 77"):
        store.save_case(replace(FULL, id=77))
    with pytest.raises(StoreError, match="no case 77"):
        store.save_action(Action(case_id=77, step=Step.PLAN, title="x", made_at=NOW))
    with pytest.raises(StoreError, match="no case 77"):
        store.save_hold(Hold(case_id=77, reason="x", placed_by="x", placed_at=NOW, review_on=date(2026, 1, 1)))


def test_actions_come_back_and_change(store: SqlStore, case: Case) -> None:
    sent = store.save_action(
        Action(
            case_id=case.id,
            step=Step.REPORT,
            title="Notice",
            made_at=NOW,
            item="report",
            owner=Owner.COUNSEL,
            addressee="forum",
            notice="eu-dsa-16",
            mention_ids=(1, 2),
            paper_id=4,
            reference="R-1",
            due_on=date(2026, 2, 1),
            sent_at=NOW,
            received_at=NOW,
            reply_due_on=date(2026, 3, 1),
            decided_at=NOW,
            appealed_at=NOW,
            outcome=ActionOutcome.REFUSED,
            reason="no copy",
        )
    )
    assert store.actions(case.id) == (sent,)
    store.save_action(replace(sent, outcome=ActionOutcome.REMOVED))
    assert [one.outcome for one in store.actions(case.id)] == [ActionOutcome.REMOVED]


def test_papers_keep_every_version(store: SqlStore, case: Case) -> None:
    first = store.save_paper(
        Paper(
            case_id=case.id,
            kind=PaperKind.REMOVAL_REQUEST,
            addressee="the site's owner",
            subject_line="A request",
            body="Please.",
            written_at=NOW,
            written_by="somebody",
            exhibits=("20260101T000000Z-aaaa",),
        )
    )
    second = store.save_paper(replace(first, id=0, first_id=first.id, version=2, body="Kindly."))
    assert store.papers(case.id) == (first, second)
    with pytest.raises(StoreError, match="never replaced"):
        store.save_paper(second)


def test_leads_and_clocks(store: SqlStore, case: Case) -> None:
    lead = store.save_lead(
        Lead(case_id=case.id, value="N", basis="said so", confidence=Confidence.WEAK, entered_by="me", entered_at=NOW)
    )
    assert store.leads(case.id) == (lead,)
    late, soon = (
        store.save_clock(
            CaseClock(
                case_id=case.id,
                title="x",
                starts_on=date(2026, 1, 1),
                due_on=day,
                set_by=Owner.SELF,
                set_at=NOW,
                rule="us-ca-limitation",
                note="n",
                is_done=True,
            )
        )
        for day in (date(2026, 6, 1), date(2026, 5, 1))
    )
    assert store.clocks(case.id) == store.clocks() == store.clocks(client_id="") == (soon, late)
    assert store.clocks(client_id="client-7") == ()


def test_one_hold_a_case(store: SqlStore, case: Case) -> None:
    assert store.hold(case.id) is None
    held = Hold(case_id=case.id, reason="suit", placed_by="me", placed_at=NOW, review_on=date(2026, 9, 1))
    store.save_hold(held)
    assert store.hold(case.id) == held
    lifted = replace(held, lifted_at=NOW, lifted_by="counsel")
    store.save_hold(lifted)
    assert store.hold(case.id) == lifted


def fill(store: SqlStore, shelf, names: Sequence[str]) -> list[int]:
    """Keep mentions with two captures and two looks each, the newest captured first; gives their ids."""
    ids = []
    for name in names:
        kept = shelf.hit(name)
        for days in (2, 1):
            store.finish_capture(shelf.capture(kept, f"{name}-{days}", captured_at=NOW + timedelta(days=days)))
            store.save_observation(
                Observation(
                    mention_id=kept.id,
                    state=LiveState.LIVE if days == 1 else LiveState.GONE,
                    signal=str(days),
                    observed_at=NOW + timedelta(days=days),
                )
            )
        ids.append(kept.id)
    return ids


def test_exhibits_are_what_each_question_alone_gives(store: SqlStore, shelf) -> None:
    store.save_subject(make_subject())
    store.save_subject(make_subject(id="subject-2"))
    store.save_statement(make_statement())
    edited, plain = fill(store, shelf, ["edited", "plain"])
    twice = shelf.post("edited", "An apology to everybody")
    shelf.decide(twice, shelf.judgement(level=Level.NONE, about=AboutSubject(score=0)))
    alien = shelf.post("alien")
    shelf.decide(alien, shelf.judgement("subject-2", matches=()))
    bare = shelf.hit("bare").id
    found = store.exhibit_rows("subject-1", [plain, edited, alien.id, bare, 999_999])
    assert [one.hit.mention_id for one in found] == sorted([edited, plain, bare])
    for one in found:
        hit = store.hit(one.hit.mention_id, "subject-1")
        assert hit is not None
        assert one == ExhibitRows(
            hit=hit,
            mention=store.mention(hit.mention_id, revision=hit.revision),
            captures=store.captures(hit.mention_id),
            observations=store.observations(hit.mention_id),
        )
    assert {one.hit.mention_id: one.mention.revision for one in found}[edited] == 1, "the last that was about them"
    assert store.exhibit_rows("subject-1", ()) == ()


def test_exhibits_cost_as_many_queries_however_many_they_are(store: SqlStore, shelf, statements: list[str]) -> None:
    store.save_subject(make_subject())
    store.save_statement(make_statement())
    ids = fill(store, shelf, [f"post-{number}" for number in range(12)])
    costs = []
    for several in (ids[:1], ids):
        statements.clear()
        assert len(store.exhibit_rows("subject-1", several)) == len(several)
        costs.append(len(statements))
    assert costs[0] == costs[1]
