"""The page as people meet it: two clients' matters in a real database, kept evidence, and four accounts."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from monitor.bootstrap.asking import offer_of
from monitor.cases.desk import CaseDesk
from monitor.cases.letters import Sender
from monitor.domain import (
    AboutSubject,
    Action,
    Alert,
    AlertKind,
    ArtifactRole,
    CaptureRequest,
    Confidence,
    HealthState,
    Hit,
    Level,
    Mention,
    Message,
    Origin,
    Owner,
    PaperKind,
    Review,
    ReviewVerdict,
    Role,
    Statement,
    Step,
    Subject,
)
from monitor.errors import FetchError, InputError
from monitor.evidence import FileVault
from monitor.jobs.preview import Previewer
from monitor.jobs.signed_links import links_of, signing_key
from monitor.matching import Thresholds
from monitor.plugins import load_connectors
from monitor.ports import ChannelState, PageRows, SourceState, SourceTrial, Spent, Turn
from monitor.ports import Step as GroupStep
from monitor.store import SqlStore, open_store
from monitor.testing import (
    NOW,
    FakeClock,
    make_decision,
    make_judgement,
    make_match,
    make_mention,
    make_statement,
    make_subject,
)
from monitor.testing.builders import make_observed
from monitor.web import Feeds, Figures, Probe, Site, WebServer, dashboard
from monitor.web.passwords import form_token, hash_password
from monitor.web.signing_in import COOKIE, open_session

PASSWORD = "four plain random words"
ORIGIN = "http://127.0.0.1"
NAMES = {"subject-1": "FIRST LAST", "subject-2": "OTHER NAME"}
MAIL = "<!doctype html><p style='color:#222'>Nothing new.</p><script>document.title='ran'</script>"
WORDS = "FIRST LAST stole money from patients"
KEY = "likely:subject-1/stole"
"""The group that an alert about the first mention belongs to."""


def picture() -> bytes:
    """Draw a page's picture."""
    out = io.BytesIO()
    Image.effect_noise((640, 480), 90).convert("RGB").save(out, "PNG")
    return out.getvalue()


