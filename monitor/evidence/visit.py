"""Go to a page in the browser, let it come to rest, and watch what it does on the way."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Coroutine
from typing import TypeVar
from urllib.parse import urlsplit

from playwright.async_api import CDPSession, Dialog, Page, Request, Response
from playwright.async_api import Error as PlaywrightError

from monitor.ending import cut_off
from monitor.evidence.browser import Room, first_line
from monitor.evidence.proxies import KnowsAddresses
from monitor.evidence.sight import Limits, Sight
from monitor.evidence.traffic import Traffic
from monitor.evidence.world import World, as_int
from monitor.ports import Clock
from monitor.text.clean import clean_text

T = TypeVar("T")

_QUIET_SECONDS = 0.5
_PAUSE = 0.08
_SCROLL_STEPS = 40
_MOST_PICTURES = 300
_MOST_DIALOGS = 20
_PAGES = frozenset({"application/xhtml+xml", "application/xml", "application/json", "application/ld+json"})
_GONE = ("has been closed", "crashed", "Connection closed", "Target closed")
_ENDLESS = frozenset({"eventsource", "websocket", "media", "ping"})


class VisitFailed(Exception):
    """The page could not be reached."""


class BadCertificate(VisitFailed):
    """The site's certificate is not valid."""


class PageStuck(Exception):
    """The page's scripts let nobody else have a turn."""


class PageLost(Exception):
    """The page or the whole browser crashed."""


