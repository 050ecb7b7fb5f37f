"""Keep a page that lies open in the browser, piece by piece; a piece that fails is noted and the rest goes on."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Coroutine, Mapping
from typing import TypeVar

from playwright.async_api import Error as PlaywrightError

from monitor import __version__
from monitor.contract import Http
from monitor.domain import ArtifactRole, Origin
from monitor.evidence.browser import first_line
from monitor.evidence.media import extension, keep_images
from monitor.evidence.traffic import Traffic
from monitor.evidence.visit import Visit, media_type_of
from monitor.evidence.warc import write_wacz, write_warc
from monitor.evidence.world import as_int
from monitor.ports import Staging
from monitor.text.clean import clean_text

T = TypeVar("T")

_MOST_FRAMES = 20
_MOST_MISSES = 50
_MOST_RECORDINGS = 4
_PLAYLISTS = frozenset(
    {"application/dash+xml", "application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl"}
)
_WIDEST = 2_560
_SETTLE_SECONDS = 0.15  # for what appears once the post is in view


class PageKeeper:
    """Write the pieces of one visited page into a staging area."""

    def __init__(self, visit: Visit, staging: Staging, http: Http) -> None:
        self._visit = visit
        self._sight = visit.sight
        self._staging = staging
        self._http = http
        self._images: list[str] = []

    async def keep(self) -> None:
        """Keep everything in the order of its worth, so that a crash half-way costs the least."""
        await self._piece("the picture of the whole page", 15, self._screenshot())
        await self._piece("the visible text", 10, self._text())
        await self._piece("the page's content", 10, self._content())
        await self._piece("the picture of the post", 12, self._clip())
        await self._piece("the page as sent", 4, self._response())
        await self._piece("the single-file copy (MHTML)", 10, self._mhtml())
        await self._piece("the printable copy (PDF)", 10, self._pdf())
        addresses = (*self._sight.request.images, *self._images)
        for missing in await keep_images(self._http, addresses, self._staging, seen=self._seen):
            self._sight.gap(missing)
        await self._piece("the web archive", 25, self._archive())

    async def _archive(self) -> None:
        """Keep everything that was asked and answered, so that the page can be replayed; name what is not in it."""
        traffic, sight = self._visit.traffic, self._sight
        await traffic.settle(self._http, 5)
        await self._recordings(traffic)
        software = f"goodname {__version__}; " + "; ".join(
            f"{name} {version}" for name, version in sight.software.items()
        )
        archive = await asyncio.to_thread(write_warc, traffic.exchanges, software=software)
        misses = traffic.misses()
        sight.options["requests"] = str(len(traffic.exchanges))
        sight.options["archived"] = str(archive.records)
        sight.options["refetched"] = str(sum(one.origin is Origin.REFETCHED for one in traffic.exchanges))
        for miss in misses[:_MOST_MISSES]:
            sight.note(f"not in the web archive: {clean_text(miss)}")
        if len(misses) > _MOST_MISSES:
            sight.note(f"not in the web archive: {len(misses) - _MOST_MISSES} more")
        await self._add(ArtifactRole.WARC, "page.warc.gz", "application/warc", Origin.DECODED, archive.warc)
        wacz = await asyncio.to_thread(
            write_wacz, archive, url=self._visit.page.url, title=sight.title, at=sight.captured_at, software=software
        )
        await self._add(ArtifactRole.WACZ, "page.wacz", "application/wacz", Origin.ASSEMBLED, wacz)

    async def _recordings(self, traffic: Traffic) -> None:
        """Keep sound and film that the page plays from a file, byte for byte as its server gives it."""
        played = [one for one in traffic.exchanges if one.is_media]
        sight = self._sight
        if any(one.media_type in _PLAYLISTS for one in played):
            sight.lost_recordings.append("a stream on the page is not kept as one film; its pieces are not kept either")
            return
        for one in played:
            media_type = one.media_type
            if not one.is_answered or not media_type.startswith(("video/", "audio/")):
                sight.lost_recordings.append(
                    f"a recording on the page is not kept: {clean_text(one.url[:300])} ({one.why or media_type})"
                )
            elif sight.recordings < _MOST_RECORDINGS and one.body:
                sight.recordings += 1
                name = f"recording-{sight.recordings:02d}{extension(media_type)}"
                await self._add(ArtifactRole.MEDIA, name, media_type, one.origin, one.body)
        if len(played) > _MOST_RECORDINGS:
            self._sight.note(f"{len(played) - _MOST_RECORDINGS} more recordings on the page were left out")

    async def _piece(self, what: str, seconds: float, work: Coroutine[object, object, None]) -> None:
        try:
            await self._visit.within(seconds, work)
        except TimeoutError:
            self._sight.gap(f"{what}: not ready after {seconds:.0f} s")
        except PlaywrightError as fault:
            self._sight.gap(f"{what}: {first_line(fault)}")

    async def _add(self, role: ArtifactRole, name: str, media_type: str, origin: Origin, body: bytes) -> None:
        if len(body) > self._visit.limits.file_bytes:
            self._sight.gap(f"{name}: {len(body)} bytes are more than is kept")
            return
        await asyncio.to_thread(self._staging.add, role, name, media_type, origin, body)
        self._sight.kept.add(role)

    async def _screenshot(self) -> None:
        size = await self._visit.world.fields("size")
        width, height = min(max(1, as_int(size.get("width"))), _WIDEST), max(1, as_int(size.get("height")))
        limit = self._visit.limits.height
        if height > limit:
            self._sight.gap(f"the page is {height} pixels high; its picture shows the first {limit}")
        body = await self._picture({"x": 0, "y": 0, "width": width, "height": min(height, limit)})
        await self._add(ArtifactRole.SCREENSHOT, "page.png", "image/png", Origin.RENDERED, body)

    async def _picture(self, box: Mapping[str, int]) -> bytes:
        answer = await self._visit.session.send(
            "Page.captureScreenshot", {"format": "png", "clip": {**box, "scale": 1}, "captureBeyondViewport": True}
        )
        return base64.b64decode(answer["data"])

    async def _text(self) -> None:
        pieces = [await self._visit.world.text("text")]
        for frame in self._visit.page.frames[1 : _MOST_FRAMES + 1]:
            try:
                inner = await frame.locator("body").inner_text(timeout=1000)
            except PlaywrightError:
                continue  # a frame that has gone, or that never was more than an empty box
            if inner.strip():
                pieces.append(f"[frame {frame.url}]\n{inner}")
        signs = await self._visit.world.fields("signs")
        self._sight.text = clean_text("\n\n".join(pieces))
        self._sight.title = clean_text(str(signs.get("title", "")))
        self._sight.asks_password = signs.get("asksPassword") is True
        self._sight.has_film = signs.get("hasFilm") is True
        self._sight.may_have_film = signs.get("mayHaveFilm") is True
        body = self._sight.text.encode("utf-8", "replace")
        await self._add(ArtifactRole.TEXT, "page.txt", "text/plain", Origin.RENDERED, body)

    async def _content(self) -> None:
        body = (await self._visit.page.content()).encode("utf-8", "replace")
        await self._add(ArtifactRole.PAGE, "page.html", "text/html", Origin.RENDERED, body)

    async def _clip(self) -> None:
        request = self._sight.request
        world = self._visit.world
        wish = {"quotes": list(request.quotes), "anchor": request.anchor}
        if not await world.ask("locate", wish, seconds=8):
            if request.quotes or request.anchor:
                self._sight.gap("the picture of the post: its place on the page was not found")
            return
        await asyncio.sleep(_SETTLE_SECONDS)
        found = await world.fields("box")
        self._images = [source for source in _list(found.get("images")) if isinstance(source, str)]
        box = {side: max(1, as_int(found.get(side))) for side in ("width", "height")}
        box |= {side: max(0, as_int(found.get(side))) for side in ("x", "y")}
        limit = self._visit.limits.post_height
        if box["height"] > limit:
            self._sight.gap(f"the post is {box['height']} pixels high; its picture shows the first {limit}")
        body = await self._picture({**box, "height": min(box["height"], limit), "width": min(box["width"], _WIDEST)})
        await world.ask("unmark")
        await world.ask("scroll", 0)
        self._sight.options["post_found_by"] = str(found.get("how", ""))
        self._sight.options["post_words_marked"] = str(as_int(found.get("marked")))
        await self._add(ArtifactRole.CLIP, "post.png", "image/png", Origin.RENDERED, body)

    async def _response(self) -> None:
        """Keep the document as the server sent it, which scripts may since have changed beyond recognition."""
        response = self._visit.document
        if response is None:
            return
        body = await response.body()
        media_type = media_type_of(response) or "text/html"
        await self._add(ArtifactRole.PAGE, f"response{extension(media_type)}", media_type, Origin.DECODED, body)

    async def _mhtml(self) -> None:
        answer = await self._visit.session.send("Page.captureSnapshot", {"format": "mhtml"})
        body = str(answer["data"]).encode("utf-8", "replace")
        await self._add(ArtifactRole.MHTML, "page.mhtml", "multipart/related", Origin.RENDERED, body)

    async def _pdf(self) -> None:
        size = await self._visit.world.fields("size")
        if as_int(size.get("height")) > self._visit.limits.height:
            self._sight.gap("the printable copy (PDF): the page is too high to print")
            return
        await self._visit.page.emulate_media(media="screen")
        body = await self._visit.page.pdf(width="1280px", height="1810px", print_background=True)
        await self._add(ArtifactRole.PDF, "page.pdf", "application/pdf", Origin.RENDERED, body)

    async def _seen(self, address: str) -> tuple[bytes, str] | None:
        """Give a picture as the browser has it."""
        response = self._visit.pictures.get(address)
        if response is None or not response.ok:
            return None
        try:
            body = await self._visit.within(3, response.body())
        except (PlaywrightError, TimeoutError):
            return None
        return body, media_type_of(response)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
