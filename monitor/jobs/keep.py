"""Turn what a connector read into what is kept; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from monitor.contract import Page
from monitor.domain import Author, Gone, Item, Mention, RawResponse
from monitor.ports import PageRows
from monitor.text import canonical_url, clean_text, content_sha256

MAX_TEXT = 400_000
MAX_LINE = 1_000
MAX_URL = 4_000
MAX_MEDIA = 40


def mention_from(source: str, item: Item, seen_at: datetime, raw_sha256: str) -> Mention:
    """Clean and bound one item; the bytes it came from stay as they were, under `raw_sha256`.

    Text over 400,000 characters and lines such as names over 1,000 are cut, so that no one post can fill the
    database; the raw bytes still hold the rest.
    """
    title, text = _line(item.title), clean_text(item.text)[:MAX_TEXT]
    url = clean_text(item.url)[:MAX_URL]
    return Mention(
        source=source,
        external_id=kept_id(item.external_id),
        url=url,
        canonical_url=canonical_url(url)[:MAX_URL],
        text=text,
        title=title,
        first_seen_at=seen_at,
        kind=item.kind,
        author=_author(item.author) if item.author else None,
        language=_line(item.language),
        rating=item.rating,
        in_reply_to_url=clean_text(item.in_reply_to_url)[:MAX_URL],
        media=tuple(clean_text(link)[:MAX_URL] for link in item.media[:MAX_MEDIA]),
        published_at=item.published_at,
        published_precision=item.published_precision,
        edited_at=item.edited_at,
        anchor=_line(item.anchor),
        content_sha256=content_sha256(title, text, item.rating),
        raw_sha256=raw_sha256,
    )


def gist_of(source: str, item: Item, seen_at: datetime) -> Mention:
    """Give as much of the mention as is judged by: the same words as `mention_from` gives, and nothing else."""
    return Mention(
        source=source,
        external_id=item.external_id,
        url="",
        canonical_url="",
        text=clean_text(item.text)[:MAX_TEXT],
        title=_line(item.title) if item.title else "",
        first_seen_at=seen_at,
        author=_author(item.author) if item.author and item.author.handle else None,
    )


def kept_id(external_id: str) -> str:
    """Give a source's id for a thing as it is kept."""
    return _line(external_id)


def rows_from(source: str, query_key: str, page: Page, seen_at: datetime) -> PageRows:
    """Give what one page puts into the store; an item given twice on a page counts once, the last one."""
    items = {item.external_id: item for item in page.items}
    raw = _raw_responses(items.values())
    return PageRows(
        source=source,
        query_key=query_key,
        mentions=tuple(
            mention_from(source, item, seen_at, raw[id(item.raw)].sha256 if item.raw else "") for item in items.values()
        ),
        raw=tuple(raw.values()),
        cursor=page.cursor.model_dump_json(),
        gone=tuple(Gone(external_id=kept_id(one.external_id), signal=_line(one.signal)) for one in page.gone),
    )


def _raw_responses(items: Iterable[Item]) -> dict[int, RawResponse]:
    """Hash each distinct answer once; items that were cut from one answer share one bytes object."""
    bodies = {id(item.raw): item for item in items if item.raw}
    return {
        key: RawResponse(
            sha256=hashlib.sha256(item.raw).hexdigest(), media_type=_line(item.raw_media_type), body=item.raw
        )
        for key, item in bodies.items()
    }


def _author(author: Author) -> Author:
    return Author(
        name=_line(author.name),
        handle=_line(author.handle),
        profile_url=clean_text(author.profile_url)[:MAX_URL],
        external_id=_line(author.external_id),
        account_created_at=author.account_created_at,
    )


def _line(value: str) -> str:
    return " ".join(clean_text(value[: MAX_LINE * 4]).split())[:MAX_LINE]
