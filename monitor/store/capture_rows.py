"""Turn capture requests and captures into rows and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select, text

from monitor.domain import (
    Artifact,
    ArtifactRole,
    Capture,
    CaptureOutcome,
    CaptureRequest,
    Completeness,
    LiveState,
    Observation,
    Origin,
    RawResponse,
)
from monitor.store.engine import insert_into
from monitor.store.schema import artifact, capture_request


def request_values(request: CaptureRequest, requested_at: datetime) -> dict[str, object]:
    """Spread a new request over its columns; its id and raw bytes are not kept here."""
    return {
        "mention_id": request.mention_id,
        "revision": request.revision,
        "url": request.url,
        "subject_id": request.subject_id,
        "quotes": request.quotes,
        "anchor": request.anchor,
        "images": request.images,
        "facts": request.facts,
        "attempts": request.attempts,
        "requested_at": requested_at,
        "next_attempt_at": None,
        "lease_until": None,
        "last_error": "",
        "is_open": True,
        "interruptions": 0,
    }


def request_of(row: Row[Any], raw: RawResponse | None, *, attempts: int) -> CaptureRequest:
    """Build a request with the bytes that its revision came from."""
    return CaptureRequest(
        id=row.id,
        mention_id=row.mention_id,
        revision=row.revision,
        url=row.url,
        subject_id=row.subject_id,
        quotes=tuple(row.quotes),
        anchor=row.anchor,
        images=tuple(row.images),
        raw=raw.body if raw else b"",
        raw_media_type=raw.media_type if raw else "",
        attempts=attempts,
        interruptions=row.interruptions or 0,
        facts=row.facts,
    )


def add_requests(connection: Connection, requests: Sequence[CaptureRequest], now: datetime) -> None:
    """Ask for captures; where a request for the same revision is open, nothing is added."""
    command = insert_into(connection, capture_request).on_conflict_do_nothing(
        index_elements=["mention_id", "revision"], index_where=text("is_open")
    )
    connection.execute(command, [request_values(request, now) for request in requests])


def add_first_requests(connection: Connection, requests: Sequence[CaptureRequest], now: datetime) -> None:
    """Ask for captures of revisions for which nobody ever asked before."""
    columns = capture_request.c
    ids = sorted({request.mention_id for request in requests})
    query = select(columns.mention_id, columns.revision).where(columns.mention_id.in_(ids))
    asked = {(row.mention_id, row.revision) for row in connection.execute(query)} if ids else set()
    first = [request for request in requests if (request.mention_id, request.revision) not in asked]
    if first:
        add_requests(connection, first, now)


def capture_values(capture: Capture) -> dict[str, object]:
    """Spread a capture over its columns."""
    return {
        "id": capture.id,
        "mention_id": capture.mention_id,
        "revision": capture.revision,
        "request_id": capture.request_id,
        "requested_url": capture.requested_url,
        "final_url": capture.final_url,
        "http_status": capture.http_status,
        "captured_at": capture.captured_at,
        "outcome": capture.outcome,
        "completeness": capture.completeness,
        "manifest_sha256": capture.manifest_sha256,
        "failure": capture.failure,
        "incomplete": capture.incomplete,
    }


def artifact_values(capture: Capture) -> list[dict[str, object]]:
    """Spread a capture's files over their columns, in order."""
    return [
        {
            "capture_id": capture.id,
            "position": place,
            "role": one.role,
            "path": one.path,
            "media_type": one.media_type,
            "size": one.size,
            "sha256": one.sha256,
            "origin": one.origin,
        }
        for place, one in enumerate(capture.artifacts)
    ]


def load_artifacts(connection: Connection, capture_ids: Sequence[str] | Select[Any]) -> Mapping[str, list[Artifact]]:
    """Give the files of captures, in order, by capture."""
    columns = artifact.c
    query = select(artifact).where(columns.capture_id.in_(capture_ids)).order_by(columns.capture_id, columns.position)
    found: dict[str, list[Artifact]] = {}
    for row in connection.execute(query):
        found.setdefault(row.capture_id, []).append(_artifact_of(row))
    return found


def _artifact_of(row: Row[Any]) -> Artifact:
    return Artifact(
        role=ArtifactRole(row.role),
        path=row.path,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        origin=Origin(row.origin),
    )


def capture_of(row: Row[Any], artifacts: Sequence[Artifact]) -> Capture:
    """Build a capture."""
    return Capture(
        id=row.id,
        mention_id=row.mention_id,
        revision=row.revision,
        request_id=row.request_id,
        requested_url=row.requested_url,
        final_url=row.final_url,
        http_status=row.http_status,
        captured_at=row.captured_at,
        outcome=CaptureOutcome(row.outcome),
        completeness=Completeness(row.completeness),
        artifacts=tuple(artifacts),
        manifest_sha256=row.manifest_sha256,
        failure=row.failure,
        incomplete=tuple(row.incomplete),
    )


def observation_of(row: Row[Any]) -> Observation:
    """Build an observation from its row."""
    return Observation(
        mention_id=row.mention_id,
        state=LiveState(row.state),
        signal=row.signal,
        observed_at=row.observed_at,
        capture_id=row.capture_id,
    )
