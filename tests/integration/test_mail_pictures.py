"""Blurred pictures of what is kept, from a real store and vault through a real mail server to a real browser."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from monitor.domain import (
    Alert,
    AlertKind,
    ArtifactRole,
    CaptureRequest,
    Message,
    Origin,
)
from monitor.evidence import FileVault
from monitor.jobs import deliver, digest
from monitor.jobs.thumbnails import MOST_BYTES, thumbnails
from monitor.notify import AppriseNotifier, WordRenderer, render_file
from monitor.ports import PageRows
from monitor.store import SqlStore, open_store
from monitor.testing import NOW, FakeClock, make_decision, make_judgement, make_mention, make_statement, make_subject
from monitor.testing.builders import make_observed
from tests.integration.test_notify import mail_server
from tests.unit.test_blur import edges

WORDS = "FIRST LAST stole money from patients"
ALT = "blurred picture of the kept page"
CHROMIUM = Path("/usr/bin/chromium")


def post(number: int = 0) -> bytes:
    """Draw a post as a forum shows it."""
    picture = Image.new("RGB", (700, 300), ("#fff7e0", "#e4f1ff", "#f3e5f5")[number % 3])
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 700, 60), fill=("#204a87", "#8f2a2a", "#2d6a3e")[number % 3])
    for line in range(4):
        draw.text((20, 80 + 50 * line), WORDS, fill="black", font=ImageFont.load_default(34))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def bomb() -> bytes:
    """Make a PNG whose header claims more pixels than may be opened."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


class Town:
    """Hold a store and a vault in which posts about one person are found, judged and kept."""

    def __init__(self, folder: Path, store: SqlStore, clock: FakeClock) -> None:
        self.store, self.clock, self.root = store, clock, folder / "evidence"
        self.vault = FileVault(self.root, clock=clock, actor="test", reserve_bytes=0)
        store.save_subject(make_subject())
        store.save_statement(make_statement(id="stole", text=WORDS))

    def find(self, name: str) -> int:
        mention = make_mention(
            source="forum",
            external_id=name,
            url=f"https://forum.example/{name}",
            first_seen_at=NOW - timedelta(hours=1),
        )
        self.store.save_page(PageRows(source="forum", query_key="*", mentions=(mention,), raw=(), cursor="{}"))
        kept = self.store.find("forum", name)
        assert kept is not None
        self.store.save_decisions([make_decision(kept, make_judgement())])
        return kept.id

    def keep(self, mention_id: int, *files: tuple[ArtifactRole, bytes]) -> str:
        request = CaptureRequest(id=0, mention_id=mention_id, revision=1, url="https://forum.example/x")
        staging = self.vault.stage(request, NOW)
        for role, body in files:
            staging.add(role, f"{role}.png", "image/png", Origin.RENDERED, body)
        observed = make_observed(request.url, at=NOW)
        capture = self.vault.commit(staging, request, observed)
        self.store.finish_capture(capture)
        return capture.id

    def office(self, notifier: object, **options: object) -> deliver.Office:
        return deliver.Office(
            store=self.store,
            vault=self.vault,
            notifier=notifier,  # type: ignore[arg-type]
            renderer=WordRenderer(**options),  # type: ignore[arg-type]
            clock=self.clock,
        )

    def summary(self, **options: object) -> Message:
        found = digest.gather(self.store, "", (NOW - timedelta(days=1), NOW), "UTC", self.vault.chain_head())
        return deliver.say_digest(self.office(None, **options), found, "digest-1")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    clock = FakeClock(NOW)
    with closing(open_store(f"sqlite:///{tmp_path / 'goodname.db'}", clock=clock)) as store:
        yield Town(tmp_path, store, clock)


def pictures_of(mail: EmailMessage) -> dict[str, bytes]:
    """Give a mail's pictures by the address its HTML uses, once everything about them was looked at."""
    found: dict[str, bytes] = {}
    for part in mail.walk():
        if part.get_content_maintype() == "image":
            assert part.get_content_type() == "image/jpeg"
            assert part.get_content_disposition() == "inline"
            assert part.get_filename() is None
            found["cid:" + part["Content-ID"].strip("<>")] = part.get_content()
    html = mail.get_body(("html",)).get_content()
    assert set(re.findall(r'<img[^>]* src="([^"]*)"', html)) == set(found), "every reference resolves, none is spare"
    assert set(re.findall(r'<img[^>]* alt="([^"]*)"', html)) <= {ALT}
    return found


