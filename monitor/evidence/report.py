"""Write the page that tells a person what a capture holds; it is a file of the capture like any other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.domain import Artifact, ArtifactRole, CaptureOutcome, CaptureRequest, Completeness, Observed
from monitor.evidence.canonical import stamp

if TYPE_CHECKING:
    from jinja2 import Template

NAME = "report.html"

_OUTCOMES = {
    CaptureOutcome.COMPLETE: "complete",
    CaptureOutcome.PARTIAL: "partial: something is missing, see below",
    CaptureOutcome.FAILED: "failed: the page itself could not be kept",
}
_COMPLETENESS = {
    Completeness.FOUND: "yes",
    Completeness.NOT_FOUND: "no",
    Completeness.LOGIN_WALL: "no; the page asked for a login",
    Completeness.BOT_WALL: "no; the page asked for a proof of being human",
    Completeness.SCRIPT_FAILED: "no; the page's scripts did not show it",
    Completeness.UNKNOWN: "not checked; no words were given to look for",
}
_ORIGINS = {
    "wire": "as sent by the server",
    "decoded": "as sent by the server, compression removed",
    "rendered": "made from the page as shown",
    "refetched": "fetched again beside the page",
    "assembled": "put together from parts",
}


def render(capture_id: str, request: CaptureRequest, observed: Observed, files: Sequence[Artifact]) -> bytes:
    """Give the report as a UTF-8 HTML page; others' words are escaped and set apart, nothing is loaded from outside."""
    page = _template().render(
        id=capture_id,
        summary=_summary(capture_id, request, observed),
        redirects=observed.redirects,
        quotes=request.quotes,
        pictures=[file.path for file in files if file.role is ArtifactRole.CLIP],
        incomplete=observed.incomplete,
        blocked=observed.blocked,
        files=files,
        origins=_ORIGINS,
        details=(
            ("Facts given with the request", request.facts),
            ("Answer headers", observed.headers),
            ("Certificate", observed.tls),
            ("Software", observed.software),
            ("Options", observed.options),
        ),
    )
    return page.encode("utf-8", "replace")


def _summary(capture_id: str, request: CaptureRequest, observed: Observed) -> dict[str, str]:
    summary = {
        "Capture": capture_id,
        "Address asked for": request.url,
        "Address shown": observed.final_url,
        "HTTP status": str(observed.http_status or "none"),
        "Server address": observed.remote_ip or "not known",
        "Started (UTC)": stamp(observed.started_at),
        "Observed (UTC)": stamp(observed.captured_at),
        "Result": _OUTCOMES[observed.outcome],
        "Are the words on the page?": _COMPLETENESS[observed.completeness],
    }
    if observed.failure:
        summary["Reason"] = observed.failure
    return summary


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 # needed with the first capture

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    source = Path(__file__).with_name("report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source)
