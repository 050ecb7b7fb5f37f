"""Servers that page through entries as each platform does: newest first, five a page, with late arrivals."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors._x_posts import written_at
from connectors.bluesky import BlueskyConnector, BlueskySettings
from connectors.hackernews import HackerNewsConnector, HackerNewsSettings
from connectors.mailbox import MailboxConnector, MailboxSettings
from connectors.mastodon import MastodonConnector, MastodonSettings
from connectors.reddit import RedditConnector, RedditSettings, _Answer
from connectors.wikipedia import WikipediaConnector, WikipediaSettings
from connectors.x import XConnector, XSettings
from connectors.x import _Answer as XAnswer
from connectors.youtube import YouTubeConnector, YouTubeSettings
from monitor.contract import Connector, Query, Response
from monitor.errors import SourceChanged, SourceUnavailable
from monitor.testing import NOW, FakeHttp, answer

PAGE = 5
BEGAN = NOW - timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing: the time it is sorted by (whole seconds, so that there are ties) and when the server shows it."""

    number: int
    at: datetime
    shown_at: datetime

    @property
    def id(self) -> str:
        return f"n{self.number}"


@dataclass(slots=True)
class World:
    """Grow entries; `lateness` is the most that an entry appears after its own time."""

    chance: random.Random
    lateness: timedelta
    now: datetime = BEGAN
    entries: list[Entry] = field(default_factory=list)
    fails: float = 0.0

    def live(self, by: timedelta) -> None:
        """Let time pass, and things be written in it; now and then many at once."""
        count = self.chance.choice((0, 1, 2, 3, 12))
        for _ in range(count):
            at = (self.now + by * self.chance.random()).replace(microsecond=0)
            late = self.lateness * self.chance.random() if self.chance.random() < 0.3 else timedelta()
            self.entries.append(Entry(len(self.entries) + 1, at, at + late))
        if count > 3:  # ties
            self.entries += [
                Entry(len(self.entries) + 1 + tie, self.entries[-1].at, self.entries[-1].at) for tie in range(3)
            ]
        self.now += by

    def shown(self) -> list[Entry]:
        """Give what the server shows now, newest first; raise now and then."""
        if self.chance.random() < self.fails:
            raise SourceUnavailable("The server is down.", why="It answered 503.")
        found = [one for one in self.entries if one.shown_at <= self.now]
        return sorted(found, key=lambda one: (one.at, one.number), reverse=True)


Script = Callable[[World, str, Mapping[str, str]], tuple[dict[str, Any] | list[Any], dict[str, str]]]


class Server(FakeHttp):
    """Answer from a world."""

    def __init__(self, world: World, script: Script) -> None:
        super().__init__(now=world.now)
        self._world, self._script_of = world, script

    async def get(self, url: str, *, params: Mapping[str, str] | None = None, **options: Any) -> Response:
        body, headers = self._script_of(self._world, url, dict(params or {}))
        return answer(json.dumps(body), media_type="application/json", headers=headers, url=url)

    async def post_json(self, url: str, **options: Any) -> Response:
        return answer('{"accessJwt": "a"}', media_type="application/json", url=url)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _after(shown: list[Entry], last: str) -> list[Entry]:
    """Cut a listing below an entry, as a server does that goes by ids."""
    ids = [one.id for one in shown]
    return shown[ids.index(last) + 1 :] if last in ids else shown


def mastodon(world: World, url: str, params: Mapping[str, str]) -> tuple[list[Any], dict[str, str]]:
    """Sort by id; ids grow with the order of appearance, so nothing appears below what is known."""
    shown = sorted(world.shown(), key=lambda one: (one.shown_at, one.number), reverse=True)
    rank = {one.id: str(100_000 + len(shown) - at) for at, one in enumerate(shown)}
    below = [one for one in shown if rank[one.id] < params.get("max_id", "9")]
    posts = [
        {
            "id": rank[one.id],
            "uri": f"https://m.example/{one.id}",
            "created_at": _stamp(one.at),
            "content": f"FIRST LAST {one.id}",
            "visibility": "public",
        }
        for one in below[:PAGE]
    ]
    more = f'<https://m.example/x?max_id={posts[-1]["id"]}>; rel="next"' if len(below) > PAGE else ""
    return posts, {"Link": more} if more else {}


