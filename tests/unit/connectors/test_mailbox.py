"""The mailbox connector against a real IMAP server with TLS on the loopback address."""

from __future__ import annotations

import asyncio
import re
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors._mail_links import PLATFORMS, clean_link
from connectors._mail_reader import MailOptions, read
from connectors.mailbox import MailboxConnector, MailboxCursor, MailboxSettings
from monitor.contract import Page
from monitor.domain import HealthState, MentionKind
from monitor.errors import AuthenticationFailed, SourceChanged, SourceUnavailable
from monitor.testing import FakeHttp, collect, context

FACEBOOK = next(one for one in PLATFORMS if one.name == "Facebook")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one file with a key and a certificate for 127.0.0.1 that nobody else trusts."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    both = folder / "both.pem"
    both.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return both


class ImapServer:
    """Speak as much IMAP4rev1 as a reader needs; refuse everything that would change the mailbox."""

    def __init__(self) -> None:
        self.mails: dict[int, bytes] = {}
        self.validity = 7
        self.commands: list[str] = []
        self.port = 0
        self.broken = ""

    @asynccontextmanager
    async def running(self, certificate: Path) -> AsyncIterator[ImapServer]:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
            tasks.add(task)

        server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"* OK ready\r\n")
            while line := (await reader.readline()).decode().strip():
                tag, _, command = line.partition(" ")
                self.commands.append(command)
                if self.broken and self.broken in command:
                    return
                status, body = self._answer(command)
                writer.write(body + f"{tag} {status} done\r\n".encode())
                await writer.drain()
        except (OSError, ssl.SSLError):
            pass
        finally:
            writer.close()

    def _answer(self, command: str) -> tuple[str, bytes]:
        words = command.split(" ")
        if words[0] == "CAPABILITY":
            return "OK", b"* CAPABILITY IMAP4rev1\r\n"
        if words[0] == "LOGIN":
            good = words[1:] == ["me@mail.example", '"p-1"']
            return ("OK", b"") if good else ("NO [AUTHENTICATIONFAILED] p-1 is wrong", b"")
        if words[0] == "EXAMINE":
            if words[1] != '"INBOX"':
                return "NO no such folder", b""
            told = f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] valid\r\n"
            return "OK [READ-ONLY] done", told.encode()
        if words[:2] == ["UID", "SEARCH"]:
            return "OK", f"* SEARCH{self._found(words[2:])}\r\n".encode()
        if words[:2] == ["UID", "FETCH"]:
            return "OK", self._fetched(int(words[2]), command)
        if words[0] == "LOGOUT":
            return "OK", b"* BYE\r\n"
        return "BAD this mailbox is only looked at", b""

    def _found(self, words: list[str]) -> str:
        uids = sorted(self.mails)
        if words[0] == "UID":
            first = int(words[1].partition(":")[0])
            uids = [uid for uid in uids if uid >= first] or uids[-1:]
        return "".join(f" {uid}" for uid in uids)

    def _fetched(self, uid: int, command: str) -> bytes:
        if uid not in self.mails:
            return b""
        assert "BODY.PEEK[" in command, "reading must not mark mails as read"
        most = int(re.search(r"<0\.(\d+)>", command)[1])  # type: ignore[index]
        body = self.mails[uid]
        if "HEADER.FIELDS" in command:
            body = b"".join(line for line in body.splitlines(keepends=True)[:30] if line.lower().startswith(b"from:"))
            body += b"\r\n"
        body = body[:most]
        return f"* 1 FETCH (UID {uid} BODY[]<0> {{{len(body)}}}\r\n".encode() + body + b")\r\n"


def mail(html: str = "", *, sender: str = "", subject: str = "s", plain: str = "", **headers: str) -> bytes:
    made = EmailMessage()
    made["From"] = sender or "Google Alerts <googlealerts-noreply@google.com>"
    made["Subject"] = subject
    made["Date"] = "Thu, 15 Jan 2026 12:00:00 +0000"
    made["Message-ID"] = f"<{abs(hash((html, subject, plain)))}@mail.example>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(plain or "plain")
    if html:
        made.add_alternative(html, subtype="html")
    return made.as_bytes()


def alert(*links: str) -> bytes:
    boxes = "".join(
        f'<tr itemscope itemtype="http://schema.org/Article"><td><a itemprop="url" href="https://www.google.com/url?rct=j'
        f'&amp;sa=t&amp;url={link}&amp;ct=ga"><span itemprop="name">About <b>FIRST LAST</b></span></a>'
        f'<div itemprop="publisher">Paper</div><div itemprop="description">what <b>it</b> says</div>'
        f'<a href="https://www.google.com/alerts/feedback?x=1">Flag as irrelevant</a></td></tr>'
        for link in links
    )
    return mail(f"<html><body><table>{boxes}</table></body></html>")


