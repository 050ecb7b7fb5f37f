"""Turn mentions into rows and back."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select

from monitor.domain import Author, Mention, MentionKind, Precision
from monitor.store.columns import storable
from monitor.store.schema import mention, mention_revision
from monitor.text.clean import content_sha256

# PostgreSQL refuses index entries above a third of a page (2,704 bytes).
_LONGEST_KEY = 512


def external_key(external_id: str) -> str:
    """Give what identifies an item within its source: its id, or the id's hash when it is long."""
    plain = storable(external_id)
    if len(plain) <= _LONGEST_KEY:
        return plain
    return "sha256:" + hashlib.sha256(plain.encode()).hexdigest()


def content_of(mention: Mention) -> str:
    """Give the hash of what a reader sees, computed where the mention does not carry it."""
    return mention.content_sha256 or content_sha256(mention.title, mention.text, mention.rating)


def _author_values(author: Author | None) -> dict[str, object] | None:
    if author is None:
        return None
    values: dict[str, object] = {
        "name": author.name,
        "handle": author.handle,
        "profile_url": author.profile_url,
        "external_id": author.external_id,
    }
    if author.account_created_at is not None:
        values["account_created_at"] = author.account_created_at.isoformat()
    return values


def revision_values(mention: Mention, mention_id: int, revision: int) -> dict[str, object]:
    """Spread what a revision says over its columns."""
    return {
        "mention_id": mention_id,
        "revision": revision,
        "kind": mention.kind,
        "url": mention.url,
        "canonical_url": mention.canonical_url,
        "author": _author_values(mention.author),
        "title": mention.title,
        "text": mention.text,
        "language": mention.language,
        "rating": mention.rating,
        "in_reply_to_url": mention.in_reply_to_url,
        "media": mention.media,
        "published_at": mention.published_at,
        "published_precision": mention.published_precision,
        "edited_at": mention.edited_at,
        "anchor": mention.anchor,
        "content_sha256": content_of(mention),
        "raw_sha256": mention.raw_sha256,
        "first_seen_at": mention.first_seen_at,
    }


def _author_of(values: dict[str, str] | None) -> Author | None:
    if values is None:
        return None
    created = values.get("account_created_at")
    return Author(
        name=values["name"],
        handle=values["handle"],
        profile_url=values["profile_url"],
        external_id=values["external_id"],
        account_created_at=datetime.fromisoformat(created) if created else None,
    )


def select_mentions() -> Select[Any]:
    """Select revisions of mentions with what `mention_of` needs; add what chooses them."""
    kept = mention_revision.c
    return select(
        mention.c.id,
        mention.c.source,
        mention.c.external_id,
        kept.revision,
        kept.kind,
        kept.url,
        kept.canonical_url,
        kept.author,
        kept.title,
        kept.text,
        kept.language,
        kept.rating,
        kept.in_reply_to_url,
        kept.media,
        kept.published_at,
        kept.published_precision,
        kept.edited_at,
        kept.anchor,
        kept.content_sha256,
        kept.raw_sha256,
        kept.first_seen_at,
    ).join_from(mention, mention_revision, kept.mention_id == mention.c.id)


def mention_of(row: Row[Any]) -> Mention:
    """Build a mention from a row of `select_mentions`."""
    return Mention(
        id=row.id,
        source=row.source,
        external_id=row.external_id,
        revision=row.revision,
        kind=MentionKind(row.kind),
        url=row.url,
        canonical_url=row.canonical_url,
        author=_author_of(row.author),
        title=row.title,
        text=row.text,
        language=row.language,
        rating=row.rating,
        in_reply_to_url=row.in_reply_to_url,
        media=tuple(row.media),
        published_at=row.published_at,
        published_precision=Precision(row.published_precision),
        edited_at=row.edited_at,
        anchor=row.anchor,
        content_sha256=row.content_sha256,
        raw_sha256=row.raw_sha256,
        first_seen_at=row.first_seen_at,
    )
