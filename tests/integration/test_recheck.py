"""Kept pages are looked at again on a real site: what became of each is told right, and told on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from monitor.domain import (
    AboutSubject,
    AlertKind,
    Level,
    LiveState,
    Mention,
    Observation,
    Subject,
)
from monitor.errors import CaptureFailed
from monitor.evidence import FileVault, PageLooker, PlainCapturer
from monitor.http import HttpClient
from monitor.jobs import preserve, recheck
from monitor.ports import PageRows, Recheck
from monitor.store import open_store
from monitor.testing.builders import NOW, make_decision, make_judgement, make_mention
from monitor.testing.fakes import FakeClock

POST = "I heard that FIRST LAST stole money from patients in Leeds and then closed the practice overnight."
AROUND = " ".join(f"<p>Another reply number {n} about something else.</p>" for n in range(90))
PAGE = f"<html><title>Dentists in Leeds</title><h1>Town forum</h1><div>{POST}</div>{AROUND}</html>"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Site:
    port: int
    pages: dict[str, tuple[int, str]] = field(default_factory=dict)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def put(self, path: str, body: str, status: int = 200) -> None:
        self.pages[path] = (status, body)


@pytest.fixture
def site() -> Iterator[Site]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = here.pages.get(self.path, (404, "<title>404 Not Found</title>Not Found"))
            if status == 302:
                self.send_response(302)
                self.send_header("Location", body)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    here = Site(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield here
    server.shutdown()
    thread.join()
    server.server_close()


class Installation:
    """Hold a store, a vault and a clock, and do one job after the other."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.clock = FakeClock()
        self.site = site
        self.store = open_store(f"sqlite:///{folder / 'goodname.db'}", clock=self.clock)
        self.vault = FileVault(folder / "evidence", clock=self.clock, actor="test", reserve_bytes=1)
        self.store.save_subject(Subject(id="subject-1", name="FIRST LAST"))

    def _work(self, job):
        async def work():
            client = HttpClient(clock=self.clock, allow=frozenset({f"127.0.0.1:{self.site.port}"}), user_agent="test")
            http = client.for_source("recheck", obey_robots=False)
            capturer = PlainCapturer(http, self.clock, "no browser in this test")
            desk = recheck.Desk(
                store=self.store, vault=self.vault, looker=PageLooker(http), capturer=capturer, clock=self.clock
            )
            try:
                return await job(desk)
            finally:
                await client.close()

        return asyncio.run(work())

    def keep(self, path: str = "/t/1", body: str = PAGE, level: Level = Level.LIKELY) -> Mention:
        """Publish a page, find its post, judge it and keep it."""
        self.site.put(path, body)
        made = make_mention(external_id=path, text=POST, url=self.site.url(path), title="")
        self.store.save_page(PageRows(source=made.source, query_key="*", mentions=(made,), raw=(), cursor="{}"))
        mention = self.store.find(made.source, path)
        about = AboutSubject(score=90, spans=((13, 23),))
        self.store.save_decisions([make_decision(mention, make_judgement(about=about, matches=(), level=level))])
        self.store.request_capture(recheck._request(mention, {}), self.clock.now())
        assert len(self._work(lambda desk: preserve.run(self.store, self.vault, desk.capturer, self.clock))) == 1
        return mention

    def look(self) -> tuple[Observation, ...]:
        return self._work(recheck.run)

    def first_look(self) -> Observation:
        """Take up what was kept, and look when it is due."""
        assert self.look() == ()
        self.clock.advance(recheck.FIRST_AFTER)
        (seen,) = self.look()
        return seen

    def later(self, wait: timedelta) -> Observation:
        self.clock.advance(wait)
        (seen,) = self.look()
        return seen

    def told(self) -> list[tuple[str, str]]:
        alerts = [one for one in self.store.alerts() if one.kind is AlertKind.CHANGE]
        return [(one.payload["state"], one.subject_id) for one in alerts]

    def changes(self) -> list[LiveState]:
        return [one.state for one in self.store.changes(NOW, self.clock.now() + HOUR)]


