"""When a source is polled again and an alert is sent again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.domain import Alert, AlertKind, PollOutcome, Target
from monitor.errors import (
    AddressForbidden,
    AuthenticationFailed,
    BudgetSpent,
    RateLimited,
    RobotsDisallowed,
    SourceChanged,
    SourceUnavailable,
    TooLarge,
)
from monitor.jobs.poll import FAILURES_AT_FULL_RATE, next_due, outcome_of
from monitor.jobs.retries import GIVE_UP_AFTER, LONGEST_WAIT, next_attempt, tried_for

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TARGET = Target(source="forum", query_key="*", every=timedelta(minutes=15))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (RateLimited(), PollOutcome.RATE_LIMITED),
        (SourceUnavailable(), PollOutcome.UNAVAILABLE),
        (AuthenticationFailed(), PollOutcome.AUTH),
        (RobotsDisallowed(), PollOutcome.FORBIDDEN),
        (AddressForbidden(), PollOutcome.FORBIDDEN),
        (BudgetSpent(), PollOutcome.BUDGET),
        (SourceChanged(), PollOutcome.CHANGED),
        (TooLarge(), PollOutcome.CHANGED),
        (KeyError("x"), PollOutcome.BROKEN),
    ],
)
def test_every_error_has_its_outcome(error: Exception, outcome: PollOutcome) -> None:
    assert outcome_of(error) is outcome


def test_a_good_poll_is_due_again_after_the_interval() -> None:
    assert next_due(TARGET, 0, None, NOW) == NOW + TARGET.every


def test_failures_wait_longer_but_never_for_ever() -> None:
    waits = [next_due(TARGET, failures, SourceUnavailable(), NOW) - NOW for failures in range(1, 40)]
    assert waits[:FAILURES_AT_FULL_RATE] == [TARGET.every] * FAILURES_AT_FULL_RATE
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=6)


def test_a_slow_source_is_never_asked_more_often_because_it_fails() -> None:
    daily = replace(TARGET, every=timedelta(days=1))
    assert next_due(daily, 9, SourceUnavailable(), NOW) - NOW >= daily.every


def test_never_earlier_than_the_source_asked() -> None:
    later = NOW + timedelta(hours=3)
    assert next_due(TARGET, 1, RateLimited(retry_at=later), NOW) == later
    assert next_due(TARGET, 1, RateLimited(retry_at=NOW), NOW) == NOW + TARGET.every


def test_an_alert_is_tried_for_seven_days_then_given_up() -> None:
    alert = Alert(id=41, kind=AlertKind.MATCH, dedupe_key="x", created_at=NOW)
    waits = []
    for failures in range(1, 30):
        due = next_attempt(alert, failures, timedelta(0), NOW)
        assert due is not None
        waits.append(due - NOW)
    assert waits == sorted(waits)
    assert waits[0] < timedelta(seconds=6)
    assert LONGEST_WAIT <= waits[-1] <= LONGEST_WAIT * 1.1
    assert next_attempt(alert, 1, GIVE_UP_AFTER, NOW) is None
    assert next_attempt(alert, 1, GIVE_UP_AFTER - LONGEST_WAIT, NOW + timedelta(days=3652)) is not None


@pytest.mark.parametrize(
    ("hours", "tried"),
    [
        ([], 0),
        ([5], 0),
        ([0, 1, 2, 3], 3),
        ([0, 24, 48], 48),
        ([0, 1, 87_649, 87_650], 2),
        ([0, 1, 87_649, 2, 3], 2),
        ([0, 80, 81], 1),
    ],
    ids=["none", "once", "hourly", "daily", "ten years ahead", "and back", "switched off for days"],
)
def test_only_the_time_counts_in_which_it_was_tried(hours: list[int], tried: int) -> None:
    assert tried_for(NOW + timedelta(hours=hour) for hour in hours) == timedelta(hours=tried)
