"""Search a Mastodon server, and read hashtag and public timelines of several."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import ClassVar
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors._asking import BaseUrl, read_list, terms_to_ask
from connectors._health import health_of
from connectors._json_answer import Json, read_object, required_list
from connectors._status import is_public, item_of, mark_of, next_max_id
from monitor.contract import (
    OVERLAP,
    Access,
    Capability,
    ConnectorSpec,
    Context,
    Health,
    Listed,
    Listing,
    ListingsCursor,
    Page,
    Query,
    Response,
    Tested,
    walk_listings,
)
from monitor.domain import HealthState, Item
from monitor.errors import AuthenticationFailed, MonitorError

_PAGE = 40
_THICK = timedelta(hours=2)
_UNPROCESSABLE = 422
_SHORTEST_WORD = 3


class MastodonSettings(BaseModel):
    """Say which servers to read, and what on them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: BaseUrl = Field("https://mastodon.social", description="The server that is searched and read.")
    token: SecretStr | None = Field(None, description="Access token with the scope read:search; needed for searching.")
    more: tuple[BaseUrl, ...] = Field((), max_length=50, description="More servers, whose timelines are read too.")
    hashtags: tuple[str, ...] = Field((), max_length=100, description="Hashtags to read in full on every server.")
    public: bool = Field(default=False, description="Read the public timelines, keeping posts with a watched word.")
    local: bool = Field(default=False, description="Only posts written on the servers themselves.")
    backfill_days: int = Field(30, ge=1, le=3650, description="How far back something new is read the first time.")
    max_pages: int = Field(10, ge=1, le=100, description="How many pages of each listing to read in one poll.")

    @field_validator("hashtags")
    @classmethod
    def _words(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        tags = tuple(dict.fromkeys(tag.strip().removeprefix("#") for tag in value))
        if not all(tag and all(char.isalnum() or char == "_" for char in tag) for tag in tags):
            raise ValueError("a hashtag is one word of letters, digits and underscores")
        return tags


class MastodonConnector:
    """Read each search and each timeline as a listing of its own, by the server's ids."""

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="mastodon",
        title="Mastodon: search, hashtags, public timelines",
        settings=MastodonSettings,
        cursor=ListingsCursor,
        capabilities=frozenset({Capability.SEARCH, Capability.EDITS, Capability.MEDIA}),
        access=Access.API,
        cost="free",
        needs_credentials=False,
        terms_url="https://docs.joinmastodon.org/api/rate-limits/",
        tested=Tested.RECORDED,
    )

    def __init__(self, settings: MastodonSettings) -> None:
        self._settings = settings

    async def poll(self, ctx: Context, query: Query, cursor: ListingsCursor) -> AsyncIterator[Page]:
        """Give new and edited posts of each listing."""
        self._require_something()
        terms = terms_to_ask(query.terms)
        days, pages = timedelta(days=self._settings.backfill_days), self._settings.max_pages
        listings = [*self._searches(ctx, terms), *self._timelines(ctx, terms)]
        async for page in walk_listings(listings, cursor, now=ctx.now, backfill=days, pages=pages):
            yield page

    async def check(self, ctx: Context) -> Health:
        """Make one small request to each server."""
        try:
            self._require_something()
            if self._settings.token:
                await self._search(ctx, "goodname", "")
            for base in self._servers if self._settings.hashtags or self._settings.public else ():
                await self._timeline(ctx, base, next(iter(self._paths())), _everything, "")
        except MonitorError as error:
            return health_of(error)
        return Health(state=HealthState.OK, what="Every server answers.")

    @property
    def _servers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self._settings.base_url, *self._settings.more)))

    def _require_something(self) -> None:
        if not (self._settings.token or self._settings.hashtags or self._settings.public):
            raise AuthenticationFailed(
                "Searching Mastodon needs an access token.",
                connector=self.spec.name,
                why="No `token` is set, and no `hashtags` or `public` timeline to read without one.",
                try_="On your server open Preferences, Development, New application with the scope read:search.",
            )

    def _searches(self, ctx: Context, terms: tuple[str, ...]) -> Iterator[Listing]:
        base = self._settings.base_url
        for term in terms if self._settings.token else ():
            yield Listing(key=f"{base} search {term}", host=base, read=partial(self._search, ctx, term))

    def _timelines(self, ctx: Context, terms: tuple[str, ...]) -> Iterator[Listing]:
        for base in self._servers:
            for path in self._paths():
                is_public_one = path.endswith("/public")
                keeps = _with_a_word_of(terms) if is_public_one else _everything
                overlap = _THICK if is_public_one else OVERLAP
                read = partial(self._timeline, ctx, base, path, keeps)
                if not is_public_one or terms:
                    yield Listing(key=f"{base} {path}", host=base, read=read, overlap=overlap)

    def _paths(self) -> Iterator[str]:
        for tag in self._settings.hashtags:
            yield f"/api/v1/timelines/tag/{quote(tag, safe='')}"
        if self._settings.public:
            yield "/api/v1/timelines/public"

    async def _search(self, ctx: Context, term: str, max_id: str) -> Listed:
        base = self._settings.base_url
        params = {"q": f'"{term}"', "type": "statuses", "limit": str(_PAGE), **_from(max_id)}
        answer = await self._get(ctx, base, "/api/v2/search", params)
        found = required_list(read_object(answer.body, connector=self.spec.name), "statuses", connector=self.spec.name)
        marks = tuple(mark for status in found if (mark := mark_of(status)))
        return Listed(items=_items(found, base, answer, ctx), marks=marks, token=marks[-1].id if marks else "")

    async def _timeline(self, ctx: Context, base: str, path: str, keeps: Callable[[Item], bool], max_id: str) -> Listed:
        params = {"limit": str(_PAGE), **({"local": "true"} if self._settings.local else {}), **_from(max_id)}
        answer = await self._get(ctx, base, path, params)
        found = read_list(answer.body, connector=self.spec.name)
        items = tuple(item for item in _items(found, base, answer, ctx) if keeps(item))
        marks = tuple(mark for status in found if (mark := mark_of(status)))
        return Listed(items=items, marks=marks, token=next_max_id(answer.headers.get("link", "")))

    async def _get(self, ctx: Context, base: str, path: str, params: Mapping[str, str]) -> Response:
        token = self._settings.token if base == self._settings.base_url else None
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token.get_secret_value()}"
        answer = await ctx.http.get(
            f"{base}{path}", params=params, headers=headers, ok=frozenset({200, _UNPROCESSABLE})
        )
        if answer.status == _UNPROCESSABLE:
            raise AuthenticationFailed(
                f"{urlsplit(base).netloc} shows this only to people with an account there.",
                connector=self.spec.name,
                why="It answered 422.",
                try_="Make it the `base_url` of a source of its own, with a `token`, or leave it out.",
            )
        return answer


def _from(max_id: str) -> dict[str, str]:
    return {"max_id": max_id} if max_id else {}


def _items(found: list[Json], base: str, answer: Response, ctx: Context) -> tuple[Item, ...]:
    return tuple(
        item
        for status in found
        if is_public(status) and (item := item_of(status, base=base, answer=answer, fetched_at=ctx.now))
    )


def _everything(_: Item) -> bool:
    return True


def _with_a_word_of(terms: tuple[str, ...]) -> Callable[[Item], bool]:
    """Keep what holds any longer word of a name: wide enough for the matching to decide."""
    words = {word for term in terms for word in term.casefold().split() if len(word) >= _SHORTEST_WORD}
    words |= {term.casefold() for term in terms if not any(len(word) >= _SHORTEST_WORD for word in term.split())}

    def keeps(item: Item) -> bool:
        author = item.author
        shown = (item.title, item.text, author.name if author else "", author.handle if author else "")
        text = " ".join(shown).casefold()
        return any(word in text for word in words)

    return keeps
