"""Search X for the watched names through its paid interface, never beyond a monthly budget in money."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors import _x_posts as posts
from connectors._allowance import Allowance, month_of
from connectors._health import health_of
from connectors._json_answer import Json, list_of, number_of, object_of, read_object, text_of
from connectors._library_session import LibrarySession, missing_library
from connectors._terms import groups
from monitor.contract import Access, Capability, ConnectorSpec, Context, Health, Page, Query, Tested
from monitor.domain import HealthState, Item
from monitor.errors import AuthenticationFailed, BudgetSpent, ConnectorError, MonitorError, SourceChanged
from monitor.text import is_web_url

if TYPE_CHECKING:
    import tweepy  # type: ignore[import-untyped]  # it ships no types

_LONGEST_QUERY = 512
_RESTRICTION = " -is:retweet"
_FEWEST, _MOST = 10, 100
_SECONDS = 30.0
_MICRO = 1_000_000


class XSettings(BaseModel):
    """Give the credential, the prices and the most to spend in a month."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bearer_token: SecretStr = Field(SecretStr(""), description="Bearer token of your application at X.")
    monthly_budget: Decimal = Field(
        Decimal(5), ge=0, le=100_000, description="Most to spend in a calendar month, in US dollars."
    )
    price_per_post: Decimal = Field(Decimal("0.005"), ge=0, le=10, description="What X takes for a post read.")
    price_per_author: Decimal = Field(Decimal("0.01"), ge=0, le=10, description="What X takes for an account read.")
    authors: bool = Field(False, description="Read the authors' names too, which costs more.")  # noqa: FBT003 - a default
    pages: int = Field(5, ge=1, le=50, description="Pages of at most 100 posts to read for each question and poll.")
    overlap_minutes: int = Field(2, ge=0, le=1440, description="Search so far back again; posts seen twice cost twice.")
    base_url: str = Field("", description="Another address in the place of X's.")

    @field_validator("base_url")
    @classmethod
    def _address(cls, url: str) -> str:
        if url and not is_web_url(url):
            raise ValueError("`base_url` must be an address that starts with https:// or http://")
        return url


class XPosition(BaseModel):
    """Hold the newest post of the last whole walk of one question, and a walk in progress."""

    since: int = 0
    top: int = 0
    token: str = ""


class XCursor(BaseModel):
    """Hold what was spent this month, in millionths of a dollar, and a position for each question."""

    spent: Allowance = Allowance()
    positions: dict[str, XPosition] = Field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    record: Json
    raw: bytes