def connector(server: ImapServer, certificate: Path, **settings: Any) -> MailboxConnector:
    given = {
        "host": "127.0.0.1",
        "port": server.port,
        "username": "me@mail.example",
        "password": "p-1",
        "ca_file": certificate,
        **settings,
    }
    return MailboxConnector(MailboxSettings.model_validate(given))


async def read_all(server: ImapServer, certificate: Path, cursor: Any = None, **settings: Any) -> list[Page]:
    async with server.running(certificate):
        return list(await collect(connector(server, certificate, **settings), context(FakeHttp()), cursor))


async def test_alerts_become_items_with_their_real_links(certificate: Path) -> None:
    server = ImapServer()
    server.mails = {
        3: alert("https://news.example/a", "https://news.example/b%3Fid%3D1"),
        4: mail("<a href='https://evil.example'>x</a>", sender="friend@mail.example"),
    }
    (page,) = await read_all(server, certificate)
    one, two = page.items
    assert (one.url, two.url) == ("https://news.example/a", "https://news.example/b?id=1")
    assert (one.title, one.text, one.kind) == ("About FIRST LAST", "what it says", MentionKind.ARTICLE)
    assert one.raw_media_type == "message/rfc822"
    assert page.cursor == MailboxCursor(uid_validity=7, last_uid=4)
    sent = " ".join(server.commands)
    assert not re.search(r"STORE|SELECT|BODY\[|EXPUNGE|COPY|MOVE", sent)
    assert sum("BODY.PEEK[]" in one for one in server.commands) == 1, "mails of others are not read"
    assert "SINCE 16-Dec-2025" in sent


async def test_only_new_mails_are_read_and_numbers_may_begin_anew(certificate: Path) -> None:
    server = ImapServer()
    server.mails = {number: alert(f"https://news.example/{number}") for number in range(1, 46)}
    pages = await read_all(server, certificate)
    assert [len(page.items) for page in pages] == [20, 20, 5]
    assert [page.complete for page in pages] == [False, False, True]
    (nothing,) = await read_all(server, certificate, pages[-1].cursor)
    assert (nothing.items, nothing.cursor) == ((), pages[-1].cursor)
    (rest,) = await read_all(server, certificate, pages[1].cursor)
    assert len(rest.items) == 5
    server.validity = 8
    again = await read_all(server, certificate, pages[-1].cursor)
    assert sum(len(page.items) for page in again) == 45


async def test_an_empty_mailbox(certificate: Path) -> None:
    (page,) = await read_all(ImapServer(), certificate)
    assert (page.items, page.complete, page.cursor) == ((), True, MailboxCursor(uid_validity=7))


async def test_one_hostile_mail_does_not_close_the_mailbox(certificate: Path) -> None:
    server = ImapServer()
    nested = (
        b"From: googlealerts-noreply@google.com\r\n"
        + b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n--a\r\n' * 3000
    )
    server.mails = {
        1: nested,
        2: b"From: googlealerts-noreply@google.com\r\n\r\n\xff\xfe\x00",
        3: alert("https://news.example/a"),
    }
    (page,) = await read_all(server, certificate)
    assert [item.url for item in page.items] == ["https://news.example/a"]


@pytest.mark.parametrize(
    ("settings", "error", "state"),
    [
        ({"password": "wrong"}, AuthenticationFailed, HealthState.AUTH),
        ({"password": ""}, AuthenticationFailed, HealthState.AUTH),
        ({"folder": "Elsewhere"}, SourceChanged, HealthState.CHANGED),
        ({"ca_file": None}, SourceUnavailable, HealthState.DEGRADED),
        ({"port": 1}, SourceUnavailable, HealthState.DEGRADED),
    ],
)
async def test_what_can_go_wrong(
    certificate: Path, settings: dict[str, Any], error: type[Exception], state: HealthState
) -> None:
    server = ImapServer()
    async with server.running(certificate):
        one = connector(server, certificate, **settings)
        with pytest.raises(error) as caught:
            await collect(one, context(FakeHttp()))
        health = await one.check(context(FakeHttp()))
    assert health.state is state
    assert "p-1" not in f"{vars(caught.value)}"


