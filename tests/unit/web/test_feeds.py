"""What other programs read: veiled, per client, only with a token, and never broken by others' words."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest
from fastapi.testclient import TestClient
from icalendar import Calendar
from prometheus_client.parser import text_string_to_metric_families

from monitor.domain import Account, Alert, AlertKind, AlertStatus, ApiToken, Lateness, Message, Role, Scope
from monitor.ports import Doing, WorkerState
from monitor.testing import NOW, FakeClock, make_subject
from monitor.web import DueDay, Feeds, Figures, Probe, SourceProbe, create_app, feeds_router
from monitor.web.atom import FeedEntry, atom_feed
from monitor.web.dates import NEUTRAL, calendar_of

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "a\x00b\ud800 <script>alert(1)</script> ]]> &amp; \u202e\x1b[2J \r\nBEGIN:VEVENT"


class Rows:
    """Tokens, accounts and alerts of two clients."""

    def __init__(self) -> None:
        self.people = {
            1: Account(id=1, name="o", password_hash="", grants={"*": Role.OWNER}, created_at=NOW),
            2: Account(id=2, name="b", password_hash="", grants={"client-b": Role.VIEWER}, created_at=NOW),
            3: Account(id=3, name="x", password_hash="", grants={"*": Role.OWNER}, created_at=NOW, is_active=False),
        }
        self.tokens = {"all": (1, Scope.READ), "b": (2, Scope.READ), "gone": (3, Scope.READ), "other": (1, None)}

    def api_token(self, token_sha256):
        for name, (account, scope) in self.tokens.items():
            if hashlib.sha256(name.encode()).hexdigest() == token_sha256:
                scopes = (scope,) if scope else ()
                return ApiToken(
                    id=1, account_id=account, name=name, token_sha256=token_sha256, scopes=scopes, created_at=NOW
                )
        return None

    def use_api_token(self, token_id, at):
        self.used = (token_id, at)

    def account(self, account_id):
        return self.people.get(account_id)

    def subjects(self, *, active_only=True):
        return (make_subject(id="anna", client_id="client-a"), make_subject(id="bert", client_id="client-b"))

    def alerts(self, *, limit=100):
        return (
            Alert(kind=AlertKind.MATCH, dedupe_key="1", created_at=NOW, id=1, subject_id="anna", mention_id=7),
            Alert(kind=AlertKind.MATCH, dedupe_key="2", created_at=NOW, id=2, subject_id="bert", mention_id=8),
            Alert(kind=AlertKind.SOURCE_FAILING, dedupe_key="3", created_at=NOW, id=3),
            Alert(kind=AlertKind.DIGEST, dedupe_key="4", created_at=NOW, id=4),
            Alert(
                kind=AlertKind.MATCH,
                dedupe_key="5",
                created_at=NOW,
                id=5,
                subject_id="anna",
                mention_id=9,
                status=AlertStatus.FOLDED,
            ),
        )


def render(alert):
    return Message(message_id=f"m-{alert.id}@goodname.invalid", title=f"One new item {alert.id}", text=HOSTILE)


def days(clients):
    found = {"client-a": date(2026, 2, 1), "client-b": date(2026, 3, 1)}
    return [
        DueDay(id=client, title=HOSTILE, due_on=day, set_at=NOW, note=HOSTILE)
        for client, day in found.items()
        if clients is None or client in clients
    ]


@pytest.fixture
def client():
    source = SourceProbe(name='town "forum"\n', state="quiet", last_good_at=NOW, next_due_at=None)
    worker = WorkerState(
        name="machine:7",
        kinds=("poll",),
        started_at=NOW,
        doing=(Doing(kind="poll", about="forum", for_s=3.0),),
        done=8,
        failed=1,
        unseen_s=61.0,
    )
    probe = Probe(
        status="ok",
        version="1",
        why=(),
        sources=(source,),
        jobs_idle_s={"poll": 0.5},
        undelivered=2,
        workers=(worker,),
    )
    feeds = Feeds(
        store=Rows(),
        clock=FakeClock(),
        render=render,
        probe=lambda: probe,
        figures=lambda: Figures(
            alerts={"pending": 2},
            unreviewed={"likely": 1},
            disk_free_bytes=5,
            lateness=Lateness(polls=9, p50_s=0.5, p99_s=4.0),
        ),
        days=days,
        address="https://notices.example",
    )
    with TestClient(create_app(lambda: probe, feeds_router(feeds))) as made:
        yield made


@pytest.mark.parametrize("path", ["/feed.atom", "/calendar.ics", "/metrics"])
@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=gone", "?token=other"])
def test_nothing_without_a_token_that_may_read(client, path, query):
    answer = client.get(path + query)
    assert answer.status_code == 401
    assert "One new item" not in answer.text


def test_the_feed_holds_what_the_account_may_see(client):
    for token, wanted in (("all", ["1", "2", "3"]), ("b", ["2"])):
        answer = client.get("/feed.atom", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        entries = ET.fromstring(answer.content).findall(f"{ATOM}entry")
        assert sorted(entry.findtext(f"{ATOM}title")[-1] for entry in entries) == wanted
        assert all("<script>" in entry.findtext(f"{ATOM}content") for entry in entries), "as text, not as markup"
        assert b"<script" not in answer.content
    assert client.get("/feed.atom?token=b").text == client.get("/feed.atom", headers={"Authorization": "Bearer b"}).text
    again = client.get("/feed.atom?token=b", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_the_calendar_is_veiled_and_per_client(client):
    found = Calendar.from_ical(client.get("/calendar.ics?token=b").content).walk("VEVENT")
    assert [(str(event["summary"]), event["dtstart"].dt) for event in found] == [(NEUTRAL, date(2026, 3, 1))]
    assert "description" not in found[0]
    assert len(Calendar.from_ical(client.get("/calendar.ics?token=all").content).walk("VEVENT")) == 2


def test_figures_are_for_those_who_see_everything(client):
    assert client.get("/metrics?token=b").status_code == 401
    families = {one.name: one for one in text_string_to_metric_families(client.get("/metrics?token=all").text)}
    states = {tuple(s.labels.values()): s.value for s in families["goodname_source_state"].samples}
    assert states[('town "forum"\n', "quiet")] == 1
    assert sum(states.values()) == 1
    assert families["goodname_source_last_good_seconds"].samples[0].value == NOW.timestamp()
    assert families["goodname_alerts"].samples[0].value == 2
    late = {one.labels["quantile"]: one.value for one in families["goodname_poll_lateness_seconds"].samples}
    assert late == {"0.5": 0.5, "0.99": 4.0}
    for name, value in (("unseen", 61), ("longest_job", 3)):
        (sample,) = families[f"goodname_worker_{name}_seconds"].samples
        assert (sample.labels, sample.value) == ({"worker": "machine:7"}, value)
    assert [one.value for one in families["goodname_worker_jobs"].samples] == [8, 1]


def test_no_words_break_a_calendar():
    day = DueDay(id="1", title=HOSTILE, due_on=date(2026, 2, 1), set_at=NOW, note=HOSTILE * 9, is_done=True)
    body = calendar_of([day], name=HOSTILE, veil=False)
    (event,) = Calendar.from_ical(body).walk("VEVENT")
    assert str(event["summary"]).startswith("Done: a")
    assert event["dtend"].dt - event["dtstart"].dt == timedelta(days=1)
    assert body.split(b"\r\n").count(b"BEGIN:VEVENT") == 1
    assert body.count(b"BEGIN:VALARM") == 0


def test_an_empty_feed_is_a_feed():
    feed = ET.fromstring(atom_feed([], title="Notices", feed_id="x", now=NOW))
    assert feed.findtext(f"{ATOM}updated") == NOW.isoformat()
    one = FeedEntry(id="m@x", title="t", text="t", at=NOW, link="javascript:alert(1)")
    assert b"javascript" not in atom_feed([one], title="Notices", feed_id="x", now=NOW)
