"""The HTML of real notification mails, whose links the recording has replaced by placeholders."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

from connectors._entry import Entry
from connectors._mail_reader import MailOptions, read

TOKENS = "&aref=789&medium=email&mid=a1b2c3&bcode=2.34567890.ABCxyz&n_m=recipient%40example.com"


def _entry(html: str) -> Entry:
    mail = EmailMessage()
    mail["From"] = "Facebook <notification+abc@facebookmail.com>"
    mail["Subject"] = "A notification"
    mail["Message-ID"] = "<1@facebookmail.com>"
    mail["Date"] = "Sat, 14 Dec 2019 12:35:00 -0800"
    mail.set_content(html, subtype="html")
    (entry,) = read(mail.as_bytes(), MailOptions()).entries
    return entry


async def test_a_comment(shared_data: Path) -> None:
    html = (shared_data / "recordings" / "email" / "facebook.comment.email.html").read_text("utf-8")
    base = "https://www.facebook.com/n/?"
    html = html.replace("%(post_url)s", f"{base}permalink.php&amp;story_fbid=123&amp;id=456{TOKENS}")
    entry = _entry(html.replace("%(profile_url)s", f"{base}snarfed.org&amp;lloc=actor_profile{TOKENS}"))
    assert entry.url == "https://www.facebook.com/permalink.php?story_fbid=123&id=456"
    assert entry.author == "Ryan Barrett"
    assert entry.author_url == "https://www.facebook.com/snarfed.org"
    assert "test comment foo bar baz" in entry.text
    assert entry.published_at is not None


async def test_a_like(shared_data: Path) -> None:
    html = (shared_data / "recordings" / "email" / "facebook.like.email.html").read_text("utf-8")
    entry = _entry(html)
    assert entry.url == "https://www.facebook.com/permalink.php?story_fbid=123&id=456"
    assert entry.author == "Ryan Barrett"
    assert entry.author_url == "https://www.facebook.com/snarfed.org"
    assert "Cérémonie" in entry.text
    assert "bcode" not in f"{entry.url}{entry.author_url}{entry.text}"
