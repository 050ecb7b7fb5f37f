from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from monitor.cases.plan import ItemState, Seen, checklist, item_ids, next_items, rests_until, step_of
from monitor.domain import Action, ActionOutcome, Case, Owner, PosterState, Step

OPENED = datetime(2026, 5, 1, 12, tzinfo=UTC)


def case(**changes: object) -> Case:
    return Case(**({"id": 1, "subject_id": "voss", "title": "The forum", "opened_at": OPENED} | changes))  # type: ignore[arg-type]


def seen(**changes: object) -> Seen:
    nothing = {
        "mentions": 0,
        "captured": 0,
        "minimum_missing": (),
        "leads": 0,
        "papers": 0,
        "clocks": 0,
        "is_held": False,
    }
    return Seen(**(nothing | changes))  # type: ignore[arg-type]


def action(**changes: object) -> Action:
    given = {"case_id": 1, "step": Step.PLAN, "title": "x", "made_at": OPENED}
    return Action(**(given | changes))  # type: ignore[arg-type]


def states(items) -> dict[str, ItemState]:
    return {item.id: item.state for item in items}


def test_a_new_case_has_everything_before_it_and_three_things_to_do_next() -> None:
    items = checklist(case(), [], seen())
    assert [item.step for item in items] == sorted((item.step for item in items), key=lambda step: step.number)
    assert states(items)["keep"] is ItemState.MISSING  # nothing confirmed is nothing kept
    assert states(items)["packet"] is ItemState.LATER  # there is no counsel yet
    assert [item.id for item in next_items(items)] == ["rest", "helper", "aim"]
    assert {item.id: item.due_on for item in items}["counsel-early"] == date(2026, 5, 8)


@pytest.mark.parametrize(
    ("item", "changes", "facts", "actions"),
    [
        ("keep", {}, {"mentions": 2, "captured": 2}, []),
        ("minimum", {}, {"mentions": 2}, []),
        ("poster", {"poster": PosterState.CANNOT_BE_NAMED}, {}, []),
        ("clock", {}, {"clocks": 1}, []),
        ("harm", {"facts": (("harm", "calls"),)}, {}, []),
        ("unfavourable", {"facts": (("own_posts", "one"), ("unfavourable", "none"))}, {}, []),
        ("hold", {"counsel": "C"}, {"is_held": True}, []),
        ("letter", {}, {}, [{"step": Step.LETTER, "sent_at": OPENED}]),
        ("report", {}, {}, [{"step": Step.REPORT, "sent_at": OPENED}]),
        ("packet", {"counsel": "C"}, {}, [{"step": Step.LEGAL, "sent_at": OPENED}]),
        ("harm", {}, {}, [{"item": "harm", "outcome": ActionOutcome.DONE}]),
    ],
)
def test_an_item_is_done_when_it_is_seen_or_said(item: str, changes: dict, facts: dict, actions: list[dict]) -> None:
    before = {"counsel": changes.get("counsel", "")}
    assert states(checklist(case(**before), [], seen()))[item] is not ItemState.DONE
    now = checklist(case(**changes), [action(**one) for one in actions], seen(**facts))
    assert states(now)[item] is ItemState.DONE


def test_one_mention_without_a_copy_keeps_the_item_open() -> None:
    assert states(checklist(case(), [], seen(mentions=2, captured=1)))["keep"] is ItemState.MISSING


def test_an_item_is_skipped_with_its_reason_and_has_its_owner_and_day() -> None:
    skipped = action(
        item="helper", outcome=ActionOutcome.SKIPPED, reason="alone here", owner=Owner.HELPER, due_on=date(2026, 6, 1)
    )
    (helper,) = (item for item in checklist(case(), [skipped], seen()) if item.id == "helper")
    assert (helper.state, helper.reason, helper.owner, helper.due_on) == (
        ItemState.SKIPPED,
        "alone here",
        Owner.HELPER,
        date(2026, 6, 1),
    )


def test_a_case_rests_for_a_day_unless_somebody_says_why_not() -> None:
    assert rests_until(case(), []) == OPENED + timedelta(days=1)
    assert rests_until(case(), [action(item="rest", outcome=ActionOutcome.OPEN)]) == OPENED + timedelta(days=1)
    for outcome in (ActionOutcome.SKIPPED, ActionOutcome.DONE):
        assert rests_until(case(), [action(item="rest", outcome=outcome)]) is None


def test_items_know_their_step() -> None:
    assert step_of("minimum") is Step.EVIDENCE
    assert len(item_ids()) == len(set(item_ids()))
    with pytest.raises(KeyError):
        step_of("nothing")
