"""Films that a page plays: fetched by a confined process through the guard, looked at, and what is missing named."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from monitor.domain import ArtifactRole, CaptureOutcome, Origin
from monitor.evidence import BrowserCapturer, FilmKeeper
from monitor.http.proxy import GuardedProxy

from .conftest import IN_CI

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

QUOTE = "FIRST LAST stole money from patients"


def encode(path: Path, *more: str) -> None:
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=15:duration=4"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "15", *more, str(path)]
    subprocess.run(command, check=True, timeout=120)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a film of four seconds, whole and as a stream in pieces."""
    if shutil.which("ffmpeg") is None:
        (pytest.fail if IN_CI else pytest.skip)("ffmpeg, which makes films for tests, is not installed")
    folder = tmp_path_factory.mktemp("films")
    encode(folder / "film.mp4", "-movflags", "+faststart")
    encode(folder / "live.m3u8", "-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod",
           "-hls_segment_filename", str(folder / "piece-%d.ts"))  # fmt: skip
    return folder


def served(body: bytes, media_type: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type=media_type)

    return answer


@pytest.fixture
def keep_films(http, capturer, keep, monkeypatch):
    """Give a function that captures a page with a film keeper of these limits."""

    async def run(url: str, *, by: BrowserCapturer = capturer, facts: dict | None = None, **limits: object):
        monkeypatch.setattr(by, "_films", FilmKeeper(lambda: GuardedProxy(http.guard), **limits))
        return await keep(url, QUOTE, by=by, facts=facts or {})

    return run


def media(kept) -> list:
    return [one for one in kept.capture.artifacts if one.role is ArtifactRole.MEDIA]


async def test_a_stream_is_put_together_and_says_so(site, films, keep_films) -> None:
    site.pages["/live.m3u8"] = served((films / "live.m3u8").read_bytes(), "application/vnd.apple.mpegurl")
    pieces = sorted(films.glob("piece-*.ts"))
    for piece in pieces:
        site.pages[f"/{piece.name}"] = served(piece.read_bytes(), "video/mp2t")
    page = site.page("/stream", f"<body><p>{QUOTE}</p><video src=/live.m3u8></video>")
    kept = await keep_films(page)
    assert len(media(kept)) == 1, kept.observed.incomplete
    (film,) = media(kept)
    assert (film.path, film.media_type, film.origin) == ("film-01.ts", "video/mp2t", Origin.ASSEMBLED)
    assert kept.body("film-01.ts") == b"".join(piece.read_bytes() for piece in pieces)
    assert len(pieces) == 4
    assert "m3u8" in kept.observed.options["film-01.ts"]
    assert kept.observed.outcome is CaptureOutcome.COMPLETE, kept.observed.incomplete


async def test_a_film_too_large_to_fetch_beside_the_page_is_the_origins_byte_for_byte(
    site, films, keep_films, http
) -> None:
    film = (films / "film.mp4").read_bytes()
    padded = film + (len(film) % 251).to_bytes(4, "big") + b"free" + bytes(range(256)) * (24 << 10)  # 6 MB
    site.pages["/large.mp4"] = served(padded, "video/mp4")
    kept = await keep_films(site.page("/large", f"<body><p>{QUOTE}</p><video src=/large.mp4 preload=none></video>"))
    (found,) = media(kept)
    assert (found.media_type, found.origin) == ("video/mp4", Origin.REFETCHED)
    assert kept.body(found.path) == padded
    assert kept.observed.options["films_by"].startswith("yt-dlp 20")


async def test_a_film_on_a_page_is_kept_by_the_page_itself_when_it_can(site, films, keep_films) -> None:
    film = (films / "film.mp4").read_bytes()
    site.pages["/film.mp4"] = served(film, "video/mp4")
    kept = await keep_films(site.page("/small", f"<body><p>{QUOTE}</p><video src=/film.mp4 preload=auto></video>"))
    assert [(one.path, one.origin) for one in media(kept)] == [("recording-01.mp4", Origin.REFETCHED)]
    assert kept.body("recording-01.mp4") == film
    assert "films_by" not in kept.observed.options


@pytest.mark.parametrize("says_length", [True, False], ids=["length-told", "length-hidden"])
async def test_more_than_is_kept_is_named(site, films, keep_films, says_length) -> None:
    film = (films / "film.mp4").read_bytes() + b"\0" * (3 << 20)

    async def answer(request: web.Request) -> web.StreamResponse:
        if says_length:
            return web.Response(body=film, content_type="video/mp4")
        stream = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        stream.enable_chunked_encoding()
        await stream.prepare(request)
        for start in range(0, len(film), 1 << 16):
            await stream.write(film[start : start + (1 << 16)])
        return stream

    site.pages["/huge.mp4"] = answer
    page = site.page("/huge", f"<body><p>{QUOTE}</p><video src=/huge.mp4 preload=none></video>")
    kept = await keep_films(page, max_bytes=1 << 20)
    assert media(kept) == []
    assert any("1 MB" in gap for gap in kept.observed.incomplete), kept.observed.incomplete
    assert kept.observed.outcome is CaptureOutcome.PARTIAL


async def test_a_film_that_leads_to_a_private_address_is_refused(site, secret_site, films, keep_films) -> None:
    secret_site.pages["/film.mp4"] = served((films / "film.mp4").read_bytes(), "video/mp4")

    async def lead(_: web.Request) -> web.Response:
        raise web.HTTPFound(secret_site.url + "/film.mp4")

    site.pages["/led.mp4"] = lead
    kept = await keep_films(site.page("/led", f"<body><p>{QUOTE}</p><video src=/led.mp4 preload=none></video>"))
    assert secret_site.hits == []
    assert media(kept) == []
    assert secret_site.url.partition("//")[2] in kept.observed.blocked
    assert any("a film on the page is not kept" in gap for gap in kept.observed.incomplete)


async def test_what_is_no_film_is_not_kept_as_one(site, keep_films) -> None:
    site.pages["/fake.mp4"] = served(b"<html>Please sign in</html>" * 100, "video/mp4")
    kept = await keep_films(site.page("/fake", f"<body><p>{QUOTE}</p><video src=/fake.mp4 preload=none></video>"))
    assert media(kept) == []
    assert "what was fetched as a film is none" in kept.observed.incomplete


async def test_a_film_that_never_ends_is_left_after_its_time(site, keep_films) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        await stream.prepare(request)
        for _ in range(600):
            await stream.write(b"\0\0\0\x18ftypisom")
            await asyncio.sleep(0.1)
        return stream

    site.pages["/drip.mp4"] = drip
    page = site.page("/drip", f"<body><p>{QUOTE}</p><video src=/drip.mp4 preload=none></video>")
    kept = await keep_films(page, max_seconds=6)
    assert media(kept) == []
    assert any("not fetched within 6 s" in gap for gap in kept.observed.incomplete), kept.observed.incomplete


async def test_the_film_above_a_comment_is_only_noted(site, films, keep_films) -> None:
    page = site.page("/comment", f"<body><p>{QUOTE}</p><video src=/film.mp4 preload=none></video>")
    kept = await keep_films(page, facts={"kind": "comment"})
    assert media(kept) == []
    assert any("is a comment below it" in gap for gap in kept.observed.incomplete)
    assert kept.observed.outcome is CaptureOutcome.COMPLETE
