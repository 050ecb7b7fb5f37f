"""Read RSS, Atom and RDF through feedparser, which is given bytes only and none of whose HTML is trusted."""

from __future__ import annotations

import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import feedparser
from pydantic import BaseModel

from connectors._dates import from_struct, precision_of
from connectors._entry import MAX_ITEMS, MAX_TEXT, Entry, Parsed, bounded_id
from connectors._html import absolute, html_to_text, images_of, looks_like_html, parse, tidy
from connectors._json_feed import is_json, read_json_feed
from monitor.domain import Precision
from monitor.text import canonical_url, fallback_id, unwrap_url

_EDITED_AFTER = timedelta(minutes=1)
_MEDIA_TYPES = re.compile(r"(image|audio|video)(/|$)", re.IGNORECASE)
_HTML_START = re.compile(rb"<(?:!doctype\s{1,9}html|html|head|body)\b", re.IGNORECASE)
_FIRST_TAG = re.compile(rb"<(?:\w{1,20}:)?(?:rss|feed|rdf|channel|cdf)\b", re.IGNORECASE)
_BEGINNING = 64 * 1024
_CLOSED_ITEM = re.compile(rb"</(?:\w{1,20}:)?(?:item|entry)\s*>", re.IGNORECASE)
_CLOSED_FEED = re.compile(rb"</(?:\w{1,20}:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
_HARMLESS_BYTES = 128 * 1024
_LONGEST_WORD = 1_000
_LONGEST_TAG = 4_000
_DEEPEST = 300
_SELF_DEFINED = re.compile(rb"<!ENTITY", re.IGNORECASE)


class FeedOptions(BaseModel):
    """Say what the answer said about itself: its address and its content type."""

    url: str
    content_type: str = ""


def is_harmless(body: bytes) -> bool:
    """Tell whether a body is plain enough to be parsed in this process.

    feedparser needs minutes for some inputs of a few hundred KiB: very long words, tags or author lines, deep nesting,
    entities of the feed's own. Anything near those goes to the killable process; being wrong about an honest feed
    costs a quarter of a second.
    """
    tags = body.split(b"<")
    return (
        len(body) <= _HARMLESS_BYTES
        and len(tags) < len(body) // 8 + 200
        and not _SELF_DEFINED.search(body)
        and max(map(len, re.split(rb"[\s<>]+", body))) <= _LONGEST_WORD
        and max(tag.find(b">") for tag in tags) <= _LONGEST_TAG
        and _depth(tags) <= _DEEPEST
    )


def _depth(tags: list[bytes]) -> int:
    """Give how deep tags are nested at most, counting those that never close as still open."""
    deepest = depth = 0
    for tag in tags[1:]:
        if tag.startswith(b"/"):
            depth -= 1
        elif not tag.startswith((b"!", b"?")) and b"/>" not in tag[: _LONGEST_TAG + 1]:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def read(body: bytes, options: FeedOptions) -> Parsed:
    """Read any feed; `problem` says in words what a body is that is none."""
    if not body.strip():
        return Parsed(problem="It is empty.")
    if is_json(body):
        return read_json_feed(body, options.url)
    if not _could_be_feed(body):
        return Parsed(problem=_what_it_is(body))
    headers = {"content-location": options.url, "content-type": _xml_type(options.content_type)}
    found = feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    is_cut = not _CLOSED_FEED.search(body[-4096:]) and bool(found.bozo)
    if not found.entries and (is_cut or not found.version):
        return Parsed(problem=_what_it_is(body))
    raw_entries = list(found.entries[:MAX_ITEMS])
    if is_cut and len(_CLOSED_ITEM.findall(body)) < len(raw_entries):
        raw_entries.pop()  # it may be half an item; half a text would look like an edit
    reader = _Reader(found.feed, options.url, is_atom=found.version.startswith("atom"))
    return Parsed(
        entries=tuple(_distinct(map(reader.entry, raw_entries))), method=found.version or "xml", is_cut=is_cut
    )


def _could_be_feed(body: bytes) -> bool:
    """Look for the first tag of a feed, so that pages which are none cost no parsing; odd encodings are let through."""
    start = body[:_BEGINNING].replace(b"\0", b"")  # UTF-16 and UTF-32 fill up with zeros
    return bool(_FIRST_TAG.search(start)) or b"<" not in start


def _xml_type(content_type: str) -> str:
    """Keep the charset and claim XML: servers send feeds as text/html or text/plain, whose rules differ."""
    _, _, parameters = content_type.partition(";")
    return f"application/xml;{parameters}" if "charset" in parameters.lower() else "application/xml"


def _what_it_is(body: bytes) -> str:
    if _HTML_START.search(body[:4096]):
        return "It is an HTML page, not a feed."
    if body.lstrip()[:1] == b"<":
        return "It is XML, but not a feed, or it is cut short."
    return "It is neither XML nor JSON."


def _distinct(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Tell apart items of one feed that share an id by mistake, by their links or texts."""
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.id].append(entry)
    for entry_id, group in groups.items():
        keys = {entry.url or f"{entry.title}\x1f{entry.text}": entry for entry in group}
        if len(keys) == 1:
            yield group[0]
            continue
        for key, entry in keys.items():
            digest = hashlib.sha256(f"{entry_id}\x1f{key}".encode("utf-8", "surrogatepass")).hexdigest()
            yield entry.model_copy(update={"id": digest})


class _Reader:
    """Turn feedparser's records of one feed into entries."""

    def __init__(self, feed: Mapping[str, Any], base: str, *, is_atom: bool) -> None:
        self._feed = feed
        self._base = base
        self._is_atom = is_atom

    def entry(self, raw: Mapping[str, Any]) -> Entry:
        url = self._link(raw)
        title = self._words(_mapping(raw.get("title_detail")))
        source = self._content(raw)
        text = self._words(source)
        published_at, edited_at, precision = _dates(raw)
        name, profile = self._author(raw)
        return Entry(
            id=bounded_id(str(raw.get("id") or "")) or fallback_id(canonical_url(url) if url else "", title, text),
            url=url,
            title=title,
            text=text,
            author=name,
            author_url=profile,
            language=str(source.get("language") or self._feed.get("language") or ""),
            in_reply_to_url=self._replied_to(raw),
            media=tuple(dict.fromkeys(self._media(raw, str(source.get("value") or ""), url))),
            published_at=published_at,
            edited_at=edited_at,
            precision=precision,
        )

    def _link(self, raw: Mapping[str, Any]) -> str:
        links = [raw.get("link"), *(one.get("href") for one in raw.get("links", ()) if one.get("rel") == "alternate")]
        guid = str(raw.get("id") or "")
        for link in [*links, guid if guid.startswith("http") else ""]:
            url = absolute(str(link or ""), self._base)
            if url:
                return unwrap_url(url)
        return ""

    def _content(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """Choose the fullest body that the item has."""
        bodies = [_mapping(one) for one in raw.get("content") or ()]
        bodies = [one for one in bodies if not str(one.get("type", "")).startswith(("image/", "audio/", "video/"))]
        bodies.append(_mapping(raw.get("summary_detail")))
        return max(bodies, key=lambda one: len(str(one.get("value") or "")))

    def _words(self, detail: Mapping[str, Any]) -> str:
        value = str(detail.get("value") or "")[:MAX_TEXT]
        is_plain = detail.get("type") == "text/plain" and (self._is_atom or not looks_like_html(value))
        return tidy(value) if is_plain else html_to_text(value)

    def _author(self, raw: Mapping[str, Any]) -> tuple[str, str]:
        detail = _mapping(raw.get("author_detail"))
        name = str(detail.get("name") or raw.get("author") or "")
        if not name and self._is_atom:  # RFC 4287, 4.2.1: the feed's author is the author of its entries
            detail = _mapping(self._feed.get("author_detail"))
            name = str(detail.get("name") or "")
        return html_to_text(name), absolute(str(detail.get("href") or ""), self._base)

    def _replied_to(self, raw: Mapping[str, Any]) -> str:
        reply = _mapping(raw.get("thr_in-reply-to") or raw.get("in-reply-to"))
        return absolute(str(reply.get("href") or reply.get("ref") or ""), self._base)

    def _media(self, raw: Mapping[str, Any], source: str, url: str) -> Iterator[str]:
        offers = [one for one in raw.get("links") or () if one.get("rel") == "enclosure"]
        offers += [_mapping(one) for one in raw.get("media_content") or ()]
        offers += [{"type": "image", **_mapping(one)} for one in raw.get("media_thumbnail") or ()]
        for offer in offers:
            kind = str(offer.get("type") or offer.get("medium") or "")
            found = absolute(str(offer.get("href") or offer.get("url") or ""), url or self._base)
            if found and _MEDIA_TYPES.match(kind):
                yield found
        tree = parse(source) if "<img" in source else None
        if tree is not None:
            yield from images_of(tree, url or self._base)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _dates(raw: Mapping[str, Any]) -> tuple[datetime | None, datetime | None, Precision]:
    """Give published, edited and precision; a date of change alone is an estimate of the date of publication."""
    published_at = precision = None
    for name in ("published", "created"):
        if published_at is None and name in raw:
            published_at = from_struct(raw.get(f"{name}_parsed"))
            precision = precision_of(str(raw.get(name)))
    # Asked for only when it is there: feedparser would answer with the date of publication, and warn.
    updated_at = from_struct(raw.get("updated_parsed")) if "updated" in raw else None
    if published_at is None:
        return updated_at, None, Precision.ESTIMATED if updated_at else Precision.UNKNOWN
    is_edited = updated_at is not None and updated_at - published_at > _EDITED_AFTER
    return published_at, updated_at if is_edited else None, precision or Precision.UNKNOWN
