"""Gather what the report of an export says: what was observed, when, with what, what is missing; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.domain import ArtifactRole, Capture, CustodyEvent
from monitor.evidence.canonical import Json, object_of, parse, text_of
from monitor.ports import PENDING, ExportItem, ExportOrder

_ORIGINS = {
    "wire": "as sent by the server",
    "decoded": "as sent by the server, compression removed",
    "rendered": "made from the page as shown",
    "refetched": "fetched again beside the page",
    "assembled": "put together from parts",
}
_DETAIL_CAP = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptCapture:
    """Hold one capture as an export needs it: its manifest's bytes, and what the custody log says of it."""

    capture: Capture
    manifest: bytes
    events: tuple[CustodyEvent, ...]


def report_facts(
    order: ExportOrder, kept: Mapping[str, KeptCapture], *, export_id: str, at: datetime, software: str, host: str
) -> dict[str, object]:
    """Give the report's facts as JSON values; every moment is UTC, every text of others as it was kept."""
    items = [_item(number, item, kept) for number, item in enumerate(order.items, start=1)]
    return {
        "id": export_id,
        "scope": order.scope,
        "actor": order.actor,
        "at": moment(at),
        "software": software,
        "host": host,
        "items": items,
        "overview": [
            [str(number), entry.capture.requested_url, moment(entry.capture.captured_at), entry.capture.outcome.value]
            for number, entry in enumerate(kept.values(), start=1)
        ],
        "file_count": sum(len(entry.capture.artifacts) + 1 for entry in kept.values()),
        "tokens": [row for entry in kept.values() for row in _tokens(entry)],
        "without_token": [name for name, entry in kept.items() if not _tokens(entry)],
    }


def moment(at: datetime) -> str:
    """Spell a moment for a reader."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def picture_of(capture: Capture) -> str:
    """Give the path of the capture's picture to be shown: the post's own, else the page's, else nothing."""
    for role in (ArtifactRole.CLIP, ArtifactRole.SCREENSHOT):
        for artifact in capture.artifacts:
            if artifact.role is role and artifact.media_type == "image/png":
                return artifact.path
    return ""


def _item(number: int, item: ExportItem, kept: Mapping[str, KeptCapture]) -> dict[str, object]:
    return {
        "number": str(number),
        "title": item.title,
        "facts": [list(row) for row in item.facts if row[1]],
        "words": [list(row) for row in item.words if row[1]],
        "observations": [list(row) for row in item.observations],
        "captures": [_capture(kept[name]) for name in item.captures if name in kept],
    }


def _capture(entry: KeptCapture) -> dict[str, object]:
    capture, whole = entry.capture, parse(entry.manifest)
    request, observed = object_of(whole, "request"), object_of(whole, "observed")
    return {
        "id": capture.id,
        "summary": [list(row) for row in _summary(capture, whole, observed) if row[1]],
        "quotes": _texts(request.get("quotes")),
        "incomplete": list(capture.incomplete),
        "blocked": _texts(observed.get("blocked")),
        "software": _pairs(observed.get("software")) + _pairs(observed.get("options")),
        "headers": _pairs(observed.get("headers")),
        "files": [
            [file.path, f"{file.role.value}, {_ORIGINS[file.origin.value]}", str(file.size), file.sha256]
            for file in capture.artifacts
        ],
        "manifest_sha256": capture.manifest_sha256,
        "custody": [_event(event) for event in entry.events],
        "tokens": _tokens(entry),
        "picture": "",
        "picture_path": picture_of(capture),
    }


def _summary(
    capture: Capture, whole: Mapping[str, Json], observed: Mapping[str, Json]
) -> list[tuple[str, str | list[str]]]:
    tls = object_of(observed, "tls")
    return [
        ("Address asked for", capture.requested_url),
        ("Redirected through", _texts(observed.get("redirects"))),
        ("Address shown", capture.final_url),
        ("HTTP status", str(capture.http_status or "no answer")),
        ("Server address", text_of(observed, "remote_ip") or "not known"),
        ("Certificate", [f"{name}: {value}" for name, value in tls.items()]),
        ("Started", text_of(observed, "started_at")),
        ("Observed", text_of(observed, "captured_at")),
        ("Sealed", text_of(whole, "sealed_at")),
        ("Sealed by, on", f"{text_of(whole, 'actor')}, {text_of(whole, 'host')}"),
        ("Result", capture.outcome.value),
        ("Words looked for", capture.completeness.value.replace("_", " ")),
        ("Reason", capture.failure),
    ]


def _event(event: CustodyEvent) -> list[str]:
    detail = "; ".join(f"{key}: {value}" for key, value in sorted(event.detail.items()) if key != "manifest_sha256")
    return [str(event.seq), moment(event.at), event.event, event.actor, detail[:_DETAIL_CAP]]


def _tokens(entry: KeptCapture) -> list[list[str]]:
    return [
        [
            entry.capture.id,
            event.detail.get("authority", ""),
            event.detail.get("time", ""),
            event.detail.get("serial", ""),
            event.detail.get("tsr_sha256", ""),
        ]
        for event in entry.events
        if event.event == "timestamp" and event.detail.get("status") != PENDING
    ]


def _texts(value: Json) -> list[str]:
    return [str(one) for one in value] if isinstance(value, Sequence) and not isinstance(value, str) else []


def _pairs(value: Json) -> list[list[str]]:
    return [[str(name), str(one)] for name, one in value.items()] if isinstance(value, Mapping) else []
