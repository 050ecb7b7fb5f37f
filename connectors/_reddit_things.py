"""Turn praw's submissions and comments into items, without ever asking Reddit for more about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

from connectors._entry import MAX_LINE, MAX_TEXT
from monitor.domain import Author, Gone, Item, MentionKind, Precision
from monitor.text import is_web_url

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SITE = "https://www.reddit.com"
_REMOVED = frozenset({"[deleted]", "[removed]", "[ Removed by Reddit ]"})
_NOBODY = "[deleted]"
_DIGITS = frozenset("0123456789abcdefghijklmnopqrstuvwxyz")

Fields = Mapping[str, object]


def fields_of(thing: object) -> Fields:
    """Give what Reddit's answer said about a thing; asking praw's attributes would fetch what is missing."""
    return vars(thing)


def id_number(fields: Fields) -> int:
    """Give the thing's own id as a number; ids of one kind grow with time. 0 when it has none."""
    text = str(fields.get("id") or "").lower()
    return int(text, 36) if text and len(text) <= 13 and set(text) <= _DIGITS else 0


def full_name(fields: Fields) -> str:
    """Give the thing's full name, such as t3_abc; "" when it has no id."""
    kind = 1 if "body" in fields else 3
    return f"t{kind}_{fields['id']}" if id_number(fields) else ""


def created_at(fields: Fields) -> datetime | None:
    """Give when the thing was written, aware UTC."""
    return _moment(fields.get("created_utc"))


def read_thing(fields: Fields, *, raw: bytes, fetched_at: datetime) -> Item | Gone | None:
    """Make an item of a submission or comment; Gone when its words are no longer shown; None for other things."""
    number = id_number(fields)
    if not number:
        return None
    is_comment = "body" in fields
    if not is_comment and "title" not in fields:
        return None
    name = full_name(fields)
    text = str((fields.get("body") if is_comment else fields.get("selftext")) or "")[:MAX_TEXT]
    if text.strip() in _REMOVED or fields.get("removed_by_category"):
        return Gone(external_id=name, signal=text.strip() or str(fields.get("removed_by_category"))[:100])
    at = created_at(fields)
    link = str(fields.get("url") or "")
    return Item(
        external_id=name,
        url=permalink(fields, is_comment=is_comment),
        title="" if is_comment else str(fields.get("title") or "")[:MAX_LINE],
        text=text or (link if not is_comment and is_web_url(link) else ""),
        kind=MentionKind.COMMENT if is_comment else MentionKind.POST,
        author=_author(fields),
        in_reply_to_url=_parent(fields) if is_comment else "",
        published_at=at,
        published_precision=Precision.EXACT if at else Precision.UNKNOWN,
        edited_at=_edited_at(fields),
        raw=raw,
        raw_media_type="application/json",
        fetched_at=fetched_at,
    )


def permalink(fields: Fields, *, is_comment: bool) -> str:
    """Give the thing's own address; old answers about comments have none, so it is made of the ids."""
    given = str(fields.get("permalink") or "")
    if given:
        return urljoin(_SITE, given)
    number = str(fields.get("id"))
    if not is_comment:
        return f"{_SITE}/comments/{number}/"
    thread = _thread(fields)
    return f"{thread}{number}/" if thread else f"{_SITE}/api/info?id=t1_{number}"


def _thread(fields: Fields) -> str:
    """Give the address under which a comment's own id stands; "_" takes the place of the title's words."""
    link_id, community = str(fields.get("link_id") or ""), fields.get("subreddit")
    if not link_id.startswith("t3_"):
        return ""
    place = f"/r/{community}" if community else ""
    return f"{_SITE}{place}/comments/{link_id[3:]}/_/"


def _parent(fields: Fields) -> str:
    """Give the address of what a comment answers: another comment, or the post."""
    thread, parent = _thread(fields), str(fields.get("parent_id") or "")
    return f"{thread}{parent[3:]}/" if thread and parent.startswith("t1_") else thread


def _author(fields: Fields) -> Author:
    """Give the account as shown; nothing is looked up or put together with other accounts."""
    author = fields.get("author")
    name = author if isinstance(author, str) else str(getattr(author, "__dict__", {}).get("name") or "")
    if not name or name == _NOBODY:
        return Author(name=_NOBODY)
    return Author(name=name[:MAX_LINE], handle=f"u/{name}"[:MAX_LINE], profile_url=f"{_SITE}/user/{name}"[:MAX_LINE])


def _edited_at(fields: Fields) -> datetime | None:
    """Give when it was edited; for very old things Reddit only says that, and the first moment after it stands in."""
    edited = fields.get("edited")
    if edited is True:
        return created_at(fields)
    return _moment(edited) if edited else None


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 10**11:
        return None
    return _EPOCH + timedelta(seconds=int(value))
