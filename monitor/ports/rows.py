"""What is handed to the store and asked of it, as one value each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.domain import Alert, Assessment, CaptureRequest, Gone, Level, Mention, Poll, RawResponse


@dataclass(frozen=True, kw_only=True, slots=True)
class PageRows:
    """Hold what one fetched page puts into the store; all of it lands or none."""

    source: str
    query_key: str
    mentions: tuple[Mention, ...]
    raw: tuple[RawResponse, ...]
    cursor: str
    gone: tuple[Gone, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PageResult:
    """Count what a page changed: new mentions, new revisions of known ones, and removals seen for the first time."""

    new: int
    revised: int
    gone: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PollEnd:
    """Hold how a poll went and what follows: when its target is due next, its failures in a row, what to tell.

    The lease is given back, or kept until `lease_until` by a stream that goes on. Before `not_before`, which the
    source asked for, the target is never leased.
    """

    poll: Poll
    next_due_at: datetime
    failures: int = 0
    alerts: tuple[Alert, ...] = ()
    lease_until: datetime | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Hold what follows from assessing one revision of one mention; all of it lands or none.

    One assessment a subject whose name was found; none when the mention names nobody watched. `request` asks for
    the capture (its `id` is ignored), `alerts` go to the outbox unless their dedupe_key is already there.
    """

    mention_id: int
    revision: int
    assessments: tuple[Assessment, ...]
    request: CaptureRequest | None = None
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """Say how a mention's newest revision was judged for one subject before it is judged again."""

    level: Level
    hunted_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HitFilter:
    """Choose hits: empty fields choose everything; `text` is a full-text query; newest first, at most `limit`.

    `hunted_since` and `hunted_until` choose what a retro-hunt found in that period.
    """

    subject_id: str = ""
    client_id: str | None = None
    min_level: Level = Level.NONE
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    unreviewed: bool = False
    hunted_since: datetime | None = None
    hunted_until: datetime | None = None
    limit: int = 100
    offset: int = 0
