"""Search X for the watched names through its paid interface, never beyond a monthly budget in money."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors import _x_posts as posts
from connectors._asking import OtherBaseUrl
from connectors._health import health_of
from connectors._json_answer import Json, list_of, number_of, object_of, read_object, text_of
from connectors._library_session import LibrarySession, missing_library
from connectors._purse import IN_MICRO, MICRO, Dollars, Purse, micro, month_of
from connectors._terms import groups
from monitor.contract import (
    LOST,
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
    Spending,
    Tested,
    account_of,
    walk_listings,
)
from monitor.domain import HealthState
from monitor.errors import AuthenticationFailed, ConnectorError, FetchError, MonitorError, SourceChanged

if TYPE_CHECKING:
    import tweepy  # type: ignore[import-untyped]  # it ships no types

_LONGEST_QUERY = 512
_RESTRICTION = " -is:retweet"
_FEWEST, _MOST = 10, 100


class XSettings(BaseModel):
    """Give the credential, the prices and the most to spend in a month."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bearer_token: SecretStr = Field(SecretStr(""), description="Bearer token of your application at X.")
    monthly_budget: Dollars = Field(Decimal(5), description="Most to spend in a calendar month, in US dollars.")
    price_per_post: Decimal = Field(
        Decimal("0.005"), ge=0, le=10, description="What X takes for a post read (November 2026)."
    )
    price_per_author: Decimal = Field(
        Decimal("0.01"), ge=0, le=10, description="What X takes for an account read (November 2026)."
    )
    authors: bool = Field(False, description="Read the names of matching posts' authors too.")  # noqa: FBT003 - a default
    pages: int = Field(5, ge=1, le=50, description="Pages of at most 100 posts to read for each question and poll.")
    overlap_minutes: int = Field(2, ge=0, le=1440, description="Search so far back again; posts seen twice cost twice.")
    base_url: OtherBaseUrl = Field("", description="Another address in the place of X's.")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    record: Json
    raw: bytes


@dataclass(frozen=True, slots=True)
class _Desk:
    """Hold what the requests of one poll share; `users` grows."""

    ctx: Context
    session: LibrarySession
    client: tweepy.Client
    users: dict[str, Json]
    terms: tuple[str, ...]


