"""Ask robots.txt before a page is read, and remember its verdict for a day."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from protego import Protego

from monitor.contract import Response
from monitor.errors import RobotsDisallowed, SourceUnavailable, TooLarge
from monitor.ports import Clock

KEPT_FOR = timedelta(hours=24)
"""How long a verdict holds (RFC 9309, 2.4)."""

_MOST_BYTES = 512 * 1024  # RFC 9309, 2.5, asks for 500 KiB at least
_MOST_SITES = 1024
_MOST_PAIRS = 200_000  # agents times rules; real files stay below a tenth of it
_READ = frozenset({200, *range(400, 500)} - {429})


@dataclass(frozen=True, slots=True)
class Rules:
    """Hold one site's rules and when they were read (aware UTC); no rules allow everything."""

    read_at: datetime
    rules: Protego | None

    def allows(self, url: str, agent: str) -> bool:
        """Tell whether the rules let this agent fetch the address."""
        return self.rules is None or bool(self.rules.can_fetch(url, agent))

    def delay(self, agent: str) -> timedelta | None:
        """Give the time that the site wants between two requests, if it says so."""
        seconds = self.rules.crawl_delay(agent) if self.rules is not None else None
        return None if seconds is None else timedelta(seconds=min(seconds, 3600.0))


class Robots:
    """Keep verdicts by site (scheme, host and port).

    `fetch` gets robots.txt through the guarded client, taking every status named in its second argument. A missing
    file (4xx) allows everything; when the site is in trouble (5xx, network) nothing is fetched now and the error
    is a temporary one.
    """

    def __init__(self, clock: Clock, agent: str, fetch: Callable[[str, frozenset[int]], Awaitable[Response]]) -> None:
        self._clock = clock
        self._agent = agent
        self._fetch = fetch
        self._sites: OrderedDict[str, Rules] = OrderedDict()
        self._locks: dict[str, asyncio.Lock] = {}

    async def check(self, url: str) -> Rules:
        """Give the site's rules, or raise RobotsDisallowed when they ask not to fetch this address."""
        rules = await self.rules(url)
        if not rules.allows(url, self._agent):
            raise RobotsDisallowed(
                f"{urlsplit(url).netloc} asks robots not to read this page.",
                why=f"Its robots.txt of {rules.read_at:%Y-%m-%d %H:%M} UTC says so.",
                try_="Look for a feed or an API of this site, or check the page by hand.",
            )
        return rules

    async def rules(self, url: str) -> Rules:
        """Give the rules of an address's site, read at most a day ago."""
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}".lower()
        lock = self._locks.setdefault(site, asyncio.Lock())
        try:
            async with lock:
                known = self._sites.get(site)
                if known is None or self._clock.now() - known.read_at > KEPT_FOR:
                    known = await self._read(site)
                    self._sites[site] = known
                self._sites.move_to_end(site)
        finally:
            if not lock.locked():
                self._locks.pop(site, None)
        while len(self._sites) > _MOST_SITES:
            self._sites.popitem(last=False)
        return known

    async def _read(self, site: str) -> Rules:
        try:
            answer = await self._fetch(f"{site}/robots.txt", _READ)
        except TooLarge as error:
            raise _unreadable(site) from error
        if answer.status != 200:
            return Rules(self._clock.now(), None)
        text = answer.body[:_MOST_BYTES].decode("utf-8", "replace").lstrip("\ufeff")
        if _cost(text) > _MOST_PAIRS:
            raise _unreadable(site)
        return Rules(self._clock.now(), await asyncio.to_thread(Protego.parse, text))


def _unreadable(site: str) -> SourceUnavailable:
    return SourceUnavailable(
        "The site's robots.txt cannot be read, so nothing is fetched.", why=f"{site} sent too much."
    )


def _cost(text: str) -> int:
    """Estimate the work that parsing takes: each rule is stored once for every agent of its group."""
    cost = agents = 0
    in_agents = False
    for line in text.splitlines():
        is_agent = line.lstrip().lower().startswith("user")
        agents = agents + 1 if is_agent and in_agents else 1 if is_agent else agents
        cost += agents
        in_agents = is_agent or (in_agents and not line.strip())
    return cost