class PlainAdditions:
    """Keep what is added in memory, by the real forms of the installed connectors."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.catalogue = load_connectors()
        self.added: dict[str, dict[str, str]] = {}
        self.paused: set[str] = set()
        self.kept = [ChannelState(name="json://hook")]
        self.hours = "21:00-08:00"

    def offers(self):
        return tuple(offer_of(one.spec) for one in self.catalogue.connectors.values())

    def add_source(self, name: str, connector: str, every: str, given: Mapping[str, str]) -> None:
        if not name.isalnum():
            raise InputError("This source cannot be added like this.", why="`name` must be shorter")
        self.added[name] = {"connector": connector, "every": every, **given}
        self.names.append(name)

    def drop_source(self, name: str) -> None:
        del self.added[name]
        self.names.remove(name)

    def pause_source(self, name: str, *, is_paused: bool) -> None:
        (self.paused.add if is_paused else self.paused.discard)(name)

    async def spending(self):
        return {"blog": Spent(used=1.25, most=5, unit="US dollars", period="2026-01")}

    def channels(self):
        return tuple(self.kept)

    def add_channel(self, url: str) -> str:
        if "://" not in url:
            raise InputError("This channel cannot be added.", why="it is not an address")
        self.kept.append(ChannelState(name=f"{url.partition(':')[0]}://added", is_added=True))
        return self.kept[-1].name

    def drop_channel(self, name: str) -> None:
        self.kept = [one for one in self.kept if one.name != name]

    def pause_channel(self, name: str, *, is_paused: bool) -> None:
        self.kept = [replace(one, is_paused=is_paused) if one.name == name else one for one in self.kept]

    def quiet_hours(self):
        return self.hours, True

    def set_quiet_hours(self, hours: str) -> None:
        if hours and len(hours) != 11:
            raise InputError("These are no hours.")
        self.hours = hours


class PlainOperations:
    """Answer for an installation with three sources, one of them broken."""

    timezone = "Europe/London"

    def __init__(self) -> None:
        self.exported: list[int] = []
        self.cases_exported: list[tuple[int, str]] = []
        self.clients_exported: list[tuple[str, str]] = []
        self.spoken_of: list[frozenset[str] | None] = []
        self.told: list[Hit | None] = []
        self.keep_new: Callable[[Subject], None] | None = None
        self.saved: list[Subject | Statement] = []
        self.names = ["blog", "town-forum", "wiki"]
        self.additions = PlainAdditions(self.names)
        self.queue: dict[str, dict[str, int]] = {}

    def sources(self) -> tuple[SourceState, ...]:
        return tuple(
            SourceState(
                name=name,
                connector="feed",
                state=HealthState.OK,
                is_usable=name != "wiki",
                every=timedelta(minutes=10),
                last_good_at=NOW - timedelta(minutes=3),
                next_due_at=NOW + timedelta(minutes=7),
                items=12,
                why="The address is missing." if name == "wiki" else "",
                cost="free",
                is_paused=name in self.additions.paused,
                is_added=name in self.additions.added,
            )
            for name in self.names
        )

    has_helper = True

    async def try_channels(self, hit: Hit | None) -> tuple[tuple[str, str], ...]:
        self.told.append(hit)
        return (("json://hook", "The channel did not answer." if hit else ""),)

    def summary(self, client_id: str) -> Message:
        text = f"summary of {client_id}"
        return Message(message_id="m@goodname.invalid", title="Your daily summary", text=text, html=MAIL)

    def new_subject(self, given: Mapping[str, object]) -> Subject:
        return make_subject(id="new-one", name=str(given["name"]), client_id=str(given["client_id"]))

    def check_subject(self, changed: Subject) -> Subject:
        return changed

    def check_statement(self, subject_id: str, text: str, known: Statement | None) -> Statement:
        if known:
            return replace(known, paraphrases=(*known.paraphrases, text))
        return make_statement(id="new-one", subject_id=subject_id, text=text)

    def save_subject(self, subject: Subject) -> int:
        self.saved.append(subject)
        if self.keep_new and subject.id == "new-one":
            self.keep_new(subject)
        return 5

    def save_statement(self, statement: Statement) -> int:
        self.saved.append(statement)
        return 5

    async def read_url(self, url: str) -> tuple[str, str]:
        if "absent" in url:
            raise FetchError("The page cannot be read.", why="404")
        return "A page", WORDS

    async def try_source(self, name: str) -> SourceTrial:
        if name == "blog":
            return SourceTrial(is_good=True, what="12 posts are there.")
        return SourceTrial(is_good=False, what="It wants other credentials.", why="401", try_="Ask for a new key.")

    async def export(self, out: Path, *, mention_id: int, actor: str, about: frozenset[str] | None = None) -> object:
        self.exported.append(mention_id)
        self.spoken_of.append(about)
        await asyncio.to_thread(out.write_bytes, b"PK\x05\x06" + bytes(18))
        return None

    async def export_client(self, out: Path, *, client_id: str, actor: str) -> object:
        self.clients_exported.append((client_id, actor))
        await asyncio.to_thread(out.write_bytes, b"PK\x05\x06" + bytes(18))
        return None

    async def export_case(self, out: Path, *, case_id: int, actor: str) -> object:
        self.cases_exported.append((case_id, actor))
        await asyncio.to_thread(out.write_bytes, b"PK\x05\x06" + bytes(18))
        return None


@dataclass
class Town:
    """Hold the seeded site; `north` and `south` are the ids of two clients' mentions."""

    site: Site
    app: FastAPI
    store: SqlStore
    vault: FileVault
    clock: FakeClock
    operations: PlainOperations
    north: list[int] = field(default_factory=list)
    south: list[int] = field(default_factory=list)
    captures: dict[int, str] = field(default_factory=dict)

    def post(self, name: str, text: str, subject_id: str = "subject-1", level: Level = Level.LIKELY, **fields) -> int:
        """Keep one post and judge it to be about a subject."""
        made = make_mention(external_id=name, text=text, **fields)
        self.store.save_page(
            PageRows(source=made.source, query_key="*", mentions=(made,), raw=(), cursor="{}", gone=())
        )
        kept = self.store.find(made.source, name)
        assert kept
        self.judge(kept, subject_id, level)
        return kept.id

    def judge(self, kept: Mention, subject_id: str, level: Level) -> None:
        match = make_match(
            subject_id=subject_id,
            excerpt=kept.text[:80],
            span=(0, min(22, len(kept.text))),
            reasons=("same words: “stole money”",),
        )
        about = AboutSubject(score=80, spans=((0, 10),), reasons=(f"the full name “{NAMES[subject_id]}”",))
        matches = () if level is Level.NONE else (match,)
        judgement = make_judgement(subject_id=subject_id, about=about, matches=matches, level=level)
        self.store.save_decisions([make_decision(kept, judgement)])

    def keep(self, mention_id: int, *, names: Sequence[str] = (), **files: bytes) -> str:
        """Keep a page of a mention with these files; `names` are more files, listed under these very names.

        The vault itself would make such names harmless; the database is made to hold them as they are.
        """
        request = CaptureRequest(id=0, mention_id=mention_id, revision=1, url="https://forum.example/t/1")
        number = self.store.request_capture(request, NOW)
        request = replace(request, id=number)
        staging = self.vault.stage(request, NOW)
        staging.add(ArtifactRole.SCREENSHOT, "page.png", "image/png", Origin.RENDERED, files.get("png", picture()))
        page = files.get("page", b"<script>document.title='ran'</script>")
        staging.add(ArtifactRole.PAGE, "page.html", "text/html", Origin.DECODED, page)
        staging.add(ArtifactRole.TEXT, "page.txt", "text/plain", Origin.RENDERED, files.get("text", WORDS.encode()))
        observed = make_observed(request.url, at=NOW)
        for name in names:
            staging.add(ArtifactRole.MEDIA, name, "image/png", Origin.WIRE, b"x")
        capture = self.vault.commit(staging, request, observed)
        usual = capture.artifacts[: len(capture.artifacts) - len(names)]
        odd = zip(capture.artifacts[len(usual) :], names, strict=True)
        listed = (*usual, *(replace(one, path=name) for one, name in odd))
        self.store.finish_capture(replace(capture, artifacts=listed))
        self.captures[mention_id] = capture.id
        return capture.id

    def case(self, mention_id: int = 0, subject_id: str = "subject-1") -> int:
        """Open a case about one confirmed mention, with something in each step, and give its id; once a mention."""
        mention_id = mention_id or self.north[0]
        if known := [one.id for one in self.store.cases() if mention_id in one.mention_ids]:
            return known[0]
        self.confirm(mention_id, subject_id)
        desk, words = self.site.cases, "SOUTHERN" if subject_id == "subject-2" else "PRIVATE"
        made = desk.open(subject_id, f"{words} matter", jurisdictions=["EU"], mention_ids=[mention_id])
        desk.add_lead(made.id, f"{words} NEIGHBOUR", f"{words} BASIS", Confidence.WEAK, "owner")
        desk.give_facts(made.id, {"harm": f"{words} HARM"})
        paper, _ = desk.draft_letter(
            made.id, PaperKind.REMOVAL_REQUEST, addressee=f"{words} WEBMASTER", sender=Sender(name="ME")
        )
        desk.set_day(made.id, title=f"{words} DAY", due_on=NOW.date() + timedelta(days=5), by=Owner.COUNSEL)
        sent = Action(case_id=made.id, step=Step.LETTER, title="draft", made_at=NOW, paper_id=paper.id)
        desk.send(made.id, sent, because="it cannot wait")
        return made.id

    def confirm(self, mention_id: int, subject_id: str = "subject-1") -> None:
        """Let a person confirm a mention."""
        confirmed = ReviewVerdict.CONFIRMED
        made = Review(
            mention_id=mention_id, subject_id=subject_id, verdict=confirmed, reviewed_at=NOW, reviewer="owner"
        )
        self.store.save_review(made)

    def token(self, name: str = "owner") -> str:
        """Sign somebody in."""
        account = self.store.account_named(name)
        assert account
        return open_session(self.site, account)

    def client(self, name: str = "owner") -> Browser:
        """Give a browser in which somebody is signed in; nobody for an empty name."""
        return Browser(self.app, self.token(name) if name else "")