class XConnector:
    """Search newest first by X's own ids; the cost of a page is counted, and kept, before it is asked for."""

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="x",
        title="X (Twitter)",
        settings=XSettings,
        cursor=ListingsCursor,
        capabilities=frozenset({Capability.SEARCH, Capability.MEDIA}),
        access=Access.API,
        cost="$0.005 a post read, $0.01 an account; stopped at `monthly_budget`",
        needs_credentials=True,
        terms_url="https://developer.x.com/en/developer-terms/agreement-and-policy",
        tested=Tested.RECORDED,
        backfill_days=7,
    )

    def __init__(self, settings: XSettings) -> None:
        self._settings = settings
        self._post, self._account = micro(settings.price_per_post), micro(settings.price_per_author)

    async def poll(self, ctx: Context, query: Query, cursor: ListingsCursor) -> AsyncIterator[Page]:
        """Give new posts; what a request may cost is counted before it is sent."""
        asked = groups(query.terms, joiner=" OR ", longest=_LONGEST_QUERY - len(_RESTRICTION) - 2)
        if not asked:
            yield Page(items=(), cursor=cursor)
            return
        session, client = self._open(ctx)
        desk = _Desk(ctx, session, client, {}, query.terms)
        listings = [
            Listing(
                key=words,
                host=self.spec.name,
                read_down_to=partial(self._read, desk, words),
                overlap=timedelta(minutes=self._settings.overlap_minutes),
                sweep_every=timedelta(),
            )
            for words in asked
        ]
        try:
            async for page in walk_listings(listings, cursor, now=ctx.now, pages=self._settings.pages):
                yield page
        finally:
            session.close()

    async def check(self, ctx: Context) -> Health:
        """Count posts that hold a common word, which reads none and costs nothing."""
        session = None
        try:
            session, client = self._open(ctx)
            counting: dict[str, object] = {"query": "example"}
            answer = await asyncio.to_thread(self._fetch, session, client.get_recent_tweets_count, counting)
            if "total_tweet_count" not in object_of(answer.record, "meta"):
                raise SourceChanged("X's answer is not understood.", connector=self.spec.name, why="It counts nothing.")
        except MonitorError as error:
            return health_of(error)
        finally:
            if session is not None:
                session.close()
        return Health(state=HealthState.OK, what="X accepts the credential.")

    async def _read(self, desk: _Desk, words: str, token: str, floor: datetime | None) -> Listed:
        """Read one page of the posts since `floor`; X is paid for each, so it must not be asked for older ones."""
        since = posts.since_id(floor, desk.ctx.now) if floor else ""
        purse = self._purse(desk.ctx)
        size = await self._affordable(purse)
        given = self._question(words, since, token, size)
        try:
            answer = await self._paid(desk, purse, size * self._post, desk.client.search_recent_tweets, given)
        except SourceChanged:
            if token:  # it has grown too old; without one the same error is told
                return LOST
            raise
        told, meta = list_of(answer.record, "data"), object_of(answer.record, "meta")
        if not meta:
            raise SourceChanged(
                "X's answer is not understood.", connector=self.spec.name, why="It does not say how many posts it has."
            )
        cost = max(len(told), number_of(meta, "result_count")) * self._post
        await purse.give_back(size * self._post - cost)
        if self._settings.authors:
            await self._read_authors(desk, purse, told)
        read = (posts.read_post(one, desk.users, raw=answer.raw, fetched_at=desk.ctx.now) for one in told)
        items = tuple(item for item in read if item)
        return Listed(
            items=items,
            marks=tuple(Mark(item.external_id, posts.written_at(int(item.external_id))) for item in items),
            token=text_of(meta, "next_token")[:500] if told else "",
        )

    async def _paid(self, desk: _Desk, purse: Purse, most: int, ask: object, given: dict[str, object]) -> _Answer:
        """Count the most that a request can cost and send it; what was surely not delivered is given back."""
        await purse.take(most)
        try:
            return await asyncio.to_thread(self._fetch, desk.session, ask, given)
        except (ConnectorError, FetchError):
            if not desk.session.was_delivered:
                await purse.give_back(most)
            raise

    async def _read_authors(self, desk: _Desk, purse: Purse, told: list[Json]) -> None:
        """Read the accounts of posts whose own words hold a watched name, each once; X finds others, too."""
        wanted = posts.authors_to_read(told, desk.terms, desk.users)[:_MOST]
        price = self._account
        if price:
            wanted = wanted[: max(0, await purse.left()) // price]
        if not wanted:
            return
        most = len(wanted) * price
        given: dict[str, object] = {"ids": list(wanted), "user_fields": "name,username,created_at"}
        answer = await self._paid(desk, purse, most, desk.client.get_users, given)
        found = list_of(answer.record, "data")
        desk.users.update({text_of(one, "id"): one for one in found})
        await purse.give_back(most - len(found) * price)

    def _question(self, words: str, since: str, token: str, size: int) -> dict[str, object]:
        given: dict[str, object] = {
            "query": f"({words}){_RESTRICTION}",
            "max_results": size,
            "sort_order": "recency",
            "tweet_fields": posts.FIELDS,
        }
        if since:
            given["since_id"] = since
        if token:
            given["next_token"] = token
        return given

    async def spending(self, ctx: Context) -> Spending:
        """Say what this credential was counted for."""
        return await self._purse(ctx).spending()

    def _purse(self, ctx: Context) -> Purse:
        return Purse(
            ctx=ctx,
            connector=self.spec.name,
            account=account_of("x microdollars", self._settings.bearer_token.get_secret_value()),
            period=month_of(ctx.now),
            most=int(self._settings.monthly_budget * MICRO),
            unit=IN_MICRO,
            try_="Wait for next month, or raise `monthly_budget`.",
        )

    async def _affordable(self, purse: Purse) -> int:
        """Give how many posts the rest of the month's budget pays for; X gives no fewer than ten a page."""
        size = min(_MOST, await purse.left() // self._post) if self._post else _MOST
        if size < _FEWEST:
            raise await purse.spent()
        return size

    def _open(self, ctx: Context) -> tuple[LibrarySession, tweepy.Client]:
        token = self._settings.bearer_token.get_secret_value()
        if not token:
            raise AuthenticationFailed(
                "X needs a bearer token.",
                connector=self.spec.name,
                why="`bearer_token` is not set.",
                try_="Make an application at developer.x.com; reading is paid by the post.",
            )
        try:
            import requests  # noqa: PLC0415 - comes with tweepy
            import tweepy  # noqa: PLC0415 - optional, and slow to load
        except ImportError:
            raise missing_library(self.spec.name, "x") from None
        session = LibrarySession(ctx, connector=self.spec.name, base_url=self._settings.base_url)
        logging.getLogger("tweepy").setLevel(logging.WARNING)  # at DEBUG it writes the token into the log
        client = tweepy.Client(token, return_type=requests.Response, wait_on_rate_limit=False)
        client.session.close()
        client.session = session
        return session, client

    def _fetch(self, session: LibrarySession, ask: object, given: dict[str, object]) -> _Answer:
        """Ask once, in a thread. Raises ConnectorError or FetchError and nothing else."""
        import tweepy  # noqa: PLC0415 - optional

        assert callable(ask)
        try:
            ask(**given)
        except (ConnectorError, FetchError):
            raise
        except (tweepy.TweepyException, ValueError, TypeError, KeyError, AttributeError) as error:
            raise SourceChanged(
                "X's answer is not understood.",
                connector=self.spec.name,
                why=f"It could not be read ({type(error).__name__}).",
            ) from None
        return _Answer(record=read_object(session.body, connector=self.spec.name), raw=session.body)
