"""The page in a real Chromium: by keyboard alone, without JavaScript, seen by axe, and fed with hostile words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from monitor.cases.letters import Sender
from monitor.domain import Action, Author, Confidence, InvitationKind, Level, Owner, PaperKind, Role, Step
from monitor.evidence import find_chromium
from monitor.ports import Pile, ReviewFilter
from monitor.testing import NOW
from monitor.web.signing_in import COOKIE, new_link

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WATCH = """(() => { const tell = () => console.log("RAN");
for (const name of ["alert", "confirm", "prompt", "print"]) { window[name] = tell; } })()"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = find_chromium("auto")
    if program is None:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(program), args=["--no-sandbox"])
        yield opened
        opened.close()


class Visit:
    """Hold one browser window, and what happened in it."""

    def __init__(self, chromium: Browser, origin: str, token: str, **options: object) -> None:
        self.context: BrowserContext = chromium.new_context(base_url=origin, **options)  # type: ignore[arg-type]
        self.context.set_default_timeout(20_000)
        self.elsewhere: list[str] = []
        self.said: list[str] = []
        if token:
            self.context.add_cookies([{"name": COOKIE, "value": token, "url": origin}])
        self.context.add_init_script(WATCH)
        self.context.on("request", lambda asked: self._asked(asked.url, origin))
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append("RAN"), dialog.dismiss()))

    def _asked(self, url: str, origin: str) -> None:
        if not url.startswith((origin, "data:", "about:", "blob:")):
            self.elsewhere.append(url)

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def visit(chromium: Browser, town, served) -> Iterator:
    """Open windows on the served site."""
    opened: list[Visit] = []
    with served(town) as origin:

        def open_window(name: str = "owner", **options: object) -> Visit:
            made = Visit(chromium, origin, town.token(name) if name else "", **options)
            opened.append(made)
            return made

        yield open_window
        for one in opened:
            one.close()


def pages(town) -> list[str]:
    from monitor.web.rendering import PAGES

    first = town.north[0]
    alone = [f"/mention/{first}", f"/evidence/{town.captures[first]}", "/rules/subject-1"]
    alone += ["/start", "/start/sources", "/start/alerts", "/sources/add?connector=mailbox"]
    alone += ["/rules/subject-1/statement", "/statements/subject-1/stole", "/nothing"]
    case = town.case()
    (letter,) = {one.draft_id for one in town.store.papers(case)}
    alone += [f"/cases/{case}", f"/cases/{case}/letters/{letter}", f"/cases/{case}/notices/eu-dsa-16"]
    alone += ["/clients?client=north"]
    return [*(address for address, _ in PAGES), *alone]


def faults(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}}).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:150]}" for one in found]