class Browser(TestClient):
    """Ask as a browser does that shows our own page."""

    def __init__(self, app: FastAPI, token: str) -> None:
        super().__init__(app, base_url=ORIGIN, follow_redirects=False)
        self.token = token
        if token:
            self.cookies.set(COOKIE, token)

    def send_form(self, path: str, *, headers: dict[str, str] | None = None, **fields):
        """Send a form of this session."""
        data = {"token": form_token(self.token), **fields}
        return self.post(path, data=data, headers={"Sec-Fetch-Site": "same-origin", **(headers or {})})


@pytest.fixture(scope="session")
def password_hash() -> str:
    return hash_password(PASSWORD)


def open_town(folder: Path) -> Town:
    """Open the site whose rows and evidence lie in a folder."""
    clock = FakeClock()
    store = open_store(f"sqlite:///{folder / 'rows.db'}", clock=clock)
    vault = FileVault(folder / "evidence", clock=clock, actor="goodname", reserve_bytes=1)
    operations = PlainOperations()
    operations.keep_new = store.save_subject
    site = Site(
        store=store,
        vault=vault,
        clock=clock,
        operations=operations,
        previewer=Previewer(store, clock, Thresholds()),
        cases=CaseDesk(store=store, vault=vault, clock=clock, linkable=frozenset({"blog", "town-forum"})),
        scratch=folder,
        queue=lambda: operations.queue,
    )
    probe = Probe(status="ok", version="1", why=(), sources=(), jobs_idle_s={}, undelivered=0)
    feeds = Feeds(
        store=store,
        clock=clock,
        render=lambda alert: Message(message_id="m@goodname.invalid", title="t", text="x"),
        probe=lambda: probe,
        figures=lambda: Figures(alerts={}, unreviewed={}, disk_free_bytes=1),
    )
    app = dashboard(site, lambda: probe, feeds)
    return Town(site=site, app=app, store=store, vault=vault, clock=clock, operations=operations)