def hackernews(world: World, url: str, params: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    shown = world.shown()
    if "numericFilters" in params:
        second = int(params["numericFilters"].partition("<=")[2])
        shown = [one for one in shown if one.at.timestamp() <= second]
    start = int(params["page"]) * PAGE
    hits = [
        {"objectID": one.id, "comment_text": f"FIRST LAST {one.id}", "created_at_i": int(one.at.timestamp())}
        for one in shown[start : start + PAGE]
    ]
    return {"hits": hits, "hitsPerPage": PAGE}, {}


def bluesky(world: World, url: str, params: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    shown = world.shown()
    start = int(params.get("cursor", "0"))
    posts = [
        {
            "uri": f"at://did:plc:a/app.bsky.feed.post/{one.id}",
            "record": {"text": f"FIRST LAST {one.id}", "createdAt": _stamp(one.at)},
            "indexedAt": _stamp(one.shown_at),
            "author": {"did": "did:plc:a", "handle": "a.example"},
        }
        for one in shown[start : start + PAGE]
    ]
    return {"posts": posts, **({"cursor": str(start + PAGE)} if start + PAGE < len(shown) else {})}, {}


def wikipedia(world: World, url: str, params: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    shown = world.shown()
    start = int(params.get("gsroffset", "0"))
    pages = [
        {
            "pageid": one.number,
            "ns": 0,
            "title": one.id,
            "index": at,
            "revisions": [
                {
                    "revid": one.number,
                    "timestamp": _stamp(one.at),
                    "slots": {"main": {"content": f"FIRST LAST {one.id}"}},
                }
            ],
        }
        for at, one in enumerate(shown[start : start + PAGE])
    ]
    more = {"continue": {"gsroffset": str(start + PAGE)}} if start + PAGE < len(shown) else {}
    return {"batchcomplete": True, "query": {"pages": pages}, **more}, {}


def youtube_search(world: World, url: str, params: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    shown = world.shown()
    since = params.get("publishedAfter", "")
    shown = [one for one in shown if _stamp(one.at) >= since]
    start = int(params.get("pageToken", "0"))
    items = [
        {
            "id": {"videoId": f"video-{one.number:05}"},
            "snippet": {"publishedAt": _stamp(one.at), "title": f"FIRST LAST {one.id}"},
        }
        for one in shown[start : start + PAGE]
    ]
    return {"items": items, **({"nextPageToken": str(start + PAGE)} if start + PAGE < len(shown) else {})}, {}


def youtube_comments(world: World, url: str, params: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    shown = world.shown()
    shown = _after(shown, params.get("pageToken", ""))
    items = [
        {
            "id": f"comment-{one.id}",
            "snippet": {
                "videoId": "video0001",
                "topLevelComment": {
                    "id": f"comment-{one.id}",
                    "snippet": {"textOriginal": f"FIRST LAST {one.id}", "publishedAt": _stamp(one.at)},
                },
            },
        }
        for one in shown[:PAGE]
    ]
    return {"items": items, **({"nextPageToken": shown[PAGE - 1].id} if len(shown) > PAGE else {})}, {}


class _Session:
    """Stand where praw's and tweepy's session stands."""

    was_delivered = True

    def close(self) -> None:
        return


class SimulatedReddit(RedditConnector):
    """Read listings of a world; tokens are names of things and die with them."""

    def __init__(self, world: World) -> None:
        given = {"client_id": "c", "client_secret": "s", "subreddits": ["place"], "search": False, "new": False}
        super().__init__(RedditSettings.model_validate(given))
        self._world = world

    def _open(self, ctx: Any) -> Any:
        return _Session(), None

    def _fetch(self, session: Any, reddit: Any, path: str, params: Any) -> _Answer:
        shown = self._world.shown()
        if "after" in params:
            if self._world.chance.random() < 0.05:
                return _Answer(things=(), after="", raw=b"{}")  # the thing that the token names was deleted
            shown = _after(shown, str(params["after"]))
        things = tuple(
            {"id": one.id, "body": f"FIRST LAST {one.id}", "created_utc": one.at.timestamp(), "author": "a"}
            for one in shown[:PAGE]
        )
        return _Answer(things=things, after=shown[PAGE - 1].id if len(shown) > PAGE else "", raw=b"{}")


class SimulatedX(XConnector):
    """Search a world by X's ids; page tokens are refused now and then, as old ones are."""

    def __init__(self, world: World) -> None:
        super().__init__(XSettings.model_validate({"bearer_token": "t", "monthly_budget": 1000, "pages": 4}))
        self._world = world

    def _open(self, ctx: Any) -> Any:
        class Client:
            search_recent_tweets = get_users = None

        return _Session(), Client()

    @staticmethod
    def number_of(entry: Entry) -> int:
        return ((entry.at - written_at(0)) // timedelta(milliseconds=1) << 22) + entry.number

    def _fetch(self, session: Any, ask: Any, given: dict[str, Any]) -> XAnswer:
        shown = [one for one in self._world.shown() if self.number_of(one) > int(given.get("since_id", 0))]
        token = str(given.get("next_token", ""))
        if token:
            if self._world.chance.random() < 0.05:
                raise SourceChanged("The token is not known.", why="It answered 400.")
            shown = [one for one in shown if self.number_of(one) < int(token)]
        told = [
            {"id": str(self.number_of(one)), "text": f"FIRST LAST {one.id}", "created_at": _stamp(one.at)}
            for one in shown[:PAGE]
        ]
        more = {"next_token": told[-1]["id"]} if len(shown) > PAGE else {}
        return XAnswer(record={"data": told, "meta": {"result_count": len(told), **more}}, raw=b"{}")


class SimulatedMailbox(MailboxConnector):
    """Read a folder of a world: a mail that arrives late gets a higher number, whatever its date."""

    def __init__(self, world: World) -> None:
        super().__init__(MailboxSettings.model_validate({"host": "mail.example", "username": "u", "password": "p"}))
        self._world = world

    async def _open(self) -> Any:
        world = self._world
        arrived = sorted(world.shown(), key=lambda one: (one.shown_at, one.number))
        await asyncio.sleep(0)

        class Folder:
            uid_validity = 7

            def uids_after(self, last: int, since: object) -> list[int]:
                return list(range(last + 1, len(arrived) + 1))

            def header(self, uid: int) -> bytes:
                if world.chance.random() < world.fails / 4:
                    raise SourceUnavailable("The server hung up.", why="It closed the connection.")
                return b"From: googlealerts-noreply@google.com\r\n"

            def mail(self, uid: int, most: int) -> bytes:
                one = arrived[uid - 1]
                link = f"https://www.google.com/url?rct=j&url=https://a.example/{one.id}&ct=ga"
                return (
                    "From: googlealerts-noreply@google.com\r\nMIME-Version: 1.0\r\n"
                    "Content-Type: text/html\r\n\r\n<html><body><table><tr><td>"
                    f'<a href="{link}">FIRST LAST {one.id}</a><div>words</div></td></tr></table></body></html>'
                ).encode()

            def close(self) -> None:
                return

        return Folder()


NAMES = Query(terms=("FIRST LAST",))


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Name one paging connector: how it is made, what its server does, and how late things may appear there."""

    make: Callable[[World], Connector]
    script: Script | None = None
    lateness: timedelta = timedelta(hours=40)
    query: Query = NAMES


def _plain(connector: Connector) -> Callable[[World], Connector]:
    return lambda _: connector


def _youtube(**settings: Any) -> Callable[[World], Connector]:
    return _plain(YouTubeConnector(YouTubeSettings.model_validate({"api_key": "k", **settings})))


SOURCES: dict[str, Source] = {
    "mastodon": Source(
        make=_plain(MastodonConnector(MastodonSettings(base_url="https://m.example", hashtags=("tag",), max_pages=4))),
        script=mastodon,
    ),
    "hackernews": Source(
        make=_plain(HackerNewsConnector(HackerNewsSettings(base_url="https://h.example", max_pages=4))),
        script=hackernews,
    ),
    "bluesky": Source(
        make=_plain(BlueskyConnector(BlueskySettings.model_validate({"handle": "h", "app_password": "p"}))),
        script=bluesky,
        lateness=timedelta(seconds=4086),
    ),
    "wikipedia": Source(
        make=_plain(WikipediaConnector(WikipediaSettings(base_url="https://w.example/api.php", max_pages=4))),
        script=wikipedia,
        lateness=timedelta(hours=5),
    ),
    "youtube-search": Source(
        make=_plain(
            YouTubeConnector(
                YouTubeSettings.model_validate({"api_key": "k", "searches_per_day": 10_000, "search_pages": 4})
            )
        ),
        script=youtube_search,
    ),
    "youtube-comments": Source(
        make=_youtube(videos=["video0001"], comment_pages=4),
        script=youtube_comments,
        query=Query(),
    ),
    "reddit": Source(make=SimulatedReddit),
    "x": Source(make=SimulatedX, lateness=timedelta(seconds=119)),
    "mailbox": Source(make=SimulatedMailbox),
}


def number_in(text: str) -> int:
    """Read an entry's number from the words of its item."""
    return int(text.split("FIRST LAST n", 1)[1].split(maxsplit=1)[0])