@pytest.fixture
def here(tmp_path: Path, site: Site) -> Iterator[Installation]:
    made = Installation(tmp_path, site)
    yield made
    made.store.close()


TRAP = {
    "live: has been removed": (PAGE.replace("<h1>", "<p>Another post has been removed.</p><h1>"), 200, "live"),
    "live: [deleted]": (PAGE.replace("<h1>", "<p>[deleted]</p><h1>"), 200, "live"),
    "live: page not found": (f"<title>Page not found, he said</title>{POST} page not found", 200, "live"),
    "live: access denied": (f"<title>Forum</title>{POST} Access denied.", 200, "live"),
    "login wall": ("<title>Log in</title>Please log in to continue<input type=password>", 200, "login_wall"),
    "bot wall": ("<title>Just a moment...</title>Checking your browser", 403, "bot_wall"),
    "soft 404": ("<title>Page introuvable</title>Oups, cette page n’existe plus.", 200, "gone"),
    "true 404": ("<title>404</title>Not Found", 404, "gone"),
}


@pytest.mark.parametrize("name", TRAP)
def test_the_eight_pages_of_the_trap(name: str, here: Installation, site: Site) -> None:
    here.keep()
    body, status, expected = TRAP[name]
    site.put("/t/1", body, status)
    seen = here.first_look()
    if expected == "gone":
        assert (seen.state, seen.signal[:12]) == (LiveState.UNKNOWN, "it looks gon")
        assert here.told() == []
        seen = here.later(recheck.CONFIRM_AFTER)
    assert seen.state.value == expected
    assert here.told() == ([("gone", "subject-1")] if expected == "gone" else [])
    assert seen.signal


def test_gone_is_told_once_and_its_return_too(here: Installation, site: Site) -> None:
    mention = here.keep()
    del site.pages["/t/1"]
    here.first_look()
    assert here.later(HOUR).state is LiveState.GONE
    assert here.later(7 * DAY).state is LiveState.GONE
    assert here.told() == [("gone", "subject-1")]
    assert here.changes() == [LiveState.GONE]
    site.put("/t/1", PAGE)
    assert here.later(7 * DAY).state is LiveState.LIVE
    assert here.told() == [("live", "subject-1"), ("gone", "subject-1")]
    events = [event for event in here.vault.custody() if event.event == "recheck"]
    assert [event.detail["state"] for event in events] == ["unknown", "gone", "gone"]
    assert here.store.observations(mention.id)[-1].state is LiveState.LIVE
    assert here.vault.verify().is_intact


def test_a_wall_between_two_looks_proves_nothing_and_forgets_nothing(here: Installation, site: Site) -> None:
    here.keep()
    site.put("/t/1", "Not found", 404)
    here.first_look()
    for status, state in ((403, LiveState.BOT_WALL), (503, LiveState.NETWORK)):
        site.put("/t/1", "Try later", status)
        assert here.later(6 * HOUR).state is state
    site.put("/t/1", "Not found", 404)
    assert here.later(6 * HOUR).state is LiveState.GONE


def test_a_page_that_comes_back_between_two_looks_was_never_gone(here: Installation, site: Site) -> None:
    here.keep()
    site.put("/t/1", "Not found", 404)
    here.first_look()
    site.put("/t/1", PAGE)
    assert here.later(HOUR).state is LiveState.LIVE
    site.put("/t/1", "Not found", 404)
    assert here.later(6 * HOUR).state is LiveState.UNKNOWN
    assert here.told() == []


