"""Write an Atom feed; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree as ET

from monitor.text import clean_text, is_web_url

MEDIA_TYPE = "application/atom+xml; charset=utf-8"
_ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedEntry:
    """Hold one entry: `id` stays the same for ever, `link` is empty where there is no page to open."""

    id: str
    title: str
    text: str
    at: datetime
    link: str = ""


def atom_feed(entries: Sequence[FeedEntry], *, title: str, feed_id: str, now: datetime) -> bytes:
    """Write entries, newest first, as a feed; texts are plain text, and a link that is no web address is left out.

    A feed without entries carries `now` as its time.
    """
    ET.register_namespace("", _ATOM)
    feed = ET.Element(_name("feed"))
    _add(feed, "id", f"urn:{feed_id}")
    _add(feed, "title", title)
    _add(feed, "updated", max((entry.at for entry in entries), default=now).isoformat())
    _add(_add(feed, "author", ""), "name", "Notices")
    for one in sorted(entries, key=lambda entry: entry.at, reverse=True):
        entry = _add(feed, "entry", "")
        # RFC 2392: the address of a message is its id.
        _add(entry, "id", f"mid:{one.id}")
        _add(entry, "title", one.title).set("type", "text")
        _add(entry, "updated", one.at.isoformat())
        _add(entry, "content", one.text).set("type", "text")
        if is_web_url(one.link):
            _add(entry, "link", "").set("href", one.link)
    body: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return body


def _name(tag: str) -> str:
    return f"{{{_ATOM}}}{tag}"


def _add(parent: ET.Element, tag: str, text: str) -> ET.Element:
    made = ET.SubElement(parent, _name(tag))
    made.text = clean_text(text) or None
    return made
