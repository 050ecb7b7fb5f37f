"""Turn X's posts into items; what is edited on X is a new post, so ids never change their words."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from connectors._entry import MAX_LINE, MAX_TEXT
from connectors._json_answer import Json, list_of, moment_of, object_of, text_of
from monitor.domain import Author, Item, MentionKind, Precision

FIELDS = "id,text,author_id,created_at,lang,referenced_tweets,note_tweet,edit_history_tweet_ids"
_SITE = "https://x.com"
_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)  # ids count milliseconds from here, shifted by 22 bits
_SHIFT = 22
_SEARCHABLE = timedelta(days=7) - timedelta(minutes=5)
_ID = re.compile(r"[0-9]{1,19}")
_NAME = re.compile(r"[A-Za-z0-9_]{1,50}")


def since_id(floor: datetime, now: datetime) -> str:
    """Give the id that posts are searched after, just before a moment; "" when X reaches no further back."""
    start = floor - timedelta(milliseconds=1)
    if start < now - _SEARCHABLE:
        return ""
    return str(max(1, (start - _EPOCH) // timedelta(milliseconds=1) << _SHIFT))


def authors_to_read(told: Iterable[Json], terms: Iterable[str], known: Mapping[str, Json]) -> tuple[str, ...]:
    """Give the numbers of accounts whose posts hold a watched name in their own words and that were not read yet.

    X also finds names in addresses and in the cards of linked pages.
    """
    names = [term.casefold() for term in terms if term.strip()]
    found = dict.fromkeys(
        text_of(one, "author_id") for one in told if any(name in _words(one).casefold() for name in names)
    )
    return tuple(number for number in found if _ID.fullmatch(number) and number not in known)


def _words(told: Json) -> str:
    return html.unescape(text_of(object_of(told, "note_tweet"), "text") or text_of(told, "text"))


def written_at(post_id: int) -> datetime:
    """Give the moment that an id stands for."""
    return _EPOCH + timedelta(milliseconds=post_id >> _SHIFT)


def read_post(told: Json, users: Mapping[str, Json], *, raw: bytes, fetched_at: datetime) -> Item | None:
    """Make an item; an account that was not read is known by its number alone."""
    own_id = text_of(told, "id")
    if not _ID.fullmatch(own_id):
        return None
    author = _author(text_of(told, "author_id"), users)
    published_at = moment_of(told, "created_at")
    history = told.get("edit_history_tweet_ids")
    return Item(
        external_id=own_id,
        url=f"{_SITE}/{author.handle.removeprefix('@') or 'i'}/status/{own_id}",
        text=_words(told)[:MAX_TEXT],
        author=author,
        language=text_of(told, "lang")[:20],
        in_reply_to_url=_parent(told),
        kind=MentionKind.POST,
        published_at=published_at or written_at(int(own_id)),
        published_precision=Precision.EXACT if published_at else Precision.ESTIMATED,
        edited_at=published_at if isinstance(history, list) and len(history) > 1 else None,
        raw=raw,
        raw_media_type="application/json",
        fetched_at=fetched_at,
    )


def _author(number: str, users: Mapping[str, Json]) -> Author:
    number = number if _ID.fullmatch(number) else ""
    told = users.get(number, {})
    handle = text_of(told, "username")
    handle = handle if _NAME.fullmatch(handle) else ""
    profile = f"{_SITE}/{handle}" if handle else f"{_SITE}/i/user/{number}" if number else ""
    return Author(
        name=html.unescape(text_of(told, "name"))[:MAX_LINE],
        handle=f"@{handle}" if handle else "",
        profile_url=profile,
        external_id=number,
        account_created_at=moment_of(told, "created_at"),
    )


def _parent(told: Json) -> str:
    for one in list_of(told, "referenced_tweets"):
        if text_of(one, "type") == "replied_to" and _ID.fullmatch(text_of(one, "id")):
            return f"{_SITE}/i/status/{text_of(one, 'id')}"
    return ""
