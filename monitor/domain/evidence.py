"""What is kept of a page, and what happened to it since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.domain._utc import require_utc


class CaptureOutcome(StrEnum):
    """Say how much of a page was kept."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"


class ArtifactRole(StrEnum):
    """Say what a kept file is."""

    SCREENSHOT = "screenshot"
    CLIP = "clip"
    PAGE = "page"
    TEXT = "text"
    WARC = "warc"
    WACZ = "wacz"
    MHTML = "mhtml"
    PDF = "pdf"
    MEDIA = "media"
    SOURCE = "source"
    REPORT = "report"


class Origin(StrEnum):
    """Say how a kept file came to be, which decides what its bytes can prove."""

    WIRE = "wire"
    DECODED = "decoded"
    RENDERED = "rendered"
    REFETCHED = "refetched"
    ASSEMBLED = "assembled"


class Completeness(StrEnum):
    """Say whether the words that matter are in what was kept, and if not, what stood in their place."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    LOGIN_WALL = "login_wall"
    BOT_WALL = "bot_wall"
    SCRIPT_FAILED = "script_failed"
    UNKNOWN = "unknown"


class LiveState(StrEnum):
    """Say what a later look at a page found."""

    LIVE = "live"
    EDITED = "edited"
    GONE = "gone"
    LOGIN_WALL = "login_wall"
    BOT_WALL = "bot_wall"
    NETWORK = "network"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """Describe one kept file; `path` is relative to its capture's folder, `size` in bytes, `sha256` in hex."""

    role: ArtifactRole
    path: str
    media_type: str
    size: int
    sha256: str
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class CaptureRequest:
    """Ask for a page to be kept.

    `quotes` are the words that should be found in the capture (empty: nothing is checked); `anchor` is where on
    the page the post stands; `images` are the post's own pictures; `raw` is what the source answered, kept beside
    the page because the page may have changed since. `facts` go into the manifest as given (text only).
    `interruptions` counts how often in a row the program ended while it was keeping this page.
    """

    id: int
    mention_id: int
    revision: int
    url: str
    subject_id: str = ""
    quotes: tuple[str, ...] = ()
    anchor: str = ""
    images: tuple[str, ...] = ()
    raw: bytes = field(default=b"", repr=False)
    raw_media_type: str = ""
    attempts: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)
    interruptions: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """Hold what a capturer saw, before it becomes a capture; every text is as observed, no time zone but UTC.

    `incomplete` names each thing that should have been kept and was not, in words. `tls` says who vouched for the
    site's certificate, its fingerprint, and the protocol; empty for plain HTTP.
    """

    requested_url: str
    final_url: str
    http_status: int
    started_at: datetime
    captured_at: datetime
    outcome: CaptureOutcome
    completeness: Completeness
    software: Mapping[str, str]
    options: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    redirects: tuple[str, ...] = ()
    remote_ip: str = ""
    tls: Mapping[str, str] = field(default_factory=dict)
    incomplete: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    failure: str = ""

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Capture:
    """Describe one finished capture; `id` is also the name of its folder, `manifest_sha256` covers every file."""

    id: str
    mention_id: int
    revision: int
    requested_url: str
    final_url: str
    http_status: int
    captured_at: datetime
    outcome: CaptureOutcome
    completeness: Completeness
    artifacts: tuple[Artifact, ...]
    manifest_sha256: str
    request_id: int = 0
    failure: str = ""
    incomplete: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class CustodyEvent:
    """Record one thing that happened to evidence; `sha256` covers the record and the one before it."""

    seq: int
    event: str
    actor: str
    at: datetime
    sha256: str
    previous_sha256: str
    capture_id: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """Record one later look at a mention's page, with the raw signal behind the state."""

    mention_id: int
    state: LiveState
    signal: str
    observed_at: datetime
    capture_id: str = ""

    def __post_init__(self) -> None:
        require_utc(self)
