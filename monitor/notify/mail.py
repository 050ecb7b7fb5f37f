"""Build mails: text first, HTML beside it, headers that no text can break out of; no network here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formatdate

from monitor.domain import Message, Picture
from monitor.notify.safe import header_line, one_line, plain_text
from monitor.text import is_web_url

TEXT_LIMIT = 500_000
_POLICY = SMTP.clone(cte_type="7bit", max_line_length=76)
_ID_PART = re.compile(r"[^A-Za-z0-9._-]+")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_OURS = frozenset(
    "from to cc bcc sender reply-to subject date message-id mime-version content-type content-transfer-encoding"
    " auto-submitted x-auto-response-suppress list-id list-unsubscribe list-unsubscribe-post".split()
)


@dataclass(frozen=True, kw_only=True, slots=True)
class MailSettings:
    """Say how mails present themselves.

    `sender_name` is neutral on purpose: it shows on a locked screen. `list_id` is a domain-like name for filters
    (default: `notices.` and the domain of the message's id). `unsubscribe_url` (https) is offered for one-click use
    as RFC 8058 says, `unsubscribe_mail` as an address; both empty: no such header.
    """

    sender_name: str = "Notices"
    list_id: str = ""
    unsubscribe_url: str = ""
    unsubscribe_mail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """Hold who a mail is from and for, as checked addresses; `headers` are the person's own extra ones."""

    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def build_mail(
    message: Message, envelope: Envelope, settings: MailSettings, *, sent_at: datetime | None = None
) -> EmailMessage:
    """Build one mail; the same message gives the same bytes but for its date.

    `sent_at` is aware; None takes the system's time.
    """
    message_id = mail_id(message.message_id)
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = envelope.sender
    mail["To"] = envelope.to
    for name, addresses in (("Cc", envelope.cc), ("Reply-To", envelope.reply_to)):
        if addresses:
            mail[name] = addresses
    mail["Subject"] = header_line(message.title)
    mail["Date"] = format_datetime(sent_at) if sent_at else formatdate(usegmt=True)
    mail["Message-ID"] = f"<{message_id}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    for name, value in (*_list_headers(message_id, settings), *_own_headers(envelope.headers)):
        mail[name] = value
    mail.set_content(plain_text(message.text, TEXT_LIMIT) or "-", charset="utf-8")
    if message.html:
        mail.add_alternative(plain_text(message.html, TEXT_LIMIT), subtype="html", charset="utf-8")
        mark = hashlib.sha256(message_id.encode()).hexdigest()[:24]
        mail.set_boundary(f"=_{mark}")
        _add_pictures(mail, message.pictures, f"=_p{mark}")
    return mail


def _add_pictures(mail: EmailMessage, pictures: Sequence[Picture], boundary: str) -> None:
    """Put pictures beside the HTML that shows them, as RFC 2387 says; without names, so that few programs list them."""
    if not pictures:
        return
    page = list(mail.iter_parts())[-1]
    for picture in pictures:
        page.add_related(picture.body, "image", "jpeg", cid=f"<{picture.cid}>", disposition="inline")
    page.set_boundary(boundary)
    page.set_param("type", "text/html")


def mail_id(message_id: str) -> str:
    """Give an id that is safe between the angle brackets of a Message-ID."""
    local, _, domain = message_id.partition("@")
    safe = [_ID_PART.sub("-", part).strip(".-")[:100] for part in (local, domain)]
    return f"{safe[0] or 'message'}@{safe[1] or 'goodname.invalid'}"


def _list_headers(message_id: str, settings: MailSettings) -> list[tuple[str, str]]:
    list_id = _ID_PART.sub("-", settings.list_id).strip(".-") or f"notices.{message_id.partition('@')[2]}"
    headers = [("List-Id", f"<{list_id}>")]
    address = one_line(settings.unsubscribe_mail)
    url = settings.unsubscribe_url
    offers = [f"<{url}>"] if is_web_url(url) and not re.search(r"[\s<>]", url) else []
    offers += [f"<mailto:{address}>"] if re.fullmatch(r"[^\s<>@,]+@[^\s<>@,]+", address) else []
    if offers:
        headers.append(("List-Unsubscribe", ", ".join(offers)))
    if offers and offers[0].startswith("<https:"):
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return headers


def _own_headers(headers: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    return [
        (name, header_line(value))
        for name, value in headers.items()
        if _HEADER_NAME.fullmatch(name) and name.lower() not in _OURS
    ]
