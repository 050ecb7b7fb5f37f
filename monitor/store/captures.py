"""Keep capture requests, captures, and later observations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, case, delete, func, insert, select, update

from monitor.domain import Alert, Capture, CaptureRequest, LiveState, Observation
from monitor.errors import StoreError
from monitor.store.capture_rows import (
    add_requests,
    artifact_values,
    capture_of,
    capture_values,
    load_artifacts,
    observation_of,
    request_of,
)
from monitor.store.engine import insert_into
from monitor.store.leases import is_free, is_ripe
from monitor.store.mentions import load_raw
from monitor.store.outbox import add_alerts, release_waiting
from monitor.store.part import Part
from monitor.store.schema import artifact, capture, capture_request, mention, mention_revision, observation

_INTERRUPTIONS = func.coalesce(capture_request.c.interruptions, 0)
_TRY = "Run `goodname hits show ID` for a mention: it names its captures."
_SEEN_AGAIN = (LiveState.LIVE, LiveState.EDITED)


class CaptureRows(Part):
    """Implement `monitor.ports.CaptureStore` except `changes`."""

    def request_capture(self, request: CaptureRequest, now: datetime) -> int:
        """Ask for a capture by hand; gives the request's id (the known one when it is still open)."""
        columns = capture_request.c
        query = select(columns.id).where(
            columns.mention_id == request.mention_id, columns.revision == request.revision, columns.is_open
        )
        with self._db.writing() as connection:
            add_requests(connection, [request], now)
            return int(connection.execute(query).scalar_one())

    def lease_captures(
        self, now: datetime, *, limit: int, lease_for: timedelta, only: int = 0
    ) -> tuple[CaptureRequest, ...]:
        """Lease open requests that are due (or the one with this id), oldest first, with their raw bytes filled in.

        `attempts` is one more than the failures so far. A lease that ran out is no failure of the page: the program
        was killed. It is counted as an interruption, which is on the disk before the page is touched.
        """
        columns = capture_request.c
        query = (
            select(capture_request)
            .where(columns.is_open, is_ripe(columns.next_attempt_at, now), is_free(columns.lease_until, now))
            .order_by(_INTERRUPTIONS, columns.requested_at, columns.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        if only:
            query = query.where(columns.id == only)
        with self._db.writing() as connection:
            rows = _without_company(connection.execute(query).all())
            connection.execute(
                update(capture_request)
                .where(columns.id.in_([row.id for row in rows]))
                .values(lease_until=now + lease_for, interruptions=_INTERRUPTIONS + 1)
            )
            return _with_raw(connection, rows)

    def finish_capture(self, finished: Capture, alerts: Sequence[Alert] = ()) -> None:
        """Record a capture and close its request; idempotent by the capture's id.

        A capture without a request's id closes the open request for the same revision. One whose request is unknown,
        already closed, or about something else is recorded all the same. Alerts about the mention that were waiting for
        its evidence, and were not tried yet, are due at once.
        """
        columns = capture_request.c
        close = (
            update(capture_request)
            .where(columns.mention_id == finished.mention_id, columns.revision == finished.revision, columns.is_open)
            .values(is_open=False, lease_until=None, last_error=finished.failure)
        )
        if finished.request_id:
            close = close.where(columns.id == finished.request_id)
        with self._db.writing() as connection:
            command = insert_into(connection, capture).values(capture_values(finished)).on_conflict_do_nothing()
            # The row comes back only when it was inserted; not every driver counts inserted rows.
            if connection.execute(command.returning(capture.c.id)).first() is not None:
                if finished.artifacts:
                    connection.execute(insert(artifact), artifact_values(finished))
                connection.execute(close)
                if finished.mention_id:
                    release_waiting(connection, finished.mention_id)
            add_alerts(connection, alerts)

    def retry_capture(self, request_id: int, *, next_attempt_at: datetime, error: str) -> None:
        """Count a failure and give a leased request back, to be tried again at that time."""
        command = (
            update(capture_request)
            .where(capture_request.c.id == request_id, capture_request.c.is_open)
            .values(
                lease_until=None,
                next_attempt_at=next_attempt_at,
                last_error=error,
                attempts=capture_request.c.attempts + 1,
                interruptions=0,
            )
        )
        with self._db.writing() as connection:
            connection.execute(command)

    def return_capture(self, request_id: int) -> None:
        """Give a leased request back as if it had not been leased: the program ends in order."""
        columns = capture_request.c
        command = (
            update(capture_request)
            .where(columns.id == request_id, columns.is_open, columns.lease_until.is_not(None))
            .values(lease_until=None, interruptions=case((_INTERRUPTIONS > 0, _INTERRUPTIONS - 1), else_=0))
        )
        with self._db.writing() as connection:
            connection.execute(command)

    def capture(self, capture_id: str) -> Capture:
        """Give one capture; StoreError when there is none."""
        with self._db.reading() as connection:
            row = connection.execute(select(capture).where(capture.c.id == capture_id)).first()
            if row is None:
                raise StoreError(
                    f"There is no such capture: {capture_id}.",
                    try_=_TRY,
                )
            return capture_of(row, load_artifacts(connection, [capture_id]).get(row.id, ()))

    def captures(self, mention_id: int) -> tuple[Capture, ...]:
        """Give a mention's captures, oldest first."""
        columns = capture.c
        query = select(capture).where(columns.mention_id == mention_id).order_by(columns.captured_at, columns.id)
        with self._db.reading() as connection:
            rows = connection.execute(query).all()
            artifacts = load_artifacts(connection, [row.id for row in rows])
        return tuple(capture_of(row, artifacts.get(row.id, ())) for row in rows)

    def drop_capture(self, capture_id: str) -> None:
        """Forget a capture whose files were deleted; idempotent."""
        with self._db.writing() as connection:
            connection.execute(delete(artifact).where(artifact.c.capture_id == capture_id))
            connection.execute(delete(capture).where(capture.c.id == capture_id))

    def capture_ids(self) -> frozenset[str]:
        """Give the ids of all recorded captures."""
        with self._db.reading() as connection:
            return frozenset(connection.execute(select(capture.c.id)).scalars())

    def save_observation(self, seen: Observation) -> None:
        """Record one later look at a mention; "gone", and "live" after it, count as said by the source, too."""
        values = {
            "mention_id": seen.mention_id,
            "state": seen.state,
            "signal": seen.signal,
            "observed_at": seen.observed_at,
            "capture_id": seen.capture_id,
        }
        with self._db.writing() as connection:
            connection.execute(insert(observation), values)
            if seen.state is LiveState.GONE or seen.state in _SEEN_AGAIN:
                is_gone = seen.state is LiveState.GONE
                connection.execute(update(mention).where(mention.c.id == seen.mention_id).values(is_gone=is_gone))

    def observations(self, mention_id: int) -> tuple[Observation, ...]:
        """Give a mention's observations, oldest first."""
        columns = observation.c
        query = select(observation).where(columns.mention_id == mention_id).order_by(columns.observed_at, columns.id)
        with self._db.reading() as connection:
            return tuple(observation_of(row) for row in connection.execute(query))


def _without_company(rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """Leave out requests that were interrupted before, or take one of them alone: it may take the others with it."""
    return [row for row in rows if not row.interruptions] or rows[:1]


def _with_raw(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[CaptureRequest, ...]:
    """Build leased requests, each with the bytes that its revision came from."""
    columns = mention_revision.c
    wanted = and_(columns.mention_id == capture_request.c.mention_id, columns.revision == capture_request.c.revision)
    query = (
        select(capture_request.c.id, columns.raw_sha256)
        .join_from(capture_request, mention_revision, wanted)
        .where(capture_request.c.id.in_([row.id for row in rows]))
    )
    hashes = {row.id: row.raw_sha256 for row in connection.execute(query)}
    raw = load_raw(connection, set(hashes.values()))
    return tuple(request_of(row, raw.get(hashes.get(row.id, "")), attempts=row.attempts + 1) for row in rows)
