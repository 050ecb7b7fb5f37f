"""Search Hacker News for names, in stories and comments, by date."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import ClassVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from connectors._asking import BackfillDays, BaseUrl, terms_to_ask
from connectors._entry import MAX_LINE
from connectors._health import health_of
from connectors._html import absolute, html_to_text
from connectors._json_answer import Json, media_type_of, moment_of, number_of, read_object, required_list, text_of
from monitor.contract import (
    Access,
    Capability,
    ConnectorSpec,
    Context,
    Health,
    Listed,
    Listing,
    ListingsCursor,
    Mark,
    Page,
    Query,
    Response,
    Tested,
    walk_listings,
)
from monitor.domain import Author, Gone, HealthState, Item, MentionKind, Precision
from monitor.errors import MonitorError

_SITE = "https://news.ycombinator.com"
_PAGE = 100
DELETED = "[deleted]"


class HackerNewsSettings(BaseModel):
    """Say which search service to ask and how far back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: BaseUrl = Field("https://hn.algolia.com/api/v1", description="The search service's address.")
    backfill_days: BackfillDays = 365
    max_pages: int = Field(10, ge=1, le=50, description="How many pages of 100 to read for each name in one poll.")


class HackerNewsConnector:
    """Search by date, one request a name and page.

    The service sorts by the second; a page begins again at the second where the one before ended, so that ties are
    not lost between two pages.
    """

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="hackernews",
        title="Hacker News: stories and comments",
        settings=HackerNewsSettings,
        cursor=ListingsCursor,
        capabilities=frozenset({Capability.SEARCH, Capability.EDITS}),
        access=Access.API,
        cost="free",
        needs_credentials=False,
        terms_url="https://hn.algolia.com/api",
        tested=Tested.SCHEMA,
        backfill_days=7300,
    )

    def __init__(self, settings: HackerNewsSettings) -> None:
        self._settings = settings

    async def poll(self, ctx: Context, query: Query, cursor: ListingsCursor) -> AsyncIterator[Page]:
        """Give what was written about each name since the last poll."""
        base = self._settings.base_url
        listings = [
            Listing(key=term, host=base, read=partial(self._read, ctx, term)) for term in terms_to_ask(query.terms)
        ]
        backfill = timedelta(days=self._settings.backfill_days)
        pages = self._settings.max_pages
        async for page in walk_listings(listings, cursor, now=ctx.now, backfill=backfill, pages=pages):
            yield page

    async def check(self, ctx: Context) -> Health:
        """Search once and say whether the service answers."""
        try:
            await self._read(ctx, "hacker", "")
        except MonitorError as error:
            return health_of(error)
        return Health(state=HealthState.OK, what="The search service answers.")

    async def refetch(self, ctx: Context, external_id: str) -> Item | Gone:
        """Read one story or comment again."""
        answer = await ctx.http.get(f"{self._settings.base_url}/items/{external_id}", ok=frozenset({200, 404}))
        if answer.status == 404:
            return Gone(external_id=external_id, signal="HTTP 404")
        hit = read_object(answer.body, connector=self.spec.name)
        item = _item({**hit, "objectID": external_id}, answer, ctx)
        if item is None or not (item.text or item.title):
            return Gone(external_id=external_id, signal="its text was taken away")
        return item

    async def _read(self, ctx: Context, term: str, token: str) -> Listed:
        page, _, second = token.partition(":")
        params = {
            "query": f'"{term}"',
            "tags": "(story,comment,poll,job)",
            "hitsPerPage": str(_PAGE),
            "page": page or "0",
            "advancedSyntax": "true",
            "typoTolerance": "false",
        }
        if second:
            params["numericFilters"] = f"created_at_i<={second}"
        answer = await ctx.http.get(f"{self._settings.base_url}/search_by_date", params=params)
        found = read_object(answer.body, connector=self.spec.name)
        hits = required_list(found, "hits", connector=self.spec.name)
        items = tuple(item for hit in hits if (item := _item(hit, answer, ctx)))
        marks = tuple(Mark(text_of(hit, "objectID"), _second(hit)) for hit in hits)
        return Listed(
            items=items,
            marks=marks,
            token=_next(token, hits) if len(hits) >= (number_of(found, "hitsPerPage") or _PAGE) else "",
        )


def _next(token: str, hits: list[Json]) -> str:
    """Go on at the second of the last hit; when the whole page lies within that one second, turn the page instead."""
    page, _, second = token.partition(":")
    last = str(number_of(hits[-1], "created_at_i"))
    return f"{int(page or 0) + 1}:{second}" if last in (second, "0") else f"0:{last}"


def _second(hit: Json) -> datetime | None:
    second = number_of(hit, "created_at_i")
    return datetime.fromtimestamp(second, UTC) if 0 < second < 2**33 else None


def _item(hit: Json, answer: Response, ctx: Context) -> Item | None:
    native = text_of(hit, "objectID")
    if not native.isalnum() or len(native) > 40:
        return None
    is_comment = bool(text_of(hit, "comment_text")) or text_of(hit, "type") == "comment"
    words = html_to_text(text_of(hit, "comment_text") or text_of(hit, "story_text") or text_of(hit, "text"))
    link = "" if is_comment else absolute(text_of(hit, "url"), _SITE)
    parent = number_of(hit, "parent_id")
    published_at = _second(hit) or moment_of(hit, "created_at")
    return Item(
        external_id=native,
        url=f"{_SITE}/item?id={native}",
        title="" if is_comment else html_to_text(text_of(hit, "title")[:MAX_LINE]),
        text="\n".join(filter(None, (words, link))),
        kind=MentionKind.COMMENT if is_comment else MentionKind.POST,
        author=_author(text_of(hit, "author")),
        in_reply_to_url=f"{_SITE}/item?id={parent}" if parent else "",
        published_at=published_at,
        published_precision=Precision.EXACT if published_at else Precision.UNKNOWN,
        raw=answer.body,
        raw_media_type=media_type_of(answer),
        fetched_at=ctx.now,
    )


def _author(name: str) -> Author:
    if not name or len(name) > 100:
        return Author(name=DELETED)
    return Author(name=name, handle=name, external_id=name, profile_url=f"{_SITE}/user?id={quote(name, safe='')}")
