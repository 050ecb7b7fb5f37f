"""Read YouTube through its official interface: new videos that match, and the comments under watched ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors import _youtube_things as things
from connectors._allowance import Allowance
from connectors._health import health_of
from connectors._json_answer import Json, list_of, number_of, object_of, read_object, required_list, text_of
from connectors._terms import groups
from monitor.contract import Access, Capability, ConnectorSpec, Context, Health, Page, Query, Response, Tested
from monitor.domain import HealthState, Item
from monitor.errors import AccessForbidden, AuthenticationFailed, MonitorError, RateLimited
from monitor.text import is_web_url

_DAY = timedelta(days=1)
_QUOTA_DAY = ZoneInfo("America/Los_Angeles")  # Google's quotas begin anew at midnight there
_LONGEST_QUERY = 400
_KNOWN = 50
_REPLY_PAGES = 5
_SPENT = ("quotaExceeded", "rateLimitExceeded", "dailyLimitExceeded", "userRateLimitExceeded")


class YouTubeSettings(BaseModel):
    """Give the key and say what to read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: SecretStr = Field(SecretStr(""), description="Key for the YouTube Data API v3.")
    videos: tuple[str, ...] = Field((), max_length=200, description="Ids or addresses of videos to read comments of.")
    searches_per_day: int = Field(90, ge=0, le=10_000, description="How many searches may be made in Google's day.")
    search_pages: int = Field(2, ge=1, le=10, description="Pages of 50 videos to read for each question.")
    comment_pages: int = Field(10, ge=1, le=100, description="Pages of 100 comment threads to read for each video.")
    overlap_hours: int = Field(48, ge=1, le=720, description="Search so far back again; videos are found late.")
    base_url: str = Field("https://www.googleapis.com", description="Another address in the place of YouTube's.")

    @field_validator("videos")
    @classmethod
    def _ids(cls, videos: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(things.video_id(one) for one in videos))

    @field_validator("base_url")
    @classmethod
    def _address(cls, url: str) -> str:
        if not is_web_url(url):
            raise ValueError("`base_url` must be an address that starts with https:// or http://")
        return url


class VideoPosition(BaseModel):
    """Hold the newest comment threads of the last walk and the time of the last one that read everything."""

    known: tuple[str, ...] = ()
    whole_at: datetime | None = None


