"""Search Bluesky for names, signed in with an app password."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors._asking import BackfillDays, BaseUrl, terms_to_ask
from connectors._bluesky_posts import SITE, card_of, language_of, post_url
from connectors._entry import MAX_LINE, MAX_MEDIA, bounded_id
from connectors._health import health_of
from connectors._html import absolute, tidy
from connectors._json_answer import (
    Json,
    list_of,
    media_type_of,
    moment_of,
    object_of,
    read_object,
    required_list,
    text_of,
)
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
from monitor.errors import AuthenticationFailed, MonitorError

_PAGE = 100
_BAD_REQUEST = 400
_REFUSED = frozenset({_BAD_REQUEST, 401})
DELETED = "[deleted]"
_OLD_TOKEN = frozenset({"ExpiredToken", "InvalidToken"})


class BlueskySettings(BaseModel):
    """Say who signs in, and how far back to search."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: BaseUrl = Field("https://bsky.social", description="The service that the account belongs to.")
    handle: str = Field("", max_length=250, description="The account's handle, such as somebody.bsky.social.")
    app_password: SecretStr | None = Field(None, description="An app password of that account, never its own password.")
    backfill_days: BackfillDays = 90
    max_pages: int = Field(10, ge=1, le=50, description="How many pages of 100 to read for each name in one poll.")


class BlueskyConnector:
    """Search by date, one request a name and page.

    Posts are sorted by the time they say they were written and appear up to hours later; the walk over the last two
    days finds those. The session is kept in memory and made anew when it has run out: sign-ins are limited.
    """

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="bluesky",
        title="Bluesky: search",
        settings=BlueskySettings,
        cursor=ListingsCursor,
        capabilities=frozenset({Capability.SEARCH, Capability.MEDIA}),
        access=Access.API,
        cost="free",
        needs_credentials=True,
        terms_url="https://bsky.social/about/support/tos",
        tested=Tested.RECORDED,
    )

    def __init__(self, settings: BlueskySettings) -> None:
        self._settings = settings
        self._access = ""

    async def poll(self, ctx: Context, query: Query, cursor: ListingsCursor) -> AsyncIterator[Page]:
        """Give what was written about each name since the last poll."""
        base, settings = self._settings.base_url, self._settings
        listings = [
            Listing(key=term, host=base, read=partial(self._read, ctx, term)) for term in terms_to_ask(query.terms)
        ]
        days = timedelta(days=settings.backfill_days)
        async for page in walk_listings(listings, cursor, now=ctx.now, backfill=days, pages=settings.max_pages):
            yield page

    async def check(self, ctx: Context) -> Health:
        """Sign in and search once."""
        try:
            self._access = ""
            await self._read(ctx, "goodname", "")
        except MonitorError as error:
            return health_of(error)
        return Health(state=HealthState.OK, what="Signed in; the search answers.")

    async def refetch(self, ctx: Context, external_id: str) -> Item | Gone:
        """Read one post again."""
        answer = await self._get(ctx, "app.bsky.feed.getPosts", {"uris": external_id})
        for post in required_list(self._object(answer), "posts", connector=self.spec.name):
            item = _item(post, answer, ctx.now)
            if item is not None and item.external_id == external_id:
                return item
        return Gone(external_id=external_id, signal="the service no longer gives it")

    async def _read(self, ctx: Context, term: str, token: str) -> Listed:
        params = {"q": f'"{term}"', "sort": "latest", "limit": str(_PAGE), **({"cursor": token} if token else {})}
        answer = await self._get(ctx, "app.bsky.feed.searchPosts", params)
        found = self._object(answer)
        posts = required_list(found, "posts", connector=self.spec.name)
        items = tuple(item for post in posts if (item := _item(post, answer, ctx.now)))
        marks = tuple(Mark(bounded_id(text_of(post, "uri")), _sorted_by(post)) for post in posts)
        return Listed(items=items, marks=marks, token=text_of(found, "cursor")[:500] if posts else "")

    def _object(self, answer: Response) -> Json:
        return read_object(answer.body, connector=self.spec.name)

    async def _get(self, ctx: Context, method: str, params: Mapping[str, str]) -> Response:
        """Call a method; when the session has run out, sign in once more."""
        is_fresh = not self._access
        if is_fresh:
            await self._sign_in(ctx)
        url, ok = f"{self._settings.base_url}/xrpc/{method}", frozenset({200, *_REFUSED})
        answer = await ctx.http.get(url, params=params, headers=self._headers(), ok=ok)
        if not is_fresh and answer.status in _REFUSED:
            await self._sign_in(ctx)
            answer = await ctx.http.get(url, params=params, headers=self._headers(), ok=ok)
        if answer.status in _REFUSED:
            fault = text_of(self._object(answer), "error")
            if answer.status == _BAD_REQUEST and fault not in _OLD_TOKEN:
                await ctx.http.get(url, params=params, headers=self._headers())  # raises what a 400 means
            raise self._refused(f"It answered {answer.status}.")
        return answer

    def _headers(self) -> dict[str, str]:
        return {"Accept": "application/json", "Authorization": f"Bearer {self._access}"}

    async def _sign_in(self, ctx: Context) -> None:
        self._access = ""
        password = self._settings.app_password
        if not self._settings.handle or password is None:
            raise self._refused("`handle` and `app_password` are not both set.")
        answer = await ctx.http.post_json(
            f"{self._settings.base_url}/xrpc/com.atproto.server.createSession",
            json={"identifier": self._settings.handle.removeprefix("@"), "password": password.get_secret_value()},
            ok=frozenset({200, *_REFUSED}),
        )
        access = text_of(self._object(answer), "accessJwt") if answer.status not in _REFUSED else ""
        if not access or not access.isascii() or not access.isprintable():
            raise self._refused("The handle or the app password is wrong, or was withdrawn.")
        self._access = access

    def _refused(self, why: str) -> AuthenticationFailed:
        return AuthenticationFailed(
            "Searching Bluesky needs a valid app password.",
            connector=self.spec.name,
            why=why,
            try_="In Bluesky open Settings, Privacy and security, App passwords; set it with `handle` in this source.",
        )


