from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from monitor.cases.clocks import ends, require_past
from monitor.cases.registry import ClockRule, registry
from monitor.domain import CaseClock, Owner, clocks_coming
from monitor.errors import InputError


def rule(length: str, counted: str = "calendar") -> ClockRule:
    return ClockRule.model_validate(
        {
            "id": "x",
            "jurisdiction": "*",
            "kind": "reply",
            "title": "x",
            "starts": "sent",
            "length": length,
            "counted": counted,
            "reference": "x",
            "source": "x",
            "checked_on": date(2026, 1, 1),
        }
    )


@pytest.mark.parametrize(
    ("length", "counted", "starts", "due"),
    [
        ("1 year", "calendar", date(2025, 3, 14), date(2026, 3, 14)),
        ("1 year", "calendar", date(2024, 2, 29), date(2025, 2, 28)),
        ("3 months", "calendar", date(2025, 11, 30), date(2026, 2, 28)),
        ("6 weeks", "calendar", date(2026, 1, 1), date(2026, 2, 12)),
        ("90 days", "calendar", date(2026, 1, 1), date(2026, 4, 1)),
        ("48 hours", "calendar", date(2026, 1, 1), date(2026, 1, 3)),
        ("3 years", "end_of_year", date(2026, 5, 20), date(2029, 12, 31)),
        ("48 hours", "working_hours", date(2026, 11, 27), date(2026, 12, 1)),  # a Friday: Monday and Tuesday count
        ("10 days", "working_hours", date(2026, 11, 27), date(2026, 12, 11)),
    ],
)
def test_when_a_period_ends(length: str, counted: str, starts: date, due: date) -> None:
    period = ends(rule(length, counted), starts)
    assert period.due_on == due
    assert period.is_earliest is (counted == "working_hours")


def test_a_length_that_is_none_is_a_fault_of_the_registry() -> None:
    with pytest.raises(ValueError, match="fortnight"):
        ends(rule("1 fortnight"), date(2026, 1, 1))


def test_germany_counts_from_the_end_of_the_year() -> None:
    assert ends(registry().clock("de-limitation"), date(2026, 1, 2)).due_on == date(2029, 12, 31)


def test_the_future_is_refused() -> None:
    today = date(2026, 6, 1)
    assert require_past(today, today, "The day of publication") == today
    with pytest.raises(InputError, match="The day of publication cannot lie in the future"):
        require_past(date(2026, 6, 2), today, "The day of publication")


def test_what_comes_due_is_given_by_day_and_what_is_past_stays() -> None:
    def clock(due: date, *, done: bool = False) -> CaseClock:
        return CaseClock(
            case_id=1,
            title=str(due),
            starts_on=date(2026, 1, 1),
            due_on=due,
            set_by=Owner.COUNSEL,
            set_at=datetime(2026, 1, 1, tzinfo=UTC),
            is_done=done,
        )

    late, soon, far = clock(date(2026, 5, 1)), clock(date(2026, 6, 10)), clock(date(2026, 9, 1))
    done = clock(date(2026, 6, 2), done=True)
    assert clocks_coming([far, soon, done, late], date(2026, 6, 1), timedelta(days=14)) == (late, soon)
