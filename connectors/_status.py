"""Read posts ("statuses") as Mastodon's interface gives them."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from connectors._entry import MAX_LINE, MAX_MEDIA, bounded_id
from connectors._html import absolute, html_to_text
from connectors._json_answer import Json, list_of, media_type_of, moment_of, object_of, text_of
from monitor.contract import Mark, Response
from monitor.domain import Author, Item, MentionKind, Precision

_NEXT = re.compile(r'<([^<>]{1,2000})>[^<>,]{0,200}?;\s{0,9}rel="?next\b')
_PUBLIC = frozenset({"", "public", "unlisted"})
_MAX_ID = re.compile(r"[0-9A-Za-z._-]{1,64}")
DELETED = "[deleted]"


def next_max_id(link: str) -> str:
    """Take the id that the next page ends below from a Link header; "" when there is no next page.

    Only the id is used: the rest of the address is built anew, so that a server cannot send requests elsewhere.
    """
    found = _NEXT.search(link[:8_000])
    if not found:
        return ""
    try:
        ids = parse_qs(urlsplit(found[1]).query).get("max_id", [""])
    except ValueError:
        return ""
    return ids[0] if _MAX_ID.fullmatch(ids[0]) else ""


def is_public(status: Json) -> bool:
    """Tell whether everybody may read a post; a token also finds what only its owner may."""
    return text_of(status, "visibility") in _PUBLIC


def mark_of(status: Json) -> Mark | None:
    """Give the server's own id of a post and its time; None when it has no usable id."""
    native = text_of(status, "id")
    return Mark(native, moment_of(status, "created_at")) if _MAX_ID.fullmatch(native) else None


def item_of(status: Json, *, base: str, answer: Response, fetched_at: datetime) -> Item | None:
    """Make an item of a post; its id is the one it has on every server, its `uri`.

    The words before a fold ("content warning") are its title. None when it has no id.
    """
    native = text_of(status, "id")
    uri = text_of(status, "uri") or (f"{base}/statuses/{native}" if native else "")
    if not uri:
        return None
    parent = text_of(status, "in_reply_to_id")
    published_at = moment_of(status, "created_at")
    return Item(
        external_id=bounded_id(uri),
        url=absolute(text_of(status, "url"), base) or absolute(uri, base) or f"{base}/statuses/{native}",
        title=html_to_text(text_of(status, "spoiler_text")[:MAX_LINE]),
        text=html_to_text(text_of(status, "content")),
        kind=MentionKind.POST,
        author=_author(object_of(status, "account"), base),
        language=text_of(status, "language")[:35],
        in_reply_to_url=f"{base}/statuses/{parent}" if _MAX_ID.fullmatch(parent) else "",
        media=_media(status, base),
        published_at=published_at,
        published_precision=Precision.EXACT if published_at else Precision.UNKNOWN,
        edited_at=moment_of(status, "edited_at"),
        raw=answer.body,
        raw_media_type=media_type_of(answer),
        fetched_at=fetched_at,
    )


def _author(account: Json, base: str) -> Author:
    handle = text_of(account, "acct")[:MAX_LINE]
    if not handle:
        return Author(name=DELETED)
    return Author(
        name=text_of(account, "display_name")[:MAX_LINE] or text_of(account, "username")[:MAX_LINE],
        handle=handle if "@" in handle else f"{handle}@{urlsplit(base).netloc}",
        profile_url=absolute(text_of(account, "url"), base),
        external_id=bounded_id(text_of(account, "uri") or text_of(account, "url")),
        account_created_at=moment_of(account, "created_at"),
    )


def _media(status: Json, base: str) -> tuple[str, ...]:
    links = (absolute(text_of(one, "url"), base) for one in list_of(status, "media_attachments")[:MAX_MEDIA])
    return tuple(dict.fromkeys(link for link in links if link))
