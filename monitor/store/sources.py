"""Say how the sources are doing, and which were looked at in a period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, select

from monitor.domain import Coverage, HealthState, PollOutcome, Rhythm, SourceHealth
from monitor.store.part import Part
from monitor.store.polls import GOOD
from monitor.store.schema import poll, source_tally, target

# From well to worst; the worst of a source's targets speaks for it.
_STATES = (
    HealthState.OK,
    HealthState.QUIET,
    HealthState.UNCHECKED,
    HealthState.DEGRADED,
    HealthState.BUDGET,
    HealthState.CHANGED,
    HealthState.BLOCKED,
    HealthState.AUTH,
)

_STATE_OF = {
    PollOutcome.OK: HealthState.OK,
    PollOutcome.UNCHANGED: HealthState.OK,
    PollOutcome.RATE_LIMITED: HealthState.DEGRADED,
    PollOutcome.UNAVAILABLE: HealthState.DEGRADED,
    PollOutcome.AUTH: HealthState.AUTH,
    PollOutcome.FORBIDDEN: HealthState.BLOCKED,
    PollOutcome.CHANGED: HealthState.CHANGED,
    PollOutcome.BROKEN: HealthState.CHANGED,
    PollOutcome.BUDGET: HealthState.BUDGET,
}

_WORDS = {
    HealthState.DEGRADED: "it does not answer as it should",
    HealthState.BUDGET: "its spending limit is reached",
    HealthState.CHANGED: "it answers in a form that is not understood",
    HealthState.BLOCKED: "it does not allow this to be read",
    HealthState.AUTH: "it refuses the credentials",
}


@dataclass(slots=True)
class _Tally:
    """Count the polls of one source in a period."""

    checks: int = 0
    failures: int = 0
    last_good_at: datetime | None = None


class SourceRows(Part):
    """Implement `health` and `coverage` of `monitor.ports`."""

    def health(self) -> tuple[SourceHealth, ...]:
        """Sum up every source that has targets, by name."""
        with self._db.reading() as connection:
            return _load_health(connection, self._clock.now())

    def coverage(self, start: datetime, end: datetime) -> tuple[Coverage, ...]:
        """Say for every source whether it was looked at in [start, end), by name."""
        with self._db.reading() as connection:
            health = {one.source: one for one in _load_health(connection, end)}
            tallies = _count_polls(connection, start, end)
            covered = []
            for source in sorted(health.keys() | tallies.keys()):
                tally = tallies.get(source, _Tally())
                if tally.last_good_at is None:
                    tally.last_good_at = _last_good(connection, source, end)
                error = _last_error(connection, source, start, end) if tally.failures else ""
                covered.append(_cover(source, tally, error, health.get(source), end))
        return tuple(covered)


def _rank() -> ColumnElement[int]:
    """Count how bad a target's newest poll was, as an index into `_STATES`."""
    ranks = {outcome.value: _STATES.index(state) for outcome, state in _STATE_OF.items()}
    return case(ranks, value=target.c.last_outcome, else_=_STATES.index(HealthState.UNCHECKED))


def _load_health(connection: Connection, now: datetime) -> tuple[SourceHealth, ...]:
    return tuple(_health_of(row, now) for row in connection.execute(_health()).all())


@cache
def _health() -> Select[Any]:
    """Write the question once: building it takes longer than asking it."""
    columns = target.c
    ranked = (
        select(
            columns.source,
            columns.last_error,
            _rank().label("rank"),
            func.row_number()
            .over(partition_by=columns.source, order_by=[_rank().desc(), columns.last_polled_at.desc()])
            .label("place"),
        )
        .where(columns.is_current)
        .subquery()
    )
    worst = select(ranked).where(ranked.c.place == 1).subquery()
    sums = (
        select(
            columns.source,
            func.max(columns.last_good_at).label("last_good_at"),
            func.min(columns.next_due_at).label("next_due_at"),
            func.max(columns.not_before).label("not_before"),
            func.max(columns.failures).label("failures"),
            func.min(columns.every).label("every"),
        )
        .where(columns.is_current)
        .group_by(columns.source)
        .subquery()
    )
    tally = source_tally.c
    return (
        select(
            *(sums, worst.c.rank, worst.c.last_error, func.coalesce(tally.mentions, 0).label("items")),
            *(tally.finds, tally.last_find_at, tally.longest_gap),
        )
        .join(worst, worst.c.source == sums.c.source)
        .outerjoin(source_tally, tally.source == sums.c.source)
        .order_by(sums.c.source)
    )


