"""Turn a message into the bytes of a file, to look at it without sending it; writes nothing itself."""

from __future__ import annotations

import html
from datetime import datetime
from email.headerregistry import Address

from monitor.domain import Message
from monitor.errors import ConfigError
from monitor.notify.mail import Envelope, MailSettings, build_mail

_PREVIEW = Envelope(
    sender=Address("Notices", "notices", "goodname.invalid"), to=(Address("", "you", "goodname.invalid"),)
)
SUFFIXES = (".html", ".eml", ".txt")


def render_file(message: Message, suffix: str, *, at: datetime | None = None) -> bytes:
    """Give a message as the content of a `.html`, `.eml` or `.txt` file.

    A message without HTML becomes a plain page. A page has its pictures within it, a mail as parts of its own. `at` is
    the date of the mail (None: now). Raises ConfigError for another ending.
    """
    match suffix.lower():
        case ".txt":
            return message.text.encode()
        case ".html" | ".htm":
            return (message.page or _plain_page(message)).encode()
        case ".eml":
            return build_mail(message, _PREVIEW, MailSettings(), sent_at=at).as_bytes()
        case _:
            raise ConfigError(
                f"A message cannot be written as `{suffix or 'a file without an ending'}`.",
                why=f"Known endings: {', '.join(SUFFIXES)}.",
                try_="Name the file preview.html.",
            )


def _plain_page(message: Message) -> str:
    title, text = html.escape(message.title), html.escape(message.text)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f'<body><main><pre style="white-space: pre-wrap">{text}</pre></main></body></html>\n'
    )
