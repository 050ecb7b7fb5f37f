"""Build domain objects in one line; every field can be given, the rest is plausible and fixed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TypedDict, Unpack

from monitor.domain import (
    AboutSubject,
    ArtifactRole,
    Assessment,
    Attestation,
    Author,
    Capture,
    CaptureOutcome,
    CaptureRequest,
    Completeness,
    Item,
    Judgement,
    Level,
    Match,
    Mention,
    MentionKind,
    Observed,
    Origin,
    Precision,
    Relation,
    Stance,
    Statement,
    StatementStatus,
    Subject,
    SubjectKind,
)
from monitor.ports import Decision, Vault
from monitor.text import canonical_url, content_sha256

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
"""The moment at which tests play unless they say otherwise."""


class SubjectFields(TypedDict, total=False):
    """Name the fields of a Subject that a test may set."""

    id: str
    name: str
    kind: SubjectKind
    aliases: tuple[str, ...]
    handles: tuple[str, ...]
    context_terms: tuple[str, ...]
    exclude_terms: tuple[str, ...]
    languages: tuple[str, ...]
    is_active: bool
    client_id: str
    attestation: Attestation | None


class StatementFields(TypedDict, total=False):
    """Name the fields of a Statement that a test may set."""

    id: str
    subject_id: str
    text: str
    paraphrases: tuple[str, ...]
    language: str
    meaning: str
    first_appearance_url: str
    first_published_at: datetime | None
    falsity_note: str
    status: StatementStatus


class _PostFields(TypedDict, total=False):
    url: str
    text: str
    external_id: str
    kind: MentionKind
    title: str
    author: Author | None
    language: str
    rating: float | None
    in_reply_to_url: str
    media: tuple[str, ...]
    published_at: datetime | None
    published_precision: Precision
    edited_at: datetime | None
    anchor: str


class ItemFields(_PostFields, total=False):
    """Name the fields of an Item that a test may set."""

    fetched_at: datetime
    raw: bytes
    raw_media_type: str


class MentionFields(_PostFields, total=False):
    """Name the fields of a Mention that a test may set."""

    id: int
    revision: int
    source: str
    first_seen_at: datetime
    canonical_url: str
    content_sha256: str
    raw_sha256: str


class MatchFields(TypedDict, total=False):
    """Name the fields of a Match that a test may set."""

    subject_id: str
    statement_id: str
    score: int
    stance: Stance
    method: str
    excerpt: str
    span: tuple[int, int]
    field: str
    reasons: tuple[str, ...]


class JudgementFields(TypedDict, total=False):
    """Name the fields of a Judgement that a test may set."""

    subject_id: str
    about: AboutSubject
    matches: tuple[Match, ...]
    level: Level
    reasons: tuple[str, ...]
    matcher_version: str


def make_subject(**fields: Unpack[SubjectFields]) -> Subject:
    """Build an attested subject, FIRST LAST."""
    attestation = Attestation(relation=Relation.SELF, by="FIRST LAST", on=date(2026, 1, 1))
    return replace(Subject(id="subject-1", name="FIRST LAST", attestation=attestation), **fields)


def make_statement(**fields: Unpack[StatementFields]) -> Statement:
    """Build a listed statement about that subject."""
    basis = Statement(id="stole", subject_id="subject-1", text="FIRST LAST stole money from patients")
    return replace(basis, **fields)


def make_item(**fields: Unpack[ItemFields]) -> Item:
    """Build a post as a connector hands it over."""
    basis = Item(
        external_id="post-1",
        url="https://forum.example/t/1#post-1",
        text="Has anyone been to FIRST LAST?",
        fetched_at=NOW,
        author=Author(name="somebody"),
        published_at=NOW,
        published_precision=Precision.EXACT,
        raw=b"<p>Has anyone been to FIRST LAST?</p>",
        raw_media_type="text/html",
    )
    return replace(basis, **fields)


def make_mention(**fields: Unpack[MentionFields]) -> Mention:
    """Build a kept post; its content hash and canonical address follow from the other fields unless given."""
    basis = Mention(
        source="town-forum",
        external_id="post-1",
        url="https://forum.example/t/1#post-1",
        text="Has anyone been to FIRST LAST?",
        first_seen_at=NOW,
        author=Author(name="somebody"),
        published_at=NOW,
        published_precision=Precision.EXACT,
    )
    made = replace(basis, **fields)
    return replace(
        made,
        canonical_url=made.canonical_url or canonical_url(made.url),
        content_sha256=made.content_sha256 or content_sha256(made.title, made.text, made.rating),
    )


def make_match(**fields: Unpack[MatchFields]) -> Match:
    """Build a match that repeats that statement, in "FIRST LAST stole money"."""
    basis = Match(
        subject_id="subject-1",
        statement_id="stole",
        score=91,
        stance=Stance.REPEAT,
        method="lexical",
        excerpt="stole money",
        span=(11, 22),
        reasons=("same words",),
    )
    return replace(basis, **fields)


def make_judgement(**fields: Unpack[JudgementFields]) -> Judgement:
    """Build a judgement about a subject: a likely repeat with one match, or none at level none, unless given."""
    basis = Judgement(
        subject_id="subject-1",
        about=AboutSubject(score=80, spans=((0, 10),), reasons=("full name",)),
        matches=(),
        level=Level.LIKELY,
        reasons=("name and statement",),
        matcher_version="1",
    )
    made = replace(basis, **fields)
    if "matches" in fields or made.level is Level.NONE:
        return made
    return replace(made, matches=(make_match(subject_id=made.subject_id),))


def make_decision(mention: Mention, *judgements: Judgement, at: datetime = NOW) -> Decision:
    """Build what the store keeps of a mention's judgements."""
    assessments = tuple(
        Assessment(mention_id=mention.id, revision=mention.revision, judgement=one, assessed_at=at)
        for one in judgements
    )
    return Decision(mention_id=mention.id, revision=mention.revision, assessments=assessments)


def make_observed(url: str, *, at: datetime = NOW) -> Observed:
    """Say that a page was seen and kept whole, with the words that mattered, at that moment."""
    return Observed(
        requested_url=url,
        final_url=url,
        http_status=200,
        started_at=at,
        captured_at=at,
        outcome=CaptureOutcome.COMPLETE,
        completeness=Completeness.FOUND,
        software={"goodname": "0"},
    )


def seal_words(vault: Vault, words: bytes = b"words") -> Capture:
    """Seal a capture that holds these words and nothing else, of a page of an invented forum."""
    request = CaptureRequest(id=7, mention_id=3, revision=1, url="https://forum.example/t/1")
    staging = vault.stage(request, NOW)
    staging.add(ArtifactRole.TEXT, "page.txt", "text/plain", Origin.RENDERED, words)
    return vault.commit(staging, request, make_observed(request.url))
