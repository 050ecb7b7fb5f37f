"""What a source said: items as a connector hands them over, mentions as they are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.domain._utc import require_utc


class MentionKind(StrEnum):
    """Say what sort of thing was published."""

    POST = "post"
    COMMENT = "comment"
    REVIEW = "review"
    ARTICLE = "article"
    VIDEO = "video"


class Precision(StrEnum):
    """Say how far `published_at` can be trusted."""

    EXACT = "exact"
    DAY = "day"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Hold what was publicly seen of an account; nothing is looked up or merged."""

    name: str = ""
    handle: str = ""
    profile_url: str = ""
    external_id: str = ""
    account_created_at: datetime | None = None

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """Hold one published thing exactly as a connector read it, before anything is cleaned or kept.

    `external_id` is the source's own id, else the SHA-256 of the canonical link, else of title and text.
    `raw` is the smallest answer of the source that contains the item, byte for byte; connectors that cut many items
    out of one answer hand the same bytes object to each. `anchor` is a CSS selector or fragment of the item on
    its page, when known; a picture of just the post is cut there. `fetched_at` is when `raw` arrived.
    """

    external_id: str
    url: str
    text: str
    fetched_at: datetime
    kind: MentionKind = MentionKind.POST
    title: str = ""
    author: Author | None = None
    language: str = ""
    rating: float | None = None
    in_reply_to_url: str = ""
    media: tuple[str, ...] = ()
    published_at: datetime | None = None
    published_precision: Precision = Precision.UNKNOWN
    edited_at: datetime | None = None
    anchor: str = ""
    raw: bytes = field(default=b"", repr=False)
    raw_media_type: str = "application/octet-stream"

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gone:
    """Say that a source no longer shows an item, with the raw signal that says so."""

    external_id: str
    signal: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """Hold one revision of one published thing as it is kept.

    `id` is 0 until the store has given one and is the same for all revisions; `revision` counts from 1.
    `text` and `title` are cleaned plain text; the bytes they came from are kept under `raw_sha256`.
    `content_sha256` covers title, text and rating, so that an edit is a new revision.
    """

    source: str
    external_id: str
    url: str
    text: str
    first_seen_at: datetime
    id: int = 0
    revision: int = 1
    kind: MentionKind = MentionKind.POST
    canonical_url: str = ""
    author: Author | None = None
    title: str = ""
    language: str = ""
    rating: float | None = None
    in_reply_to_url: str = ""
    media: tuple[str, ...] = ()
    published_at: datetime | None = None
    published_precision: Precision = Precision.UNKNOWN
    edited_at: datetime | None = None
    anchor: str = ""
    content_sha256: str = ""
    raw_sha256: str = ""

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class RawResponse:
    """Hold the bytes a source answered with, addressed by their SHA-256 (hex)."""

    sha256: str
    media_type: str
    body: bytes = field(repr=False)
