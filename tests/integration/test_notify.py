"""Send over real loopback servers: a webhook sink, and mail servers that also misbehave."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import ssl
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from monitor.domain import Message
from monitor.errors import AddressForbidden, DeliveryError
from monitor.notify import AppriseNotifier, MailSettings

CANARY = "canary-hunter2-secret"
MESSAGE = Message(
    message_id="match-0123456789abcdef0123@goodname.invalid",
    title="One new item",
    text="There is one new mention at town-forum.\n\nYou can leave this for later.\n",
    html="<!DOCTYPE html><html lang='en'><body><p>There is one new mention.</p></body></html>",
)


class WebhookSink:
    """Keep what a webhook receives; `answers` are statuses and bodies to give, in order, 200 afterwards."""

    def __init__(self) -> None:
        self.port = 0
        self.posts: list[tuple[dict[str, str], dict[str, object]]] = []
        self.answers: list[tuple[int, str]] = []
        self.hold: asyncio.Event | None = None

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/hook/{CANARY}"

    async def receive(self, request: web.Request) -> web.Response:
        self.posts.append((dict(request.headers), await request.json()))
        if self.hold is not None:
            await self.hold.wait()
        status, body = self.answers.pop(0) if self.answers else (200, "ok")
        return web.Response(status=status, text=body, headers={"Location": "/elsewhere"})


@asynccontextmanager
async def webhook() -> AsyncIterator[WebhookSink]:
    sink = WebhookSink()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", sink.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sink.port = runner.addresses[0][1]
    try:
        yield sink
    finally:
        if sink.hold is not None:
            sink.hold.set()
        await runner.cleanup()


@pytest.fixture
async def hook() -> AsyncIterator[WebhookSink]:
    async with webhook() as sink:
        yield sink


class MailSink:
    """Keep mails; `replies` are given at DATA, in order; `refused` recipients are answered with their reply."""

    def __init__(self) -> None:
        self.port = 0
        self.raw: list[bytes] = []
        self.envelopes: list[Envelope] = []
        self.replies: list[str] = []
        self.refused: dict[str, str] = {}
        self.sender_reply = ""
        self.logins: list[LoginPassword] = []

    # A method, as the server looks at every attribute of its handler for each connection.
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=default) for raw in self.raw]

    def url(self, query: str = "to=b@example.org", login: str = "", scheme: str = "mailto") -> str:
        return f"{scheme}://{login}127.0.0.1:{self.port}?from=a@example.org&{query}"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: LoginPassword
    ) -> AuthResult:
        self.logins.append(auth_data)
        if auth_data.password == b"right":
            return AuthResult(success=True)
        said = base64.b64encode(auth_data.password).decode()
        return AuthResult(success=False, handled=False, message=f"535 5.7.8 Wrong login {said} {CANARY}")

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender_reply:
            return self.sender_reply
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.replies:
            return self.replies.pop(0)
        self.raw.append(envelope.content)
        self.envelopes.append(envelope)
        return "250 OK"


@asynccontextmanager
async def mail_server(**options: object) -> AsyncIterator[MailSink]:
    sink = MailSink()

    def session() -> SMTP:
        return SMTP(sink, authenticator=sink.authenticate, auth_require_tls=False, hostname="mail.example", **options)

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    async with server:
        sink.port = server.sockets[0].getsockname()[1]
        yield sink


@pytest.fixture
async def mailbox() -> AsyncIterator[MailSink]:
    async with mail_server() as sink:
        yield sink


def notifier(*urls: str, **options: object) -> AppriseNotifier:
    return AppriseNotifier(urls, **{"paced": False, "timeout_s": 10.0, **options})


async def send(target: AppriseNotifier, message: Message = MESSAGE) -> None:
    await target.send(target.channels[0], message)


async def refusal(target: AppriseNotifier, message: Message = MESSAGE) -> DeliveryError:
    """Send, expect a refusal, and check that neither it nor its traceback says a secret."""
    with pytest.raises(DeliveryError) as caught:
        await send(target, message)
    error = caught.value
    said = " ".join((*traceback.format_exception(error), error.why, error.try_, repr(target), *target.channels))
    assert CANARY not in said
    assert base64.b64encode(CANARY.encode()).decode() not in said
    assert error.channel == target.channels[0]
    assert error.why
    assert error.try_
    return error


class TestWebhook:
    async def test_carries_title_text_and_an_id_to_tell_repeats_by(self, hook: WebhookSink) -> None:
        await send(notifier(hook.url))
        headers, body = hook.posts[0]
        assert body["title"] == "One new item"
        assert body["message"] == MESSAGE.text.strip() or body["message"] == MESSAGE.text
        assert body["message_id"] == MESSAGE.message_id
        assert headers["Idempotency-Key"] == MESSAGE.message_id
        assert "Apprise" not in headers["User-Agent"]

    async def test_twenty_at_once_all_arrive(self, hook: WebhookSink) -> None:
        target = notifier(hook.url)
        messages = [Message(message_id=f"m-{n}@x.invalid", title="t", text=f"text {n}") for n in range(20)]
        await asyncio.gather(*(send(target, message) for message in messages))
        assert sorted(body["message_id"] for _, body in hook.posts) == sorted(m.message_id for m in messages)

    @pytest.mark.parametrize(
        ("status", "is_permanent"),
        [
            (401, True),
            (403, True),
            (404, True),
            (410, True),
            (302, True),
            (408, False),
            (429, False),
            (500, False),
            (503, False),
        ],
    )
    async def test_an_error_says_whether_trying_again_can_help(
        self, hook: WebhookSink, status: int, is_permanent: bool
    ) -> None:
        hook.answers = [(status, f'{{"error": "the token {CANARY} is wrong"}}')] * 2
        error = await refusal(notifier(hook.url))
        assert error.permanent is is_permanent
        assert str(status) in error.why
        assert "the token *** is wrong" in error.why
        assert len(hook.posts) == 1

    async def test_a_redirect_is_not_followed(self, hook: WebhookSink) -> None:
        hook.answers = [(302, "")]
        error = await refusal(notifier(hook.url))
        assert error.try_ == "The address leads elsewhere; give the final one."
        assert len(hook.posts) == 1

    async def test_a_refused_message_goes_out_once_more_in_plain_form(self, hook: WebhookSink) -> None:
        hook.answers = [(422, "no")]
        await send(notifier(hook.url), Message(message_id="m@x", title="Zażółć", text="ż" * 3000))
        assert hook.posts[1][1]["title"] == "Za????"
        assert len(str(hook.posts[1][1]["message"])) <= 500

    async def test_a_message_refused_in_every_form_is_a_permanent_error(self, hook: WebhookSink) -> None:
        hook.answers = [(400, "no")] * 2
        assert (await refusal(notifier(hook.url))).permanent
        assert len(hook.posts) == 2

    async def test_nobody_listens(self, unused_tcp_port: int) -> None:
        error = await refusal(notifier(f"json://user:{CANARY}@127.0.0.1:{unused_tcp_port}/x"))
        assert not error.permanent
        assert "onnection" in error.why

    async def test_silence_ends_at_the_deadline_and_is_temporary(self, hook: WebhookSink) -> None:
        hook.hold = asyncio.Event()
        error = await refusal(notifier(hook.url, timeout_s=0.3))
        assert not error.permanent
        assert "may still have arrived" in error.why

    async def test_a_guard_may_forbid_the_address(self, hook: WebhookSink) -> None:
        asked = []

        async def guard(host: str, port: int) -> None:
            asked.append((host, port))
            raise AddressForbidden

        assert (await refusal(notifier(hook.url, guard=guard))).permanent
        assert asked == [("127.0.0.1", hook.port)]
        assert hook.posts == []


class TestMail:
    async def test_text_comes_first_and_headers_say_it_is_automatic(self, mailbox: MailSink) -> None:
        settings = MailSettings(unsubscribe_url="https://watch.example/stop/abc", unsubscribe_mail="stop@example.org")
        await send(notifier(mailbox.url(), mail=settings))
        mail = mailbox.mails()[0]
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        assert mail["Subject"] == "One new item"
        assert mail["From"] == "Notices <a@example.org>"
        assert mail["To"] == "b@example.org"
        assert mail["Message-ID"] == f"<{MESSAGE.message_id}>"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["List-Id"] == "<notices.goodname.invalid>"
        assert mail["List-Unsubscribe"] == "<https://watch.example/stop/abc>, <mailto:stop@example.org>"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail["Date"].datetime.tzinfo is not None
        assert not mail.defects

    async def test_a_message_without_html_is_text_only(self, mailbox: MailSink) -> None:
        await send(notifier(mailbox.url()), Message(message_id="m@x", title="t", text="only text"))
        assert mailbox.mails()[0].get_content_type() == "text/plain"
        assert mailbox.mails()[0].get_content().strip() == "only text"

    async def test_every_try_has_the_same_message_id(self, mailbox: MailSink) -> None:
        target = notifier(mailbox.url())
        await send(target)
        await send(notifier(mailbox.url()))
        assert {mail["Message-ID"] for mail in mailbox.mails()} == {f"<{MESSAGE.message_id}>"}

    async def test_blind_copies_get_it_and_are_not_named(self, mailbox: MailSink) -> None:
        await send(notifier(mailbox.url("to=b@example.org&cc=c@example.org&bcc=d@example.org&reply=e@example.org")))
        assert mailbox.envelopes[0].rcpt_tos == ["b@example.org", "c@example.org", "d@example.org"]
        assert mailbox.mails()[0]["Reply-To"] == "e@example.org"
        assert b"d@example.org" not in mailbox.raw[0]

    async def test_a_right_login_is_used(self, mailbox: MailSink) -> None:
        await send(notifier(mailbox.url(login="me:right@")))
        assert mailbox.logins[0].login == b"me"
        assert len(mailbox.raw) == 1

    async def test_a_wrong_login_is_told_in_the_servers_words(self, mailbox: MailSink) -> None:
        error = await refusal(notifier(mailbox.url(login=f"me:{CANARY}@")))
        assert error.permanent
        assert "535" in error.why
        assert "Wrong login *** ***" in error.why
        assert "app password" in error.try_

    @pytest.mark.parametrize(
        ("reply", "is_permanent"),
        [("451 4.3.0 Try later", False), ("421 4.3.2 Busy", False), ("554 5.7.1 Looks like spam", True)],
    )
    async def test_a_reply_at_data_decides_whether_to_try_again(
        self, mailbox: MailSink, reply: str, is_permanent: bool
    ) -> None:
        mailbox.replies = [reply] * 2
        error = await refusal(notifier(mailbox.url()))
        assert error.permanent is is_permanent
        assert reply.split(maxsplit=1)[1] in error.why
        assert mailbox.raw == []

    async def test_a_mail_refused_for_its_content_goes_out_as_plain_text(self, mailbox: MailSink) -> None:
        mailbox.replies = ["554 5.7.1 HTML is not welcome"]
        await send(notifier(mailbox.url()))
        assert mailbox.mails()[0].get_content_type() == "text/plain"
        assert mailbox.mails()[0]["Message-ID"] == f"<{MESSAGE.message_id}>"

    @pytest.mark.parametrize(("reply", "is_permanent"), [("451 later", False), ("550 no such sender", True)])
    async def test_a_refused_sender(self, mailbox: MailSink, reply: str, is_permanent: bool) -> None:
        mailbox.sender_reply = reply
        error = await refusal(notifier(mailbox.url()))
        assert error.permanent is is_permanent

    async def test_one_refused_recipient_is_told_and_a_retry_goes_to_that_one_only(self, mailbox: MailSink) -> None:
        target = notifier(mailbox.url("to=b@example.org,c@example.org"))
        mailbox.refused = {"c@example.org": "450 4.2.1 mailbox busy"}
        error = await refusal(target)
        assert not error.permanent
        assert "1 of 2 recipients" in error.why
        mailbox.refused = {}
        await send(target)
        assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [["b@example.org"], ["c@example.org"]]

    async def test_recipients_that_do_not_exist_are_permanent(self, mailbox: MailSink) -> None:
        mailbox.refused = {"b@example.org": "550 5.1.1 no such user"}
        assert (await refusal(notifier(mailbox.url()))).permanent
        assert mailbox.raw == []

    async def test_nobody_listens(self, unused_tcp_port: int) -> None:
        error = await refusal(notifier(f"mailto://127.0.0.1:{unused_tcp_port}?from=a@example.org"))
        assert not error.permanent

    async def test_a_server_that_hangs_up_is_temporary(self) -> None:
        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            error = await refusal(notifier(f"mailto://127.0.0.1:{port}?from=a@example.org"))
        assert not error.permanent

    async def test_a_server_that_says_nothing_is_temporary(self) -> None:
        done = asyncio.Event()

        async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await done.wait()
            writer.close()

        server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            error = await refusal(notifier(f"mailto://127.0.0.1:{port}?from=a@example.org", timeout_s=0.3))
            done.set()
        assert not error.permanent

    async def test_starttls_is_required_when_the_url_says_so(self, mailbox: MailSink) -> None:
        error = await refusal(notifier(mailbox.url("mode=starttls&to=b@example.org")))
        assert error.permanent
        assert mailbox.raw == []

    async def test_an_encrypted_connection_is_used_when_offered(self, tls_files: tuple[Path, Path]) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls_files)
        async with mail_server(tls_context=context) as sink:
            await send(notifier(sink.url(login="me:right@")))
            await send(notifier(sink.url("mode=starttls&to=b@example.org", login="me:right@")))
        assert len(sink.raw) == 2
        assert all(one for one in sink.logins)

    async def test_a_guard_may_forbid_the_server(self, mailbox: MailSink) -> None:
        async def guard(host: str, port: int) -> None:
            raise AddressForbidden

        assert (await refusal(notifier(mailbox.url(), guard=guard))).permanent
        assert mailbox.raw == []


@pytest.fixture(scope="module")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a certificate that nobody signed; openssl is on every Debian."""
    import subprocess

    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(),
            "-subj",
            "/CN=127.0.0.1",
            "-keyout",
            str(key),
            "-out",
            str(certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


ALLOWED_HEADERS = {
    "from", "to", "subject", "date", "message-id", "auto-submitted", "x-auto-response-suppress", "list-id",
    "mime-version", "content-type", "content-transfer-encoding",
}  # fmt: skip
ODD = (
    "\ud800 lone surrogate", "x" * 5000, "Z" + "\u0301" * 500, "a\r\nBcc: evil@example.org", "nul\0nul",
    "\u202eright to left", "=?utf-8?q?=0D=0ABcc:_evil?=", "\u2028line\u2029para", "", " ",
    "\x85Bcc: x", "@everyone <!channel>",
)  # fmt: skip


@pytest.fixture(scope="module")
def hostile(request: pytest.FixtureRequest) -> list[str]:
    shared: Path = request.getfixturevalue("shared_data")
    strings = json.loads((shared / "hostile/text/blns.json").read_text("utf-8"))
    lines = (shared / "hostile/xss/patt-xss_payloads_quick.txt").read_text("utf-8", "replace").splitlines()
    formulas = (shared / "hostile/text/csv-formulas.txt").read_text("utf-8", "replace").splitlines()
    everything = [*ODD, *strings, *lines, *formulas]
    assert len(everything) >= 548
    return everything


def hostile_messages(strings: list[str]) -> list[Message]:
    return [Message(message_id=f"h-{n}@x.invalid", title=text, text=text, html="") for n, text in enumerate(strings)]


async def test_hostile_texts_all_arrive_by_mail_and_inject_no_header(mailbox: MailSink, hostile: list[str]) -> None:
    target = notifier(mailbox.url(), timeout_s=120.0)  # hundreds at once, on a machine that may be busy
    messages = hostile_messages(hostile)
    await asyncio.gather(*(send(target, message) for message in messages))
    assert {mail["Message-ID"] for mail in mailbox.mails()} == {f"<{message.message_id}>" for message in messages}
    for raw, mail in zip(mailbox.raw, mailbox.mails(), strict=True):
        head = raw.split(b"\r\n\r\n", 1)[0]
        names = {line.split(b":")[0].decode().lower() for line in re.split(rb"\r\n(?![ \t])", head)}
        assert names == ALLOWED_HEADERS
        assert len(mail["Subject"] or "") <= 200


async def test_hostile_texts_all_arrive_at_a_webhook(hook: WebhookSink, hostile: list[str]) -> None:
    target = notifier(hook.url, timeout_s=120.0)
    messages = hostile_messages(hostile)
    await asyncio.gather(*(send(target, message) for message in messages))
    assert {body["message_id"] for _, body in hook.posts} == {message.message_id for message in messages}
    for headers, body in hook.posts:
        assert len(str(body["title"])) <= 200
        assert "\n" not in str(body["title"])
        assert not {"Bcc", "X-Injected"} & headers.keys()
