"""Search a wiki's articles and talk pages for names, latest changes first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from connectors._asking import BackfillDays, BaseUrl, terms_to_ask
from connectors._entry import MAX_LINE
from connectors._health import health_of
from connectors._html import absolute
from connectors._json_answer import Json, list_of, media_type_of, moment_of, number_of, object_of, read_object, text_of
from connectors._wikitext import passages
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
from monitor.domain import HealthState, Item, MentionKind, Precision
from monitor.errors import AccessForbidden, MonitorError, RateLimited, SourceChanged, SourceUnavailable

_PAGE = 20


class WikipediaSettings(BaseModel):
    """Say which wiki to search and where in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: BaseUrl = Field("https://en.wikipedia.org/w/api.php", description="The wiki's api.php.")
    namespaces: tuple[int, ...] = Field(
        (0, 1), min_length=1, max_length=20, description="Where to search: 0 articles, 1 their talk pages, 2 users."
    )
    backfill_days: BackfillDays = 3650
    max_pages: int = Field(5, ge=1, le=50, description="How many pages of 20 to read for each name in one poll.")


class WikipediaConnector:
    """Give, for each page of the wiki that holds a name, the paragraphs that do.

    A page is one item for good; a change of those paragraphs is an edit of it. It names no author: who changed a page
    last is not who wrote the paragraph.
    """

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="wikipedia",
        title="Wikipedia and other wikis: articles and talk pages",
        settings=WikipediaSettings,
        cursor=ListingsCursor,
        capabilities=frozenset({Capability.SEARCH, Capability.EDITS}),
        access=Access.API,
        cost="free",
        needs_credentials=False,
        terms_url="https://foundation.wikimedia.org/wiki/Policy:Terms_of_Use",
        tested=Tested.SCHEMA,
    )

    def __init__(self, settings: WikipediaSettings) -> None:
        self._settings = settings

    async def poll(self, ctx: Context, query: Query, cursor: ListingsCursor) -> AsyncIterator[Page]:
        """Give pages that hold a name and were changed since the last poll."""
        base, settings = self._settings.base_url, self._settings
        listings = [
            Listing(key=term, host=base, read=partial(self._read, ctx, term)) for term in terms_to_ask(query.terms)
        ]
        days = timedelta(days=settings.backfill_days)
        async for page in walk_listings(listings, cursor, now=ctx.now, backfill=days, pages=settings.max_pages):
            yield page

    async def check(self, ctx: Context) -> Health:
        """Search once."""
        try:
            await self._read(ctx, "encyclopedia", "")
        except MonitorError as error:
            return health_of(error)
        return Health(state=HealthState.OK, what="The wiki's search answers.")

    async def _read(self, ctx: Context, term: str, token: str) -> Listed:
        params = {
            "action": "query",
            "format": "json",
            "formatversion": "2",
            "generator": "search",
            "gsrsearch": f'"{term}"',
            "gsrsort": "last_edit_desc",
            "gsrnamespace": "|".join(str(one) for one in self._settings.namespaces),
            "gsrlimit": str(_PAGE),
            "prop": "revisions|info",
            "inprop": "url",
            "rvprop": "ids|timestamp|content",
            "rvslots": "main",
            **dict(parse_qsl(token)),
        }
        answer = await ctx.http.get(self._settings.base_url, params=params, headers={"Accept": "application/json"})
        found = read_object(answer.body, connector=self.spec.name)
        self._check(found)
        pages = sorted(list_of(object_of(found, "query"), "pages"), key=lambda page: number_of(page, "index"))
        whole = [page for page in pages if list_of(page, "revisions") and number_of(page, "pageid")]
        more = {name: text_of(object_of(found, "continue"), name)[:500] for name in object_of(found, "continue")}
        return Listed(
            items=tuple(self._item(page, term, answer, ctx) for page in whole),
            marks=tuple(_mark(page) for page in whole),
            token=urlencode(more) if len(more) <= 8 else "",
        )

    def _check(self, found: Json) -> None:
        """Raise what the wiki's own error means; it comes with the status 200."""
        error = object_of(found, "error")
        code = text_of(error, "code")[:60]
        if not error:
            if "query" in found or "batchcomplete" in found:
                return
            raise SourceChanged(
                "The answer is not what a wiki's api.php gives.",
                connector=self.spec.name,
                why="It has neither pages nor an end.",
                try_="Check `base_url`: it ends with api.php.",
            )
        why = f"It answered {code!r}."
        if code == "ratelimited":
            raise RateLimited("The wiki asked for fewer requests.", connector=self.spec.name, why=why)
        if code in ("maxlag", "readonly") or code.startswith("internal_api_error"):
            raise SourceUnavailable("The wiki does not answer as it should.", connector=self.spec.name, why=why)
        if code == "readapidenied":
            raise AccessForbidden("The wiki does not allow this to be read.", connector=self.spec.name, why=why)
        raise SourceChanged("The wiki did not understand the request.", connector=self.spec.name, why=why)

    def _item(self, page: Json, term: str, answer: Response, ctx: Context) -> Item:
        revision = list_of(page, "revisions")[0]
        base = self._settings.base_url
        host, number = urlsplit(base).netloc, number_of(page, "pageid")
        source = text_of(object_of(object_of(revision, "slots"), "main"), "content")
        changed_at = moment_of(revision, "timestamp")
        return Item(
            external_id=f"{host}:{number}",
            url=absolute(text_of(page, "canonicalurl") or text_of(page, "fullurl"), base)
            or f"{base.removesuffix('api.php')}index.php?curid={number}",
            title=text_of(page, "title")[:MAX_LINE],
            text=passages(source, term),
            kind=MentionKind.COMMENT if number_of(page, "ns") % 2 else MentionKind.ARTICLE,
            language=text_of(page, "pagelanguage")[:35],
            published_at=changed_at,
            published_precision=Precision.ESTIMATED if changed_at else Precision.UNKNOWN,
            edited_at=changed_at,
            raw=answer.body,
            raw_media_type=media_type_of(answer),
            fetched_at=ctx.now,
        )


def _mark(page: Json) -> Mark:
    """Name a state of a page: it moves to the top whenever it changes."""
    revision = list_of(page, "revisions")[0]
    return Mark(f"{number_of(page, 'pageid')}@{number_of(revision, 'revid')}", moment_of(revision, "timestamp"))
