"""Keep what is due, where each source stands, and how polls went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, case, func, insert, select, tuple_, update

from monitor.domain import Alert, Poll, PollOutcome, Target
from monitor.ports import PollEnd
from monitor.store.columns import storable
from monitor.store.engine import insert_into
from monitor.store.leases import is_free
from monitor.store.outbox import add_alerts
from monitor.store.part import Part
from monitor.store.schema import poll, position, target

_KEYS_A_QUERY = 500
_SHORT_CURSOR = 4_000  # longer positions are read when their poll begins, not for a whole batch at once

GOOD = (PollOutcome.OK, PollOutcome.UNCHANGED)
"""The outcomes of a poll that really looked."""

_Key = tuple[str, str]


class PollRows(Part):
    """Implement `monitor.ports.PollStore` except `save_page` and `health`."""

    def sync_targets(self, targets: Sequence[Target], now: datetime) -> None:
        """Make the due table hold exactly these targets; see the port.

        When `every` got shorter, the target is due at the latest one new interval from now.
        """
        wanted = {(storable(one.source), storable(one.query_key)): one for one in targets}
        with self._db.reading() as connection:  # mostly there is nothing to change, and no writer is held up
            if _is_in_line(_known_targets(connection), wanted, now):
                return
        with self._db.writing() as connection:
            known = _known_targets(connection)
            _add_targets(connection, [one for key, one in wanted.items() if key not in known], now)
            _change_targets(connection, [_changed(known[key], wanted[key], now) for key in wanted if key in known])
            _retire_targets(connection, [key for key, row in known.items() if row.is_current and key not in wanted])

    def lease_targets(
        self, now: datetime, *, limit: int, lease_for: timedelta, ignore_due: bool = False
    ) -> tuple[Target, ...]:
        """Lease due targets, the longest due first; a lease that runs out makes the target due again."""
        columns = target.c
        has_position = and_(position.c.source == columns.source, position.c.query_key == columns.query_key)
        text = func.coalesce(position.c.cursor, "")
        query = (
            select(target, case((func.length(text) <= _SHORT_CURSOR, text)).label("cursor"))
            .outerjoin(position, has_position)
            .where(columns.is_current, is_free(columns.lease_until, now))
            .order_by(columns.next_due_at, columns.source, columns.query_key)
            .limit(limit)
            .with_for_update(of=target, skip_locked=True)
        )
        # Whatever else is due or forced, a source that asked to be left alone until a moment is.
        query = query.where(is_free(columns.not_before, now))
        if not ignore_due:
            query = query.where(columns.next_due_at <= now)
        with self._db.writing() as connection:
            rows = connection.execute(query).all()
            leased = [{"its_source": row.source, "its_key": row.query_key} for row in rows]
            if leased:
                connection.execute(_update_target().values(lease_until=now + lease_for), leased)
        return tuple(target_of(row, now + lease_for, row.cursor) for row in rows)

    def release_targets(self, targets: Sequence[Target]) -> None:
        """Give leases back whose polls' ends were not kept; see the port."""
        if not targets:
            return
        its = [{"its_source": one.source, "its_key": one.query_key, "its_lease": one.lease_until} for one in targets]
        lease = bindparam("its_lease", type_=target.c.lease_until.type)
        with self._db.writing() as connection:
            connection.execute(_update_target().where(target.c.lease_until == lease).values(lease_until=None), its)

    def cursor(self, source: str, query_key: str) -> str:
        """Give the kept position as JSON text, or an empty string."""
        query = select(position.c.cursor).where(position.c.source == source, position.c.query_key == query_key)
        with self._db.reading() as connection:
            return connection.execute(query).scalar() or ""

    def finish_poll(
        self, finished: Poll, *, next_due_at: datetime, failures: int, alerts: Sequence[Alert] = ()
    ) -> None:
        """Record one poll; see `finish_polls`."""
        self.finish_polls([PollEnd(poll=finished, next_due_at=next_due_at, failures=failures, alerts=tuple(alerts))])

    def finish_polls(self, ends: Sequence[PollEnd]) -> None:
        """Record polls, give their leases back, and set when each target is due next and its failures in a row."""
        if not ends:
            return
        # In one order everywhere, so that two workers never wait for each other.
        ordered = sorted(ends, key=lambda one: (one.poll.source, one.poll.query_key, one.poll.finished_at))
        with self._db.writing() as connection:
            connection.execute(insert(poll), [_poll_values(one.poll) for one in ordered])
            connection.execute(_FINISHED, [_end_values(one) for one in ordered])
            add_alerts(connection, [alert for one in ordered for alert in one.alerts])

    def polls(self, *, source: str = "", since: datetime | None = None, limit: int = 100) -> tuple[Poll, ...]:
        """Give polls, newest first."""
        columns = poll.c
        query = select(poll).order_by(columns.finished_at.desc(), columns.id.desc()).limit(limit)
        if source:
            query = query.where(columns.source == source)
        if since is not None:
            query = query.where(columns.finished_at >= since)
        with self._db.reading() as connection:
            return tuple(_poll_of(row) for row in connection.execute(query))


