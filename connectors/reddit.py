"""Read Reddit through its official interface: search, and the newest posts and comments of listed communities."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors._asking import OtherBaseUrl
from connectors._health import health_of
from connectors._json_answer import object_of, read_object, required_list, text_of
from connectors._library_session import LibrarySession, missing_library
from connectors._reddit_things import Fields, created_at, fields_of, full_name, read_thing
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
    Tested,
    walk_listings,
)
from monitor.domain import Gone, HealthState, Item
from monitor.errors import (
    AccessForbidden,
    AuthenticationFailed,
    ConnectorError,
    FetchError,
    MonitorError,
    SourceChanged,
)

if TYPE_CHECKING:
    import praw

_PER_PAGE = 100
_LONGEST_QUERY = 500


class RedditSettings(BaseModel):
    """Give the application's credentials and say what to read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: SecretStr = Field(SecretStr(""), description="Id of your approved application.")
    client_secret: SecretStr = Field(SecretStr(""), description="Secret of your approved application.")
    contact: str = Field("", max_length=80, description="Your account's name, told to Reddit with each request.")
    subreddits: tuple[str, ...] = Field((), max_length=50, description="Communities to read; empty: search everywhere.")
    search: bool = Field(True, description="Search for the watched names.")  # noqa: FBT003 - a default, not a flag
    new: bool = Field(True, description="Read every new post of the listed communities.")  # noqa: FBT003 - the same
    comments: bool = Field(True, description="Read every new comment there.")  # noqa: FBT003 - the same
    overlap_hours: int = Field(48, ge=0, le=720, description="Read so far back again, hourly; things appear late.")
    base_url: OtherBaseUrl = Field("", description="Another address in the place of Reddit's, for compatible servers.")

    @field_validator("subreddits")
    @classmethod
    def _names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        plain = tuple(name.strip().removeprefix("/").removeprefix("r/") for name in names)
        if not all(name.replace("_", "").isalnum() and name.isascii() and len(name) <= 50 for name in plain):
            raise ValueError("`subreddits` are names such as askreddit, without spaces or slashes")
        return tuple(dict.fromkeys(plain))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    things: tuple[Fields, ...]
    after: str
    raw: bytes


