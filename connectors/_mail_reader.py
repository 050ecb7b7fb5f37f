"""Turn a mail of an alert service or a platform into entries with the real links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.utils import parseaddr
from typing import cast

from lxml.html import HtmlElement
from pydantic import BaseModel

from connectors._dates import read_date
from connectors._entry import Entry, Parsed, bounded_id
from connectors._html import html_to_text, parse, text_of, tidy
from connectors._mail_links import PLATFORMS, Platform, author_link, content_link, real_link
from monitor.domain import MentionKind, Precision
from monitor.text import canonical_url, fallback_id

_ALERTS = "googlealerts-noreply@google.com"
_LINK = re.compile(r"https?://[^\s<>\"')\]]{4,2000}")
_WHO = re.compile(r"^\W{0,3}(.{2,60}?) (?:wrote|commented|replied|mentioned|posted|tagged|shared|likes|reviewed)\b")
_NO_TITLE = frozenset({"", "facebook", "twitter", "x", "flag as irrelevant", "google plus", "see more results"})
_LONGEST_BODY = 1_000_000


class MailOptions(BaseModel):
    """Say which further senders, as addresses or domains, are read besides the known ones."""

    senders: tuple[str, ...] = ()


def read(body: bytes, options: MailOptions) -> Parsed:
    """Read one whole mail; mails of other senders, and mails without a link to content, give nothing."""
    # The default policy parses lazily and raises on some hostile headers; compat32 never does.
    mail = BytesParser(policy=policy.compat32).parsebytes(body)
    sender = _sender(mail)
    if not sender or _is_forged(mail):
        return Parsed()
    html, plain = _bodies(mail)
    tree = parse(html) if html else None
    if sender == _ALERTS:
        return Parsed(entries=tuple(_alerts(mail, tree)) if tree is not None else ())
    platform = _platform(sender, options.senders)
    if platform is None:
        return Parsed()
    entry = _notification(mail, platform, tree, plain)
    return Parsed(entries=(entry,) if entry else ())


def is_of_interest(sender: str, senders: tuple[str, ...]) -> bool:
    """Tell from a sender's address alone whether its mails are read."""
    return sender == _ALERTS or _platform(sender, senders) is not None


def _sender(mail: Message) -> str:
    return parseaddr(_header(mail, "From"))[1].lower()


def _header(mail: Message, name: str) -> str:
    """Give a header decoded and on one line; damaged encodings are shown as they are."""
    try:
        found = policy.default.header_factory(name, str(mail.get(name, ""))[:4_000])
        return " ".join(str(found).split())
    except (ValueError, IndexError, AttributeError, LookupError, TypeError):
        return " ".join(str(mail.get(name, ""))[:4_000].split())


def _is_forged(mail: Message) -> bool:
    """Believe the receiving server, whose verdict stands first, when it says that the sender's name is not real."""
    verdict = str((mail.get_all("Authentication-Results") or [""])[0]).lower()
    return "dmarc=fail" in verdict or ("dkim=fail" in verdict and "dkim=pass" not in verdict)


def _platform(sender: str, senders: tuple[str, ...]) -> Platform | None:
    domain = sender.rpartition("@")[2]
    for known in PLATFORMS:
        if any(domain == one or domain.endswith(f".{one}") for one in known.senders):
            return known
    if any(one in (sender, domain) or domain.endswith(f".{one}") for one in senders):
        return Platform(name="", senders=(), hosts=())
    return None


def _bodies(mail: Message) -> tuple[str, str]:
    """Give the first HTML part and the first plain part."""
    found = {"text/html": "", "text/plain": ""}
    for part in mail.walk():
        kind = part.get_content_type()
        if kind in found and not found[kind] and part.get_content_disposition() != "attachment":
            payload = part.get_payload(decode=True)
            raw = payload if isinstance(payload, bytes) else b""
            found[kind] = _decoded(raw[:_LONGEST_BODY], part)
    return found["text/html"], found["text/plain"]


def _decoded(raw: bytes, part: Message) -> str:
    try:
        return raw.decode(str(part.get_content_charset() or "utf-8"), "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")


def _alerts(mail: Message, tree: HtmlElement) -> Iterator[Entry]:
    """Give one entry a result; results carry schema.org marks, older mails only the redirecting links."""
    published_at, _ = read_date(_header(mail, "Date"))
    seen = set()
    for anchor in tree.iter("a"):
        href = anchor.get("href") or ""
        link, title = real_link(href), text_of(anchor)
        if link == href or not link or title.lower() in _NO_TITLE or link in seen:
            continue
        seen.add(link)
        box = _box(anchor, title)
        yield Entry(
            id=fallback_id(canonical_url(link), "", ""),
            url=link,
            title=title,
            text=_words(box, title),
            kind=MentionKind.ARTICLE,
            published_at=published_at,
            precision=Precision.ESTIMATED if published_at else Precision.UNKNOWN,
        )


def _box(anchor: HtmlElement, title: str) -> HtmlElement:
    """Give the element that holds the whole result: the marked one, else the nearest that says more."""
    nearest: HtmlElement | None = None
    for parent in anchor.iterancestors():
        if (parent.get("itemtype") or "").endswith("/Article"):
            return parent
        if nearest is None and parent.tag in ("td", "tr", "div", "li", "table") and text_of(parent) != title:
            nearest = parent
    return anchor if nearest is None else nearest


def _words(box: HtmlElement, title: str) -> str:
    for part in box.iter():
        if part.get("itemprop") == "description":
            return text_of(part)
    lines = (line for line in text_of(box).split("\n") if line != title and line.lower() not in _NO_TITLE)
    return "\n".join(lines)[:4_000]


def _notification(mail: Message, platform: Platform, tree: HtmlElement | None, plain: str) -> Entry | None:
    text = text_of(tree) if tree is not None else tidy(plain)
    anchors = [(one.get("href") or "", text_of(one)) for one in tree.iter("a")] if tree is not None else []
    anchors = anchors or [(link, "") for link in _LINK.findall(plain)[:500]]
    link = content_link((href for href, _ in anchors), platform)
    if not link:
        return None
    subject, published = _header(mail, "Subject"), read_date(_header(mail, "Date"))
    author = _who(text, subject)
    return Entry(
        id=bounded_id(_header(mail, "Message-ID")) or fallback_id("", subject, text),
        url=link,
        title=html_to_text(subject),
        text=text,
        author=author,
        author_url=author_link(anchors, author, platform),
        kind=platform.kind,
        published_at=published[0],
        precision=Precision.ESTIMATED if published[0] else Precision.UNKNOWN,
    )


def _who(text: str, subject: str) -> str:
    """Give the name that the mail begins with ("NAME commented on ..."), or nothing."""
    for line in (*text.split("\n")[:12], subject):
        found = _WHO.match(line)
        if found:
            return found[1].strip()
    return ""


def sender_of(head: bytes) -> str:
    """Give the sender's address from a mail's header lines."""
    return _sender(cast("EmailMessage", BytesParser(policy=policy.compat32).parsebytes(head, headersonly=True)))
