"""What parsers give: plain records that also pass between processes as JSON."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from monitor.domain import Author, Item, MentionKind, Precision, to_utc

MAX_ITEMS = 2_000
MAX_TEXT = 400_000
MAX_LINE = 1_000
MAX_MEDIA = 40
_LONGEST_ID = 400


def _line(value: object) -> str:
    return " ".join(str(value or "")[: MAX_LINE * 4].split())[:MAX_LINE]


def _text(value: object) -> str:
    return str(value or "")[:MAX_TEXT].strip()


Line = Annotated[str, BeforeValidator(_line)]
Text = Annotated[str, BeforeValidator(_text)]


class Entry(BaseModel):
    """Hold one item as a parser read it; texts are plain and bounded, times aware UTC."""

    model_config = ConfigDict(frozen=True)

    id: str
    url: str = ""
    title: Line = ""
    text: Text = ""
    author: Line = ""
    author_url: Line = ""
    language: Line = ""
    rating: float | None = None
    in_reply_to_url: Line = ""
    media: tuple[str, ...] = ()
    published_at: datetime | None = None
    precision: Precision = Precision.UNKNOWN
    edited_at: datetime | None = None
    anchor: Line = ""
    kind: MentionKind | None = None

    def to_item(self, *, kind: MentionKind, url: str, raw: bytes, media_type: str, fetched_at: datetime) -> Item:
        """Make the item; `kind` and `url` are used where the entry has none."""
        author = Author(name=self.author, profile_url=self.author_url) if self.author or self.author_url else None
        return Item(
            external_id=self.id,
            url=self.url or url,
            title=self.title,
            text=self.text,
            author=author,
            language=self.language,
            rating=self.rating,
            in_reply_to_url=self.in_reply_to_url,
            media=self.media[:MAX_MEDIA],
            published_at=to_utc(self.published_at) if self.published_at else None,
            published_precision=self.precision,
            edited_at=to_utc(self.edited_at) if self.edited_at else None,
            anchor=self.anchor,
            kind=self.kind or kind,
            raw=raw,
            raw_media_type=media_type or "application/octet-stream",
            fetched_at=fetched_at,
        )


class Parsed(BaseModel):
    """Hold what a parser made of one body; `problem` says in words why it made nothing.

    `method` names how the items were found, `next_url` is the page after this one, `is_end` that the page says
    there is nothing (more) to show.
    """

    model_config = ConfigDict(frozen=True)

    entries: tuple[Entry, ...] = ()
    problem: str = ""
    method: str = ""
    next_url: str = ""
    is_end: bool = False
    is_cut: bool = False


def bounded_id(text: str) -> str:
    """Give an id that a store keeps whole: one line, and a hash in the place of a very long one."""
    line = " ".join(text.split())
    if len(line) <= _LONGEST_ID:
        return line
    return hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()