class Visit:
    """Hold one page in one context from arrival to departure.

    Dialogs are dismissed, further windows closed, downloads refused. When more than `limits.load_bytes` came in, the
    page is cut off from the network and goes on with what it has.
    """

    def __init__(self, room: Room, page: Page, session: CDPSession, sight: Sight, limits: Limits, clock: Clock) -> None:
        self.page = page
        self.session = session
        self.world = World(session)
        self.sight = sight
        self.limits = limits
        self.pictures: dict[str, Response] = {}
        self.document: Response | None = None
        self.traffic = Traffic(clock)
        self._room = room
        self._clock = clock
        self._open: set[Request] = set()
        self._quiet_since = clock.monotonic()
        self._sent = 0
        self._unpacked = 0
        self._dialogs = 0
        self._lost: asyncio.Future[PageLost | PageStuck] = asyncio.get_running_loop().create_future()
        self._chores: set[asyncio.Task[None]] = set()

    @classmethod
    async def begin(cls, room: Room, sight: Sight, limits: Limits, clock: Clock) -> Visit:
        """Open an empty page and start watching it."""
        page = await room.context.new_page()
        session = await room.context.new_cdp_session(page)
        visit = cls(room, page, session, sight, limits, clock)
        visit._watch()
        visit.traffic.watch(room.context)
        await session.send("Network.enable")
        return visit

    async def go(self) -> None:
        """Load the page, let it come to rest, scroll through it and back.

        BadCertificate, VisitFailed, PageStuck or PageLost when there is then nothing to keep.
        """
        seconds = self.limits.answer_seconds
        try:
            self.document = await self.within(
                seconds + 2, self.page.goto(self.sight.request.url, wait_until="commit", timeout=seconds * 1000)
            )
        except TimeoutError:
            raise VisitFailed("the page did not answer in time") from None
        except PlaywrightError as fault:
            raise _visit_failed(fault) from fault
        self._require_page()
        await self._parse()
        await self._answers()
        await self.rest(self.limits.rest_seconds)
        if self.document is not None:
            await self._learn(self.document)
        await self._scroll()
        self.sight.captured_at = self._clock.now()
        self.sight.final_url = self.page.url

    async def within(self, seconds: float, work: Coroutine[object, object, T]) -> T:
        """Wait for some work on the page; TimeoutError after so long, PageLost or PageStuck as soon as it is either."""
        task = asyncio.ensure_future(work)
        both: set[asyncio.Future[object]] = {task, self._lost}  # type: ignore[arg-type]  # results of two kinds
        try:
            await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            if self._lost.done():
                raise self._lost.result()
            raise TimeoutError
        except PlaywrightError as fault:
            if any(word in str(fault) for word in _GONE):
                raise PageLost("the page crashed or was closed") from fault
            raise
        finally:
            if not task.done():
                task.cancel()
                task.add_done_callback(_forget)

    async def rest(self, seconds: float) -> None:
        """Wait until nothing was loading for half a second, at most so long."""
        end = self._clock.monotonic() + seconds
        while self._clock.monotonic() < end and not self._lost.done():
            if not self._open and self._clock.monotonic() - self._quiet_since >= _QUIET_SECONDS:
                return
            await asyncio.sleep(_PAUSE)

    async def leave(self) -> None:
        """Stop watching, and note what was refused on the way."""
        self.sight.blocked = tuple(dict.fromkeys((*self.sight.blocked, *self._room.proxy.blocked)))
        if self._dialogs:
            self.sight.options["dialogs_dismissed"] = str(self._dialogs)
        await cut_off(self._chores)
        if not self._lost.done():
            self._lost.cancel()

    def _watch(self) -> None:
        page, context = self.page, self._room.context
        page.on("dialog", self._on_dialog)
        page.on("crash", lambda _: self._lose(PageLost("the page crashed")))
        page.on("request", self._on_request)
        page.on("requestfinished", self._on_end)
        page.on("requestfailed", self._on_end)
        page.on("response", self._on_response)
        context.on("page", self._on_page)
        self._room.browser.on("disconnected", lambda _: self._lose(PageLost("the browser crashed")))
        self.session.on("Network.dataReceived", self._on_bytes)

    def _lose(self, fault: PageLost | PageStuck) -> None:
        if not self._lost.done():
            self._lost.set_result(fault)

    def _on_request(self, request: Request) -> None:
        if request.resource_type not in _ENDLESS:
            self._open.add(request)
        self._quiet_since = self._clock.monotonic()

    def _on_end(self, request: Request) -> None:
        self._open.discard(request)
        self._quiet_since = self._clock.monotonic()

    def _on_response(self, response: Response) -> None:
        if response.request.resource_type == "image" and len(self.pictures) < _MOST_PICTURES:
            self.pictures[response.url] = response

    def _on_dialog(self, dialog: Dialog) -> None:
        self._dialogs += 1
        self._chore(dialog.dismiss())
        if self._dialogs > _MOST_DIALOGS:
            self._lose(PageStuck("the page opens dialogs without end"))

    def _on_page(self, other: Page) -> None:
        if other is not self.page:
            self._chore(other.close())

    def _on_bytes(self, event: dict[str, object]) -> None:
        # Some answers are counted only as sent, others only unpacked; a packed bomb shows in the second.
        before = max(self._sent, self._unpacked)
        self._sent += as_int(event.get("encodedDataLength"))
        self._unpacked += as_int(event.get("dataLength"))
        if before <= self.limits.load_bytes < max(self._sent, self._unpacked):
            self.sight.gap(f"the page loads more than {self.limits.load_bytes >> 20} MB; the rest was not loaded")
            self._chore(self._room.context.set_offline(True))

    def _chore(self, work: Coroutine[object, object, None]) -> None:
        """Do something beside the visit; a page that has gone meanwhile is no matter."""

        async def quietly() -> None:
            try:
                await work
            except PlaywrightError:
                return

        task = asyncio.ensure_future(quietly())
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    def _require_page(self) -> None:
        """Leave alone what is no page: the browser would show it in a viewer of its own, or not at all."""
        media_type = media_type_of(self.document) if self.document is not None else ""
        if media_type and not media_type.startswith("text/") and media_type not in _PAGES:
            raise VisitFailed(f"the address is a file ({media_type}), not a page")

    async def _parse(self) -> None:
        seconds = self.limits.parse_seconds
        try:
            await self.within(seconds + 2, self.page.wait_for_load_state("domcontentloaded", timeout=seconds * 1000))
        except (PlaywrightError, TimeoutError):
            self.sight.gap(f"the page was still loading after {seconds:.0f} s; what had come by then is kept")
            await self._attempt(self.session.send("Page.stopLoading"))

    async def _answers(self) -> None:
        """Make sure that the page can be asked anything at all."""
        try:
            await self.within(4, self.world.ask("ping", seconds=3))
        except TimeoutError:
            raise PageStuck("the page's scripts never pause") from None
        except PlaywrightError as fault:
            raise PageStuck(first_line(fault)) from fault

    async def _scroll(self) -> None:
        """Bring content into being that waits to be scrolled to, then go back to the top."""
        try:
            size = await self.within(6, self.world.fields("size"))
            step, y = max(200, as_int(size.get("viewport")) * 9 // 10), 0
            for _ in range(_SCROLL_STEPS):
                y += step
                if y >= min(as_int(size.get("height")), self.limits.height):
                    break
                size = await self.within(6, self.world.fields("scroll", y))
                await asyncio.sleep(_PAUSE)
            await self.rest(3)
            await self.within(6, self.world.ask("scroll", 0))
            await self._wait_for_pictures()
        except (PlaywrightError, TimeoutError):
            self.sight.gap("the page could not be scrolled through, so content loaded on scrolling may be missing")

    async def _wait_for_pictures(self) -> None:
        end = self._clock.monotonic() + 2
        while self._clock.monotonic() < end:
            if not await self.within(6, self.world.number("loading")):
                return
            await asyncio.sleep(_PAUSE)

    async def _learn(self, response: Response) -> None:
        """Note what the answer says of itself."""
        sight = self.sight
        sight.status = response.status
        chain, hop = [], response.request.redirected_from
        while hop is not None:
            chain.append(hop.url)
            hop = hop.redirected_from
        sight.redirects = tuple(reversed(chain))
        headers = await self._attempt(response.all_headers())
        sight.headers = {name: clean_text(value)[:4000] for name, value in (headers or {}).items()}
        if isinstance(self._room.proxy, KnowsAddresses):
            sight.remote_ip = self._room.proxy.addresses.get(_host_port(response.url), "")
        if response.url.startswith("https:"):
            sight.tls = await self._certificate(response)

    async def _certificate(self, response: Response) -> dict[str, str]:
        details = await self._attempt(response.security_details())
        tls = {name: clean_text(str(value))[:500] for name, value in (details or {}).items()}
        parts = urlsplit(response.url)
        known = await self._attempt(
            self.session.send("Network.getCertificate", {"origin": f"{parts.scheme}://{parts.netloc}"})
        )
        for certificate in (known or {}).get("tableNames", [])[:1]:
            tls["sha256"] = hashlib.sha256(base64.b64decode(certificate)).hexdigest()
        return tls

    async def _attempt(self, work: Coroutine[object, object, T]) -> T | None:
        """Try something that a capture can do without."""
        try:
            return await self.within(3, work)
        except (PlaywrightError, TimeoutError):
            return None


def media_type_of(response: Response) -> str:
    """Give an answer's media type without parameters, lower case, or an empty string."""
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _visit_failed(fault: PlaywrightError) -> VisitFailed:
    words = first_line(fault)
    if "net::ERR_CERT" in words or "net::ERR_SSL" in words:
        return BadCertificate(f"the site's certificate is not valid ({words.partition(' at ')[0]})")
    if "ERR_TOO_MANY_REDIRECTS" in words:
        return VisitFailed("the address redirects without end")
    if "Download is starting" in words or "ERR_ABORTED" in words:
        return VisitFailed("the address is a file to download, not a page")
    if "ERR_TUNNEL_CONNECTION_FAILED" in words or "ERR_PROXY" in words:
        return VisitFailed("the site could not be reached, or its address is not a public one")
    return VisitFailed(f"the browser could not open the page ({words})")


def _host_port(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _forget(task: asyncio.Future[T]) -> None:
    """Take note of how abandoned work ended, so that nobody complains that it was never asked."""
    if not task.cancelled():
        task.exception()