class YouTubeCursor(BaseModel):
    """Count the day's searches; hold when the last round of them began, and the position in each video."""

    searches: Allowance = Allowance()
    searched_at: datetime | None = None
    videos: dict[str, VideoPosition] = Field(default_factory=dict)


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
        videos = {one: cursor.videos.get(one, VideoPosition()) for one in self._settings.videos}
        day = f"{ctx.now.astimezone(_QUOTA_DAY):%Y-%m-%d}"
        position = cursor.model_copy(update={"videos": videos, "searches": cursor.searches.in_period(day)})
        closed: list[str] = []
        for video in self._settings.videos:
            try:
                async for items, after in self._comments(ctx, video, position):
                    position = after
                    yield Page(items=items, cursor=position, complete=False)
            except AccessForbidden:
                closed.append(video)
        asked = groups(query.terms, joiner="|", longest=_LONGEST_QUERY)
        if self._is_search_due(ctx, position, len(asked)):
            async for items, after in self._search(ctx, asked, position):
                position = after
                yield Page(items=items, cursor=position, complete=False)
        yield Page(items=(), cursor=position)
        if closed:
            raise self._no_comments(closed)

    async def check(self, ctx: Context) -> Health:
        """Ask for one category's name, which costs one unit of ten thousand."""
        try:
            self._require_key()
            await self._ask(ctx, "videoCategories", {"part": "snippet", "id": "1"})
        except MonitorError as error:
            return health_of(error)
        return Health(state=HealthState.OK, what="YouTube accepts the key.")

    def _is_search_due(self, ctx: Context, position: YouTubeCursor, questions: int) -> bool:
        """Spread a day's searches evenly, so that the last hours of a day are not blind; never pass the limit."""
        most = self._settings.searches_per_day
        if not questions or position.searches.used + questions > most:
            return False
        wait = _DAY * questions / most
        return position.searched_at is None or ctx.now - position.searched_at >= wait

    async def _search(
        self, ctx: Context, asked: tuple[str, ...], position: YouTubeCursor
    ) -> AsyncIterator[tuple[tuple[Item, ...], YouTubeCursor]]:
        began = position.searched_at
        for words in asked:
            params = {"part": "snippet", "type": "video", "order": "date", "maxResults": "50", "q": words}
            if began:  # the ids decide what is new; this only keeps what is long known from being sent again
                since = began - timedelta(hours=self._settings.overlap_hours)
                params["publishedAfter"] = f"{since:%Y-%m-%dT%H:%M:%SZ}"
            for _ in range(self._settings.search_pages):
                if position.searches.used >= self._settings.searches_per_day:
                    return
                position = position.model_copy(update={"searches": position.searches.plus(1)})
                answer, record = await self._ask(ctx, "search", params)
                found = required_list(record, "items", connector=self.spec.name)
                items = tuple(one for video in found if (one := things.read_video(video, answer, ctx.now)))
                params["pageToken"] = text_of(record, "nextPageToken")
                yield items, position
                if not params["pageToken"] or not found:
                    break
            params.pop("pageToken", None)
        yield (), position.model_copy(update={"searched_at": ctx.now})

    async def _comments(
        self, ctx: Context, video: str, position: YouTubeCursor
    ) -> AsyncIterator[tuple[tuple[Item, ...], YouTubeCursor]]:
        """Walk threads from the newest to what is known; once a day to the end, for edits and late replies."""
        before = position.videos[video]
        is_whole = before.whole_at is None or ctx.now - before.whole_at >= _DAY
        params = {"part": "snippet,replies", "videoId": video, "order": "time", "maxResults": "100"}
        params |= {"textFormat": "plainText"}
        newest: list[str] = []
        for _ in range(self._settings.comment_pages):
            answer, record = await self._ask(ctx, "commentThreads", params)
            threads = required_list(record, "items", connector=self.spec.name)
            items = [one for thread in threads for one in things.read_thread(thread, answer, ctx.now)]
            for thread in threads:
                items += await self._late_replies(ctx, thread)
            ids = [text_of(thread, "id") for thread in threads]
            newest += ids[: _KNOWN - len(newest)]
            params["pageToken"] = text_of(record, "nextPageToken")
            is_known = not is_whole and bool(set(ids) & set(before.known))
            yield tuple(items), position
            if is_known or not params["pageToken"] or not threads:
                break
        after = VideoPosition(known=tuple(newest), whole_at=ctx.now if is_whole else before.whole_at)
        yield (), position.model_copy(update={"videos": {**position.videos, video: after}})

    async def _late_replies(self, ctx: Context, thread: Json) -> list[Item]:
        """Read a thread's replies where its answer holds only some of them."""
        shown = len(list_of(object_of(thread, "replies"), "comments"))
        if number_of(object_of(thread, "snippet"), "totalReplyCount") <= shown:
            return []
        params = {"part": "snippet", "parentId": text_of(thread, "id"), "maxResults": "100", "textFormat": "plainText"}
        video, found = text_of(object_of(thread, "snippet"), "videoId"), []
        for _ in range(_REPLY_PAGES):
            answer, record = await self._ask(ctx, "comments", params)
            for reply in required_list(record, "items", connector=self.spec.name):
                item = things.read_comment(reply, video, answer, ctx.now)
                found += [item] if item else []
            params["pageToken"] = text_of(record, "nextPageToken")
            if not params["pageToken"]:
                break
        return found

    async def _ask(self, ctx: Context, what: str, params: dict[str, str]) -> tuple[Response, Json]:
        """Ask once; the key travels in a header, never in an address."""
        headers = {"Accept": "application/json", "X-Goog-Api-Key": self._settings.api_key.get_secret_value()}
        given = {name: value for name, value in params.items() if value}
        answer = await ctx.http.get(
            f"{self._base}/{what}", params=given, headers=headers, ok=frozenset({200, 400, 403, 404})
        )
        record = read_object(answer.body, connector=self.spec.name) if answer.status == 200 else {}
        if answer.status != 200:
            self._refuse(ctx, answer)
        return answer, record

    def _refuse(self, ctx: Context, answer: Response) -> None:
        """Say what a refusal means; Google gives 400 for a bad key and 403 for quota and closed comments."""
        try:
            error = object_of(read_object(answer.body, connector=self.spec.name), "error")
        except MonitorError:
            error = {}
        reasons = {text_of(one, "reason") for one in list_of(error, "errors") + list_of(error, "details")}
        why = text_of(error, "message")[:200] or f"It answered {answer.status}."
        if reasons & set(_SPENT):
            midnight = (ctx.now.astimezone(_QUOTA_DAY) + _DAY).replace(hour=0, minute=5, second=0, microsecond=0)
            raise RateLimited(
                "YouTube's quota for today is used up.",
                retry_at=midnight.astimezone(ctx.now.tzinfo),
                connector=self.spec.name,
                why=why,
            )
        if answer.status == 400 or reasons & {"API_KEY_INVALID", "accessNotConfigured", "keyInvalid"}:
            raise AuthenticationFailed(
                "YouTube refused the request or the key.",
                connector=self.spec.name,
                why=why,
                try_="Check `api_key`, and that the YouTube Data API v3 is enabled for it.",
            )
        raise AccessForbidden("YouTube does not allow this to be read.", connector=self.spec.name, why=why)

    def _require_key(self) -> None:
        if not self._settings.api_key.get_secret_value():
            raise AuthenticationFailed(
                "YouTube needs a key.",
                connector=self.spec.name,
                why="`api_key` is not set.",
                try_="Make one at console.cloud.google.com for the YouTube Data API v3; it is free.",
            )

    def _no_comments(self, videos: list[str]) -> AccessForbidden:
        return AccessForbidden(
            f"The comments of {len(videos)} watched videos cannot be read: {', '.join(videos[:5])}.",
            connector=self.spec.name,
            why="They are turned off, or the video is private.",
            try_="Take these out of `videos`; the others are read.",
        )
