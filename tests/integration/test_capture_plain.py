"""Without a browser: what the server sends is kept, over the real client, and the capture says that it is partial."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from aiohttp import web

from monitor.domain import ArtifactRole, CaptureOutcome, CaptureRequest, Completeness, Origin
from monitor.errors import CaptureFailed
from monitor.evidence import FileVault, PlainCapturer
from monitor.http import HttpClient, HttpLimits

QUOTE = "FIRST LAST stole money from patients"
REASON = "no browser: install Chromium"


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return monotonic()


Answers = dict[str, web.Response | Callable[[], web.Response]]


@pytest.fixture
async def site() -> AsyncIterator[tuple[str, Answers]]:
    answers: Answers = {}

    async def answer(request: web.Request) -> web.Response:
        make = answers.get(request.path, lambda: web.Response(status=404, text="not found"))
        return make()

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", answers
    await runner.cleanup()


@pytest.fixture
async def keep(site, tmp_path: Path):
    limits = HttpLimits(min_interval=timedelta(0), deadline=timedelta(seconds=2))
    client = HttpClient(
        clock=RealClock(), allow=[site[0].removeprefix("http://")], user_agent="goodname/0 (test)", limits=limits
    )
    capturer = PlainCapturer(client.for_source("evidence", obey_robots=False), RealClock(), REASON)
    vault = FileVault(tmp_path, clock=RealClock(), actor="test", reserve_bytes=1)

    async def run(path: str, *quotes: str, **more: object):
        request = CaptureRequest(id=1, mention_id=1, revision=1, url=site[0] + path, quotes=quotes, **more)
        staging = vault.stage(request, RealClock().now())
        try:
            capture = vault.commit(staging, request, await capturer.capture(request, staging))
        finally:
            staging.discard()
        assert vault.verify().is_intact
        return capture, {artifact.path: vault.read(capture.id, artifact.path) for artifact in capture.artifacts}

    yield run
    await capturer.close()
    await client.close()


def page(body: str, **more: object) -> Callable[[], web.Response]:
    return lambda: web.Response(text=f"<title>T</title>{body}", content_type="text/html", **more)


async def test_page_text_pictures_and_source_are_kept(site, keep) -> None:
    url, answers = site
    answers["/t"] = page(f"<p>Beware, {QUOTE}!</p><script>var x</script>")
    answers["/a.png"] = lambda: web.Response(body=b"\x89PNG", content_type="image/png")
    capture, files = await keep(
        "/t", QUOTE, raw=b"{}", raw_media_type="application/json", images=(url + "/a.png", url + "/b.png")
    )
    assert (capture.outcome, capture.completeness) == (CaptureOutcome.PARTIAL, Completeness.FOUND)
    assert capture.incomplete[0] == REASON
    assert "/b.png" in capture.incomplete[1]
    assert set(files) == {"response.html", "page.txt", "image-01.png", "source.json", "report.html"}
    assert files["page.txt"].decode() == f"Beware, {QUOTE}!"
    assert files["image-01.png"] == b"\x89PNG"
    origins = {artifact.path: artifact.origin for artifact in capture.artifacts}
    assert (origins["response.html"], origins["page.txt"]) == (Origin.DECODED, Origin.RENDERED)


@pytest.mark.parametrize(
    ("answer", "completeness"),
    [
        (page("<p>Please log in</p><input type=password>"), Completeness.LOGIN_WALL),
        (page("<p>Other talk</p>" * 60), Completeness.NOT_FOUND),
        (page("<div id=root></div>"), Completeness.SCRIPT_FAILED),
        (page("Are you a robot?", status=403), Completeness.BOT_WALL),
        (page(f"<p>{QUOTE}</p>", status=500), Completeness.FOUND),
        (lambda: web.Response(text=f'{{"text": "{QUOTE}"}}', content_type="application/json"), Completeness.FOUND),
        (lambda: web.Response(body=b"", content_type="text/html"), Completeness.SCRIPT_FAILED),
        (lambda: web.Response(body=QUOTE.encode("utf-16"), headers={"Content-Type": "text/plain; charset=utf-16"}),
         Completeness.FOUND),
        (lambda: web.Response(body=QUOTE.encode(), headers={"Content-Type": "text/plain; charset=zip"}),
         Completeness.FOUND),
    ],
)  # fmt: skip
async def test_every_answer_is_kept_and_judged(answer, completeness: Completeness, site, keep) -> None:
    site[1]["/t"] = answer
    capture, files = await keep("/t", QUOTE)
    assert (capture.outcome, capture.completeness) == (CaptureOutcome.PARTIAL, completeness)
    assert any(name.startswith("response") for name in files)


async def test_a_file_is_kept_as_a_file(site, keep) -> None:
    site[1]["/t"] = lambda: web.Response(body=b"%PDF-1.4", content_type="application/pdf")
    capture, files = await keep("/t")
    assert files["document.pdf"] == b"%PDF-1.4"
    assert ArtifactRole.PDF in {artifact.role for artifact in capture.artifacts}


async def test_without_any_answer_there_is_nothing_to_keep_and_it_may_be_tried_again(site, keep) -> None:
    site[1]["/t"] = lambda: web.Response(status=302, headers={"Location": "http://10.0.0.1/"})
    with pytest.raises(CaptureFailed) as failed:
        await keep("/t", QUOTE, raw=b"<p>as found</p>", raw_media_type="text/html")
    assert REASON in failed.value.why
    assert "could not be fetched" in failed.value.why
