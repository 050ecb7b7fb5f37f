"""Search the web for the watched names, through a SearXNG server or Brave's search service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors._asking import OtherBaseUrl
from connectors._dates import read_date
from connectors._health import health_of
from connectors._html import html_to_text
from connectors._json_answer import Json, list_of, media_type_of, object_of, read_object, required_list, text_of
from connectors._purse import Dollars, Purse, monthly_requests, requests_for
from connectors._terms import groups
from monitor.contract import (
    Access,
    Capability,
    ConnectorSpec,
    Context,
    EmptyCursor,
    Health,
    Page,
    Query,
    Response,
    Spending,
    Tested,
)
from monitor.domain import HealthState, Item, MentionKind, Precision
from monitor.errors import AccessForbidden, AuthenticationFailed, MonitorError, SourceChanged
from monitor.text import canonical_url, fallback_id, is_web_url, unwrap_url

_BRAVE = "https://api.search.brave.com"
_BRAVE_PERIODS = {"day": "pd", "week": "pw", "month": "pm", "year": "py", "": ""}
_BRAVE_LAST_OFFSET = 9
_BRAVE_LONGEST = 380  # Brave reads 400 characters and 50 words


class WebSearchSettings(BaseModel):
    """Say which search service to ask, and how often and how deep."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: Literal["searxng", "brave"] = Field("searxng", description="Which service answers.")
    base_url: OtherBaseUrl = Field("", description="The SearXNG server; for Brave only where it is not the usual.")
    api_key: SecretStr | None = Field(None, description="Brave's subscription token; SearXNG needs none.")
    pages: int = Field(1, ge=1, le=5, description="How many pages of results to read for each query.")
    period: Literal["day", "week", "month", "year", ""] = Field("", description="Only results from this last period.")
    language: str = Field("", max_length=20, description="Language of the results (BCP 47); empty: any.")
    monthly_budget: Dollars = Field(
        Decimal(5), description="Brave only: most to spend in a calendar month, in US dollars."
    )
    price_per_request: Dollars = Field(Decimal("0.005"), description="What Brave takes for a request (November 2026).")
    free_requests: int = Field(0, ge=0, description="Requests in a month that your plan at Brave does not charge.")

    @model_validator(mode="after")
    def _an_address(self) -> Self:
        if not self.base_url and self.engine == "searxng":
            raise ValueError("`base_url` must be the address of a SearXNG server")
        return self


