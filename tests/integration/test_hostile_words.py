"""Tell of mentions whose every word is hostile, by mail, webhook and two chat formats, to real loopback servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.policy import compat32, default
from pathlib import Path

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.slack import NotifySlack

from monitor.domain import Alert, AlertKind, Message
from monitor.notify import AppriseNotifier, WordRenderer
from tests.integration.test_notify_pages import END, make_digest

ODD = [
    "\ud800 lone",
    "x" * 5000,
    "Z" + "\u0301" * 500,
    "@everyone <!channel> <@U123> <@&99> <#C12>",
    "**@here** @channel <!here|now> <!subteam^S1>",
    "[click](https://evil.example) ![see](https://evil.example/p.png)",
    "[a][b]\n\n[b]: https://evil.example",
    "<https://evil.example|your bank>",
    "a\r\nBcc: victim@evil.example\r\n\r\n<script>alert(1)</script>",
    "=?utf-8?q?a=0D=0ABcc:_victim@evil.example?=",
    "=?utf-8?b?DQpCY2M6IHZpY3RpbUBldmlsLmV4YW1wbGU=?=",
    "a\x0bBcc: v@evil.example\x0cSubject: other\x85To: w@evil.example\u2028Cc: u@evil.example",
    "\0",
    "",
    "`a` | b ```c",
    ".\r\n.\r\nMAIL FROM:<x@evil.example>",
]
CALLS = ("@everyone", "@here", "@channel", "<!", "<@", "<#", "](", "][", "]:", "<http")
HEADERS = {
    *("from", "to", "subject", "date", "message-id", "auto-submitted", "x-auto-response-suppress", "list-id"),
    *("mime-version", "content-type"),
}


@dataclass
class Town:
    """Hold what arrived: mails as bytes, and the bodies of calls by the first part of their path."""

    web_port: int = 0
    mail_port: int = 0
    mails: list[bytes] = field(default_factory=list)
    calls: dict[str, list[object]] = field(default_factory=dict)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(bytes(envelope.content or b""))
        return "250 kept"

    async def receive(self, request: web.Request) -> web.Response:
        self.calls.setdefault(request.path.split("/")[1], []).append(json.loads(await request.text()))
        return web.Response(text="ok")


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    here = Town()
    app = web.Application(client_max_size=10_000_000)
    app.router.add_post("/{path:.*}", here.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    here.web_port = runner.addresses[0][1]
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(here, hostname="mail.example"), "127.0.0.1", 0)
    async with server:
        here.mail_port = server.sockets[0].getsockname()[1]
        yield here
    await runner.cleanup()


@pytest.fixture(scope="module")
def hostile(request: pytest.FixtureRequest) -> list[str]:
    shared: Path = request.getfixturevalue("shared_data")
    strings = json.loads((shared / "hostile/text/blns.json").read_text("utf-8"))
    strings += (shared / "hostile/text/csv-formulas.txt").read_text("utf-8").splitlines()
    # Hundreds of these differ in nothing but their depth.
    strings += (shared / "hostile/text/path-traversal.txt").read_text("utf-8").splitlines()[::8]
    assert len(strings) + len(ODD) >= 548
    return [*ODD, *strings]


def messages(texts: list[str]) -> list[Message]:
    """Render an alert for each text, which stands in every place of the mention, without the veil."""
    renderer = WordRenderer(veil=False, base_url="https://watch.example")
    hit = make_digest(["-"]).hits[0]
    made = []
    for number, text in enumerate(texts):
        told = replace(hit, source=text, title=text, text=text, author=text, excerpt=text, statement=text, url=text)
        alert = Alert(kind=AlertKind.MATCH, dedupe_key=f"m:{number}", created_at=END, mention_id=1, subject_id="s")
        # The title of an alert is ours; here the hostile text stands in its place, too.
        made.append(replace(renderer.alert(alert, told, chain_head="ab" * 32), title=text))
    return made


async def tell(url: str, sent: list[Message]) -> None:
    notifier = AppriseNotifier([url], paced=False, timeout_s=50.0)
    for start in range(0, len(sent), 50):
        batch = sent[start : start + 50]
        await asyncio.gather(*(notifier.send(notifier.channels[0], message) for message in batch))


async def test_by_mail_all_arrive_and_none_adds_a_header(town: Town, hostile: list[str]) -> None:
    sent = messages(hostile)
    await tell(f"mailto://127.0.0.1:{town.mail_port}/?from=a@one.example&to=b@two.example", sent)
    assert len(town.mails) == len(sent)
    for raw in town.mails:
        for policy in (compat32, default):
            mail = message_from_bytes(raw, policy=policy)
            assert {name.lower() for name in mail.keys()} == HEADERS  # noqa: SIM118 - a mail is no mapping
            assert len(mail.keys()) == len(HEADERS)
            assert not mail.defects
            assert mail["To"] == "b@two.example"
        assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
        assert all(len(line) <= 998 for line in raw.splitlines())


async def test_by_webhook_all_arrive(town: Town, hostile: list[str]) -> None:
    sent = messages(hostile)
    await tell(f"json://127.0.0.1:{town.web_port}/hook", sent)
    assert {body["message_id"] for body in town.calls["hook"]} == {message.message_id for message in sent}
    assert all(body["message"].strip() for body in town.calls["hook"])


@pytest.fixture
def chats(town: Town, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Give addresses of the two services, whose own host is this machine here; what they are sent is unchanged."""
    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{town.web_port}/slack")
    monkeypatch.setattr(NotifyDiscord, "notify_url", f"http://127.0.0.1:{town.web_port}/discord")
    return {
        "slack": f"slack://T1JJ3T3L2/A1BRTD4JD/{'T' * 24}/#general",
        "discord": f"discord://{'4' * 18}/{'a' * 64}",
    }


def said(body: object) -> Iterator[str]:
    """Give every text in a body."""
    if isinstance(body, dict):
        body = list(body.values())
    if isinstance(body, list):
        for one in body:
            yield from said(one)
    elif isinstance(body, str):
        yield body


@pytest.mark.parametrize("service", ["slack", "discord"])
async def test_by_chat_all_arrive_and_nothing_calls_out_or_links(
    town: Town, chats: dict[str, str], hostile: list[str], service: str
) -> None:
    sent = messages(hostile)
    await tell(chats[service], sent)
    assert len(town.calls[service]) == len(sent)
    for body in town.calls[service]:
        texts = list(said(body))
        assert any(len(text.strip()) > 20 for text in texts)
        # What Slack is sent has `<` as an entity unless it is meant as a sign of Slack's own.
        found = [call for call in CALLS for text in texts if call in text]
        assert not found, texts
        assert not [text for text in texts if "github" in text], "no picture that the service would load"


async def test_a_chat_that_is_not_quieted_would_call_out(town: Town, chats: dict[str, str]) -> None:
    """The control: the same service passes on what it is given."""
    import apprise

    caller = apprise.Apprise()
    caller.add(chats["discord"])
    await asyncio.to_thread(caller.notify, "@everyone [click](https://evil.example)")
    assert "@everyone [click](" in "".join(said(town.calls["discord"]))