@pytest.mark.parametrize("veil", [True, False])
async def test_a_summary_and_an_alert_arrive_with_blurred_pictures(town: Town, veil: bool) -> None:
    sharp = post()
    for number in range(14):
        town.keep(town.find(f"post-{number}"), (ArtifactRole.SCREENSHOT, post(number)), (ArtifactRole.CLIP, sharp))
    async with mail_server() as sink:
        office = town.office(AppriseNotifier([sink.url()], clock=town.clock, paced=False), veil=veil)
        timetable = digest.Timetable(at=NOW.time(), timezone="UTC")
        town.store.enqueue(digest.digest_alert("", (NOW - timedelta(days=1), NOW), timetable, NOW))
        assert (await deliver.run(office)).sent == 1
        town.store.enqueue(
            Alert(kind=AlertKind.MATCH, dedupe_key="m", created_at=NOW, mention_id=1, subject_id="subject-1")
        )
        assert (await deliver.run(office)).sent == 1
        summary, alert = sink.mails()
    shape = ["multipart/alternative", "text/plain", "multipart/related", "text/html"]
    for mail, count in ((summary, 12), (alert, 1)):
        assert [part.get_content_type() for part in mail.walk()] == shape + ["image/jpeg"] * count
        pictures = pictures_of(mail)
        assert len(pictures) == count
        assert sum(map(len, pictures.values())) <= MOST_BYTES
        assert ALT not in mail.get_body(("plain",)).get_content()
        for body in pictures.values():
            with Image.open(io.BytesIO(body)) as soft, Image.open(io.BytesIO(sharp)) as original:
                assert soft.size == (160, 100)
                assert edges(original.resize((160, 100))) > 20
                assert edges(soft) < 2
    assert len(set(pictures_of(summary).values())) == 1, "the clip is shown, not the whole page"


def test_what_cannot_be_read_is_left_out_and_the_rest_is_told(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    whole, changed, gone = (
        town.keep(town.find(name), (ArtifactRole.SCREENSHOT, post())) for name in ("whole", "changed", "gone")
    )
    town.keep(town.find("bomb"), (ArtifactRole.SCREENSHOT, bomb()))
    town.keep(town.find("text"), (ArtifactRole.TEXT, b"words"))
    both = town.keep(town.find("both"), (ArtifactRole.CLIP, b"no picture"), (ArtifactRole.SCREENSHOT, post(1)))
    town.find("not-kept")
    for capture, spoil in ((changed, lambda path: path.write_bytes(post(2))), (gone, Path.unlink)):
        for path in (town.root / "captures" / capture).rglob("screenshot*.png"):
            path.parent.chmod(0o700)
            path.chmod(0o600)
            spoil(path)
    message = town.summary()
    assert message.title == "Your daily summary: 7 new"
    found = digest.gather(town.store, "", (NOW - timedelta(days=1), NOW), "UTC", "").hits
    assert set(thumbnails(town.store, town.vault, found)) == {whole, both}
    assert len(message.pictures) == message.html.count("<img") == 2
    assert {getattr(record, "capture", "") for record in caplog.records} >= {changed, gone}
    lost = [replace(hit, capture_id="no-such-capture") for hit in found]
    assert thumbnails(town.store, town.vault, lost) == {}


def test_the_pictures_of_one_mail_stay_within_their_room(town: Town) -> None:
    for number in range(4):
        town.keep(town.find(f"post-{number}"), (ArtifactRole.SCREENSHOT, post(number)))
    found = digest.gather(town.store, "", (NOW - timedelta(days=1), NOW), "UTC", "").hits
    size = max(map(len, thumbnails(town.store, town.vault, found).values()))
    some = thumbnails(town.store, town.vault, found, most_bytes=2 * size)
    assert 1 <= len(some) < 4
    assert sum(map(len, some.values())) <= 2 * size


def test_files_have_the_pictures_and_the_text_stays_as_it_was(town: Town) -> None:
    mention = town.find("post")
    before = town.summary()
    assert before.pictures == ()
    assert "<img" not in before.html
    town.keep(mention, (ArtifactRole.SCREENSHOT, post()))
    message = town.summary()
    assert town.summary() == message, "the same at every try"
    assert b"picture" not in render_file(message, ".txt")
    page = render_file(message, ".html").decode()
    assert "cid:" not in page
    assert page.count('src="data:image/jpeg;base64,') == 1
    mail = message_from_bytes(render_file(message, ".eml", at=NOW), policy=default)
    assert list(pictures_of(mail).values()) == [message.pictures[0].body]
    assert render_file(message, ".eml", at=NOW) == render_file(message, ".eml", at=NOW)


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's Chromium is not installed")
async def test_the_picture_is_seen_on_a_narrow_screen(town: Town, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.async_api")
    for number in range(2):
        town.keep(town.find(f"post-{number}"), (ArtifactRole.SCREENSHOT, post(number)))
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            page = await browser.new_page(viewport={"width": 320, "height": 800}, color_scheme=scheme)
            await page.set_content(town.summary().page)
            shown = await page.evaluate("[...document.images].map(one => [one.naturalWidth, one.clientWidth, one.alt])")
            assert shown == [[160, 160, ALT]] * 2
            assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth")
            await page.screenshot(full_page=True, path=str(tmp_path / f"{scheme}.png"))
        await browser.close()


def test_no_picture_is_made_where_nothing_shows_one(town: Town) -> None:
    town.keep(town.find("post"), (ArtifactRole.SCREENSHOT, post()))
    alert = Alert(kind=AlertKind.MATCH, dedupe_key="m", created_at=NOW, mention_id=1, subject_id="subject-1")
    office = town.office(None)

    assert len(deliver.render(office, alert).pictures) == 1
    assert deliver.render(replace(office, shows_pictures=False), alert).pictures == ()
    mail, hook = ["mailto://user:word@mail.example.org"], ["json://hook.example.org/"]
    assert [AppriseNotifier(urls).shows_pictures for urls in (hook, mail + hook, [])] == [False, True, False]
