"""Read YouTube through its official interface: new videos that match, and the comments under watched ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors import _youtube_things as things
from connectors._asking import BaseUrl
from connectors._health import health_of
from connectors._json_answer import Json, list_of, number_of, object_of, read_object, required_list, text_of
from connectors._purse import Purse
from connectors._terms import groups
from monitor.contract import (
    LOST,
    Access,
    Capability,
    ConnectorSpec,
    Context,
    Fault,
    Health,
    Listed,
    Listing,
    ListingsCursor,
    Mark,
    Page,
    Query,
    Response,
    Spending,
    Tested,
    account_of,
    walk_listings,
)
from monitor.domain import HealthState, Item
from monitor.errors import (
    AccessForbidden,
    AuthenticationFailed,
    BudgetSpent,
    ConnectorError,
    MonitorError,
    RateLimited,
    SourceChanged,
)

_DAY = timedelta(days=1)
_QUOTA_DAY = ZoneInfo("America/Los_Angeles")  # Google's quotas begin anew at midnight there
_LONGEST_QUERY = 400
_REPLY_PAGES = 5
_SPENT = ("quotaExceeded", "rateLimitExceeded", "dailyLimitExceeded", "userRateLimitExceeded")


class YouTubeSettings(BaseModel):
    """Give the key and say what to read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: SecretStr = Field(SecretStr(""), description="Key for the YouTube Data API v3.")
    videos: tuple[str, ...] = Field((), max_length=200, description="Ids or addresses of videos to read comments of.")
    searches_per_day: int = Field(90, ge=0, le=10_000, description="How many searches may be made in Google's day.")
    search_pages: int = Field(2, ge=1, le=10, description="Pages of 50 videos to read for each question.")
    comment_pages: int = Field(10, ge=1, le=100, description="Pages of 100 threads to read for each video and poll.")
    comment_days: int = Field(90, ge=1, le=7300, description="Read threads so far back again each day: edits, replies.")
    overlap_hours: int = Field(48, ge=1, le=720, description="Search so far back again; videos are found late.")
    base_url: BaseUrl = Field("https://www.googleapis.com", description="Another address in the place of YouTube's.")

    @field_validator("videos")
    @classmethod
    def _ids(cls, videos: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(things.video_id(one) for one in videos))


class YouTubeCursor(BaseModel):
    """Hold when the last round of searches began, and the position in each search and each video's comments."""

    searched_at: datetime | None = None
    comments: ListingsCursor = ListingsCursor()
    searches: ListingsCursor = ListingsCursor()