class XConnector:
    """Search newest first by X's own ids; the cost of a page is counted, and kept, before it is asked for."""

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="x",
        title="X (Twitter)",
        settings=XSettings,
        cursor=XCursor,
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
        each = settings.price_per_post + (settings.price_per_author if settings.authors else 0)
        self._each = int((each * _MICRO).to_integral_value(rounding="ROUND_CEILING"))
        self._budget = int(settings.monthly_budget * _MICRO)

    async def poll(self, ctx: Context, query: Query, cursor: XCursor) -> AsyncIterator[Page]:
        """Give new posts; before each request an empty page keeps what it may cost, so that a crash hides no cost."""
        asked = groups(query.terms, joiner=" OR ", longest=_LONGEST_QUERY - len(_RESTRICTION) - 2)
        known = {words: cursor.positions.get(words, XPosition()) for words in asked}
        position = XCursor(spent=cursor.spent.in_period(month_of(ctx.now)), positions=known)
        if not asked:
            yield Page(items=(), cursor=position)
            return
        session, client = self._open(ctx)
        try:
            for words in asked:
                for number in range(self._settings.pages):
                    size = self._affordable(position)
                    before = position.spent
                    yield Page(items=(), cursor=self._paid(position, before.plus(size * self._each)), complete=False)
                    try:
                        answer = await asyncio.to_thread(self._search, ctx, session, client, words, position, size)
                    except SourceChanged:  # it may be the old page token; the next poll walks from the newest
                        anew = XPosition(since=position.positions[words].since)
                        yield Page(items=(), cursor=self._moved(position, words, anew, before), complete=False)
                        raise
                    place, cost, items = self._read(ctx, position.positions[words], answer, size)
                    position = self._moved(position, words, place, before.plus(cost))
                    is_end = not place.token
                    is_last = words == asked[-1] and (is_end or number + 1 == self._settings.pages)
                    yield Page(items=items, cursor=position, complete=is_last and is_end)
                    if is_end:
                        break
        finally:
            session.close()

    async def check(self, ctx: Context) -> Health:
        """Count posts that hold a common word, which reads none and costs nothing."""
        session = None
        try:
            session, client = self._open(ctx)
            await asyncio.to_thread(self._fetch, session, client.get_recent_tweets_count, {"query": "example"})
        except MonitorError as error:
            return health_of(error)
        finally:
            if session is not None:
                session.close()
        return Health(state=HealthState.OK, what="X accepts the credential.")

    def _affordable(self, position: XCursor) -> int:
        """Give how many posts the rest of the month's budget pays for; X gives no fewer than ten a page."""
        left = self._budget - position.spent.used
        size = min(_MOST, left // self._each) if self._each else _MOST
        if size < _FEWEST:
            raise BudgetSpent(
                "This month's budget for X is spent.",
                connector=self.spec.name,
                why=f"${position.spent.used / _MICRO:.2f} of ${self._budget / _MICRO:.2f} are used.",
                try_="Wait for next month, or raise `monthly_budget`.",
            )
        return size

    def _paid(self, position: XCursor, spent: Allowance) -> XCursor:
        return position.model_copy(update={"spent": spent})

    def _moved(self, position: XCursor, words: str, place: XPosition, spent: Allowance) -> XCursor:
        return XCursor(spent=spent, positions={**position.positions, words: place})

    def _search(
        self, ctx: Context, session: LibrarySession, client: tweepy.Client, words: str, position: XCursor, size: int
    ) -> _Answer:
        place = position.positions[words]
        given: dict[str, object] = {
            "query": f"({words}){_RESTRICTION}",
            "max_results": size,
            "sort_order": "recency",
            "tweet_fields": posts.FIELDS,
        }
        since = posts.since_id(place.since, self._settings.overlap_minutes, ctx.now)
        if since:
            given["since_id"] = since
        if place.token:
            given["next_token"] = place.token
        if self._settings.authors:
            given |= {"expansions": "author_id", "user_fields": "name,username,created_at"}
        return self._fetch(session, client.search_recent_tweets, given)

    def _read(
        self, ctx: Context, place: XPosition, answer: _Answer, size: int
    ) -> tuple[XPosition, int, tuple[Item, ...]]:
        """Give the next position, the page's cost, and its items."""
        told, meta = list_of(answer.record, "data"), object_of(answer.record, "meta")
        if not meta:
            raise SourceChanged(
                "X's answer is not understood.", connector=self.spec.name, why="It does not say how many posts it has."
            )
        users = {text_of(one, "id"): one for one in list_of(object_of(answer.record, "includes"), "users")}
        read = (posts.read_post(one, users, raw=answer.raw, fetched_at=ctx.now) for one in told)
        items = tuple(item for item in read if item)
        top = max((place.top, *(int(item.external_id) for item in items)))
        cost = max(len(told), number_of(meta, "result_count")) * self._each
        token = text_of(meta, "next_token")[:500]
        if token and told:
            return XPosition(since=place.since, top=top, token=token), cost, items
        return XPosition(since=max(place.since, top)), cost, items

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
        session = LibrarySession(
            connector=self.spec.name, now=ctx.now, seconds=_SECONDS, base_url=self._settings.base_url.rstrip("/")
        )
        logging.getLogger("tweepy").setLevel(logging.WARNING)  # at DEBUG it writes the token into the log
        client = tweepy.Client(token, return_type=requests.Response, wait_on_rate_limit=False)
        client.session.close()
        client.session = session
        return session, client

    def _fetch(self, session: LibrarySession, ask: object, given: dict[str, object]) -> _Answer:
        """Ask once, in a thread. Raises ConnectorError and nothing else."""
        import tweepy  # noqa: PLC0415 - optional

        assert callable(ask)
        try:
            ask(**given)
        except ConnectorError:
            raise
        except (tweepy.TweepyException, ValueError, TypeError, KeyError, AttributeError) as error:
            raise SourceChanged(
                "X's answer is not understood.",
                connector=self.spec.name,
                why=f"It could not be read ({type(error).__name__}).",
            ) from None
        return _Answer(record=read_object(session.body, connector=self.spec.name), raw=session.body)
