"""Fetch and keep: walk a source page by page, each page and its cursor in one transaction."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import BaseModel, ValidationError

from monitor.contract import Connector, Context, Page, Query
from monitor.domain import LONGEST_ASKED_WAIT, Poll, PollOutcome, Target
from monitor.errors import (
    AccessForbidden,
    AddressForbidden,
    AuthenticationFailed,
    BudgetSpent,
    MonitorError,
    PermanentError,
    RateLimited,
    RobotsDisallowed,
    StoreError,
    TemporaryError,
)
from monitor.jobs.keep import rows_from
from monitor.jobs.poll_ends import PollEnds
from monitor.ports import Clock, PageResult, PollEnd, PollStore

log = logging.getLogger("goodname.poll")

FAILURES_AT_FULL_RATE = 3
"""So many failures in a row are tried again at the usual interval; then it grows. `jobs.silence` tells of them."""

LONGEST_WAIT = timedelta(hours=6)
LEASE = timedelta(minutes=15)
DEADLINE_S = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Hold one configured source: its connector, how often it is polled, and how to make its context.

    `sift` takes out of a page what nobody watches for, before it is kept; streams have it, searches need none.
    """

    name: str
    connector_name: str
    connector: Connector
    every: timedelta
    context: Callable[[datetime], Context]
    sift: Callable[[Page], Page] | None = None


@dataclass(kw_only=True, slots=True)
class Tally:
    """Count what a poll has brought so far."""

    fetched: int = 0
    new: int = 0
    revised: int = 0
    gone: int = 0
    not_modified: bool = False

    def count(self, page: Page, result: PageResult) -> None:
        """Add what one page brought, and what of it was kept."""
        self.fetched += len(page.items)
        self.new += result.new
        self.revised += result.revised
        self.gone += result.gone


_OUTCOMES: tuple[tuple[type[MonitorError], PollOutcome], ...] = (
    (RateLimited, PollOutcome.RATE_LIMITED),
    (TemporaryError, PollOutcome.UNAVAILABLE),
    (AuthenticationFailed, PollOutcome.AUTH),
    (AccessForbidden, PollOutcome.FORBIDDEN),
    (RobotsDisallowed, PollOutcome.FORBIDDEN),
    (AddressForbidden, PollOutcome.FORBIDDEN),
    (BudgetSpent, PollOutcome.BUDGET),
    (PermanentError, PollOutcome.CHANGED),
)


def outcome_of(error: Exception) -> PollOutcome:
    """Say in one word how a poll ended that raised this error."""
    for kind, outcome in _OUTCOMES:
        if isinstance(error, kind):
            return outcome
    return PollOutcome.CHANGED if isinstance(error, MonitorError) else PollOutcome.BROKEN


def next_due(target: Target, failures: int, error: Exception | None, now: datetime) -> datetime:
    """Decide when a target is polled again.

    The usual interval for the first failures, so that a short fault is noticed to be over; then twice as long each
    time up to six hours (or the interval, when that is longer). Never earlier than the source itself asked.
    """
    extra = max(0, failures - FAILURES_AT_FULL_RATE)
    wait = min(target.every * (1 << min(extra, 10)), max(LONGEST_WAIT, target.every)) if failures else target.every
    return max(now + wait, not_before(error, now) or now)


def not_before(error: Exception | None, now: datetime) -> datetime | None:
    """Give the moment before which the source asked not to be read again, a week ahead at most; None: no wish."""
    if not isinstance(error, RateLimited) or error.retry_at is None:
        return None
    return min(error.retry_at, now + LONGEST_ASKED_WAIT)


async def run(
    store: PollStore,
    sources: Mapping[str, Source],
    clock: Clock,
    *,
    limit: int = 64,
    ignore_due: bool = False,
    parallel: int = 16,
) -> tuple[Poll, ...]:
    """Lease due targets and poll them, up to `parallel` side by side; gives how each went.

    A failing source is a Poll with its outcome and never delays or stops another. When the database itself fails,
    the target's lease runs out and it is polled again from its last kept page.
    """
    targets = await lease(store, clock, limit=limit, ignore_due=ignore_due)
    room, ends = asyncio.Semaphore(parallel), PollEnds(store)

    async def poll_one(target: Target) -> Poll | None:
        async with room:
            return await poll_leased(store, sources, target, clock, ends)

    polls = await asyncio.gather(*(poll_one(target) for target in targets))
    return tuple(poll for poll in polls if poll)


async def lease(store: PollStore, clock: Clock, *, limit: int, ignore_due: bool = False) -> tuple[Target, ...]:
    """Lease due targets for fifteen minutes, longer than any poll may take.

    `ignore_due`: all targets, due or not, but those whose source asked to wait.
    """
    return await asyncio.to_thread(
        store.lease_targets, clock.now(), limit=limit, lease_for=LEASE, ignore_due=ignore_due
    )