def test_axe_finds_nothing_on_any_page(town, visit):
    seen: dict[str, list[str]] = {}
    for veiled in (True, False):
        for scheme in ("light", "dark"):
            window = visit(color_scheme=scheme)
            window.page.goto("/login" if not veiled else "/")
            if not veiled:
                window.page.goto("/")
                window.page.get_by_role("button", name="Show words for 15 minutes").click()
                window.page.get_by_role("button", name="Hide words again").wait_for()
            for path in pages(town):
                window.page.goto(path)
                for width in (320, 768, 1280):
                    window.page.set_viewport_size({"width": width, "height": 900})
                    wide = window.page.evaluate("document.documentElement.scrollWidth > innerWidth")
                    found = faults(window.page) + (["scrolls sideways"] if wide else [])
                    if found:
                        seen[f"{path} {width} {scheme} veiled={veiled}"] = found
            assert [word for word in window.said if "404" not in word] == [], "the console is clean"
            assert window.elsewhere == []
    nobody = visit("")
    nobody.page.goto("/login")
    assert faults(nobody.page) == []
    assert seen == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_a_link_in_a_message_leads(town, told, visit, scheme):
    seen: dict[str, list[str]] = {}
    page = visit("", color_scheme=scheme).page

    def look(name: str) -> None:
        for width in (320, 768, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
            if found := faults(page) + (["scrolls sideways"] if wide else []):
                seen[f"{name} {width}"] = found

    for name, path in told.items():
        page.goto(path)
        look(f"{name}, before")
    page.goto(told["ack"])
    page.get_by_role("button").click()
    page.get_by_text("Done").wait_for()
    look("done")
    page.goto(told["ack"])
    page.get_by_text("done already").wait_for()
    look("again")
    page.goto("/act/guess")
    page.get_by_text("does not work").wait_for()
    look("a wrong link")
    town.clock.advance(timedelta(days=8))
    page.goto(told["snooze"])
    page.get_by_text("too old").wait_for()
    look("an old link")
    assert seen == {}


def test_axe_sees_a_seeded_fault(visit):
    page = visit().page
    page.goto("/review")
    page.evaluate("document.querySelector('h1').style.color = '#ddd'")
    assert any(one.startswith("color-contrast") for one in faults(page))


def test_fifty_mentions_in_sixty_presses_and_each_undone(town, visit):
    for number in range(45):
        town.post(f"more-{number}", f"FIRST LAST did thing number {number}", level=Level.NONE)
    window = visit("helper")
    page = window.page
    page.goto("/review")
    assert page.locator("[data-card]").count() == 50
    presses = 0
    for number in range(50):
        key = "cnhl"[number % 4]
        with page.expect_response("**/review/mark"):
            page.keyboard.press(key)
        presses += 1
        expect(page.locator(".card.done")).to_have_count(number + 1)
    assert presses <= 60
    assert page.locator("[data-waiting]").inner_text() == "Nothing waits for you."
    page.locator("#live", has_text="Undo is there").wait_for(state="attached")
    for number in range(50):
        with page.expect_response("**/review/mark"):
            page.keyboard.press("u")
        expect(page.locator(".card.done")).to_have_count(49 - number)
    assert page.locator("[data-waiting]").inner_text() == "50 mentions wait."
    assert [word for word in window.said if word] == []


def test_the_other_keys_and_an_honest_count(town, visit):
    page = visit("helper").page
    page.goto("/review")
    first = page.evaluate("document.activeElement.id")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.id") != first
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.id") == first
    with page.expect_response("**/review/card*"):
        page.keyboard.press("r")
    page.wait_for_selector(f"#{first} .words")
    assert page.evaluate("document.activeElement.id") == first, "the focus stays put"
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("[data-ticked]").inner_text() == "Apply to these 2"
    with page.expect_response("**/review/mark"):
        page.get_by_role("group", name="All ticked ones").get_by_role("button", name="Later").click()
    expect(page.locator(".card.done")).to_have_count(2)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("cnhl")
    assert page.locator("#search").input_value() == "cnhl"


def test_keys_act_on_nothing_when_they_are_off(town, visit):
    page = visit("helper").page
    page.goto("/review")
    page.get_by_text("Keys", exact=True).click()
    page.get_by_role("button", name="Switch keys off").click()
    page.wait_for_selector("#pile[data-keys=off]")
    page.locator("[data-card]").first.focus()
    page.keyboard.press("c")
    assert page.locator(".card.done").count() == 0
    assert all(not town.store.reviews(one) for one in town.north)


def tab_to(page: Page, name: str, most: int = 120) -> None:
    """Press Tab until the element with this text has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        words = page.evaluate("(document.activeElement.innerText || document.activeElement.name || '').trim()")
        if words.startswith(name):
            return
    pytest.fail(f"{name!r} cannot be reached by Tab")


@pytest.mark.parametrize("script", [True, False])
def test_the_daily_look_by_keyboard_alone(town, visit, script):
    page = visit("", java_script_enabled=script).page
    page.goto("/review")
    tab_to(page, "name") if script else page.locator("#name").focus()
    page.keyboard.type("helper")
    page.keyboard.press("Tab")
    page.keyboard.type("four plain random words")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")
    buttons = {"c": "It is a repeat", "l": "Later"}
    for number, name in enumerate([*buttons.values()] * 2):
        card = page.locator("[data-card]:not(.done)").first
        button = card.get_by_role("button", name=name)
        button.focus()
        page.keyboard.press("Enter")
        if script:
            expect(page.locator(".card.done")).to_have_count(number + 1)
        else:
            page.wait_for_url("**told=*")
            page.get_by_text("Saved for 1 mention").wait_for()
            page.goto("/review")
    assert sum(bool(town.store.reviews(one)) for one in town.north) == 4
    page.goto(f"/mention/{town.north[0]}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export this one").press("Enter")
    assert Path(download.value.path()).read_bytes().startswith(b"PK")
    page.get_by_role("button", name="Sign out").press("Enter")
    page.wait_for_url("**/login")


def press(page: Page, name: str, *, within: str = "main") -> None:
    """Press a button by keyboard."""
    page.locator(within).get_by_role("button", name=name).first.press("Enter")


def fill(page: Page, **fields: str) -> None:
    """Type into fields, by their names, without a mouse."""
    for name, words in fields.items():
        field = page.locator(f"main [name='{name}']").first
        field.focus()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(words)


@pytest.mark.parametrize("script", [True, False])
def test_setting_up_by_keyboard_alone(bare, served, chromium, script):
    """Make the account by the one-time link, then name a person, a statement, a source and a channel."""
    token = new_link(bare.store, bare.clock, InvitationKind.SETUP, {"*": Role.OWNER})
    with served(bare) as origin:
        window = Visit(chromium, origin, "", java_script_enabled=script)
        page = window.page
        page.goto(f"/link/{token}")
        fill(page, name="me", password="four plain random words")
        page.keyboard.press("Enter")
        page.wait_for_url("**/start")
        fill(page, name="FIRST LAST", by="ME")
        page.keyboard.press("Enter")
        page.wait_for_url("**/statement?first=1")
        fill(page, text="FIRST LAST stole money from patients")
        press(page, "Keep this")
        page.wait_for_url("**/start/sources")
        press(page, "Choose")
        page.wait_for_url("**/sources/add?first=1&connector=*")
        page.locator("#connector").focus()
        page.keyboard.type("RSS")
        press(page, "Change")
        page.wait_for_url("**connector=feed")
        fill(page, name="news", **{"set.url": "https://news.example/feed"})
        press(page, "Add it and try it")
        page.get_by_text("It is added. You can add another one, or go on.").wait_for()
        page.get_by_role("link", name="Go on").press("Enter")
        page.wait_for_url("**/start/alerts")
        fill(page, url="json://hook.example/in")
        press(page, "Add it")
        page.get_by_text("json://added").wait_for()
        press(page, "Send a test")
        page.get_by_role("link", name="Done").press("Enter")
        page.wait_for_url(f"{origin}/")
        assert [word for word in window.said if word] == [], "the console is clean"
        assert window.elsewhere == []
        window.close()
    assert [one.name for one in bare.operations.saved if hasattr(one, "aliases")] == ["FIRST LAST"]
    assert bare.operations.additions.added["news"]["url"] == "https://news.example/feed"
    assert len(bare.operations.additions.kept) == 2


@pytest.mark.parametrize("script", [True, False])
def test_the_owners_work_by_keyboard_alone(town, visit, script):
    """Add a person, review ten, preview a rule, export one, pause a source and all messages."""
    for number in range(8):
        town.post(f"ten-{number}", f"FIRST LAST did thing number {number}", level=Level.NONE)
    window = visit("owner", java_script_enabled=script)
    page = window.page
    page.goto("/start")
    fill(page, name="NEW PERSON", by="ME")
    page.keyboard.press("Enter")
    page.wait_for_url("**/statement?first=1")
    page.goto("/review")
    for number in range(10):
        card = page.locator("[data-card]:not(.done)").first
        card.get_by_role("button", name="Later" if number % 2 else "Not about me").press("Enter")
        if script:
            expect(page.locator(".card.done")).to_have_count(number + 1)
        else:
            page.get_by_text("Saved for 1 mention").wait_for()
            page.goto("/review")
    done = {one.mention_id for one in town.store.review_hits(ReviewFilter(subjects=None, pile=Pile.ALL)) if one.review}
    assert len(done) == 10
    page.goto("/rules/subject-1")
    fill(page, exclude_terms="thing")
    press(page, "Show what it would change")
    page.get_by_role("heading", name="What this would change").wait_for()
    page.goto(f"/mention/{town.north[0]}")
    with page.expect_download() as download:
        press(page, "Export this one")
    assert Path(download.value.path()).read_bytes().startswith(b"PK")
    page.goto("/sources")
    page.get_by_role("button", name=re.compile("^Pause.*blog")).press("Enter")
    page.get_by_text("paused; nobody looks at it").wait_for()
    page.goto("/")
    press(page, "Pause 7 days")
    page.get_by_text("Messages are paused until").wait_for()
    assert town.operations.additions.paused == {"blog"}
    assert [word for word in window.said if word] == [], "the console is clean"


def test_buttons_are_large_enough_to_hit(visit):
    page = visit("helper", viewport={"width": 320, "height": 800}).page
    page.goto("/review")
    sizes = page.evaluate(
        "[...document.querySelectorAll('button, a.button, nav a, summary, label.tick')].filter(e => e.offsetParent)"
        ".map(e => { const b = e.getBoundingClientRect(); return [e.innerText, b.width, b.height]; })"
    )
    assert len(sizes) > 20
    assert [one for one in sizes if one[2] < 44 or one[1] < 24] == []


def test_three_times_escape_leaves(visit):
    window = visit("helper")
    window.context.route("https://www.wikipedia.org/", lambda route: route.fulfill(body="elsewhere"))
    window.page.goto("/review")
    for _ in range(3):
        window.page.keyboard.press("Escape")
    window.page.wait_for_url("https://www.wikipedia.org/")


@pytest.fixture(scope="module")
def payloads(shared_data: Path) -> list[str]:
    lines: dict[str, None] = {}
    for path in sorted((shared_data / "hostile" / "xss").glob("*.txt")):
        for line in path.read_bytes().decode("utf-8", "replace").replace("\0", "").splitlines():
            if line.strip():
                lines[line.strip()] = None
    assert len(lines) > 5_000
    return list(lines)


def raw_runs(chromium: Browser, payloads: list[str], wanted: int) -> int:
    """Count payloads that run when a page shows them raw, each in a frame of its own, until enough did."""
    context = chromium.new_context(offline=True)
    ran = 0
    page = context.new_page()
    for start in range(0, len(payloads), 100):
        page.set_content("<body></body>")
        ran += page.evaluate(RAW, payloads[start : start + 100])
        if ran >= wanted:
            break
    context.close()
    return ran


RAW = """async (batch) => {
  const ran = new Set();
  window.mark = (number) => ran.add(number);
  const frames = batch.map((one, number) => {
    const frame = document.createElement("iframe");
    const watch = `for (const f of ["alert","confirm","prompt","print"]) window[f] = () => parent.mark(${number});`;
    frame.srcdoc = `<script>${watch}</` + `script><body>` + one;
    return frame;
  });
  const loaded = frames.map((frame) => new Promise((done) => { frame.onload = done; }));
  document.body.append(...frames);
  const late = new Promise((done) => setTimeout(done, 3000));
  await Promise.race([Promise.all(loaded), late]);
  for (const frame of frames) {
    const found = frame.contentDocument ? [...frame.contentDocument.querySelectorAll("*")] : [];
    for (const one of found.slice(0, 20)) {
      const kinds = [...one.attributes].filter((held) => held.name.startsWith("on")).map((held) => held.name.slice(2));
      for (const kind of kinds) { one.dispatchEvent(new Event(kind)); }
    }
  }
  await new Promise((done) => setTimeout(done, 100));
  return ran.size;
}"""


def test_the_raw_control_runs(chromium, payloads):
    likely = [one for one in payloads if "<" in one and "alert" in one.lower()][::3]
    assert raw_runs(chromium, likely, 500) >= 500


def hostile_case(town, mention_ids: list[int], payloads: list[str]) -> tuple[int, int]:
    """Open a case whose every word is a payload, and give its id and its letter's."""
    for one in mention_ids:
        town.confirm(one)
    desk, words = town.site.cases, "\n".join(payloads[:400])
    made = desk.open("subject-1", words, mention_ids=mention_ids)
    desk.add_lead(made.id, words, words, Confidence.WEAK, payloads[0])
    desk.give_facts(made.id, dict.fromkeys(("harm", "reasons_illegal", "complainant_name"), words))
    sender = Sender(name=words, email=words, letterhead=words)
    paper, _ = desk.draft_letter(made.id, PaperKind.REMOVAL_REQUEST, addressee=words, sender=sender)
    desk.set_day(made.id, title=words, due_on=NOW.date(), by=Owner.SELF, note=words)
    sent = Action(case_id=made.id, step=Step.REPORT, title=words, made_at=NOW, addressee=words, reference=words)
    desk.send(made.id, sent, because=words)
    desk.place_hold(made.id, words, words)
    return made.id, paper.id


def test_no_hostile_words_run_on_any_page(town, visit, payloads):
    """Each payload as author, title, text, address, source and file name; first many to a card, then some alone."""
    step = 250
    whole = []
    for start in range(0, len(payloads), step):
        words = "\n".join(payloads[start : start + step])
        author = Author(name=words, handle=words)
        fields = {"title": words, "author": author, "source": f"s{start} {payloads[start]}", "url": payloads[start]}
        whole.append(town.post(f"x{start}", words, **fields))
    alone = [one for one in payloads if one.lower().startswith(("javascript:", "data:", "vbscript:"))][:20]
    whole += [town.post(f"u{n}", one, title=one, author=Author(name=one), url=one) for n, one in enumerate(alone)]
    town.operations.names = payloads[::300]
    town.keep(whole[0], page="\n".join(payloads[:500]).encode(), text="\n".join(payloads[:500]).encode())
    named = town.keep(whole[1], names=[one[:150] for one in payloads[::40]])
    window = visit("owner")
    page = window.page
    page.goto("/")
    page.get_by_role("button", name="Show words for 15 minutes").click()
    page.get_by_role("button", name="Hide words again").wait_for()
    paths = [f"/evidence/{named}", *pages(town), "/review?offset=50", f"/evidence/{town.captures[whole[0]]}"]
    for path in [*paths, *(f"/mention/{one}" for one in whole)]:
        page.goto(path)
        page.evaluate(
            "for (const e of document.querySelectorAll('main *')) {"
            " for (const kind of ['mouseover', 'focus', 'pointerenter']) e.dispatchEvent(new Event(kind)); }"
        )
        odd = page.evaluate(
            "[...document.querySelectorAll('main a[href], main img[src], main iframe, main object, main script')]"
            ".filter(e => !/^https?:/.test(e.href || e.src || ''))"
            ".concat([...document.querySelectorAll('*')].filter("
            "e => [...e.attributes].some(a => a.name.startsWith('on') || a.name === 'style')))"
            ".map(e => e.outerHTML.slice(0, 200))"
        )
        assert odd == [], path
    assert [word for word in window.said if word == "RAN"] == []
    assert window.elsewhere == []
