"""Turn YouTube's videos and comments into items."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from connectors._entry import MAX_LINE
from connectors._html import html_to_text
from connectors._json_answer import Json, list_of, media_type_of, moment_of, object_of, text_of
from monitor.contract import Mark, Response
from monitor.domain import Author, Item, MentionKind, Precision
from monitor.text import is_web_url

_ID = re.compile(r"[A-Za-z0-9_-]{6,20}")
_ID_OF_CHANNEL = re.compile(r"[A-Za-z0-9_-]{10,60}")
_COMMENT_ID = re.compile(r"[A-Za-z0-9_.-]{6,120}")
_WATCH = "https://www.youtube.com/watch?v="
_EDITED_AFTER = timedelta(seconds=1)


def video_id(given: str) -> str:
    """Give the id in a video's id or address; raise ValueError when there is none."""
    text = given.strip()
    if is_web_url(text):
        parts = urlsplit(text)
        last = parts.path.rstrip("/").rpartition("/")[2]
        text = (parse_qs(parts.query).get("v") or [last])[0]
    if not _ID.fullmatch(text):
        raise ValueError("`videos` are ids or addresses of YouTube videos")
    return text


def read_video(found: Json, answer: Response, now: datetime) -> Item | None:
    """Make an item of a search result; titles there are written with HTML entities."""
    own_id, told = text_of(object_of(found, "id"), "videoId"), object_of(found, "snippet")
    if not _ID.fullmatch(own_id):
        return None
    channel = text_of(told, "channelId")
    published_at = moment_of(told, "publishedAt")
    return Item(
        external_id=f"video:{own_id}",
        url=f"{_WATCH}{own_id}",
        title=html.unescape(text_of(told, "title"))[:MAX_LINE],
        text=html.unescape(text_of(told, "description")),
        kind=MentionKind.VIDEO,
        author=Author(
            name=html.unescape(text_of(told, "channelTitle"))[:MAX_LINE],
            profile_url=f"https://www.youtube.com/channel/{channel}" if _ID_OF_CHANNEL.fullmatch(channel) else "",
            external_id=channel[:100],
        ),
        published_at=published_at,
        published_precision=Precision.EXACT if published_at else Precision.UNKNOWN,
        raw=answer.body,
        raw_media_type=media_type_of(answer),
        fetched_at=now,
    )


def mark_of(thread: Json) -> Mark | None:
    """Give a thread's id and the time of its first comment; None when it has no usable id."""
    own_id = text_of(thread, "id")
    first = object_of(object_of(object_of(thread, "snippet"), "topLevelComment"), "snippet")
    return Mark(own_id, moment_of(first, "publishedAt")) if _COMMENT_ID.fullmatch(own_id) else None


def read_thread(thread: Json, answer: Response, now: datetime) -> list[Item]:
    """Make items of a thread's first comment and of the replies in its answer."""
    told = object_of(thread, "snippet")
    video = text_of(told, "videoId")
    comments = [object_of(told, "topLevelComment"), *list_of(object_of(thread, "replies"), "comments")]
    return [item for one in comments if (item := read_comment(one, video, answer, now))]


def read_comment(comment: Json, video: str, answer: Response, now: datetime) -> Item | None:
    """Make an item of a comment; its address shows it marked, above the others. `video` may be empty."""
    own_id, told = text_of(comment, "id"), object_of(comment, "snippet")
    if not _COMMENT_ID.fullmatch(own_id):
        return None
    where = text_of(told, "videoId") or video
    page = f"{_WATCH}{where}" if _ID.fullmatch(where) else "https://www.youtube.com/"
    if not _ID.fullmatch(where) and _ID_OF_CHANNEL.fullmatch(text_of(told, "channelId")):
        page = f"https://www.youtube.com/channel/{text_of(told, 'channelId')}/discussion?"
    published_at, updated_at = moment_of(told, "publishedAt"), moment_of(told, "updatedAt")
    is_edited = published_at and updated_at and updated_at - published_at > _EDITED_AFTER
    parent = text_of(told, "parentId")
    return Item(
        external_id=f"comment:{own_id}",
        url=f"{page}&lc={own_id}",
        text=text_of(told, "textOriginal") or html_to_text(text_of(told, "textDisplay")),
        kind=MentionKind.COMMENT,
        author=_author(told),
        in_reply_to_url=f"{page}&lc={parent}" if _COMMENT_ID.fullmatch(parent) else page,
        published_at=published_at,
        published_precision=Precision.EXACT if published_at else Precision.UNKNOWN,
        edited_at=updated_at if is_edited else None,
        raw=answer.body,
        raw_media_type=media_type_of(answer),
        fetched_at=now,
    )


def _author(told: Json) -> Author:
    """Give the account as shown; a deleted one has no name."""
    name, url = text_of(told, "authorDisplayName")[:MAX_LINE], text_of(told, "authorChannelUrl")
    return Author(
        name=name or "[deleted]",
        handle=name if name.startswith("@") else "",
        profile_url=url if is_web_url(url) and len(url) <= MAX_LINE else "",
        external_id=text_of(object_of(told, "authorChannelId"), "value")[:100],
    )
