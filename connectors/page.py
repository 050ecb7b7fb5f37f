"""Watch one page: its posts or reviews, their edits and their removal; or the page itself."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors import _article_library
from connectors import _page_reader as reader
from connectors._bounded import parse_bounded
from connectors._entry import MAX_ITEMS, Parsed
from connectors._health import health_of
from connectors._library_session import missing_library
from connectors._removals import removed
from monitor.contract import Access, Capability, ConnectorSpec, Context, Health, Page, Query, Response, Tested
from monitor.domain import Gone, HealthState, Item, MentionKind
from monitor.errors import MonitorError, SourceChanged
from monitor.text import is_web_url

_GONE = frozenset({404, 410})
_LONGEST_VALIDATOR = 1_000
_SELECTORS = tuple(reader.Selectors.model_fields)
NO_LONGER_SHOWN = "no longer on the page"


class PageSettings(BaseModel):
    """Say which page to watch; the selectors are needed only where the page does not mark its posts by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="The page's address.")
    item: str = Field("", description="CSS selector of one post; the other selectors look inside it.")
    id: str = Field("", description='Selector of the element with the post\'s id, or "@attribute" of the post.')
    text: str = Field("", description="Selector of the post's words; default: the whole post.")
    author: str = Field("", description="Selector of the author's name.")
    published: str = Field("", description="Selector of the date.")
    title: str = Field("", description="Selector of the title.")
    link: str = Field("", description="Selector of the post's own link.")
    rating: str = Field("", description="Selector of the number of stars; makes the items reviews.")
    next: str = Field("", description="Selector of the link to the next page; default: rel=next.")
    empty: str = Field("", description="Selector of what the page shows when it has no posts.")
    whole: bool = Field(default=False, description="Watch the page's own text too, as an article beside its posts.")
    reader: Literal["plain", "trafilatura"] = Field("plain", description="Which reader finds an article's words.")
    kind: MentionKind = Field(MentionKind.POST, description="What the items are.")
    max_pages: int = Field(5, ge=1, le=50, description="How many pages to follow.")
    max_bytes: int = Field(5 * 1024 * 1024, gt=0, le=20 * 1024 * 1024, description="Refuse larger pages.")

    @field_validator("url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if not is_web_url(value):
            raise ValueError("must be an address that starts with https:// or http://")
        return value

    @field_validator(*_SELECTORS)
    @classmethod
    def _readable(cls, value: str) -> str:
        return reader.check_selector(value) if value and not value.startswith("@") else value

    @model_validator(mode="after")
    def _parts_need_an_item(self) -> Self:
        parts = [name for name in _SELECTORS if name not in ("item", "next", "empty") and getattr(self, name)]
        if parts and not self.item:
            raise ValueError(f"{', '.join(f'`{name}`' for name in parts)} look inside an `item`, which is missing")
        return self


class PageCursor(BaseModel):
    """Hold by which method items were found, and their ids in the page's order, to see what is missing next time."""

    method: str = ""
    ids: list[str] = Field(default_factory=list)
    etag: str = ""
    last_modified: str = ""
    body_sha256: str = ""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Hold one page of a walk."""

    answer: Response
    parsed: Parsed

    @property
    def posts(self) -> int:
        """Count its items, leaving out the article that `whole` adds to them."""
        entries = self.parsed.entries
        if self.parsed.method == "article":
            return len(entries)
        return sum(entry.kind is not MentionKind.ARTICLE for entry in entries)


class PageConnector:
    """Watch one page and the pages that follow it."""

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="page",
        title="Web pages: reviews, threads, articles",
        settings=PageSettings,
        cursor=PageCursor,
        capabilities=frozenset({Capability.THREAD, Capability.EDITS, Capability.DELETES, Capability.MEDIA}),
        access=Access.PAGE,
        cost="free",
        needs_credentials=False,
        terms_url="",
        tested=Tested.RECORDED,
    )

    def __init__(self, settings: PageSettings) -> None:
        self._settings = settings
        self._selectors = reader.Selectors(**{name: getattr(settings, name) for name in _SELECTORS})

    async def poll(self, ctx: Context, query: Query, cursor: PageCursor) -> AsyncIterator[Page]:
        """Give every item that the pages show now; the last page says which ones are gone.

        The position moves with the last page only, so that a walk that breaks off is made again from its start.
        """
        answer = await self._fetch(ctx, self._settings.url, cursor)
        if answer.status in _GONE:
            yield self._all_gone(answer, cursor)
            return
        digest = hashlib.sha256(answer.body).hexdigest()
        if answer.not_modified or digest == cursor.body_sha256:
            yield Page(items=(), cursor=cursor, not_modified=True)
            return
        ids: dict[str, None] = {}
        count = posts = 0
        async for sheet in self._walk(ctx, answer, cursor.method):
            count += 1
            posts += sheet.posts
            items = tuple(item for item in self._items(sheet, ctx) if item.external_id not in ids)
            ids.update(dict.fromkeys(item.external_id for item in items))
            is_last = not sheet.parsed.next_url or count == self._settings.max_pages
            if not is_last:
                yield Page(items=items, cursor=cursor, complete=False)
                continue
            self._check_still_there(sheet, posts, len(cursor.ids))
            is_whole = not sheet.parsed.next_url and sheet.parsed.method == cursor.method
            gone = removed(cursor.ids, list(ids)) if is_whole else ()
            yield Page(
                items=items,
                cursor=_position(answer if count == 1 else None, digest, sheet.parsed.method, list(ids)),
                gone=tuple(Gone(external_id=one, signal=NO_LONGER_SHOWN) for one in gone),
            )

    async def check(self, ctx: Context) -> Health:
        """Fetch the page once and say what was found on it."""
        try:
            answer = await self._fetch(ctx, self._settings.url, PageCursor())
            if answer.status in _GONE:
                raise _missing(answer)
            parsed = await self._parse(answer, "")
            sheet = _Sheet(answer, parsed)
            self._check_still_there(sheet, sheet.posts, 0)
        except MonitorError as error:
            return health_of(error)
        found = (
            "The page is read as one article." if parsed.method == "article" else f"{len(parsed.entries)} items found."
        )
        return Health(state=HealthState.OK, what=found)

    async def refetch(self, ctx: Context, external_id: str) -> Item | Gone:
        """Look for one item on the pages again."""
        answer = await self._fetch(ctx, self._settings.url, PageCursor())
        if answer.status in _GONE:
            return Gone(external_id=external_id, signal=f"HTTP {answer.status}")
        posts = 0
        async for sheet in self._walk(ctx, answer, ""):
            for item in self._items(sheet, ctx):
                if item.external_id == external_id:
                    return item
            posts += sheet.posts
        self._check_still_there(sheet, posts, 1)
        return Gone(external_id=external_id, signal=NO_LONGER_SHOWN)

    async def _walk(self, ctx: Context, first: Response, method: str) -> AsyncIterator[_Sheet]:
        """Read page after page, each once."""
        answer, visited = first, {self._settings.url, first.url}
        for _ in range(self._settings.max_pages):
            parsed = await self._parse(answer, method)
            method = parsed.method
            if parsed.next_url in visited:
                parsed = parsed.model_copy(update={"next_url": ""})
            yield _Sheet(answer, parsed)
            if not parsed.next_url:
                return
            visited.add(parsed.next_url)
            answer = await ctx.http.get(parsed.next_url)

    async def _fetch(self, ctx: Context, url: str, cursor: PageCursor) -> Response:
        return await ctx.http.get(
            url, etag=cursor.etag, last_modified=cursor.last_modified, ok=frozenset({200, *_GONE})
        )

    async def _parse(self, answer: Response, method: str) -> Parsed:
        size, most = len(answer.body), self._settings.max_bytes
        if size > most:
            raise SourceChanged(
                "The page is too large.",
                connector=self.spec.name,
                why=f"It has {size // 1024} KiB and {most // 1024} KiB are read.",
                try_="Raise `max_bytes` of this source.",
            )
        if self._settings.reader == "trafilatura" and not _article_library.is_installed():
            raise missing_library(self.spec.name, "articles")
        options = reader.PageOptions(
            url=answer.url,
            content_type=answer.media_type,
            charset=answer.charset,
            selectors=self._selectors,
            method=method,
            whole=self._settings.whole,
            library=self._settings.reader == "trafilatura",
        )
        apart = options.library or not reader.is_harmless(answer.body)
        parsed = await parse_bounded(reader.read, answer.body, options, apart=apart)
        if parsed.problem:
            raise SourceChanged("The address gives no page.", connector=self.spec.name, why=parsed.problem)
        return parsed

    def _items(self, sheet: _Sheet, ctx: Context) -> tuple[Item, ...]:
        answer = sheet.answer
        return tuple(
            entry.to_item(
                kind=self._settings.kind,
                url=answer.url,
                raw=answer.body,
                media_type=answer.media_type or "text/html",
                fetched_at=ctx.now,
            )
            for entry in sheet.parsed.entries
        )

    def _check_still_there(self, sheet: _Sheet, posts: int, known: int) -> None:
        """Tell a page whose items are all gone from one that is not itself any more: a wall, a new design."""
        if posts or sheet.parsed.is_end:
            return
        raise SourceChanged(
            f"The page shows none of the {known} items it had." if known else "No item was found on the page.",
            connector=self.spec.name,
            why="Its design has changed, or a login or check stands in front of it."
            if known
            else "`item` finds nothing.",
            try_="Open the address in a browser and check the selectors; `empty` names what an empty page shows.",
        )

    def _all_gone(self, answer: Response, cursor: PageCursor) -> Page:
        if not cursor.ids:
            raise _missing(answer)
        gone = tuple(Gone(external_id=one, signal=f"HTTP {answer.status}") for one in cursor.ids)
        return Page(items=(), cursor=PageCursor(method=cursor.method), gone=gone)


def _missing(answer: Response) -> SourceChanged:
    return SourceChanged(
        "The page does not exist.", why=f"It answered {answer.status}.", try_="Check the address in a browser."
    )


def _position(answer: Response | None, digest: str, method: str, ids: list[str]) -> PageCursor:
    """Remember validators for a single page only: the first of several may stay as it is while others change."""
    if answer is None:
        return PageCursor(method=method, ids=ids[:MAX_ITEMS])
    etag, last_modified = answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
    return PageCursor(
        method=method,
        ids=ids[:MAX_ITEMS],
        etag=etag if len(etag) <= _LONGEST_VALIDATOR else "",
        last_modified=last_modified if len(last_modified) <= _LONGEST_VALIDATOR else "",
        body_sha256=digest,
    )
