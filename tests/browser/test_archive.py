"""The web archive of a capture: everything that was asked stands in it, or is named as missing."""

from __future__ import annotations

import io
import zipfile

import pytest
from aiohttp import web
from warcio.archiveiterator import ArchiveIterator

from monitor.domain import ArtifactRole, CaptureOutcome

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

QUOTE = "FIRST LAST stole money from patients"


def responses(warc: bytes) -> dict[str, tuple[str, bytes]]:
    return {
        record.rec_headers.get_header("WARC-Target-URI"): (
            record.http_headers.get_statuscode(),
            record.content_stream().read(),
        )
        for record in ArchiveIterator(io.BytesIO(warc), check_digests="raise")
        if record.rec_type == "response"
    }


async def test_all_that_was_asked_is_in_the_archive_or_named(site, keep, picture) -> None:
    async def say(request: web.Request) -> web.Response:
        assert await request.text() == "q=1"
        return web.json_response({"words": QUOTE})

    async def moved(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/post", "Set-Cookie": "seen=1"})

    async def packed(request: web.Request) -> web.Response:
        answer = web.Response(text="body { color: #123 }", content_type="text/css")
        answer.enable_compression(web.ContentCoding.gzip)
        return answer

    async def broken(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    site.pages["/start"] = moved
    site.pages["/api"] = say
    site.pages["/style.css"] = packed
    late = picture(8, 8, (10, 20, 30))
    site.pages["/late.png"] = late
    site.pages["/broken.js"] = broken
    site.page("/frame", "<body>In the frame: <img src=/late.png></body>")
    site.page(
        "/post",
        """<link rel=stylesheet href=/style.css><body><div id=here></div><iframe src=/frame></iframe>
        <img src=/missing.png><script src=/broken.js></script>
        <script>fetch('/api', {method: 'POST', body: 'q=1'})
        .then(a => a.json()).then(a => here.textContent = a.words)</script>""",
    )
    kept = await keep(site.url + "/start", QUOTE)
    assert QUOTE in kept.body("page.txt").decode()
    found = responses(kept.body("page.warc.gz"))
    by_path = {url.removeprefix(site.url): answer for url, answer in found.items()}
    assert by_path["/start"][0] == "302"
    assert by_path["/style.css"] == ("200", b"body { color: #123 }")
    assert by_path["/late.png"][1] == late
    assert by_path["/missing.png"][0] == "404"
    assert QUOTE.encode() in by_path["/api"][1]
    assert "/frame" in by_path
    assert any("/broken.js" in gap for gap in kept.observed.incomplete)
    # What the page itself could not load makes no less of the capture.
    assert kept.capture.outcome is CaptureOutcome.COMPLETE
    named = sum("not in the web archive" in gap for gap in kept.observed.incomplete)
    options = kept.observed.options
    assert int(options["archived"]) + named == int(options["requests"])
    with zipfile.ZipFile(io.BytesIO(kept.body("page.wacz"))) as file:
        assert file.testzip() is None
        assert file.read("archive/page.warc.gz") == kept.body("page.warc.gz")
    assert {ArtifactRole.WARC, ArtifactRole.WACZ} <= {artifact.role for artifact in kept.capture.artifacts}
