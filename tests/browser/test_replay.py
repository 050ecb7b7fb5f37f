"""What was kept shows the page again without the site: every answer is in the archive, and every pixel is the same."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import brotli
import pytest
import pytest_asyncio
from aiohttp import web
from PIL import Image, ImageChops
from warcio.archiveiterator import ArchiveIterator

from monitor.domain import Completeness, Origin
from monitor.evidence import BrowserCapturer
from monitor.http import AddressGuard, HttpClient, HttpLimits
from monitor.http.proxy import GuardedProxy

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

QUOTE = "FIRST LAST stole money from patients"
STYLE = "body{font:16px sans-serif;margin:20px} .post{background:#fec;padding:20px} img,iframe,video{display:block}"
BODY = """<!doctype html><html><head><meta charset=utf-8><title>A forum</title><link rel=icon href=/icon.png>
<script src=/main.js></script><link rel=stylesheet href=/style.css></head><body><h1>Thread</h1>
<div class=post id=post>...</div>
<img src=/gone.png width=40 height=40 alt=gone><p id=length>...</p>
<video src=/sound.wav preload=metadata width=300 height=80 onloadedmetadata=heard(this)></video>
<iframe src="OTHER/frame" width=400 height=120></iframe><div style="height:2500px"></div>
<img src=/late.png loading=lazy width=80 height=80>
</body></html>"""
SCRIPT = """function heard(it) { document.getElementById("length").textContent = `${it.duration} s`; }
fetch("/api/posts", {method: "POST", headers: {"Content-Type": "application/json"},
body: JSON.stringify({thread: 7, page: {from: 1, to: 20.0}})}).then((a) => a.json())
.then((a) => { document.getElementById("post").textContent = a.text; });"""


def wav(seconds: int) -> bytes:
    body = b"\x80" * (44_100 * seconds)
    head = struct.pack("<4sIIHHIIHH", b"fmt ", 16, 0, 1, 1, 44_100, 44_100, 1, 8)[:4]
    form = head + struct.pack("<IHHIIHH", 16, 1, 1, 44_100, 44_100, 1, 8)
    return b"RIFF" + struct.pack("<I", 36 + len(body)) + b"WAVE" + form + b"data" + struct.pack("<I", len(body)) + body


@dataclass
class Forum:
    """Serve two sites of different owners on one port; `hits` are what was asked for."""

    picture: bytes
    port: int = 0
    hits: list[str] = field(default_factory=list)
    sound: bytes = field(default_factory=lambda: wav(40))

    @property
    def url(self) -> str:
        return f"http://forum.localhost:{self.port}"

    @property
    def other(self) -> str:
        return f"http://widgets.test:{self.port}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.hits.append(f"{request.method} {request.host.partition(':')[0]}{request.path}")
        if request.path == "/sound.wav":
            return self.part(request)
        if request.path == "/api/posts" and request.method == "POST":
            return web.json_response({"text": f"I say that {QUOTE}.", "asked": await request.json()})
        found = self.files.get(request.path)
        if found is None:
            return web.Response(status=404, text="none")
        status, media_type, body, more = found
        response = web.Response(status=status, body=body, headers={"Content-Type": media_type, **more})
        if request.path == "/t/1":
            response.set_cookie("seen", "1")
            response.set_cookie("lang", "en")
        return response

    @property
    def files(self) -> dict[str, tuple[int, str, bytes, dict[str, str]]]:
        page = gzip.compress(BODY.replace("OTHER", self.other).encode())
        style, frame = brotli.compress(STYLE.encode()), b"<style>body{background:#cef}</style><p>Elsewhere.</p>"
        return {
            "/old": (302, "text/html", b"", {"Location": "/t/1"}),
            "/t/1": (200, "text/html; charset=utf-8", page, {"Content-Encoding": "gzip"}),
            "/style.css": (200, "text/css", style, {"Content-Encoding": "br"}),
            "/main.js": (200, "text/javascript", SCRIPT.encode(), {}),
            "/late.png": (200, "image/png", self.picture, {}),
            "/icon.png": (200, "image/png", self.picture, {}),
            "/frame": (200, "text/html", frame, {}),
        }

    def part(self, request: web.Request) -> web.Response:
        asked, size = request.http_range, len(self.sound)
        if asked.start is None:
            return web.Response(body=self.sound, content_type="audio/wav", headers={"Accept-Ranges": "bytes"})
        start, stop = asked.start, asked.stop or size
        headers = {"Content-Range": f"bytes {start}-{stop - 1}/{size}", "Accept-Ranges": "bytes"}
        return web.Response(status=206, body=self.sound[start:stop], content_type="audio/wav", headers=headers)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def forum() -> AsyncIterator[Forum]:
    drawn = io.BytesIO()
    Image.new("RGB", (80, 80), (180, 20, 60)).save(drawn, "PNG")
    served = Forum(drawn.getvalue())
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", served.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.port = runner.addresses[0][1]
    yield served
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def client(forum: Forum, clock) -> AsyncIterator[HttpClient]:
    async def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    allow = [f"forum.localhost:{forum.port}", f"widgets.test:{forum.port}"]
    limits = HttpLimits(min_interval=timedelta(0), deadline=timedelta(seconds=5))
    made = HttpClient(clock=clock, allow=allow, user_agent="t/0", limits=limits, guard=AddressGuard(allow, lookup=here))
    yield made
    await made.close()


@dataclass
class Archive:
    """Stand where the guarded proxy stands, and give nothing but what an archive holds."""

    url: str
    blocked: tuple[str, ...] = ()

    async def start(self) -> str:
        return self.url

    async def close(self) -> None:
        return None


def records(body: bytes) -> list[tuple[str, int, str, bytes, list[tuple[str, str]]]]:
    with zipfile.ZipFile(io.BytesIO(body)) as wacz:
        found = []
        for record in ArchiveIterator(io.BytesIO(wacz.read("archive/page.warc.gz"))):
            if record.rec_type != "response":
                continue
            about, lines = record.rec_headers, record.http_headers
            found.append(
                (
                    about.get_header("WARC-Target-URI"),
                    int(lines.get_statuscode()),
                    about.get_header("WARC-X-Body-Origin"),
                    record.content_stream().read(),
                    lines.headers,
                )
            )
        return found


async def test_a_page_is_shown_again_without_its_site(forum, client, chromium: Path, clock, keep, replayer) -> None:
    def capturer(proxy) -> BrowserCapturer:
        http = client.for_source("evidence", obey_robots=False)
        return BrowserCapturer(http=http, clock=clock, chromium=chromium, proxy=proxy)

    live = capturer(lambda: GuardedProxy(client.guard))
    kept = await keep(f"{forum.url}/old", QUOTE, by=live)
    await live.close()
    assert kept.capture.completeness is Completeness.FOUND
    assert kept.observed.remote_ip == "127.0.0.1"

    assert "40 s" in kept.body("page.txt").decode()
    check_records(forum, kept.body("page.wacz"))
    check_package(kept.body("page.wacz"))

    before = len(forum.hits)
    url = replayer(kept.folder / "page.wacz")
    again = capturer(lambda: Archive(url))
    shown = await keep(f"{forum.url}/old", QUOTE, by=again)
    await again.close()
    touched = [hit for hit in forum.hits[before:] if not hit.endswith(("/sound.wav", "/icon.png"))]
    assert touched == []
    assert shown.capture.completeness is Completeness.FOUND
    assert shown.observed.redirects == (f"{forum.url}/old",)
    for name in ("page.png", "post.png"):
        one, two = (Image.open(io.BytesIO(each.body(name))).convert("RGB") for each in (kept, shown))
        assert ImageChops.difference(one, two).getbbox() is None, name


def check_records(forum: Forum, body: bytes) -> None:
    found = {url: rest for url, *rest in records(body)}
    assert {url: (rest[0], rest[1]) for url, rest in found.items()} == {
        f"{forum.url}/old": (302, "decoded"),
        f"{forum.url}/t/1": (200, "decoded"),
        f"{forum.url}/style.css": (200, "decoded"),
        f"{forum.url}/main.js": (200, "decoded"),
        f"{forum.url}/api/posts": (200, "decoded"),
        f"{forum.url}/gone.png": (404, "decoded"),
        f"{forum.url}/late.png": (200, "decoded"),
        f"{forum.url}/icon.png": (200, "decoded"),
        f"{forum.url}/sound.wav": (200, Origin.REFETCHED.value),
        f"{forum.other}/frame": (200, "decoded"),
    }
    assert found[f"{forum.url}/sound.wav"][2] == forum.sound
    assert QUOTE in json.loads(found[f"{forum.url}/api/posts"][2])["text"]
    assert found[f"{forum.url}/style.css"][2] == STYLE.encode()
    names = [name.lower() for name, _ in found[f"{forum.url}/t/1"][3]]
    assert names.count("set-cookie") == 2
    assert "content-encoding" not in names
    assert "x-archive-orig-content-encoding" in names


def check_package(body: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(body)) as wacz:
        assert {entry.compress_type for entry in wacz.infolist()} == {zipfile.ZIP_STORED}
        package = json.loads(wacz.read("datapackage.json"))
        for resource in package["resources"]:
            inside = wacz.read(resource["path"])
            assert resource["hash"] == "sha256:" + hashlib.sha256(inside).hexdigest()
            assert resource["bytes"] == len(inside)
        digest = json.loads(wacz.read("datapackage-digest.json"))
        assert digest["hash"] == "sha256:" + hashlib.sha256(wacz.read("datapackage.json")).hexdigest()
        assert wacz.read("indexes/index.cdxj").decode().splitlines() == sorted(
            wacz.read("indexes/index.cdxj").decode().splitlines()
        )
