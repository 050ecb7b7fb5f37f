from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain import Message
from monitor.errors import ConfigError
from monitor.notify import MailSettings, render_file
from monitor.notify.mail import Envelope, build_mail, mail_id

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ENVELOPE = Envelope(sender=Address("Notices", "a", "example.org"), to=(Address("", "b", "example.org"),))
MESSAGE = Message(message_id="m-1@x.invalid", title="Title", text="Some text.\n", html="<p>Some <b>page</b></p>")


@given(title=st.text(max_size=300), text=st.text(max_size=300), message_id=st.text(max_size=300))
def test_no_text_adds_a_header_or_part(title: str, text: str, message_id: str) -> None:
    message = Message(message_id=message_id, title=title, text=text, html=f"<p>{text}</p>")
    plain = build_mail(MESSAGE, ENVELOPE, MailSettings(), sent_at=AT)
    mail = message_from_bytes(build_mail(message, ENVELOPE, MailSettings(), sent_at=AT).as_bytes(), policy=default)
    assert sorted(name.lower() for name in mail.keys()) == sorted(name.lower() for name in plain.keys())  # noqa: SIM118
    assert mail["To"] == "b@example.org"
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize(
    "title", ["=?utf-8?q?=0D=0ABcc:_e@example.org?=", "a\r\nBcc: e@example.org", "a\nBcc: e@example.org", "x" * 5000]
)
def test_a_title_cannot_leave_its_line(title: str) -> None:
    raw = build_mail(Message(message_id="m@x", title=title, text="t"), ENVELOPE, MailSettings(), sent_at=AT).as_bytes()
    assert not any(line.lower().startswith(b"bcc") for line in raw.split(b"\r\n"))
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


def test_the_same_message_gives_the_same_bytes() -> None:
    one, two = (build_mail(MESSAGE, ENVELOPE, MailSettings(), sent_at=AT).as_bytes() for _ in range(2))
    assert one == two


def test_own_headers_are_kept_unless_they_are_ours_or_broken() -> None:
    envelope = Envelope(
        sender=ENVELOPE.sender,
        to=ENVELOPE.to,
        headers={"X-Team": "one\r\nBcc: e@example.org", "Bcc": "e@example.org", "Bad Name": "x", "Subject": "other"},
    )
    mail = build_mail(MESSAGE, envelope, MailSettings(), sent_at=AT)
    assert mail["X-Team"] == "one Bcc: e@example.org"
    assert mail["Bcc"] is None
    assert mail["Bad Name"] is None
    assert mail.get_all("Subject") == ["Title"]


@pytest.mark.parametrize(
    ("settings", "offer", "one_click"),
    [
        (MailSettings(), None, None),
        (MailSettings(unsubscribe_mail="s@example.org"), "<mailto:s@example.org>", None),
        (MailSettings(unsubscribe_url="http://w.example/u"), "<http://w.example/u>", None),
        (MailSettings(unsubscribe_url="https://w.example/u"), "<https://w.example/u>", "List-Unsubscribe=One-Click"),
        (MailSettings(unsubscribe_url="https://w.example/u>\r\nBcc: x"), None, None),
        (MailSettings(unsubscribe_url="javascript:x", unsubscribe_mail="not one"), None, None),
    ],
)
def test_unsubscribing_is_offered_only_where_it_works(
    settings: MailSettings, offer: str | None, one_click: str | None
) -> None:
    mail = build_mail(MESSAGE, ENVELOPE, settings, sent_at=AT)
    assert mail["List-Unsubscribe"] == offer
    assert mail["List-Unsubscribe-Post"] == one_click


def test_ids_are_made_safe() -> None:
    assert mail_id("digest-1@x.invalid") == "digest-1@x.invalid"
    assert mail_id("a b\r\n<c>@d e") == "a-b-c@d-e"
    assert mail_id("") == "message@goodname.invalid"


def test_a_message_becomes_a_file_by_its_ending() -> None:
    assert render_file(MESSAGE, ".txt") == b"Some text.\n"
    assert render_file(MESSAGE, ".HTML") == b"<p>Some <b>page</b></p>"
    mail = message_from_bytes(render_file(MESSAGE, ".eml", at=AT), policy=default)
    assert mail["Subject"] == "Title"
    assert mail["Date"].datetime == AT
    assert mail.get_body(("html",)).get_content().strip() == MESSAGE.html
    bare = Message(message_id="m@x", title="<t>", text="a < b")
    assert b"a &lt; b" in render_file(bare, ".html")


@pytest.mark.parametrize("suffix", [".pdf", "", "html"])
def test_another_ending_is_refused_with_what_is_known(suffix: str) -> None:
    with pytest.raises(ConfigError) as caught:
        render_file(MESSAGE, suffix)
    assert ".html" in caught.value.why
