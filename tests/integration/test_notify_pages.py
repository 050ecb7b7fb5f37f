"""Look at messages in a real browser: no sideways scrolling, nothing loaded, nothing run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path

import pytest

from monitor.domain import Coverage, Digest, HealthState, Hit, Level, Stance
from monitor.notify import WordRenderer

playwright = pytest.importorskip("playwright.async_api")
CHROMIUM = Path("/usr/bin/chromium")
END = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's Chromium is not installed"),
]


def make_digest(texts: Iterable[str]) -> Digest:
    hits = [
        Hit(
            mention_id=number,
            revision=1,
            subject_id="subject-1",
            source=text[:60] or "town-forum",
            url="https://forum.example/1",
            title=text,
            text=text,
            author=text,
            level=Level.LIKELY,
            about_score=95,
            statement_id=f"s-{number % 3}",
            statement=text,
            stance=Stance.REPEAT,
            score=92,
            reasons=(),
            excerpt=text,
            published_at=None,
            first_seen_at=END,
            capture_state="complete",
            evidence_sha256="3f" * 32,
            capture_id="c",
        )
        for number, text in enumerate(texts)
    ]
    coverage = Coverage(
        source="review-site", state=HealthState.BLOCKED, checks=9, failures=9, last_good_at=None, why="x" * 300
    )
    return Digest(
        client_id="client-with-a-long-name-" * 4,
        starts_at=END - timedelta(days=1),
        ends_at=END,
        timezone="Europe/London",
        hits=tuple(hits),
        changes=(),
        coverage=(coverage,),
        checked=1_234_567,
        chain_head="ab" * 32,
    )


@pytest.fixture
async def browser() -> AsyncIterator[object]:
    async with playwright.async_playwright() as driver:
        running = await driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield running
        await running.close()


async def test_nothing_scrolls_sideways_at_320_pixels(browser: object) -> None:
    digest = make_digest(["w" * 500, "long-name-without-a-break" * 20, "Wörter und Wörter " * 30])
    for options in ({}, {"veil": False}, {"language": "de"}, {"base_url": "https://watch.example"}):
        page = await browser.new_page(viewport={"width": 320, "height": 600})
        await page.set_content(WordRenderer(**options).digest(digest, message_id="d").html)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320, options
        await page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_has_contrast(browser: object, scheme: str) -> None:
    page = await browser.new_page(viewport={"width": 800, "height": 600}, color_scheme=scheme)
    html = WordRenderer(veil=False, base_url="https://watch.example").digest(
        make_digest(["some words"] * 20), message_id="d"
    )
    await page.set_content(html.html)
    worst = await page.evaluate(CONTRAST)
    assert worst["count"] > 40
    assert worst["ratio"] >= 4.5, worst
    await page.close()


async def test_a_seeded_contrast_fault_is_seen(browser: object) -> None:
    page = await browser.new_page()
    await page.set_content("<body style='background-color:#fff'><p style='color:#999'>faint</p></body>")
    assert (await page.evaluate(CONTRAST))["ratio"] < 4.5
    await page.close()


async def test_hostile_words_run_nothing_and_load_nothing(browser: object, shared_data: Path) -> None:
    files = sorted((shared_data / "hostile/xss").glob("*.txt"))
    lines = [line for file in files for line in file.read_text("utf-8", "replace").splitlines() if line.strip()]
    assert len(lines) > 8_000
    page = await browser.new_page()
    asked: list[str] = []
    shown: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    async def note(dialog: object) -> None:
        shown.append(dialog.message)
        await dialog.dismiss()

    page.on("dialog", note)
    renderer = WordRenderer(veil=False)
    for start in range(0, len(lines), 36):
        html = renderer.digest(of_three(lines[start : start + 36]), message_id="d").html
        await page.set_content(html, wait_until="load")
        assert await page.evaluate("document.querySelectorAll('script, img, iframe, object, svg, form').length") == 0
    assert shown == []
    assert asked == []
    await page.set_content("<script>alert('seen')</script>")
    assert shown == ["seen"]


def of_three(lines: list[str]) -> Digest:
    """Make a digest whose every mention has a line as its words, one as its title, one as its author."""
    digest = make_digest(lines[::3])
    others = zip_longest(digest.hits, lines[1::3], lines[2::3], fillvalue="-")
    return replace(digest, hits=tuple(replace(hit, title=title, author=by) for hit, title, by in others))


CONTRAST = """() => {
  const part = value => { value /= 255; return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4 }
  const light = rgb => 0.2126 * part(rgb[0]) + 0.7152 * part(rgb[1]) + 0.0722 * part(rgb[2])
  const numbers = text => text.match(/[\\d.]+/g).map(Number)
  const ground = element => {
    for (; element; element = element.parentElement) {
      const rgb = numbers(getComputedStyle(element).backgroundColor)
      if (rgb.length < 4 || rgb[3] > 0) return rgb
    }
    return [255, 255, 255]
  }
  let worst = { ratio: 21, count: 0 }
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())
    if (!own || getComputedStyle(element).display === 'none') continue
    const pair = [light(numbers(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a)
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05)
    worst.count += 1
    if (ratio < worst.ratio) worst = { ...worst, ratio, text: element.textContent.slice(0, 40) }
  }
  return worst
}"""
