"""Read Reddit through its official interface: search, and the newest posts and comments of listed communities."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors._health import health_of
from connectors._json_answer import object_of, read_object, required_list, text_of
from connectors._library_session import LibrarySession, missing_library
from connectors._reddit_things import Fields, created_at, fields_of, id_number, read_thing
from connectors._terms import groups
from monitor.contract import Access, Capability, ConnectorSpec, Context, Health, Page, Query, Tested
from monitor.domain import Gone, HealthState, Item
from monitor.errors import AccessForbidden, AuthenticationFailed, ConnectorError, MonitorError, SourceChanged
from monitor.text import is_web_url

if TYPE_CHECKING:
    import praw

_PAGES = 10  # Reddit shows the newest thousand of any listing
_PER_PAGE = 100
_LONGEST_QUERY = 500
_SECONDS = 30.0


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
    overlap_hours: int = Field(48, ge=0, le=720, description="Search so far back again; the index is late at times.")
    base_url: str = Field("", description="Another address in the place of Reddit's, for compatible servers.")

    @field_validator("subreddits")
    @classmethod
    def _names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        plain = tuple(name.strip().removeprefix("/").removeprefix("r/") for name in names)
        if not all(name.replace("_", "").isalnum() and name.isascii() and len(name) <= 50 for name in plain):
            raise ValueError("`subreddits` are names such as askreddit, without spaces or slashes")
        return tuple(dict.fromkeys(plain))

    @field_validator("base_url")
    @classmethod
    def _address(cls, url: str) -> str:
        if url and not is_web_url(url):
            raise ValueError("`base_url` must be an address that starts with https:// or http://")
        return url


class Walk(BaseModel):
    """Hold where one listing was left: the newest id of the last whole walk, and a walk in progress.

    `top` is the newest id of the walk in progress, `after` Reddit's own token for its next page.
    """

    head: int = 0
    top: int = 0
    after: str = ""
    pages: int = 0


class RedditCursor(BaseModel):
    """Hold a walk for each listing, by the listing's address."""

    walks: dict[str, Walk] = Field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listing:
    """Name one list to walk; `overlaps` says that it is searched, so that what is known ends nothing by itself."""

    key: str
    path: str
    query: str = ""
    overlaps: bool = False


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
        cursor=RedditCursor,
        capabilities=frozenset({Capability.SEARCH, Capability.EDITS, Capability.DELETES}),
        access=Access.API,
        cost="free for uses that Reddit approves",
        needs_credentials=True,
        terms_url="https://redditinc.com/policies/data-api-terms",
        tested=Tested.RECORDED,
    )

    def __init__(self, settings: RedditSettings) -> None:
        self._settings = settings

    async def poll(self, ctx: Context, query: Query, cursor: RedditCursor) -> AsyncIterator[Page]:
        """Walk every listing; one that Reddit forbids is told after the others are read."""
        listings = self._listings(query.terms)
        walks = {one.key: cursor.walks.get(one.key, Walk()) for one in listings}
        if not listings:
            yield Page(items=(), cursor=RedditCursor())
            return
        session, reddit = self._open(ctx)
        refused: dict[str, ConnectorError] = {}
        try:
            for at, listing in enumerate(listings):
                is_last = at + 1 == len(listings)
                try:
                    async for page, is_end in self._walk(ctx, session, reddit, listing, walks):
                        yield Page(
                            items=tuple(one for one in page if isinstance(one, Item)),
                            gone=tuple(one for one in page if isinstance(one, Gone)),
                            cursor=RedditCursor(walks=dict(walks)),
                            complete=is_end and is_last,
                        )
                except (AccessForbidden, SourceChanged) as error:
                    refused[listing.path] = error
        finally:
            session.close()
        if refused:
            raise self._refused(refused)

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

    def _listings(self, terms: tuple[str, ...]) -> tuple[_Listing, ...]:
        settings = self._settings
        made = []
        for words in groups(terms, joiner=" OR ", longest=_LONGEST_QUERY) if settings.search else ():
            for where in settings.subreddits or ("all",):
                path = f"r/{where}/search"
                made.append(_Listing(key=f"{path}?{words}", path=path, query=words, overlaps=True))
        for where in settings.subreddits:
            for name, is_wanted in (("new", settings.new), ("comments", settings.comments)):
                if is_wanted:
                    made.append(_Listing(key=f"r/{where}/{name}", path=f"r/{where}/{name}"))
        return tuple(made)

    async def _walk(
        self, ctx: Context, session: LibrarySession, reddit: praw.Reddit, listing: _Listing, walks: dict[str, Walk]
    ) -> AsyncIterator[tuple[tuple[Item | Gone, ...], bool]]:
        """Finish a walk that was broken off, then walk from the newest; keep the position in `walks`."""
        rounds = 2 if walks[listing.key].after else 1
        while rounds:
            walk = walks[listing.key]
            params: dict[str, str | int] = {"limit": _PER_PAGE}
            if walk.after:
                params["after"] = walk.after
            if listing.query:
                restrict = "0" if listing.path.startswith("r/all/") else "1"
                params |= {"q": listing.query, "sort": "new", "t": "all", "restrict_sr": restrict, "type": "link"}
            answer = await asyncio.to_thread(self._fetch, session, reddit, listing.path, params)
            walk, is_end = self._advance(ctx, listing, walk, answer)
            walks[listing.key] = walk
            rounds -= is_end
            found = (read_thing(fields, raw=answer.raw, fetched_at=ctx.now) for fields in answer.things)
            yield tuple(one for one in found if one), not rounds

    def _advance(self, ctx: Context, listing: _Listing, walk: Walk, answer: _Answer) -> tuple[Walk, bool]:
        """Move on by one page; a walk that ends makes its newest id the new head.

        The page token of a broken-off walk dies when its thing is deleted; the answer is then empty, and the head
        stays, so that the walk from the newest reads down to it once more.
        """
        if walk.after and not answer.things and walk.pages:
            return Walk(head=walk.head), True
        top = max((walk.top, *map(id_number, answer.things)))
        is_known = all(id_number(fields) <= walk.head for fields in answer.things)
        if listing.overlaps and is_known:
            edge = ctx.now - timedelta(hours=self._settings.overlap_hours)
            is_known = not any((at := created_at(fields)) and at > edge for fields in answer.things)
        if is_known or not answer.after or walk.pages + 1 >= _PAGES:
            return Walk(head=max(walk.head, top)), True
        return Walk(head=walk.head, top=top, after=answer.after, pages=walk.pages + 1), False

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
        session = LibrarySession(
            connector=self.spec.name, now=ctx.now, seconds=_SECONDS, base_url=settings.base_url.rstrip("/")
        )
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
        """Fetch one page of a listing; runs in a thread. Raises ConnectorError and nothing else."""
        import prawcore  # noqa: PLC0415 - comes with praw
        from praw.exceptions import PRAWException  # noqa: PLC0415 - optional
        from praw.models import Listing  # noqa: PLC0415 - the same

        try:
            listing = reddit.get(path, params=params)
        except prawcore.RequestException as error:
            inner = error.original_exception
            raise inner if isinstance(inner, ConnectorError) else self._odd("The connection failed.") from None
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

    def _refused(self, refused: dict[str, ConnectorError]) -> ConnectorError:
        """Name the listings that could not be read; the others were."""
        if any(isinstance(error, AccessForbidden) for error in refused.values()):
            return AccessForbidden(
                f"Reddit does not allow this to be read: {', '.join(list(refused)[:5])}.",
                connector=self.spec.name,
                why="It is private, quarantined or banned, or the application is not approved for it.",
                try_="Look at it in a browser; take it out of `subreddits` if it is closed.",
            )
        path, error = next(iter(refused.items()))
        return SourceChanged(
            f"{path} could not be read.",
            connector=self.spec.name,
            why=error.why,
            try_="Check that the community exists and its name is spelled as Reddit spells it.",
        )
