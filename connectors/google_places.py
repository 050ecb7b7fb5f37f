"""Read the reviews of a place on Google Maps, as many as Google shows: five."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors._asking import BaseUrl
from connectors._entry import MAX_LINE
from connectors._health import health_of
from connectors._json_answer import Json, list_of, media_type_of, number_of, object_of, read_object, text_of
from connectors._purse import Dollars, Purse, monthly_requests, requests_for
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
from monitor.domain import Author, HealthState, Item, MentionKind, Precision
from monitor.errors import (
    AuthenticationFailed,
    ConnectorError,
    MonitorError,
    RateLimited,
    SourceChanged,
    SourceUnavailable,
)
from monitor.text import fallback_id, is_web_url

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ACCOUNT = re.compile(r"/maps/contrib/(\d{5,30})")
_FINE = frozenset({"OK", "ZERO_RESULTS"})
_REFUSALS: dict[str, tuple[type[ConnectorError], str, str]] = {
    "REQUEST_DENIED": (
        AuthenticationFailed,
        "Google refused the key.",
        "Check `api_key`, and that the (legacy) Places API is enabled for it.",
    ),
    "OVER_QUERY_LIMIT": (RateLimited, "Google's quota is used up.", ""),
    "UNKNOWN_ERROR": (SourceUnavailable, "Google does not answer as it should.", ""),
    "NOT_FOUND": (SourceChanged, "Google knows no such place.", "Look the place up again; ids change over the years."),
    "INVALID_REQUEST": (SourceChanged, "Google did not understand the request.", "Check `place_id`."),
}


class GooglePlacesSettings(BaseModel):
    """Give the key and name the place."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: SecretStr = Field(SecretStr(""), description="Key for Google's Places API.")
    place_id: str = Field(pattern=r"^[A-Za-z0-9_-]{10,200}$", description="Google's id of the place.")
    sort: Literal["newest", "most_relevant"] = Field("newest", description="Which five reviews to show.")
    language: str = Field("", max_length=20, description="Prefer reviews in this language; none are translated.")
    free_requests: int = Field(900, ge=0, description="Requests in a calendar month that cost nothing.")
    monthly_budget: Dollars = Field(Decimal(0), description="Most to spend beyond them in a month, in US dollars.")
    price_per_request: Dollars = Field(
        Decimal("0.025"), description="What Google takes for a request with reviews (November 2026)."
    )
    base_url: BaseUrl = Field("https://maps.googleapis.com", description="Another address in the place of Google's.")


class GooglePlacesConnector:
    """Read up to five reviews each time; an account has one review of a place, so an edit keeps its id."""

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="google_places",
        title="Google Maps reviews",
        settings=GooglePlacesSettings,
        cursor=EmptyCursor,
        capabilities=frozenset({Capability.EDITS}),
        access=Access.API,
        cost="about $0.02 to $0.03 a request beyond Google's free monthly ones; stopped at `monthly_budget`",
        needs_credentials=True,
        terms_url="https://cloud.google.com/maps-platform/terms",
        tested=Tested.RECORDED,
    )

    def __init__(self, settings: GooglePlacesSettings) -> None:
        self._settings = settings
        self._url = f"{settings.base_url.rstrip('/')}/maps/api/place/details/json"

    async def poll(self, ctx: Context, query: Query, cursor: EmptyCursor) -> AsyncIterator[Page]:
        """Give the reviews that Google shows now; one that is no longer among them may still be there."""
        self._require_key()
        answer, place = await self._ask(ctx, "name,url,reviews")
        items = tuple(self._item(review, place, answer, ctx) for review in list_of(place, "reviews"))
        yield Page(items=items, cursor=cursor)

    async def check(self, ctx: Context) -> Health:
        """Ask for the place's name only, which costs least."""
        try:
            self._require_key()
            _, place = await self._ask(ctx, "name")
        except MonitorError as error:
            return health_of(error)
        return Health(state=HealthState.OK, what=f"Google knows the place: {text_of(place, 'name')[:100]}.")

    async def _ask(self, ctx: Context, fields: str) -> tuple[Response, Json]:
        settings = self._settings
        params = {"place_id": settings.place_id, "fields": fields}
        if "reviews" in fields:
            params |= {"reviews_sort": settings.sort, "reviews_no_translations": "true"}
        if settings.language:
            params["language"] = settings.language
        params["key"] = settings.api_key.get_secret_value()  # this service reads it nowhere else
        async with self._purse(ctx).one_request():
            answer = await ctx.http.get(self._url, params=params, headers={"Accept": "application/json"})
        record = read_object(answer.body, connector=self.spec.name)
        status = text_of(record, "status")
        if status not in _FINE:
            kind, what, try_ = _REFUSALS.get(status, (SourceChanged, "Google's answer is not understood.", ""))
            why = text_of(record, "error_message")[:200].replace(params["key"], "***") or f"It says {status[:40]!r}."
            raise kind(what, connector=self.spec.name, why=why, try_=try_)
        return answer, object_of(record, "result")

    async def spending(self, ctx: Context) -> Spending:
        """Say what this credential was counted for."""
        return await self._purse(ctx).spending()

    def _purse(self, ctx: Context) -> Purse:
        settings = self._settings
        most = requests_for(settings.monthly_budget, settings.price_per_request, settings.free_requests)
        return monthly_requests(ctx, self.spec.name, settings.api_key, most)

    def _item(self, review: Json, place: Json, answer: Response, ctx: Context) -> Item:
        name, profile = text_of(review, "author_name")[:MAX_LINE], text_of(review, "author_url")
        profile = profile if is_web_url(profile) and len(profile) <= MAX_LINE else ""
        account, seconds = _ACCOUNT.search(profile), number_of(review, "time")
        own = account[1] if account else fallback_id("", name, str(seconds))
        published_at = _EPOCH + timedelta(seconds=seconds) if 0 < seconds < 10**11 else None
        rating, link = review.get("rating"), text_of(place, "url")
        return Item(
            external_id=f"{self._settings.place_id}:{own}",
            url=link
            if is_web_url(link)
            else f"https://www.google.com/maps/place/?q=place_id:{self._settings.place_id}",
            title=text_of(place, "name")[:MAX_LINE],
            text=text_of(review, "text"),
            kind=MentionKind.REVIEW,
            author=Author(name=name or "[deleted]", profile_url=profile, external_id=account[1] if account else ""),
            language=(text_of(review, "original_language") or text_of(review, "language"))[:20],
            rating=float(rating) if isinstance(rating, (int, float)) and not isinstance(rating, bool) else None,
            published_at=published_at,
            published_precision=Precision.EXACT if published_at else Precision.UNKNOWN,
            raw=answer.body,
            raw_media_type=media_type_of(answer),
            fetched_at=ctx.now,
        )

    def _require_key(self) -> None:
        if not self._settings.api_key.get_secret_value():
            raise AuthenticationFailed(
                "Google Maps reviews need a key.",
                connector=self.spec.name,
                why="`api_key` is not set.",
                try_="Make one at console.cloud.google.com for the Places API.",
            )
