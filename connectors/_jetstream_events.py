"""Read the events of Jetstream, and remember which of them were handed over."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from pydantic import BaseModel, ConfigDict

from connectors._bluesky_posts import COLLECTION, SITE, card_of, language_of, post_url
from connectors._dates import read_date
from connectors._entry import MAX_MEDIA, bounded_id
from connectors._html import absolute, tidy
from connectors._json_answer import Json, list_of, number_of, object_of, text_of
from monitor.domain import Author, Item, MentionKind, Precision

_CDN = "https://cdn.bsky.app/img/feed_fullsize/plain"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_US = 32_503_680_000_000_000  # the year 3000: larger numbers are no times
_MOST_RECENT = 20_000
_LEAST_RECENT = 300


class JetstreamCursor(BaseModel):
    """Hold the newest time of the server in microseconds, and prints of the commits shortly before it."""

    model_config = ConfigDict(frozen=True)

    time_us: int = 0
    recent: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Event:
    """Hold one event; `uri` is empty when it is about no post."""

    time_us: int
    uri: str = ""
    operation: str = ""
    did: str = ""
    rev: str = ""
    record: Json = field(default_factory=dict)
    frame: bytes = b""

    @property
    def is_removal(self) -> bool:
        """Tell whether the post was deleted."""
        return self.operation == "delete"

    @property
    def print(self) -> str:
        """Give what tells this change of this post from every other one."""
        return blake2b(f"{self.uri} {self.rev} {self.operation}".encode("utf-8", "replace"), digest_size=8).hexdigest()

    def item(self, opened_at: datetime) -> Item | None:
        """Make the item of a created or changed post; None when its address cannot be built."""
        url = post_url(self.uri)
        if not url:
            return None
        record, arrived = self.record, _EPOCH + timedelta(microseconds=self.time_us)
        written = read_date(text_of(record, "createdAt"))[0]
        reply = object_of(object_of(record, "reply"), "parent")
        return Item(
            external_id=bounded_id(self.uri),
            url=url,
            text="\n".join(filter(None, (tidy(text_of(record, "text")), *card_of(record)))),
            kind=MentionKind.POST,
            author=Author(name=self.did, external_id=self.did, profile_url=f"{SITE}/profile/{self.did}"),
            language=language_of(record),
            in_reply_to_url=post_url(text_of(reply, "uri")) if reply else "",
            media=_media(self.did, object_of(record, "embed")),
            published_at=min(written, arrived) if written else arrived,
            published_precision=Precision.EXACT,
            edited_at=arrived if self.operation == "update" else None,
            raw=self.frame,
            raw_media_type="application/json",
            fetched_at=max(opened_at, arrived),
        )


def read_event(frame: bytes) -> Event | None:
    """Read one frame; None when it is no event. Events about anything but posts only carry the time on."""
    try:
        told = json.loads(frame)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not 0 < number_of(told, "time_us") < _LATEST_US or not text_of(told, "kind"):
        return None
    time_us, commit = number_of(told, "time_us"), object_of(told, "commit")
    operation = text_of(commit, "operation")
    if text_of(commit, "collection") != COLLECTION or operation not in ("create", "update", "delete"):
        return Event(time_us)
    did = text_of(told, "did")
    uri = f"at://{did}/{COLLECTION}/{text_of(commit, 'rkey')}"
    if not post_url(uri):
        return Event(time_us)
    return Event(time_us, uri, operation, did, text_of(commit, "rev"), object_of(commit, "record"), frame)


class Position:
    """Follow a stream: the newest time, and what was handed over in the stretch that is heard again after a break.

    Twice the rewind is remembered, as servers do not count alike; at least 300 commits, at most 20,000. An event that
    is older than that counts as new: a server whose clock was set back must not make us deaf.
    """

    def __init__(self, cursor: JetstreamCursor, *, rewind_us: int) -> None:
        self.time_us = cursor.time_us
        self._recent = dict(cursor.recent)
        self._span = 2 * rewind_us

    def take(self, event: Event) -> bool:
        """Move on to an event; False when it was handed over before."""
        self.time_us = max(self.time_us, event.time_us)
        if not event.uri:
            return True
        known = event.print
        if known in self._recent:
            return False
        self._recent[known] = event.time_us
        return True

    def cursor(self) -> JetstreamCursor:
        """Give the position as it is kept."""
        oldest, spare = self.time_us - self._span, len(self._recent) - _LEAST_RECENT
        if spare > 0:
            kept = [entry for place, entry in enumerate(self._recent.items()) if place >= spare or entry[1] >= oldest]
            self._recent = dict(kept[-_MOST_RECENT:])
        return JetstreamCursor(time_us=self.time_us, recent=dict(self._recent))


def _media(did: str, embed: Json) -> tuple[str, ...]:
    if not embed:
        return ()
    images = [*list_of(embed, "images"), *list_of(object_of(embed, "media"), "images")][:MAX_MEDIA]
    names = (text_of(object_of(object_of(image, "image"), "ref"), "$link") for image in images)
    links = (absolute(f"{_CDN}/{did}/{name}@jpeg", SITE) for name in names if name.isalnum())
    return tuple(dict.fromkeys(link for link in links if link))
