"""What a person is told, and whether it reached them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.domain._utc import require_utc
from monitor.domain.case import CaseClock, StillUp
from monitor.domain.evidence import LiveState
from monitor.domain.match import Level, Stance
from monitor.domain.source import HealthState


class AlertKind(StrEnum):
    """Say what an alert is about."""

    MATCH = "match"
    DIGEST = "digest"
    CAPTURE_FAILED = "capture_failed"
    SOURCE_FAILING = "source_failing"
    SOURCE_BACK = "source_back"
    CHANNEL_FAILING = "channel_failing"
    DISK_LOW = "disk_low"
    DISK_OK = "disk_ok"
    STORE_FAILING = "store_failing"
    STORE_BACK = "store_back"
    CHANGE = "change"
    SPREAD = "spread"
    UNSEEN = "unseen"
    TEST = "test"


class ChannelTag(StrEnum):
    """Say what a channel takes; one without tags takes everything. A level includes what is above it."""

    DANGER = "danger"
    LIKELY = "likely"
    POSSIBLE = "possible"
    DIGEST = "digest"
    FAULTS = "faults"


class AlertStatus(StrEnum):
    """Say where an alert stands in the outbox; a folded one is told by the next summary instead."""

    PENDING = "pending"
    SENT = "sent"
    GIVEN_UP = "given_up"
    FOLDED = "folded"


class DeliveryOutcome(StrEnum):
    """Say how one attempt to deliver ended; missed: not tried, because the channel was switched off."""

    SENT = "sent"
    FAILED = "failed"
    REFUSED = "refused"
    MISSED = "missed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """Hold one thing to tell; `dedupe_key` is unique, so that telling twice is one row.

    `mention_id` is 0 for alerts about no mention. `payload` holds JSON values that the rendering needs
    and that are not looked up at the time of sending.
    """

    kind: AlertKind
    dedupe_key: str
    created_at: datetime
    id: int = 0
    subject_id: str = ""
    mention_id: int = 0
    level: Level = Level.NONE
    status: AlertStatus = AlertStatus.PENDING
    attempts: int = 0
    next_attempt_at: datetime | None = None
    payload: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """Record one attempt to deliver one alert on one channel; `error` holds no secret."""

    alert_id: int
    channel: str
    attempt: int
    outcome: DeliveryOutcome
    delivered_at: datetime
    error: str = ""

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """Sum up one mention about a subject as lists, alerts and digests show it; holds others' words, so veil it.

    `statement` and `statement_id` are empty and `score` is 0 where nothing listed was repeated. `capture_state`
    is "queued", "none" or a CaptureOutcome; `evidence_sha256` is the manifest's hash once something is kept.
    `hunted_at` is set where a changed rule found it in what had already been collected.
    """

    mention_id: int
    revision: int
    subject_id: str
    source: str
    url: str
    title: str
    text: str
    author: str
    level: Level
    about_score: int
    statement_id: str
    statement: str
    stance: Stance | None
    score: int
    reasons: tuple[str, ...]
    excerpt: str
    published_at: datetime | None
    first_seen_at: datetime
    capture_state: str
    evidence_sha256: str
    capture_id: str
    live_state: LiveState | None = None
    review: str = ""
    hunted_at: datetime | None = None

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """Say that a kept mention was edited or has gone."""

    mention_id: int
    subject_id: str
    source: str
    url: str
    state: LiveState
    signal: str
    observed_at: datetime

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """Say for one source whether it was looked at in a period, and if not, why."""

    source: str
    state: HealthState
    checks: int
    failures: int
    last_good_at: datetime | None
    why: str

    def __post_init__(self) -> None:
        require_utc(self)

    @property
    def was_checked(self) -> bool:
        """Tell whether at least one poll in the period was good."""
        return self.checks > self.failures


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """Hold one client's day: [start, end) in UTC, hits first seen in it, changes, and what was not checked.

    `client_id` is empty for an installation without clients. `checked` counts all mentions read in the period.
    `chain_head` is the custody log's last hash: kept outside the machine it is the witness of its tail.
    """

    client_id: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    hits: tuple[Hit, ...]
    changes: tuple[Change, ...]
    coverage: tuple[Coverage, ...]
    checked: int
    chain_head: str
    capture_failures: int = 0
    clocks: tuple[CaseClock, ...] = ()
    still_up: tuple[StillUp, ...] = ()

    def __post_init__(self) -> None:
        require_utc(self)

    @property
    def likely(self) -> tuple[Hit, ...]:
        """Give the hits that likely repeat a listed statement."""
        return tuple(hit for hit in self.hits if hit.level is Level.LIKELY)


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """Hold one JPEG that a message shows; `cid` is its Content-ID, without brackets, and needs no escaping."""

    cid: str
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """Hold one rendered message: a neutral title, text that stands alone, and HTML (empty: text only).

    `message_id` is stable over retries: the visible alert id, and the idempotency key for channels that have one.
    The HTML names its `pictures` as `cid:` addresses.
    """

    message_id: str
    title: str
    text: str
    html: str = ""
    pictures: tuple[Picture, ...] = ()

    @property
    def page(self) -> str:
        """Give the HTML as a page that stands alone, its pictures within it."""
        page = self.html
        for picture in self.pictures:
            body = base64.b64encode(picture.body).decode("ascii")
            page = page.replace(f'"cid:{picture.cid}"', f'"data:image/jpeg;base64,{body}"')
        return page