def _sorted_by(post: Json) -> datetime | None:
    """Give the time that the search sorts by: when it was written, as it says, but not later than it was indexed."""
    written, indexed = moment_of(object_of(post, "record"), "createdAt"), moment_of(post, "indexedAt")
    return min(written, indexed) if written and indexed else written or indexed


def _item(post: Json, answer: Response, fetched_at: datetime) -> Item | None:
    uri, record = text_of(post, "uri"), object_of(post, "record")
    if not post_url(uri):
        return None
    published_at = _sorted_by(post)
    return Item(
        external_id=uri,
        url=post_url(uri),
        text="\n".join(filter(None, (tidy(text_of(record, "text")), *card_of(record)))),
        kind=MentionKind.POST,
        author=_author(object_of(post, "author")),
        language=language_of(record),
        in_reply_to_url=post_url(text_of(object_of(object_of(record, "reply"), "parent"), "uri")),
        media=_media(object_of(post, "embed")),
        published_at=published_at,
        published_precision=Precision.EXACT if published_at else Precision.UNKNOWN,
        raw=answer.body,
        raw_media_type=media_type_of(answer),
        fetched_at=fetched_at,
    )


def _author(author: Json) -> Author:
    did, handle = text_of(author, "did")[:250], text_of(author, "handle")[:250]
    if not did:
        return Author(name=DELETED)
    return Author(
        name=tidy(text_of(author, "displayName")[:MAX_LINE]) or handle,
        handle=handle,
        profile_url=absolute(f"/profile/{did}", SITE) if did.startswith("did:") else "",
        external_id=did,
        account_created_at=moment_of(author, "createdAt"),
    )


def _media(embed: Json) -> tuple[str, ...]:
    images = [*list_of(embed, "images"), *list_of(object_of(embed, "media"), "images")][:MAX_MEDIA]
    links = (absolute(text_of(image, "fullsize"), SITE) for image in images)
    return tuple(dict.fromkeys(link for link in links if link))