class YouTubeConnector:
    """Read comments first, which are cheap, then search, spread over the day."""

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="youtube",
        title="YouTube",
        settings=YouTubeSettings,
        cursor=YouTubeCursor,
        capabilities=frozenset({Capability.SEARCH, Capability.THREAD, Capability.EDITS}),
        access=Access.API,
        cost="free within the daily quota",
        needs_credentials=True,
        terms_url="https://developers.google.com/youtube/terms/api-services-terms-of-service",
        tested=Tested.RECORDED,
    )

    def __init__(self, settings: YouTubeSettings) -> None:
        self._settings = settings
        self._base = f"{settings.base_url.rstrip('/')}/youtube/v3"

    async def poll(self, ctx: Context, query: Query, cursor: YouTubeCursor) -> AsyncIterator[Page]:
        """Give new comments of watched videos, then videos that match, where a search is due."""
        self._require_key()
        closed: MonitorError | None = None
        position, listings = cursor, self._comment_listings(ctx)
        walk = walk_listings(
            listings, cursor.comments, now=ctx.now, pages=self._settings.comment_pages, told=self._no_comments
        )
        try:
            async for page in walk:
                position = position.model_copy(update={"comments": page.cursor})
                if listings:
                    yield replace(page, cursor=position, complete=False)
        except (AccessForbidden, SourceChanged) as error:
            closed = error
        asked = groups(query.terms, joiner="|", longest=_LONGEST_QUERY)
        if await self._is_search_due(ctx, position, len(asked)):
            searches = self._search_listings(ctx, asked)
            pages = self._settings.search_pages
            with suppress(BudgetSpent):  # the rest of a long list is read in tomorrow's bucket
                async for page in walk_listings(searches, position.searches, now=ctx.now, pages=pages):
                    position = position.model_copy(update={"searches": page.cursor, "searched_at": ctx.now})
                    yield replace(page, cursor=position, complete=False)
        unread = [one for part in (position.comments, position.searches) for one in part.listings.values() if one.gaps]
        yield Page(items=(), cursor=position, complete=not unread)
        if closed:
            raise closed

    async def check(self, ctx: Context) -> Health:
        """Ask for one category's name, which costs one unit of ten thousand."""
        try:
            self._require_key()
            asked = await self._ask(ctx, "videoCategories", {"part": "snippet", "id": "1"})
            required_list(asked[1] if asked else {}, "items", connector=self.spec.name)
        except MonitorError as error:
            return health_of(error)
        return Health(state=HealthState.OK, what="YouTube accepts the key.")

    async def spending(self, ctx: Context) -> Spending:
        """Say what this credential was counted for."""
        return await self._purse(ctx).spending()

    def _purse(self, ctx: Context) -> Purse:
        return Purse(
            ctx=ctx,
            connector=self.spec.name,
            account=account_of("youtube searches", self._settings.api_key.get_secret_value()),
            period=f"{ctx.now.astimezone(_QUOTA_DAY):%Y-%m-%d}",
            most=self._settings.searches_per_day,
            unit="searches",
            try_="Wait for tomorrow, or poll less often.",
        )

    async def _is_search_due(self, ctx: Context, position: YouTubeCursor, questions: int) -> bool:
        """Spread a day's searches evenly, so that the last hours of a day are not blind; never pass the limit."""
        most = self._settings.searches_per_day
        if not questions or await self._purse(ctx).left() < questions:
            return False
        wait = _DAY * questions / most
        return position.searched_at is None or ctx.now - position.searched_at >= wait

    def _search_listings(self, ctx: Context, asked: tuple[str, ...]) -> list[Listing]:
        overlap = timedelta(hours=self._settings.overlap_hours)
        return [
            Listing(key=words, host=self.spec.name, read_down_to=partial(self._search, ctx, words), overlap=overlap)
            for words in asked
        ]

    async def _search(self, ctx: Context, words: str, token: str, floor: datetime | None) -> Listed:
        """Read one page of the videos since `floor`; the ids decide what is new."""
        params = {"part": "snippet", "type": "video", "order": "date", "maxResults": "50", "q": words}
        params |= {"publishedAfter": f"{floor:%Y-%m-%dT%H:%M:%SZ}" if floor else "", "pageToken": token}
        async with self._purse(ctx).one_request():
            asked = await self._ask(ctx, "search", params)
        if asked is None:
            return LOST
        answer, record = asked
        found = required_list(record, "items", connector=self.spec.name)
        items = tuple(one for video in found if (one := things.read_video(video, answer, ctx.now)))
        return Listed(
            items=items,
            marks=tuple(Mark(item.external_id, item.published_at) for item in items),
            token=text_of(record, "nextPageToken")[:500] if found else "",
        )

    def _comment_listings(self, ctx: Context) -> list[Listing]:
        """List each video's threads, newest first; once a day far back again, for edits and late replies."""
        back = timedelta(days=self._settings.comment_days)
        return [
            Listing(
                key=video,
                host=self.spec.name,
                read=partial(self._threads, ctx, video),
                overlap=back,
                sweep_every=_DAY,
                is_apart=True,
            )
            for video in self._settings.videos
        ]

    async def _threads(self, ctx: Context, video: str, token: str) -> Listed:
        params = {"part": "snippet,replies", "videoId": video, "order": "time", "maxResults": "100"}
        asked = await self._ask(ctx, "commentThreads", params | {"textFormat": "plainText", "pageToken": token})
        if asked is None:
            return LOST
        answer, record = asked
        threads = required_list(record, "items", connector=self.spec.name)
        items = [one for thread in threads for one in things.read_thread(thread, answer, ctx.now)]
        for thread in threads:
            items += await self._late_replies(ctx, thread)
        unique = {item.external_id: item for item in items}
        return Listed(
            items=tuple(unique.values()),
            marks=tuple(mark for thread in threads if (mark := things.mark_of(thread))),
            token=text_of(record, "nextPageToken")[:500] if threads else "",
        )

    async def _late_replies(self, ctx: Context, thread: Json) -> list[Item]:
        """Read a thread's replies where its answer holds only some of them."""
        shown = len(list_of(object_of(thread, "replies"), "comments"))
        if number_of(object_of(thread, "snippet"), "totalReplyCount") <= shown:
            return []
        params = {"part": "snippet", "parentId": text_of(thread, "id"), "maxResults": "100", "textFormat": "plainText"}
        video, found = text_of(object_of(thread, "snippet"), "videoId"), []
        for _ in range(_REPLY_PAGES):
            asked = await self._ask(ctx, "comments", params)
            if asked is None:
                break
            answer, record = asked
            for reply in required_list(record, "items", connector=self.spec.name):
                item = things.read_comment(reply, video, answer, ctx.now)
                found += [item] if item else []
            params["pageToken"] = text_of(record, "nextPageToken")
            if not params["pageToken"]:
                break
        return found

    async def _ask(self, ctx: Context, what: str, params: dict[str, str]) -> tuple[Response, Json] | None:
        """Ask once; the key travels in a header, never in an address. None when the page token is too old."""
        headers = {"Accept": "application/json", "X-Goog-Api-Key": self._settings.api_key.get_secret_value()}
        given = {name: value for name, value in params.items() if value}
        answer = await ctx.http.get(
            f"{self._base}/{what}", params=given, headers=headers, ok=frozenset({200, 400, 403, 404})
        )
        if answer.status == 200:
            return answer, read_object(answer.body, connector=self.spec.name)
        try:
            error = object_of(read_object(answer.body, connector=self.spec.name), "error")
        except MonitorError:
            error = {}
        reasons = {text_of(one, "reason") for one in list_of(error, "errors") + list_of(error, "details")}
        if given.get("pageToken") and "invalidPageToken" in reasons:
            return None
        raise self._refusal(ctx, answer, error, reasons)

    def _refusal(self, ctx: Context, answer: Response, error: Json, reasons: set[str]) -> ConnectorError:
        """Say what a refusal means; Google gives 400 for a bad key and 403 for quota and closed comments."""
        why = text_of(error, "message")[:200] or f"It answered {answer.status}."
        if reasons & set(_SPENT):
            midnight = (ctx.now.astimezone(_QUOTA_DAY) + _DAY).replace(hour=0, minute=5, second=0, microsecond=0)
            return RateLimited(
                "YouTube's quota for today is used up.",
                retry_at=midnight.astimezone(ctx.now.tzinfo),
                connector=self.spec.name,
                why=why,
            )
        if answer.status == 400 or reasons & {"API_KEY_INVALID", "accessNotConfigured", "keyInvalid"}:
            return AuthenticationFailed(
                "YouTube refused the request or the key.",
                connector=self.spec.name,
                why=why,
                try_="Check `api_key`, and that the YouTube Data API v3 is enabled for it.",
            )
        return AccessForbidden("YouTube does not allow this to be read.", connector=self.spec.name, why=why)

    def _require_key(self) -> None:
        if not self._settings.api_key.get_secret_value():
            raise AuthenticationFailed(
                "YouTube needs a key.",
                connector=self.spec.name,
                why="`api_key` is not set.",
                try_="Make one at console.cloud.google.com for the YouTube Data API v3; it is free.",
            )

    def _no_comments(self, failed: Mapping[str, Fault]) -> Fault:
        """Name the videos whose comments are closed; what concerns all of them comes first."""
        for error in failed.values():
            if not isinstance(error, AccessForbidden):
                return error
        videos = list(failed)
        return AccessForbidden(
            f"The comments of {len(videos)} watched videos cannot be read: {', '.join(videos[:5])}.",
            connector=self.spec.name,
            why="They are turned off, or the video is private.",
            try_="Take these out of `videos`; the others are read.",
        )