@pytest.mark.parametrize("moment", ["LOGIN", "EXAMINE", "SEARCH", "HEADER", "PEEK[]"])
async def test_a_connection_that_breaks(certificate: Path, moment: str) -> None:
    server = ImapServer()
    server.mails, server.broken = {1: alert("https://news.example/a")}, moment
    with pytest.raises(SourceUnavailable):
        await read_all(server, certificate)


async def test_health(certificate: Path) -> None:
    server = ImapServer()
    async with server.running(certificate):
        health = await connector(server, certificate).check(context(FakeHttp()))
    assert (health.state, health.what) == (HealthState.OK, "The folder INBOX can be read.")


# Reading mails


def test_an_alert_without_marks() -> None:
    html = (
        "<div><a href='https://www.google.com/url?q=https://a.example/1&s=2'>A title</a><br>Paper<br>Some words</div>"
        "<a href='https://www.google.com/url?q=https://a.example/1'>A title</a>"
    )
    (entry,) = read(mail(html), MailOptions()).entries
    assert (entry.url, entry.title, entry.text) == ("https://a.example/1", "A title", "Paper\nSome words")


@pytest.mark.parametrize(
    ("link", "clean"),
    [
        (
            "https://www.facebook.com/n/?permalink.php&story_fbid=1&id=2&aref=3&mid=4&bcode=5&n_m=me%40mail.example",
            "https://www.facebook.com/permalink.php?story_fbid=1&id=2",
        ),
        ("https://www.facebook.com/n/?somebody&lloc=actor_profile&bcode=5", "https://www.facebook.com/somebody"),
        ("https://www.facebook.com/n/?//evil.example/x&id=2", "https://www.facebook.com/evil.example/x?id=2"),
        ("https://www.facebook.com/n/?https://evil.example/x", ""),
        ("https://evil.example/permalink.php", ""),
        ("https://notfacebook.com/permalink.php", ""),
    ],
)
def test_links_lose_their_tokens(link: str, clean: str) -> None:
    assert clean_link(link, FACEBOOK) == clean


def test_a_notification() -> None:
    html = (
        "<p><a href='https://www.linkedin.com/in/somebody?otpToken=secret'>Some Body</a> mentioned you</p>"
        "<a href='https://www.linkedin.com/comm/feed/update/urn:li:activity:1?midToken=secret&otpToken=s'>See it</a>"
        "<a href='https://www.linkedin.com/comm/psettings/unsubscribe?x=1'>Unsubscribe</a>"
    )
    body = mail(html, sender="LinkedIn <notifications-noreply@linkedin.com>", subject="=?utf-8?q?Some_Body_=E2=80=A6?=")
    (entry,) = read(body, MailOptions()).entries
    assert entry.url == "https://www.linkedin.com/comm/feed/update/urn:li:activity:1"
    assert (entry.author, entry.author_url) == ("Some Body", "https://www.linkedin.com/in/somebody")
    assert "secret" not in f"{entry.url}{entry.author_url}"
    assert read(body, MailOptions()).entries[0].id == entry.id


def test_mails_without_content_and_forged_ones_give_nothing() -> None:
    login = mail("<a href='https://www.facebook.com/login/'>Log in</a>", sender="security@facebookmail.com")
    assert read(login, MailOptions()).entries == ()
    forged = mail(
        "<a href='https://www.facebook.com/permalink.php?story_fbid=1&id=2'>x</a>",
        sender="x@facebookmail.com",
        Authentication_Results="mx.mail.example; dkim=none; dmarc=fail header.from=facebookmail.com",
    )
    assert read(forged, MailOptions()).entries == ()


def test_senders_of_ones_own_choice() -> None:
    body = mail(plain="New topic: https://forum.example/t/12?token=s", sender="Forum <post@lists.forum.example>")
    assert read(body, MailOptions()).entries == ()
    (entry,) = read(body, MailOptions(senders=("forum.example",))).entries
    assert (entry.url, entry.text) == ("https://forum.example/t/12", "New topic: https://forum.example/t/12?token=s")


@pytest.mark.parametrize(
    "settings", [{"host": "a b"}, {"host": ""}, {"port": 0}, {"folder": "a\nb"}, {"username": "a\r\nb"}, {"x": 1}]
)
def test_settings_that_make_no_sense(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MailboxSettings.model_validate({"host": "mail.example", **settings})


def test_the_password_is_not_shown() -> None:
    assert "p-1" not in repr(MailboxSettings.model_validate({"host": "mail.example", "password": "p-1"}))
