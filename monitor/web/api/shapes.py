"""The shapes of what the API gives and takes; they make its OpenAPI schema."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from monitor.domain import (
    ArtifactRole,
    CaptureOutcome,
    Completeness,
    HealthState,
    Level,
    LiveState,
    Origin,
    ReviewVerdict,
    Stance,
    StatementStatus,
    SubjectKind,
)

MOST = 2**53 - 1
"""The largest number that every reader of JSON reads exactly."""

RowId = Annotated[int, Field(ge=1, le=MOST)]


class Shape(BaseModel):
    """Share the rules of every shape: made of a value's own fields, and nothing unknown is taken."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class Fault(Shape):
    """Say what went wrong, why, and what to try."""

    detail: str
    why: str = ""
    try_: str = Field("", alias="try")


class Status(Shape):
    """Say how things stand; counts end at 1,001, which means "more than 1,000"."""

    version: str
    persons: int
    waiting: int
    likely: int
    sources: int
    sources_failing: int


class Found(Shape):
    """Sum up one mention about one person. `title`, `text`, `author`, `url` and `excerpt` are others' words."""

    mention_id: int
    subject_id: str
    source: str
    url: str
    title: str
    text: str
    author: str
    level: Level
    about_score: int
    statement_id: str
    stance: Stance | None
    score: int
    reasons: tuple[str, ...]
    excerpt: str
    published_at: datetime | None
    first_seen_at: datetime
    capture_state: str
    capture_id: str
    evidence_sha256: str
    live_state: LiveState | None
    review: ReviewVerdict | None


class Mentions(Shape):
    """Hold one page of mentions, newest first; `next_offset` is null on the last page."""

    mentions: tuple[Found, ...]
    next_offset: int | None


class Verdict(Shape):
    """Hold one recorded verdict."""

    mention_id: int
    subject_id: str
    verdict: ReviewVerdict
    note: str
    reviewer: str
    reviewed_at: datetime


class OneMention(Shape):
    """Hold one mention as it stands for each person it was found to be about, with every verdict, oldest first."""

    mention_id: int
    found: tuple[Found, ...]
    verdicts: tuple[Verdict, ...]


class NewVerdict(Shape):
    """Record a verdict on a mention for one person; "withdrawn" takes the last one back."""

    subject_id: str = Field(max_length=200)
    verdict: ReviewVerdict
    note: str = Field("", max_length=4_000)


class Source(Shape):
    """Say how one source stands; `why` is the last error in plain words."""

    name: str
    connector: str
    state: HealthState
    is_usable: bool
    is_failing: bool
    every_seconds: int | None
    last_good_at: datetime | None
    next_due_at: datetime | None
    items: int
    why: str


class Person(Shape):
    """Name one person or firm that is watched for."""

    id: str
    name: str
    kind: SubjectKind
    aliases: tuple[str, ...]
    handles: tuple[str, ...]
    context_terms: tuple[str, ...]
    exclude_terms: tuple[str, ...]
    is_active: bool
    client_id: str
    is_attested: bool


class ListedStatement(Shape):
    """Hold one statement that is said to be false."""

    id: str
    subject_id: str
    text: str
    paraphrases: tuple[str, ...]
    language: str
    status: StatementStatus


class File(Shape):
    """Describe one kept file; the file itself is not given here."""

    role: ArtifactRole
    media_type: str
    size: int
    sha256: str
    origin: Origin


class Kept(Shape):
    """Describe one capture: what was asked for, how it went, and each file's hash."""

    id: str
    mention_id: int
    revision: int
    requested_url: str
    final_url: str
    http_status: int
    captured_at: datetime
    outcome: CaptureOutcome
    completeness: Completeness
    manifest_sha256: str
    failure: str
    incomplete: tuple[str, ...]
    files: tuple[File, ...]


class Evidence(Shape):
    """Hold one page of captures, newest first; `next_offset` is null on the last page."""

    captures: tuple[Kept, ...]
    next_offset: int | None
