"""Look at every kind of mail in a real browser with axe: wide and narrow, light and dark, with few hits and many."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from PIL import Image

from monitor.domain import Alert, AlertKind, Change, LiveState, Message
from monitor.notify import WordRenderer
from tests.integration.test_notify_pages import CHROMIUM, END, make_digest

playwright = pytest.importorskip("playwright.async_api")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's Chromium is not installed"),
]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TEXT = "I was told in the harbour that number {} stole the money of patients, who then never saw it again."
MOST_BYTES = 100_000
OPTIONS = {
    "plain": {},
    "links": {"base_url": "https://watch.example"},
    "german": {"language": "de", "base_url": "https://watch.example"},
    "unveiled": {"veil": False},
}


@pytest.fixture
async def browser() -> AsyncIterator[object]:
    async with playwright.async_playwright() as driver:
        running = await driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield running
        await running.close()


async def faults(browser: object, html: str, scheme: str) -> list[str]:
    """Give what axe finds at 320 and 1280 pixels, and whether anything scrolls sideways."""
    found: list[str] = []
    page = await browser.new_page(color_scheme=scheme)
    await page.set_content(html)
    for width in (320, 1280):
        await page.set_viewport_size({"width": width, "height": 800})
        axe = (await Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})).response
        found += [f"{width}: {one['id']}: {one['nodes'][0]['html'][:150]}" for one in axe["violations"]]
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{width}: scrolls sideways")
    await page.close()
    return found


def digest_of(count: int, **options: object) -> tuple[Message, list[str]]:
    """Render a digest of so many hits, with changes and a source that failed; gives their words, too."""
    texts = [TEXT.format(number) for number in range(count)]
    change = Change(
        mention_id=0,
        subject_id="subject-1",
        source="town-forum",
        url="https://forum.example/1",
        state=LiveState.GONE,
        signal="HTTP 404",
        observed_at=END - timedelta(hours=1),
    )
    digest = make_digest(texts)
    named = tuple(replace(hit, source="town-forum", evidence_sha256="3f" * 32) for hit in digest.hits)
    digest = replace(digest, hits=named, changes=(change,) if count else (), client_id="client-7")
    return WordRenderer(**options).digest(digest, message_id="digest-1"), texts


def runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[place : place + 5]) for place in range(len(words) - 4)}


@pytest.mark.parametrize(
    ("count", "name"),
    [*((count, "plain") for count in (0, 1, 12, 100, 1000)), (100, "links"), (100, "german"), (12, "unveiled")],
)
async def test_digests(browser: object, count: int, name: str) -> None:
    message, texts = digest_of(count, **OPTIONS[name])
    assert len(message.html.encode()) <= MOST_BYTES
    for scheme in ("light", "dark"):
        assert await faults(browser, message.html, scheme) == []
    if name != "unveiled":
        told = {"subject": message.title, "text": message.text, "html": re.sub(r"<[^>]*>", " ", message.html)}
        attributes = " ".join(re.findall(r'"([^"]*)"', message.html))
        held = set().union(*(runs(text) for text in texts))
        for place, said in (*told.items(), ("attributes", attributes)):
            assert not held & runs(said), place
    elif count:
        assert runs(texts[0]) & runs(message.text), "the control: without the veil the words are there"


@pytest.mark.parametrize("name", OPTIONS)
async def test_alerts(browser: object, name: str) -> None:
    hit = replace(make_digest([TEXT.format(1)]).hits[0], source="town-forum")
    renderer = WordRenderer(**OPTIONS[name])
    for kind in set(AlertKind) - {AlertKind.DIGEST} if name == "plain" else (AlertKind.MATCH,):
        alert = Alert(kind=kind, dedupe_key=f"{kind}:1", created_at=END, mention_id=1, subject_id="subject-1")
        message = renderer.alert(alert, hit if kind is not AlertKind.SOURCE_FAILING else None, chain_head="ab" * 32)
        for scheme in ("light", "dark"):
            assert await faults(browser, message.html, scheme) == [], kind
        if name != "unveiled":
            assert not runs(hit.text) & (runs(message.text) | runs(re.sub(r"<[^>]*>", " ", message.html))), kind


async def test_mails_with_pictures(browser: object) -> None:
    digest = make_digest([TEXT.format(number) for number in range(12)])
    kept = tuple(replace(hit, capture_id=f"capture-{place}", source="forum") for place, hit in enumerate(digest.hits))
    drawn = {hit.capture_id: picture(place) for place, hit in enumerate(kept)}
    renderer = WordRenderer(base_url="https://watch.example", links=lambda _: {"ack": "https://watch.example/act/1"})
    alert = Alert(
        kind=AlertKind.MATCH,
        dedupe_key="a",
        created_at=END,
        mention_id=1,
        subject_id="subject-1",
        payload={"count": 7, "hours": 3, "spread": True, "at_once": True, "statement_id": "stole"},
    )
    for message, least in (
        (renderer.digest(replace(digest, hits=kept), message_id="d", thumbnails=drawn), 12),
        (renderer.alert(alert, kept[0], chain_head="ab" * 32, thumbnails=drawn), 1),
    ):
        html = message.page
        assert html.count("data:image/jpeg") >= least
        assert "cid:" not in html
        for scheme in ("light", "dark"):
            assert await faults(browser, html, scheme) == []
        assert await shown(browser, html) >= least


def picture(number: int) -> bytes:
    out = BytesIO()
    Image.new("RGB", (160, 100), (40 * number % 255, 90, 120)).save(out, "JPEG")
    return out.getvalue()


async def shown(browser: object, html: str) -> int:
    """Count the pictures that the browser could draw."""
    page = await browser.new_page()
    await page.set_content(html)
    count = await page.evaluate("[...document.images].filter(one => one.naturalWidth > 0).length")
    await page.close()
    return count


async def test_a_seeded_fault_is_seen(browser: object) -> None:
    html = digest_of(1)[0].html.replace("<h1 style=", '<h1 id="seed" data-old=', 1).replace("<h1", "<h4", 1)
    faint = html.replace('id="seed"', 'style="color: #ccc; background-color: #fff; width: 900px; display: block"')
    found = await faults(browser, faint, "light")
    assert any("color-contrast" in one for one in found)
    assert "320: scrolls sideways" in found


async def test_pictures(browser: object, tmp_path: Path) -> None:
    """Write what a person would see, to be looked at by hand; it must not be blank."""
    for count in (0, 12):
        page = await browser.new_page(viewport={"width": 320, "height": 800}, color_scheme="dark")
        await page.set_content(digest_of(count, base_url="https://watch.example")[0].html)
        shot = await page.screenshot(full_page=True, path=str(tmp_path / f"digest-{count}.png"))
        assert len(shot) > 10_000
        await page.close()
