"""Read RSS, Atom, RDF and JSON feeds."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors import _feed_reader as reader
from connectors._asking import OtherBaseUrl
from connectors._bounded import parse_bounded
from connectors._entry import Parsed
from connectors._health import health_of
from connectors._presets import PRESETS, PresetName, feed_url
from monitor.contract import Access, Capability, ConnectorSpec, Context, Health, Page, Query, Response, Tested
from monitor.domain import HealthState, MentionKind
from monitor.errors import MonitorError, SourceChanged
from monitor.text import is_web_url

_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_LONGEST_VALIDATOR = 1_000


class FeedSettings(BaseModel):
    """Say which feed to read: `url`, or `preset` and `value`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field("", description="The feed's address.")
    preset: PresetName | None = Field(None, description="A platform whose feed addresses are known.")
    value: str = Field("", description="What the preset needs; see the list of presets.")
    base_url: OtherBaseUrl = Field("", description="Another address in the place of the preset's platform.")
    kind: MentionKind | None = Field(None, description="What the items are; default: the preset's, else article.")
    language: str = Field("", description="The language of the items, for feeds that do not say (BCP 47).")
    max_bytes: int = Field(2 * 1024 * 1024, gt=0, le=20 * 1024 * 1024, description="Refuse larger feeds.")

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if bool(self.url) == bool(self.preset):
            raise ValueError("give either `url`, or `preset` and `value`")
        if self.preset:
            feed_url(self.preset, self.value)
        elif self.value or self.base_url:
            raise ValueError("`value` and `base_url` belong to a `preset`")
        elif not is_web_url(self.url):
            raise ValueError("`url` must be an address that starts with https:// or http://")
        return self


class FeedCursor(BaseModel):
    """Hold the validators of the last answer and the hash of its body, so that an unchanged feed costs nothing."""

    etag: str = ""
    last_modified: str = ""
    body_sha256: str = ""


class FeedConnector:
    """Read one feed; all of its items each time it has changed."""

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="feed",
        title="RSS, Atom and JSON feeds",
        settings=FeedSettings,
        cursor=FeedCursor,
        capabilities=frozenset({Capability.EDITS, Capability.MEDIA}),
        access=Access.FEED,
        cost="free",
        needs_credentials=False,
        terms_url="",
        tested=Tested.RECORDED,
    )

    def __init__(self, settings: FeedSettings) -> None:
        self._settings = settings
        self._url = feed_url(settings.preset, settings.value, settings.base_url) if settings.preset else settings.url
        self._kind = settings.kind or (PRESETS[settings.preset].kind if settings.preset else MentionKind.ARTICLE)

    async def poll(self, ctx: Context, query: Query, cursor: FeedCursor) -> AsyncIterator[Page]:
        """Give the feed's items, or a page that says nothing has changed."""
        answer = await self._fetch(ctx, cursor)
        digest = "" if answer.not_modified else hashlib.sha256(answer.body).hexdigest()
        if answer.not_modified or digest == cursor.body_sha256:
            yield Page(items=(), cursor=cursor, not_modified=True)
            return
        parsed = await self._parse(answer)
        media_type = answer.media_type or "application/xml"
        items = tuple(
            entry.to_item(kind=self._kind, url=self._url, raw=answer.body, media_type=media_type, fetched_at=ctx.now)
            for entry in (
                one.model_copy(update={"language": one.language or self._settings.language}) for one in parsed.entries
            )
        )
        yield Page(items=items, cursor=FeedCursor() if parsed.is_cut else _position(answer, digest))

    async def check(self, ctx: Context) -> Health:
        """Fetch the feed once and say whether it can be read."""
        try:
            parsed = await self._parse(await self._fetch(ctx, FeedCursor()))
        except MonitorError as error:
            return health_of(error)
        return Health(state=HealthState.OK, what=f"The feed has {len(parsed.entries)} items.")

    async def _fetch(self, ctx: Context, cursor: FeedCursor) -> Response:
        return await ctx.http.get(
            self._url, headers={"Accept": _ACCEPT}, etag=cursor.etag, last_modified=cursor.last_modified
        )

    async def _parse(self, answer: Response) -> Parsed:
        size, most = len(answer.body), self._settings.max_bytes
        if size > most:
            raise SourceChanged(
                "The feed is too large.",
                connector=self.spec.name,
                why=f"It has {size // 1024} KiB and {most // 1024} KiB are read.",
                try_="Raise `max_bytes` of this source, or use a feed with fewer items.",
            )
        options = reader.FeedOptions(url=answer.url, content_type=answer.headers.get("content-type", ""))
        parsed = await parse_bounded(reader.read, answer.body, options, apart=not reader.is_harmless(answer.body))
        if parsed.problem:
            raise SourceChanged(
                "The address gives no feed.",
                connector=self.spec.name,
                why=parsed.problem,
                try_="Open the address in a browser and look for the site's feed link.",
            )
        return parsed


def _position(answer: Response, digest: str) -> FeedCursor:
    """Remember validators of a sane length only; they are sent back to the server as they came."""
    etag, last_modified = answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
    return FeedCursor(
        etag=etag if len(etag) <= _LONGEST_VALIDATOR else "",
        last_modified=last_modified if len(last_modified) <= _LONGEST_VALIDATOR else "",
        body_sha256=digest,
    )