class WebSearchConnector:
    """Ask for all names, page by page; each result is an item known by its address."""

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="web_search",
        title="Web search (SearXNG, Brave)",
        settings=WebSearchSettings,
        cursor=EmptyCursor,
        capabilities=frozenset({Capability.SEARCH}),
        access=Access.API,
        cost="SearXNG: free. Brave: by request, see its plans; stopped at `monthly_budget`.",
        needs_credentials=False,
        terms_url="https://api-dashboard.search.brave.com/terms-of-service",
        tested=Tested.SCHEMA,
    )

    def __init__(self, settings: WebSearchSettings) -> None:
        self._settings = settings
        self._base = settings.base_url or _BRAVE
        self._is_brave = settings.engine == "brave"

    async def poll(self, ctx: Context, query: Query, cursor: EmptyCursor) -> AsyncIterator[Page]:
        """Give the results of every query, one page an answer."""
        asked = self._queries(query.terms)
        if not asked:
            yield Page(items=(), cursor=cursor)
            return
        self._require_key()
        for at, words in enumerate(asked):
            for number in range(self._settings.pages):
                answer = await self._ask(ctx, words, number)
                items, has_more = self._read(answer, ctx)
                is_end = number + 1 == self._settings.pages or not has_more
                yield Page(items=items, cursor=cursor, complete=is_end and at + 1 == len(asked))
                if is_end:
                    break

    async def check(self, ctx: Context) -> Health:
        """Ask one question and say whether the service answers."""
        try:
            self._require_key()
            items, _ = self._read(await self._ask(ctx, '"example"', 0), ctx)
        except MonitorError as error:
            return health_of(error)
        return Health(state=HealthState.OK, what=f"The service answers; {len(items)} results for a trial question.")

    def _queries(self, terms: tuple[str, ...]) -> tuple[str, ...]:
        """Join names for Brave; the engines behind SearXNG do not agree on OR, so there each name is asked alone."""
        if self._is_brave:
            return groups(terms, joiner=" OR ", longest=_BRAVE_LONGEST, most=8)
        return groups(terms, joiner=" ", longest=400, most=1)

    async def _ask(self, ctx: Context, words: str, number: int) -> Response:
        if self._is_brave:
            return await self._ask_brave(ctx, words, number)
        params = {"q": words, "format": "json", "pageno": str(number + 1), "safesearch": "0"}
        if self._settings.period:
            params["time_range"] = self._settings.period
        if self._settings.language:
            params["language"] = self._settings.language
        try:
            return await ctx.http.get(f"{self._base}/search", params=params, headers={"Accept": "application/json"})
        except AccessForbidden as error:
            raise AccessForbidden(
                "The SearXNG server does not give JSON.",
                connector=self.spec.name,
                why=error.why,
                try_="On your own server add `json` to `search.formats` in settings.yml; others seldom allow it.",
            ) from error

    async def _ask_brave(self, ctx: Context, words: str, number: int) -> Response:
        params = {"q": words, "count": "20", "offset": str(min(number, _BRAVE_LAST_OFFSET)), "safesearch": "off"}
        params |= {"text_decorations": "false", "spellcheck": "false"}
        if self._settings.period:
            params["freshness"] = _BRAVE_PERIODS[self._settings.period]
        if self._settings.language:
            params["search_lang"] = self._settings.language
        key = self._settings.api_key.get_secret_value() if self._settings.api_key else ""
        headers = {"Accept": "application/json", "X-Subscription-Token": key}
        async with self._purse(ctx).one_request():
            return await ctx.http.get(f"{self._base}/res/v1/web/search", params=params, headers=headers)

    def _read(self, answer: Response, ctx: Context) -> tuple[tuple[Item, ...], bool]:
        """Give the items and whether there may be a further page."""
        record = read_object(answer.body, connector=self.spec.name)
        if not self._is_brave:
            results = required_list(record, "results", connector=self.spec.name)
            has_more = bool(results)
        elif record.get("type") == "search":
            results = list_of(object_of(record, "web"), "results")
            has_more = object_of(record, "query").get("more_results_available") is True
        else:
            raise SourceChanged(
                "The service's answer is not understood.", connector=self.spec.name, why="It is not a search answer."
            )
        found = {item.external_id: item for one in results if (item := self._item(one, answer, ctx))}
        return tuple(found.values()), has_more

    def _item(self, result: Json, answer: Response, ctx: Context) -> Item | None:
        url = unwrap_url(text_of(result, "url"))
        if not is_web_url(url) or len(url) > 4_000:
            return None
        date = text_of(result, "page_age" if self._is_brave else "publishedDate")
        published_at, precision = read_date(date)
        return Item(
            external_id=fallback_id(canonical_url(url), "", ""),
            url=url,
            title=html_to_text(text_of(result, "title"))[:1_000],
            text=html_to_text(text_of(result, "description" if self._is_brave else "content")),
            kind=MentionKind.ARTICLE,
            language=text_of(result, "language")[:20],
            published_at=published_at,
            published_precision=Precision.ESTIMATED if precision is Precision.EXACT else precision,
            raw=answer.body,
            raw_media_type=media_type_of(answer),
            fetched_at=ctx.now,
        )

    def _require_key(self) -> None:
        if self._is_brave and not (self._settings.api_key and self._settings.api_key.get_secret_value()):
            raise AuthenticationFailed(
                "Brave's search needs a key.",
                connector=self.spec.name,
                why="`api_key` is not set.",
                try_="Get one at api-dashboard.search.brave.com, or use a SearXNG server, which needs none.",
            )

    async def spending(self, ctx: Context) -> Spending | None:
        """Say what the key was counted for; a SearXNG server counts nothing."""
        return await self._purse(ctx).spending() if self._settings.engine == "brave" else None

    def _purse(self, ctx: Context) -> Purse:
        settings = self._settings
        most = requests_for(settings.monthly_budget, settings.price_per_request, settings.free_requests)
        return monthly_requests(ctx, self.spec.name, settings.api_key or SecretStr(""), most)
