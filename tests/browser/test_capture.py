"""Ordinary pages: everything is kept, and the post itself is shown."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from monitor.domain import ArtifactRole, CaptureOutcome, Completeness, Origin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

QUOTE = "FIRST LAST stole money from patients"
FILLER = "".join(f"<p>Another line of talk about the weather, number {n}.</p>" for n in range(40))


def thread(*posts: str) -> str:
    return "<body><h1>Thread</h1>" + "".join(
        f'<div class="post" id="p{n}"><b>USER {n}</b><p>{text}</p></div>' for n, text in enumerate(posts, start=1)
    )


async def test_an_ordinary_page_is_kept_completely(site, keep) -> None:
    url = site.page("/t/1", thread("Hello all.", f"Beware! {QUOTE}, I heard.", "Is that so?") + FILLER)
    kept = await keep(url, QUOTE)
    assert kept.observed.incomplete == ()
    assert (kept.capture.outcome, kept.capture.completeness) == (CaptureOutcome.COMPLETE, Completeness.FOUND)
    assert kept.capture.http_status == 200
    assert kept.observed.remote_ip == "127.0.0.1"
    roles = {artifact.role for artifact in kept.capture.artifacts}
    assert roles == {
        ArtifactRole.SCREENSHOT,
        ArtifactRole.CLIP,
        ArtifactRole.PAGE,
        ArtifactRole.TEXT,
        ArtifactRole.MHTML,
        ArtifactRole.PDF,
        ArtifactRole.WARC,
        ArtifactRole.WACZ,
        ArtifactRole.REPORT,
    }
    assert QUOTE in kept.body("page.txt").decode()
    assert kept.body("response.html").decode() == site.pages["/t/1"]
    assert kept.body("page.pdf").startswith(b"%PDF-")
    assert kept.size("page.png")[0] == 1280
    assert kept.size("page.png")[1] > 1500
    assert kept.size("post.png")[1] < 300
    assert kept.observed.software["chromium"]
    assert kept.observed.headers["content-type"].startswith("text/html")


async def test_the_copy_of_the_page_holds_no_mark_of_ours(site, keep) -> None:
    kept = await keep(site.page("/t/unmarked", thread(f"{QUOTE}.")), QUOTE)
    assert kept.observed.options["post_words_marked"] != "0"
    for name in ("page.html", "page.mhtml", "response.html"):
        assert b"goodname" not in kept.body(name)


async def test_two_hits_on_one_page_have_two_pictures(site, keep) -> None:
    url = site.page("/t/two", thread("One says FIRST LAST is a thief.", *["talk"] * 30, f"Two says {QUOTE}."))
    first = await keep(url, "FIRST LAST is a thief")
    second = await keep(url, QUOTE)
    assert first.body("post.png") != second.body("post.png")
    assert second.observed.options["post_found_by"] == "words"


async def test_an_anchor_tells_equal_posts_apart(site, keep) -> None:
    url = site.page("/t/equal", thread(QUOTE, "talk", QUOTE))
    one = await keep(url, QUOTE, anchor="#p1")
    three = await keep(url + "#p3", QUOTE)
    assert one.observed.options["post_found_by"] == "anchor"
    assert three.observed.options["post_found_by"] == "fragment"
    assert one.body("post.png") != three.body("post.png")


async def test_content_that_comes_by_script_and_by_scrolling_is_kept(site, keep) -> None:
    site.page(
        "/t/lazy",
        """<body><div style="height:3000px">top</div><div id=end></div><script>
        new IntersectionObserver(async (seen) => { if (seen[0].isIntersecting && !self.done) { self.done = 1;
          document.getElementById("end").innerHTML = await (await fetch("/t/lazy.txt")).text(); } })
        .observe(document.getElementById("end"));</script>""",
    )
    site.page("/t/lazy.txt", f"<div class=comment>Late: {QUOTE}</div>")
    kept = await keep(site.url + "/t/lazy", QUOTE)
    assert kept.capture.completeness is Completeness.FOUND
    assert "post.png" in kept.names


async def test_words_in_a_frame_and_a_shadow_tree_are_read(site, keep) -> None:
    site.page("/t/inner", "<body><p>The frame says that FIRST LAST forged invoices for years.</p>")
    url = site.page(
        "/t/outer",
        f"""<body><iframe src=/t/inner></iframe><div id=host></div><script>
        document.getElementById("host").attachShadow({{mode: "open"}}).innerHTML = "<p>{QUOTE}</p>";</script>""",
    )
    kept = await keep(url, QUOTE, "FIRST LAST forged invoices for years")
    assert kept.capture.completeness is Completeness.FOUND


async def test_pictures_of_the_post_are_kept_as_sent(site, keep, picture) -> None:
    site.pages["/red.png"] = picture(64, 64, (200, 0, 0))
    site.pages["/blue.png"] = picture(64, 64, (0, 0, 200))
    site.pages["/dot.png"] = picture(1, 1, (0, 0, 0))
    url = site.page(
        "/t/pictures",
        "<body><img src=/blue.png>"
        + FILLER
        + f"<div class=post><p>{QUOTE}</p><img src=/red.png><img src=/dot.png></div>",
    )
    kept = await keep(url, QUOTE)
    media = [artifact for artifact in kept.capture.artifacts if artifact.role is ArtifactRole.MEDIA]
    assert [(kept.body(artifact.path), artifact.origin) for artifact in media] == [
        (site.pages["/red.png"], Origin.DECODED)
    ]
    assert site.hits.count("/red.png") == 1


async def test_pictures_named_by_the_source_are_fetched_and_missing_ones_named(site, keep, picture) -> None:
    site.pages["/extra.png"] = picture(50, 50, (1, 2, 3))
    url = site.page("/t/named", thread(QUOTE))
    kept = await keep(url, QUOTE, images=(site.url + "/extra.png", site.url + "/none.png", "javascript:alert(1)"))
    assert kept.body("image-01.png") == site.pages["/extra.png"]
    assert [gap for gap in kept.observed.incomplete if "none.png" in gap]
    assert kept.capture.outcome is CaptureOutcome.PARTIAL


async def test_what_the_source_answered_is_kept_beside_the_page(site, keep) -> None:
    url = site.page("/t/raw", thread(QUOTE))
    kept = await keep(url, QUOTE, raw=b'{"id": "\xff"}', raw_media_type="application/json")
    assert kept.body("source.json") == b'{"id": "\xff"}'


async def test_redirects_are_noted(site, keep) -> None:
    async def moved(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/t/there"})

    site.pages["/t/old"] = moved
    site.page("/t/there", thread(QUOTE))
    kept = await keep(site.url + "/t/old", QUOTE)
    assert kept.observed.redirects == (site.url + "/t/old",)
    assert kept.capture.final_url == site.url + "/t/there"
    assert kept.capture.requested_url == site.url + "/t/old"


async def test_many_captures_at_once_all_end_well(site, keep) -> None:
    urls = [site.page(f"/many/{n}", thread(f"{QUOTE} {n}")) for n in range(4)]
    done = await asyncio.gather(*(keep(url, QUOTE) for url in urls))
    assert [kept.capture.outcome for kept in done] == [CaptureOutcome.COMPLETE] * 4
    assert len({kept.capture.id for kept in done}) == 4


SCRIPTS = {
    "arabic": "فلان سرق المال من المرضى",
    "chinese": "某某偷了病人的钱，大家小心",
    "japanese": "あの人はお金を盗んだ",
    "hindi": "उसने पैसे चुराए",
    "thai": "เขาขโมยเงินของคนไข้",
    "emoji": "FIRST LAST 💰🤬 took it all",
}


@pytest.mark.parametrize("script", SCRIPTS)
async def test_every_script_is_found_and_drawn(script: str, site, keep) -> None:
    text = SCRIPTS[script]
    kept = await keep(site.page(f"/t/{script}", thread("Hello", f"{text}.", "Bye")), text)
    assert kept.capture.outcome is CaptureOutcome.COMPLETE, kept.observed.incomplete
    assert kept.observed.options["post_words_marked"] != "0"
    assert "post.png" in kept.names