class RedditConnector:
    """Read listings newest first, down to what is known, page by page."""

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="reddit",
        title="Reddit",
        settings=RedditSettings,
        cursor=ListingsCursor,
        capabilities=frozenset({Capability.SEARCH, Capability.EDITS, Capability.DELETES}),
        access=Access.API,
        cost="free for uses that Reddit approves",
        needs_credentials=True,
        terms_url="https://redditinc.com/policies/data-api-terms",
        tested=Tested.RECORDED,
        may_link_authors=False,
    )

    def __init__(self, settings: RedditSettings) -> None:
        self._settings = settings

    async def poll(self, ctx: Context, query: Query, cursor: ListingsCursor) -> AsyncIterator[Page]:
        """Walk every listing; one that Reddit forbids is told after the others are read."""
        asked = self._asked(query.terms)
        if not asked:
            yield Page(items=(), cursor=ListingsCursor())
            return
        session, reddit = self._open(ctx)
        overlap = timedelta(hours=self._settings.overlap_hours)
        listings = [
            Listing(
                key=f"{path}?{words}" if words else path,
                host=self.spec.name,
                read=partial(self._read, ctx, session, reddit, path, words),
                overlap=overlap,
                is_apart=True,
            )
            for path, words in asked
        ]
        try:
            async for page in walk_listings(listings, cursor, now=ctx.now, told=self._refused):
                yield page
        finally:
            session.close()

    async def check(self, ctx: Context) -> Health:
        """Get a token and read one post."""
        session = None
        try:
            session, reddit = self._open(ctx)
            where = self._settings.subreddits[0] if self._settings.subreddits else "all"
            await asyncio.to_thread(self._fetch, session, reddit, f"r/{where}/new", {"limit": 1})
        except AccessForbidden as error:
            return health_of(self._refused({f"r/{where}": error}))
        except MonitorError as error:
            return health_of(error)
        finally:
            if session is not None:
                session.close()
        return Health(state=HealthState.OK, what="Reddit accepts the credentials.")

    async def refetch(self, ctx: Context, external_id: str) -> Item | Gone:
        """Read one post or comment again by its full name (t1_... or t3_...)."""
        session, reddit = self._open(ctx)
        try:
            answer = await asyncio.to_thread(self._fetch, session, reddit, "api/info", {"id": external_id})
        finally:
            session.close()
        for fields in answer.things:
            found = read_thing(fields, raw=answer.raw, fetched_at=ctx.now)
            if found and found.external_id == external_id:
                return found
        return Gone(external_id=external_id, signal="Reddit knows no such thing")

    def _asked(self, terms: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Give what is read: the path of each listing, and the question where it is a search."""
        settings = self._settings
        questions = groups(terms, joiner=" OR ", longest=_LONGEST_QUERY) if settings.search else ()
        asked = [(f"r/{where}/search", words) for words in questions for where in settings.subreddits or ("all",)]
        for where in settings.subreddits:
            for name, is_wanted in (("new", settings.new), ("comments", settings.comments)):
                if is_wanted:
                    asked.append((f"r/{where}/{name}", ""))
        return tuple(asked)

    async def _read(
        self, ctx: Context, session: LibrarySession, reddit: praw.Reddit, path: str, words: str, after: str
    ) -> Listed:
        """Read one page of a listing; `after` is Reddit's own token for it.

        The token names a thing, and dies with it: the answer is then an empty listing, and not the end.
        """
        params: dict[str, str | int] = {"limit": _PER_PAGE}
        if after:
            params["after"] = after
        if words:
            restrict = "0" if path.startswith("r/all/") else "1"
            params |= {"q": words, "sort": "new", "t": "all", "restrict_sr": restrict, "type": "link"}
        answer = await asyncio.to_thread(self._fetch, session, reddit, path, params)
        if after and not answer.things:
            return LOST
        read = (read_thing(fields, raw=answer.raw, fetched_at=ctx.now) for fields in answer.things)
        found = [one for one in read if one]
        return Listed(
            items=tuple(one for one in found if isinstance(one, Item)),
            gone=tuple(one for one in found if isinstance(one, Gone)),
            marks=tuple(Mark(name, created_at(fields)) for fields in answer.things if (name := full_name(fields))),
            token=answer.after,
        )

    def _open(self, ctx: Context) -> tuple[LibrarySession, praw.Reddit]:
        settings = self._settings
        if not settings.client_id.get_secret_value() or not settings.client_secret.get_secret_value():
            raise AuthenticationFailed(
                "Reddit needs an approved application.",
                connector=self.spec.name,
                why="`client_id` or `client_secret` is not set.",
                try_="Ask for access at support.reddithelp.com (API request), or use the feed source's `reddit_feed`.",
            )
        try:
            import praw  # noqa: PLC0415 - optional, and slow to load
        except ImportError:
            raise missing_library(self.spec.name, "reddit") from None
        session = LibrarySession(ctx, connector=self.spec.name, base_url=settings.base_url)
        # Everything is given here, so that neither a praw.ini nor the environment has a say.
        reddit = praw.Reddit(
            client_id=settings.client_id.get_secret_value(),
            client_secret=settings.client_secret.get_secret_value(),
            user_agent=f"goodname/1 (by /u/{settings.contact or 'unknown'})",
            username=None,
            password=None,
            refresh_token=None,
            redirect_uri=None,
            check_for_updates=False,
            check_for_async=False,
            oauth_url="https://oauth.reddit.com",
            reddit_url="https://www.reddit.com",
            requestor_kwargs={"session": session},
        )
        return session, reddit

    def _fetch(self, session: LibrarySession, reddit: praw.Reddit, path: str, params: dict[str, str | int]) -> _Answer:
        """Fetch one page of a listing; runs in a thread. Raises ConnectorError or FetchError and nothing else."""
        import prawcore  # noqa: PLC0415 - comes with praw
        from praw.exceptions import PRAWException  # noqa: PLC0415 - optional
        from praw.models import Listing  # noqa: PLC0415 - the same

        try:
            listing = reddit.get(path, params=params)
        except prawcore.RequestException as error:
            inner = error.original_exception
            raise (
                inner if isinstance(inner, (ConnectorError, FetchError)) else self._odd("The connection failed.")
            ) from None
        except prawcore.OAuthException:
            raise AuthenticationFailed("Reddit refused the credentials.", connector=self.spec.name) from None
        except (prawcore.PrawcoreException, PRAWException) as error:
            raise self._odd(f"It could not be read ({type(error).__name__}).") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return self._plain(session.body)
        children = vars(listing).get("children") if isinstance(listing, Listing) else None
        if not isinstance(children, list):
            raise self._odd("It is no listing.")
        things = tuple(fields_of(one) for one in children if hasattr(one, "__dict__"))
        return _Answer(things=things, after=str(vars(listing).get("after") or ""), raw=session.body)

    def _plain(self, body: bytes) -> _Answer:
        """Read a listing that praw fails on, so that one odd thing does not hide the others on its page."""
        page = object_of(read_object(body, connector=self.spec.name), "data")
        children = required_list(page, "children", connector=self.spec.name)
        return _Answer(things=tuple(object_of(one, "data") for one in children), after=text_of(page, "after"), raw=body)

    def _odd(self, why: str) -> SourceChanged:
        return SourceChanged("Reddit's answer is not understood.", connector=self.spec.name, why=why)

    def _refused(self, failed: Mapping[str, Fault]) -> Fault:
        """Name the listings that could not be read; the others were. What concerns them all comes first."""
        for error in failed.values():
            if not isinstance(error, (AccessForbidden, SourceChanged)):
                return error
        paths = [key.partition("?")[0] for key in failed]
        if any(isinstance(error, AccessForbidden) for error in failed.values()):
            return AccessForbidden(
                f"Reddit does not allow this to be read: {', '.join(paths[:5])}.",
                connector=self.spec.name,
                why="It is private, quarantined or banned, or the application is not approved for it.",
                try_="Look at it in a browser; take it out of `subreddits` if it is closed.",
            )
        return SourceChanged(
            f"{paths[0]} could not be read.",
            connector=self.spec.name,
            why=next(iter(failed.values())).why,
            try_="Check that the community exists and its name is spelled as Reddit spells it.",
        )