async def poll_leased(
    store: PollStore, sources: Mapping[str, Source], target: Target, clock: Clock, ends: PollEnds
) -> Poll | None:
    """Poll one leased target; None when the database failed or the source is no longer configured."""
    source = sources.get(target.source)
    if source is None:
        return None
    started_at, tally, error = clock.now(), Tally(), None
    try:
        async with asyncio.timeout(DEADLINE_S):
            await _walk(store, source, target, clock, tally)
    except StoreError:
        log.warning("the database could not keep a page", extra={"source": source.name}, exc_info=True)
        return None
    except Exception as caught:  # noqa: BLE001  # boundary: a plugin's fault stops its own source only
        error = TemporaryError("The source took too long.") if isinstance(caught, TimeoutError) else caught
    poll = replace(summed_up(source, target, tally, error, started_at, clock.now()), due_at=_due_at(target, started_at))
    try:
        await ends.add(_end_of(target, poll, error))
    except StoreError:
        log.warning("the database could not keep how a poll went", extra={"source": source.name}, exc_info=True)
        return None
    return poll


def _end_of(target: Target, poll: Poll, error: Exception | None) -> PollEnd:
    failures = target.failures + 1 if error else 0
    return PollEnd(
        poll=poll,
        next_due_at=next_due(target, failures, error, poll.finished_at),
        failures=failures,
        not_before=not_before(error, poll.finished_at),
    )


async def _kept_cursor(store: PollStore, target: Target, now: datetime) -> str:
    """Give the position: the one that came with the lease for as long as nobody else can have moved it."""
    if target.cursor is not None and target.lease_until is not None and now < target.lease_until:
        return target.cursor
    return await asyncio.to_thread(store.cursor, target.source, target.query_key)


async def _walk(store: PollStore, source: Source, target: Target, clock: Clock, tally: Tally) -> None:
    cursor = parse_cursor(source, await _kept_cursor(store, target, clock.now()))
    query = Query(key=target.query_key, terms=target.terms)
    async with aclosing(source.connector.poll(source.context(clock.now()), query, cursor)) as pages:  # type: ignore[type-var]  # the contract promises an async generator's aclose
        async for page in pages:
            tally.not_modified = page.not_modified
            if page.not_modified and page.cursor == cursor and not (page.items or page.gone):
                continue
            sifted = await asyncio.to_thread(source.sift, page) if source.sift else page
            rows = rows_from(source.name, target.query_key, sifted, clock.now())
            tally.count(page, await asyncio.to_thread(store.save_page, rows))


def parse_cursor(source: Source, kept: str) -> BaseModel:
    """Read a kept position; one that an older version wrote and this one cannot read means starting over.

    Starting over loses nothing: items are known by their ids.
    """
    model = source.connector.spec.cursor
    if not kept:
        return model()
    try:
        return model.model_validate_json(kept)
    except ValidationError:
        log.warning("a kept position cannot be read; starting over", extra={"source": source.name})
        return model()


def summed_up(
    source: Source, target: Target, tally: Tally, error: Exception | None, started_at: datetime, finished_at: datetime
) -> Poll:
    """Record how a poll went, or a stretch of a stream; a fault is logged."""
    if error is None:
        outcome = PollOutcome.UNCHANGED if tally.not_modified else PollOutcome.OK
    else:
        outcome = outcome_of(error)
        level = logging.ERROR if outcome is PollOutcome.BROKEN else logging.WARNING
        exc_info = error if outcome is PollOutcome.BROKEN else None
        log.log(level, "poll failed", extra={"source": source.name, "outcome": outcome.value}, exc_info=exc_info)
    return Poll(
        connector=source.connector_name,
        source=target.source,
        query_key=target.query_key,
        started_at=started_at,
        finished_at=finished_at,
        outcome=outcome,
        fetched=tally.fetched,
        new=tally.new,
        revised=tally.revised,
        gone=tally.gone,
        error=_in_words(error),
    )


def _due_at(target: Target, started_at: datetime) -> datetime | None:
    due = target.next_due_at
    return due if due is not None and due <= started_at else None


def _in_words(error: Exception | None) -> str:
    if error is None:
        return ""
    if isinstance(error, MonitorError):
        return str(error)[:500]
    return f"The connector broke ({type(error).__name__}). This is a fault of the plugin, not of the source."


def targets_of(sources: Sequence[Source], terms: Sequence[str]) -> tuple[Target, ...]:
    """Give the due table's rows: one a source, with the watched names for those that can search."""
    names = tuple(terms)
    return tuple(Target(source=source.name, query_key="*", every=source.every, terms=names) for source in sources)