def _update_target() -> Any:  # noqa: ANN401 - SQLAlchemy's Update, of which each chained call has another type
    return update(target).where(target.c.source == bindparam("its_source"), target.c.query_key == bindparam("its_key"))


_FINISHED = _update_target().values(
    next_due_at=bindparam("new_due"),
    not_before=bindparam("new_not_before", type_=target.c.not_before.type),
    failures=bindparam("new_failures"),
    lease_until=bindparam("new_lease", type_=target.c.lease_until.type),
    last_outcome=bindparam("new_outcome"),
    last_error=bindparam("new_error"),
    last_polled_at=bindparam("polled_at"),
    last_good_at=func.coalesce(bindparam("good_at", type_=target.c.last_good_at.type), target.c.last_good_at),
)


def _end_values(end: PollEnd) -> dict[str, object]:
    finished = end.poll
    return {
        "its_source": finished.source,
        "its_key": finished.query_key,
        "new_due": max(end.next_due_at, end.not_before or end.next_due_at),
        "new_not_before": end.not_before,
        "new_failures": end.failures,
        "new_lease": end.lease_until,
        "new_outcome": finished.outcome,
        "new_error": finished.error,
        "polled_at": finished.finished_at,
        "good_at": finished.finished_at if finished.outcome in GOOD else None,
    }


def _known_targets(connection: Connection) -> dict[_Key, Row[Any]]:
    columns = target.c
    query: Select[Any] = select(
        *(columns.source, columns.query_key, columns.terms, columns.every, columns.next_due_at),
        *(columns.not_before, columns.is_current),
    )
    return {(row.source, row.query_key): row for row in connection.execute(query)}


def _is_in_line(known: dict[_Key, Row[Any]], wanted: dict[_Key, Target], now: datetime) -> bool:
    """Tell whether the due table already holds exactly these targets."""
    current = {key for key, row in known.items() if row.is_current}
    return current == wanted.keys() and not any(_changed(known[key], one, now) for key, one in wanted.items())


def _add_targets(connection: Connection, targets: Sequence[Target], now: datetime) -> None:
    values = [
        {
            "source": one.source,
            "query_key": one.query_key,
            "terms": one.terms,
            "every": one.every,
            "is_current": True,
            "next_due_at": now,
            "lease_until": None,
            "failures": 0,
            "last_outcome": "",
            "last_error": "",
        }
        for one in targets
    ]
    if values:
        connection.execute(insert_into(connection, target).on_conflict_do_nothing(), values)


def _changed(row: Row[Any], wanted: Target, now: datetime) -> dict[str, object] | None:
    """Say what a known target is to become, or None when it is that already."""
    if row.is_current and row.every == wanted.every and tuple(row.terms) == wanted.terms:
        return None
    due = row.next_due_at if row.is_current else min(now, row.next_due_at)
    if wanted.every < row.every:
        due = min(due, now + wanted.every)
    if row.not_before is not None:
        due = max(due, row.not_before)
    return {
        "its_source": row.source,
        "its_key": row.query_key,
        "new_terms": wanted.terms,
        "new_every": wanted.every,
        "new_due": due,
    }


def _change_targets(connection: Connection, changes: Sequence[dict[str, object] | None]) -> None:
    values = [change for change in changes if change is not None]
    if values:
        command = _update_target().values(
            terms=bindparam("new_terms"),
            every=bindparam("new_every"),
            next_due_at=bindparam("new_due"),
            is_current=True,
        )
        connection.execute(command, values)


def _retire_targets(connection: Connection, keys: Sequence[_Key]) -> None:
    chosen = tuple_(target.c.source, target.c.query_key)
    for start in range(0, len(keys), _KEYS_A_QUERY):
        some = keys[start : start + _KEYS_A_QUERY]
        connection.execute(update(target).where(chosen.in_(some)).values(is_current=False, lease_until=None))


def target_of(row: Row[Any], lease_until: datetime, cursor: str | None = None) -> Target:
    """Give a leased row of the due table as a target."""
    return Target(
        source=row.source,
        query_key=row.query_key,
        every=row.every,
        terms=tuple(row.terms),
        next_due_at=row.next_due_at,
        failures=row.failures,
        lease_until=lease_until,
        cursor=cursor,
    )


def _poll_values(finished: Poll) -> dict[str, object]:
    return {
        "connector": finished.connector,
        "source": finished.source,
        "query_key": finished.query_key,
        "started_at": finished.started_at,
        "finished_at": finished.finished_at,
        "outcome": finished.outcome,
        "fetched": finished.fetched,
        "new": finished.new,
        "revised": finished.revised,
        "gone": finished.gone,
        "error": finished.error,
        "due_at": finished.due_at,
    }


def _poll_of(row: Row[Any]) -> Poll:
    return Poll(
        connector=row.connector,
        source=row.source,
        query_key=row.query_key,
        started_at=row.started_at,
        finished_at=row.finished_at,
        outcome=PollOutcome(row.outcome),
        fetched=row.fetched,
        new=row.new,
        revised=row.revised,
        gone=row.gone,
        error=row.error,
        due_at=row.due_at,
    )