@pytest.fixture(scope="session")
def bare_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bare")
    open_town(folder).store.close()
    return folder


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory, bare_folder: Path, password_hash: str) -> tuple[Path, Town]:
    """Fill a site once: five posts of one client, two of another, accounts for both."""
    folder = tmp_path_factory.mktemp("seeded") / "site"
    shutil.copytree(bare_folder, folder)
    made = open_town(folder)
    store = made.store
    store.save_subject(make_subject(client_id="north"))
    store.save_statement(make_statement())
    store.save_subject(make_subject(id="subject-2", name="OTHER NAME", client_id="south"))
    made.north.append(made.post("n1", WORDS, title="A thread", source="town-forum"))
    made.north.append(made.post("n2", WORDS, source="blog", url="https://blog.example/2"))
    made.north.append(made.post("n3", "Did FIRST LAST take the till?", level=Level.POSSIBLE))
    made.north.append(made.post("n4", "FIRST LAST opened a shop", level=Level.NONE))
    made.north.append(made.post("n5", "FIRST LAST has gone fishing", level=Level.NONE))
    made.south.append(made.post("s1", "SOUTHERN SECRET about OTHER NAME", "subject-2", Level.NONE))
    made.south.append(made.post("s2", "SOUTHERN SECRET again, OTHER NAME", "subject-2", Level.NONE, source="blog"))
    made.keep(made.north[0])
    made.keep(made.south[0], text=b"SOUTHERN SECRET", page=b"SOUTHERN SECRET")
    every = {"owner": {"*": Role.OWNER}, "helper": {"north": Role.HELPER}, "viewer": {"north": Role.VIEWER}}
    for name, grants in {**every, "south": {"south": Role.OWNER}}.items():
        store.add_account(name, password_hash, grants)
    store.close()
    return folder, made


@pytest.fixture
def bare(tmp_path: Path, bare_folder: Path) -> Iterator[Town]:
    """Give a site on which nobody has an account and nobody is watched."""
    shutil.copytree(bare_folder, tmp_path / "site")
    opened = open_town(tmp_path / "site")
    yield opened
    opened.store.close()


@pytest.fixture
def town(tmp_path: Path, seeded: tuple[Path, Town]) -> Iterator[Town]:
    """Give the filled site."""
    folder, made = seeded
    shutil.copytree(folder, tmp_path / "site")
    opened = open_town(tmp_path / "site")
    opened.north, opened.south, opened.captures = [*made.north], [*made.south], dict(made.captures)
    yield opened
    opened.store.close()


def fragments(answer) -> dict[str, str]:
    """Read the answer that the script gets."""
    found: dict[str, str] = json.loads(answer.text)["cards"]
    return found


@contextmanager
def _served(town: Town) -> Iterator[str]:
    """Serve the site on loopback from a thread of its own."""
    loop, server = asyncio.new_event_loop(), WebServer(town.app, "127.0.0.1:0")
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(30)
        yield f"http://{server.address}"
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="session")
def served() -> Callable[[Town], AbstractContextManager[str]]:
    """Give what serves a site on loopback."""
    return _served


@pytest.fixture
def told(town):
    """Tell of the first mention, and give the paths of its links."""
    alert = Alert(
        kind=AlertKind.MATCH,
        dedupe_key="told",
        created_at=town.clock.now(),
        subject_id="subject-1",
        mention_id=town.north[0],
        level=Level.LIKELY,
        payload={"statement_id": "stole"},
    )
    town.store.enqueue(alert)
    (kept,) = [one for one in town.store.alerts_about(town.north[0]) if one.dedupe_key == "told"]
    turn = Turn(alert_id=kept.id, key=KEY, step=GroupStep.BEGIN, subject_id="subject-1")
    town.store.take_turns([turn], town.clock.now())
    return links_of(signing_key(town.store), "", kept)
