"""Pages that do not want to be kept, or cannot be: each ends in an honest account, and none in silence."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from monitor.domain import ArtifactRole, CaptureOutcome, Completeness
from monitor.errors import CaptureFailed
from monitor.evidence import BrowserCapturer
from monitor.http.proxy import GuardedProxy

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

QUOTE = "FIRST LAST stole money from patients"
POST = f"<body><div class=post>{QUOTE}</div>"


def gaps(kept) -> str:
    return "\n".join(kept.observed.incomplete)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def brief(http, chromium: Path, clock) -> AsyncIterator[BrowserCapturer]:
    """Give a capturer that waits less long for pages that never come to an end."""
    made = BrowserCapturer(
        http=http.for_source("evidence", obey_robots=False),
        clock=clock,
        chromium=chromium,
        proxy=lambda: GuardedProxy(http.guard),
        max_seconds=30,
    )
    yield made
    await made.close()


@pytest.fixture
def make(http, chromium: Path, clock):
    """Give a function that makes a capturer of its own; it is closed by the test."""

    def build(**more: object) -> BrowserCapturer:
        settings = {
            "http": http.for_source("evidence", obey_robots=False),
            "clock": clock,
            "chromium": chromium,
            "proxy": lambda: GuardedProxy(http.guard),
        }
        return BrowserCapturer(**(settings | more))

    return build


async def test_a_page_that_never_stops_loading(site, keep, brief) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        await response.write(f"<!doctype html>{POST}".encode() + b" " * 2000)
        for _ in range(400):
            await asyncio.sleep(0.1)
            await response.write(b"<p>more</p>")
        return response

    site.pages["/drip"] = drip
    kept = await keep(site.url + "/drip", QUOTE, by=brief)
    assert kept.capture.outcome is CaptureOutcome.PARTIAL
    assert kept.capture.completeness is Completeness.FOUND
    assert "still loading" in gaps(kept)
    assert {"page.png", "page.txt", "post.png"} <= kept.names


async def test_a_site_that_never_answers_is_given_up_in_time(site, keep, make) -> None:
    async def silence(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    site.pages["/silence"] = silence
    capturer = make(max_seconds=3)
    with pytest.raises(CaptureFailed) as failed:
        await keep(site.url + "/silence", QUOTE, by=capturer)
    assert "stopped after 3 s" in failed.value.why or "too long" in failed.value.why
    await capturer.close()


@pytest.mark.parametrize(
    ("path", "media_type", "disposition", "role"),
    [
        ("/file.zip", "application/zip", "attachment; filename=../../evil.zip", ArtifactRole.MEDIA),
        ("/paper.pdf", "application/pdf", "inline", ArtifactRole.PDF),
    ],
)
async def test_a_file_instead_of_a_page_is_kept_as_a_file(
    path: str, media_type: str, disposition: str, role: ArtifactRole, site, keep
) -> None:
    async def file(request: web.Request) -> web.Response:
        headers = {"Content-Disposition": disposition}
        return web.Response(body=b"%PDF-1.4 " + b"x" * 5000, content_type=media_type, headers=headers)

    site.pages[path] = file
    kept = await keep(site.url + path, QUOTE)
    assert kept.capture.outcome is CaptureOutcome.PARTIAL
    assert "the address is a file" in gaps(kept)
    assert [artifact.size for artifact in kept.capture.artifacts if artifact.role is role] == [5009]


@pytest.mark.parametrize("script", ["while (true) alert('again')", "while (true) {}", "setInterval(() => alert(1), 1)"])
async def test_scripts_that_never_pause_do_not_hold_the_capture(script: str, site, keep, brief) -> None:
    kept = await keep(site.page("/stuck", f"{POST}<script>{script}</script>"), QUOTE, by=brief)
    assert kept.capture.completeness is Completeness.FOUND
    assert {"page.png", "page.txt", "post.png"} <= kept.names
    if "while" in script:
        assert kept.observed.options["scripts"] == "off"
        assert "without running them" in gaps(kept)


async def test_a_page_200000_pixels_high_is_cut_and_its_post_still_shown(site, keep) -> None:
    url = site.page(
        "/high", f"<body style='margin:0'><div style='height:199000px'>top</div><div class=post>{QUOTE}</div>"
    )
    kept = await keep(url, QUOTE)
    assert kept.size("page.png") == (1280, 16_000)
    assert kept.size("post.png")[1] < 200
    assert "its picture shows the first 16000" in gaps(kept)
    assert kept.capture.outcome is CaptureOutcome.PARTIAL


async def test_a_redirect_without_end(site, keep) -> None:
    async def again(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/loop"})

    site.pages["/loop"] = again
    with pytest.raises(CaptureFailed) as failed:
        await keep(site.url + "/loop", QUOTE)
    assert "redirects without end" in failed.value.why


async def test_an_unreachable_host(keep, http) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(CaptureFailed):
        await keep(f"http://127.0.0.1:{port}/", QUOTE)


async def test_an_invalid_certificate_is_kept_and_marked(tls_site, keep) -> None:
    kept = await keep(tls_site.page("/tls", POST), QUOTE)
    assert kept.capture.outcome is CaptureOutcome.PARTIAL
    assert kept.capture.completeness is Completeness.FOUND
    assert "certificate is not valid" in gaps(kept)
    assert kept.observed.options["certificate_checked"] == "no"
    assert len(kept.observed.tls["sha256"]) == 64


async def test_a_missing_page_is_no_success(site, keep) -> None:
    kept = await keep(site.url + "/nowhere", QUOTE)
    assert (kept.capture.http_status, kept.capture.outcome) == (404, CaptureOutcome.PARTIAL)
    assert kept.capture.completeness is Completeness.NOT_FOUND


@pytest.mark.parametrize(
    ("body", "title", "status", "wall"),
    [
        ("<body><form>Log in to continue <input type=password></form>", "Forum", 200, Completeness.LOGIN_WALL),
        ("<body><h1>Unauthorised</h1>", "Forum", 401, Completeness.LOGIN_WALL),
        ("<body>Checking your browser before accessing", "Just a moment...", 503, Completeness.BOT_WALL),
        ("<body>Slow down", "Too many requests", 429, Completeness.BOT_WALL),
        ("<body><div id=root></div><noscript>x</noscript><p>Please enable JavaScript</p>", "App", 200,
         Completeness.SCRIPT_FAILED),
        ("<body>" + "<p>Other talk about a captcha and log in to continue.</p>" * 60, "Forum", 200,
         Completeness.NOT_FOUND),
    ],
)  # fmt: skip
async def test_a_wall_is_never_a_success(body: str, title: str, status: int, wall: Completeness, site, keep) -> None:
    async def answer(request: web.Request) -> web.Response:
        page = f"<!doctype html><title>{title}</title>{body}"
        return web.Response(status=status, text=page, content_type="text/html")

    site.pages["/wall"] = answer
    kept = await keep(site.url + "/wall", QUOTE)
    assert kept.capture.completeness is wall
    assert kept.capture.outcome is CaptureOutcome.PARTIAL
    assert kept.capture.failure


async def test_nothing_private_is_reached_and_every_try_is_named(site, secret_site, keep) -> None:
    secret = secret_site.url
    port = secret.rpartition(":")[2]
    secret_site.hits.clear()

    async def moved(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": secret + "/redirected"})

    site.pages["/moved"] = moved
    url = site.page(
        "/nosy",
        f"""{POST}<img src="{secret}/img"><iframe src="{secret}/frame"></iframe><script src="{secret}/script"></script>
        <link rel=stylesheet href="{secret}/style"><link rel=preconnect href="{secret}"><img src=/moved>
        <iframe src="http://localhost:{port}/name"></iframe><iframe src="http://[::1]:{port}/six"></iframe>
        <iframe src="file:///etc/passwd"></iframe><object data="{secret}/object"></object>
        <video src="{secret}/video" autoplay></video>
        <script>fetch("{secret}/fetch", {{mode: "no-cors"}}).catch(() => 0); navigator.sendBeacon("{secret}/beacon");
        new WebSocket("ws://127.0.0.1:{port}/socket").onerror = () => 0; open("{secret}/popup");
        new RTCPeerConnection({{iceServers: [{{urls: "stun:127.0.0.1:{port}"}}]}}).createDataChannel("x");
        new Image().src = "http://127.0.0.1:{port}/image";</script>""",
    )
    kept = await keep(url, QUOTE)
    assert secret_site.hits == []
    assert f"127.0.0.1:{port}" in kept.observed.blocked
    assert kept.capture.completeness is Completeness.FOUND
    assert b"root:" not in kept.body("page.mhtml")


async def test_a_page_that_leads_to_a_private_address_is_not_followed(site, secret_site, keep) -> None:
    secret_site.hits.clear()
    url = site.page("/leads", f'{POST}<meta http-equiv=refresh content="0;url={secret_site.url}/refreshed">')
    try:
        await keep(url, QUOTE)
    except CaptureFailed:
        pytest.fail("the page itself could be kept")
    assert secret_site.hits == []


async def test_a_page_cannot_fool_the_reading_of_its_text(site, keep) -> None:
    url = site.page(
        "/liar",
        f"""{POST}<script>
        Object.defineProperty(HTMLElement.prototype, "innerText", {{get: () => "nothing to see"}});
        Document.prototype.createTreeWalker = () => {{ throw 1; }}; Array.prototype.map = () => [];
        JSON.stringify = () => "{{}}"; window.Range = null; document.querySelector = () => null;
        Element.prototype.getBoundingClientRect = () => ({{left: 1e9, top: 1e9, width: NaN, height: -1}});
        </script>""",
    )
    kept = await keep(url, QUOTE)
    assert kept.capture.outcome is CaptureOutcome.COMPLETE, gaps(kept)
    assert QUOTE in kept.body("page.txt").decode()


async def test_windows_and_questions_of_the_page_do_not_disturb(site, keep) -> None:
    url = site.page(
        "/pushy",
        f"""{POST}<script>onbeforeunload = () => "stay"; for (let n = 0; n < 5; n++) open("/pushy{{n}}");
        confirm("sure?"); prompt("name?"); Notification.requestPermission?.(); print();</script>""",
    )
    kept = await keep(url, QUOTE)
    assert kept.capture.completeness is Completeness.FOUND
    assert int(kept.observed.options["dialogs_dismissed"]) >= 2


async def test_a_page_that_loads_too_much_is_cut_off(site, keep, make) -> None:
    async def heavy(request: web.Request) -> web.Response:
        return web.Response(body=os.urandom(1 << 20), content_type="application/octet-stream")

    for number in range(40):
        site.pages[f"/heavy/{number}"] = heavy
    script = (
        "<script>(async () => { for (let n = 0; n < 40; n++) await (await fetch(`/heavy/${n}`)).blob(); })()</script>"
    )
    capturer = make(max_bytes=4 << 20)
    kept = await keep(site.page("/heavy", POST + script), QUOTE, by=capturer)
    await capturer.close()
    assert "loads more than 4 MB" in gaps(kept)
    assert len([hit for hit in site.hits if hit.startswith("/heavy/")]) < 40
    assert kept.capture.completeness is Completeness.FOUND


async def test_a_crash_of_the_page_leaves_what_the_server_sends(site, keep, capturer) -> None:
    async def crash(request: web.Request) -> web.Response:
        for context in capturer._pool._browser.contexts:
            session = await context.new_cdp_session(context.pages[0])
            asyncio.ensure_future(session.send("Page.crash")).add_done_callback(lambda done: done.exception())
        return web.Response(text="")

    site.pages["/crash.js"] = crash
    kept = await keep(site.page("/crash", f"{POST}<script src=/crash.js></script>"), QUOTE)
    assert kept.capture.outcome is CaptureOutcome.PARTIAL
    assert "crashed" in gaps(kept)
    assert kept.capture.completeness is Completeness.FOUND
    again = await keep(site.page("/after", POST), QUOTE)
    assert again.capture.outcome is CaptureOutcome.COMPLETE


def youngest_browser() -> int:
    """Give the main process of the Chromium that was started last by this process.

    By when each was started: numbers of processes begin anew when they are used up.
    """
    parents, started = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        parents[pid], started[pid] = int(fields[1]), int(fields[19])
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in ours}
    browsers = [pid for pid, line in lines.items() if b"chromium" in line and b"--type=" not in line]
    return max(browsers, key=started.__getitem__)


async def test_a_crash_of_the_browser_is_survived(site, keep, make) -> None:
    capturer = make()
    crashes = 0

    async def crash(request: web.Request) -> web.Response:
        nonlocal crashes
        crashes += 1
        if crashes == 1:
            os.kill(youngest_browser(), signal.SIGKILL)
        return web.Response(text="")

    site.pages["/kill.js"] = crash
    kept = await keep(site.page("/kill", f"{POST}<script src=/kill.js></script>"), QUOTE, by=capturer)
    await capturer.close()
    assert crashes == 2
    assert kept.capture.outcome is CaptureOutcome.COMPLETE, gaps(kept)


async def test_the_browser_is_restarted_after_so_many_captures(site, keep, make) -> None:
    capturer = make(restart_after=1)
    browsers = []

    async def note(request: web.Request) -> web.Response:
        browsers.append(capturer._pool._browser)
        return web.Response(text=f"<!doctype html>{POST}", content_type="text/html")

    site.pages["/note"] = note
    done = await asyncio.gather(*(keep(site.url + "/note", QUOTE, by=capturer) for _ in range(3)))
    await capturer.close()
    assert [kept.capture.outcome for kept in done] == [CaptureOutcome.COMPLETE] * 3
    assert len(set(map(id, browsers))) == 3


@pytest.mark.parametrize(("above", "starts"), [(1 << 20, 2), (1 << 40, 1)], ids=["leaking", "slender"])
async def test_the_browser_is_restarted_when_it_holds_much_memory(above: int, starts: int, site, keep, make) -> None:
    capturer = make(restart_above=above)
    pool, started = capturer._pool, []
    start = pool._start

    async def counted():
        started.append(1)
        return await start()

    pool._start = counted
    for _ in range(2):
        kept = await keep(site.page("/worn", f"<body><p>{QUOTE}</p>"), QUOTE, by=capturer)
        assert kept.observed.outcome is CaptureOutcome.COMPLETE
    await capturer.close()
    assert len(started) == starts


async def test_a_browser_that_does_not_start_costs_no_capture(site, keep, make) -> None:
    capturer = make(chromium=Path("/bin/false"))
    kept = await keep(site.page("/nobrowser", POST), QUOTE, by=capturer)
    await capturer.close()
    assert kept.capture.outcome is CaptureOutcome.PARTIAL
    assert "Chromium could not be started" in gaps(kept)
    assert kept.capture.completeness is Completeness.FOUND
    assert {"response.html", "page.txt"} <= kept.names


async def test_a_driver_that_cannot_start_still_keeps_what_the_server_sends(
    site, keep, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", "/bin/false")
    capturer = make(max_seconds=20)
    kept = await keep(site.page("/plain", POST), QUOTE, by=capturer)
    assert kept.capture.outcome is CaptureOutcome.PARTIAL
    assert "could not be started" in gaps(kept)
    await capturer.close()