def _health_of(row: Row[Any], now: datetime) -> SourceHealth:
    state, quiet_since = _STATES[row.rank], None
    if state is HealthState.OK and row.finds:
        rhythm = Rhythm(finds=row.finds, last_find_at=row.last_find_at, longest_gap=row.longest_gap)
        quiet_since = rhythm.quiet_since(now)
    return SourceHealth(
        source=row.source,
        state=HealthState.QUIET if quiet_since else state,
        last_good_at=row.last_good_at,
        next_due_at=row.next_due_at,
        failures=row.failures,
        last_error=row.last_error,
        items=row.items,
        every=row.every,
        quiet_since=quiet_since,
        not_before=row.not_before,
    )


def _within(start: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(poll.c.finished_at >= start, poll.c.finished_at < end)


def _count_polls(connection: Connection, start: datetime, end: datetime) -> Mapping[str, _Tally]:
    query = (
        select(poll.c.source, poll.c.outcome, func.count().label("polls"), func.max(poll.c.finished_at).label("last"))
        .where(_within(start, end))
        .group_by(poll.c.source, poll.c.outcome)
    )
    tallies: dict[str, _Tally] = {}
    for row in connection.execute(query):
        tally = tallies.setdefault(row.source, _Tally())
        tally.checks += row.polls
        if row.outcome not in GOOD:
            tally.failures += row.polls
        elif tally.last_good_at is None or row.last > tally.last_good_at:
            tally.last_good_at = row.last
    return tallies


def _last_good(connection: Connection, source: str, before: datetime) -> datetime | None:
    columns = poll.c
    query = (
        select(columns.finished_at)
        .where(columns.source == source, columns.finished_at < before, columns.outcome.in_(GOOD))
        .order_by(columns.finished_at.desc())
        .limit(1)
    )
    return connection.execute(query).scalar()


def _last_error(connection: Connection, source: str, start: datetime, end: datetime) -> str:
    columns = poll.c
    query = (
        select(columns.error, columns.outcome)
        .where(columns.source == source, _within(start, end), columns.outcome.not_in(GOOD))
        .order_by(columns.finished_at.desc(), columns.id.desc())
        .limit(1)
    )
    row = connection.execute(query).one()
    return row.error or _WORDS[_STATE_OF[PollOutcome(row.outcome)]]


def _cover(source: str, tally: _Tally, error: str, health: SourceHealth | None, end: datetime) -> Coverage:
    now_state = health.state if health else HealthState.UNCHECKED
    if not tally.checks:
        state, why = HealthState.UNCHECKED, _why_unchecked(health, end)
    elif not tally.failures and health and health.quiet_since:
        state, why = HealthState.QUIET, _quiet_words(health.quiet_since)
    elif not tally.failures:
        state, why = HealthState.OK, ""
    elif tally.failures == tally.checks:
        state, why = _at_least_degraded(now_state), f"no check succeeded; the last error: {error}"
    else:
        state = HealthState.DEGRADED if now_state is HealthState.UNCHECKED else now_state
        why = f"{tally.failures} of {tally.checks} checks failed; the last error: {error}"
    return Coverage(
        source=source,
        state=state,
        checks=tally.checks,
        failures=tally.failures,
        last_good_at=tally.last_good_at,
        why=why,
    )


def _quiet_words(since: datetime) -> str:
    """Say what a quiet source does."""
    return f"it answers, but has brought nothing new since {since:%Y-%m-%d}, far longer than usual"


def _at_least_degraded(state: HealthState) -> HealthState:
    return state if state in _WORDS else HealthState.DEGRADED


def _why_unchecked(health: SourceHealth | None, end: datetime) -> str:
    if health is None:
        return "it is no longer watched"
    if health.state in _WORDS:
        return f"it was not checked in this period; the last error: {health.last_error or _WORDS[health.state]}"
    if health.next_due_at is not None and health.next_due_at >= end:
        return "it was not due yet"
    return "it was due and was not checked in this period"