def test_an_edit_is_a_new_revision_with_its_own_capture(here: Installation, site: Site) -> None:
    mention = here.keep()
    site.put("/t/1", PAGE.replace("stole money", "may have borrowed money"))
    assert here.first_look().state is LiveState.EDITED
    old, new = here.store.revisions(mention.id)
    assert (old.text, new.text) == (POST, POST.replace("stole money", "may have borrowed money").rstrip("."))
    assert here.told() == [("edited", "subject-1")]
    assert here.changes() == [LiveState.EDITED]
    (request,) = here.store.lease_captures(here.clock.now(), limit=9, lease_for=HOUR)
    assert (request.revision, request.facts["recheck"]) == (2, "edited")
    assert request.facts["recheck_of"] == here.store.captures(mention.id)[0].id
    assert here.later(6 * HOUR).state is LiveState.LIVE
    site.put("/t/1", PAGE)
    assert here.later(6 * HOUR).signal.startswith("its words are those of revision")
    assert here.told() == [("edited", "subject-1")]


def test_what_does_not_concern_at_once_waits_for_the_digest(here: Installation, site: Site) -> None:
    here.keep(level=Level.POSSIBLE)
    site.put("/t/1", "Not found", 404)
    here.first_look()
    here.later(HOUR)
    assert here.told() == []
    assert here.changes() == [LiveState.GONE]


def test_a_site_that_is_down_is_no_removal(here: Installation, site: Site) -> None:
    here.keep()
    site.put("/t/1", "/elsewhere", 302)
    site.put("/elsewhere", "/t/1", 302)
    assert here.first_look().state is LiveState.NETWORK


def test_a_page_without_the_words_is_kept_once_and_not_called_gone(here: Installation, site: Site) -> None:
    mention = here.keep()
    site.put("/t/1", f"<title>Dentists in Leeds</title>{AROUND}")
    assert here.first_look().state is LiveState.UNKNOWN
    assert here.later(6 * HOUR).state is LiveState.UNKNOWN
    assert len(here.store.captures(mention.id)) == 2
    assert here.told() == []
    assert list((here.vault._root / "staging").iterdir()) == []
    assert here.vault.verify().is_intact


def test_altered_evidence_does_not_stop_a_look(here: Installation, site: Site) -> None:
    here.keep()
    (page,) = (here.vault._root / "captures").glob("*/response.html")
    page.write_bytes(b"other")
    assert here.first_look().state is LiveState.LIVE


def test_a_fault_leaves_the_mention_for_later(here: Installation, site: Site, caplog) -> None:
    here.keep()
    here.look()
    here.clock.advance(recheck.FIRST_AFTER)

    class Broken:
        async def look(self, asked: object) -> None:
            raise CaptureFailed(why="out of order")

    async def job(desk: recheck.Desk):
        broken = recheck.Desk(
            store=desk.store, vault=desk.vault, looker=Broken(), capturer=desk.capturer, clock=desk.clock
        )
        return await recheck.run(broken)

    assert here._work(job) == ()
    assert "could not be looked at" in caplog.text
    assert here.later(DAY).state is LiveState.LIVE


@pytest.mark.parametrize(
    ("age", "state", "expected"),
    [
        (HOUR, LiveState.LIVE, 6 * HOUR),
        (3 * DAY, LiveState.LIVE, DAY),
        (30 * DAY, LiveState.EDITED, 7 * DAY),
        (200 * DAY, LiveState.LIVE, 30 * DAY),
        (900 * DAY, LiveState.LIVE, 90 * DAY),
        (HOUR, LiveState.GONE, 7 * DAY),
        (900 * DAY, LiveState.NETWORK, DAY),
    ],
)
def test_looks_thin_out_with_age(age: timedelta, state: LiveState, expected: timedelta) -> None:
    assert recheck.step(age, state) == expected


def test_no_two_looks_of_doubt_make_a_removal() -> None:
    from monitor.ports import Look

    due = Recheck(mention_id=1, kept_at=NOW)
    for state in (LiveState.BOT_WALL, LiveState.LOGIN_WALL, LiveState.NETWORK, LiveState.UNKNOWN):
        settled = recheck.settle(Look(state=state, signal="s"), due, None, NOW)
        assert (settled.state, settled.is_news, settled.suspicion) == (state, False, "")
