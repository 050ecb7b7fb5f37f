"""Write down everything about a capture in one file whose hash covers every other file."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from monitor.domain import (
    Artifact,
    ArtifactRole,
    Capture,
    CaptureOutcome,
    CaptureRequest,
    Completeness,
    Observed,
    Origin,
)
from monitor.evidence.canonical import (
    Json,
    canonical,
    from_stamp,
    is_sha256,
    list_of,
    number_of,
    object_of,
    parse,
    sha256_hex,
    stamp,
    text_of,
)

NAME = "manifest.json"
VERSION = 1

_CAPTURE_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def is_capture_id(text: str) -> bool:
    """Tell whether this can be a capture's id, and so the name of its folder."""
    return _CAPTURE_ID.fullmatch(text) is not None


def is_file_name(text: str) -> bool:
    """Tell whether this can be the name of a kept file: no folders, no hidden files, not the manifest's own name."""
    return _FILE_NAME.fullmatch(text) is not None and text.lower() != NAME


def build(
    capture_id: str,
    request: CaptureRequest,
    observed: Observed,
    artifacts: Sequence[Artifact],
    *,
    sealed_at: datetime,
    actor: str,
    host: str,
) -> bytes:
    """Give the manifest's bytes in canonical JSON."""
    return canonical(
        {
            "version": VERSION,
            "id": capture_id,
            "actor": actor,
            "host": host,
            "sealed_at": stamp(sealed_at),
            "request": _request(request),
            "observed": _observed(observed),
            "files": [_file(artifact) for artifact in sorted(artifacts, key=lambda artifact: artifact.path)],
        }
    )


def read_files(body: bytes) -> tuple[Artifact, ...]:
    """Give the files that a manifest lists; ValueError when it is not a manifest."""
    return _artifacts(parse(body))


def read_capture(body: bytes) -> Capture:
    """Give the capture that a manifest describes; ValueError when it is not a manifest."""
    whole = parse(body)
    request, observed = object_of(whole, "request"), object_of(whole, "observed")
    capture_id = text_of(whole, "id")
    if not is_capture_id(capture_id):
        raise ValueError("no capture id")
    return Capture(
        id=capture_id,
        mention_id=number_of(request, "mention_id"),
        revision=number_of(request, "revision"),
        request_id=number_of(request, "id"),
        requested_url=text_of(observed, "requested_url"),
        final_url=text_of(observed, "final_url"),
        http_status=number_of(observed, "http_status"),
        captured_at=from_stamp(text_of(observed, "captured_at")),
        outcome=CaptureOutcome(text_of(observed, "outcome")),
        completeness=Completeness(text_of(observed, "completeness")),
        artifacts=_artifacts(whole),
        manifest_sha256=sha256_hex(body),
        failure=text_of(observed, "failure"),
        incomplete=tuple(str(item) for item in list_of(observed, "incomplete")),
    )


def machine() -> dict[str, str]:
    """Name the machine's system and interpreter, which are part of how a capture came to be."""
    return {"python": platform.python_version(), "system": f"{platform.system()} {platform.release()}"}


def _request(request: CaptureRequest) -> Json:
    return {
        "id": request.id,
        "mention_id": request.mention_id,
        "revision": request.revision,
        "subject_id": request.subject_id,
        "url": request.url,
        "quotes": list(request.quotes),
        "anchor": request.anchor,
        "attempts": request.attempts,
        "facts": _texts(request.facts),
    }


def _observed(observed: Observed) -> Json:
    return {
        "requested_url": observed.requested_url,
        "final_url": observed.final_url,
        "redirects": list(observed.redirects),
        "http_status": observed.http_status,
        "headers": _texts(observed.headers),
        "remote_ip": observed.remote_ip,
        "tls": _texts(observed.tls),
        "started_at": stamp(observed.started_at),
        "captured_at": stamp(observed.captured_at),
        "outcome": observed.outcome.value,
        "completeness": observed.completeness.value,
        "failure": observed.failure,
        "incomplete": list(observed.incomplete),
        "blocked": list(observed.blocked),
        "software": _texts(observed.software),
        "options": _texts(observed.options),
    }


def _texts(mapping: Mapping[str, str]) -> dict[str, Json]:
    return {str(key): str(value) for key, value in mapping.items()}


def _file(artifact: Artifact) -> Json:
    return {
        "path": artifact.path,
        "role": artifact.role.value,
        "mime": artifact.media_type,
        "bytes": artifact.size,
        "sha256": artifact.sha256,
        "origin": artifact.origin.value,
    }


def _artifacts(whole: Mapping[str, Json]) -> tuple[Artifact, ...]:
    artifacts = tuple(_artifact(entry) for entry in list_of(whole, "files"))
    if len({artifact.path.lower() for artifact in artifacts}) != len(artifacts):
        raise ValueError("a file is listed twice")
    return artifacts


def _artifact(entry: Json) -> Artifact:
    if not isinstance(entry, dict):
        raise ValueError("no file entry")
    path, sha256 = text_of(entry, "path"), text_of(entry, "sha256")
    if not is_file_name(path) or not is_sha256(sha256):
        raise ValueError(f"not a file entry: {path!r}")
    return Artifact(
        role=ArtifactRole(text_of(entry, "role")),
        path=path,
        media_type=text_of(entry, "mime"),
        size=number_of(entry, "bytes"),
        sha256=sha256,
        origin=Origin(text_of(entry, "origin")),
    )
