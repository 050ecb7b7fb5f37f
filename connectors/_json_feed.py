"""Read JSON Feed, versions 1 and 1.1 (jsonfeed.org)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from connectors._dates import read_date
from connectors._entry import MAX_ITEMS, MAX_TEXT, Entry, Parsed, bounded_id
from connectors._html import absolute, html_to_text, images_of, parse, tidy
from monitor.text import canonical_url, fallback_id, unwrap_url

_EDITED_AFTER = timedelta(minutes=1)


def is_json(body: bytes) -> bool:
    """Tell whether a body starts like a JSON object or list."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def read_json_feed(body: bytes, base: str) -> Parsed:
    """Read a JSON Feed; `problem` says why a body is none."""
    try:
        feed = json.loads(body.decode("utf-8-sig", "replace"))
    except RecursionError:
        return Parsed(problem="It is JSON, nested too deeply to be a feed.")
    except ValueError:
        return Parsed(problem="It is JSON that is damaged or cut short.")
    if not isinstance(feed, dict) or "jsonfeed.org/version" not in str(feed.get("version", "")):
        return Parsed(problem="It is JSON, but not a JSON Feed.")
    items = feed.get("items")
    if not isinstance(items, list):
        return Parsed(problem="It is a JSON Feed without a list of items.")
    language = _text(feed.get("language"))
    author = next(_authors(feed), ("", ""))
    entries = (_entry(item, base, language, author) for item in items[:MAX_ITEMS] if isinstance(item, dict))
    return Parsed(entries=tuple(entries), method="json")


def _entry(item: dict[str, Any], base: str, language: str, feed_author: tuple[str, str]) -> Entry:
    url = unwrap_url(absolute(_text(item.get("url")), base) or absolute(_text(item.get("external_url")), base))
    title = tidy(_text(item.get("title")))
    source = _text(item.get("content_html"))[:MAX_TEXT]
    text = tidy(_text(item.get("content_text"))[:MAX_TEXT]) or html_to_text(source) or tidy(_text(item.get("summary")))
    name, profile = next(_authors(item), feed_author)
    published_at, precision = read_date(_text(item.get("date_published")))
    modified_at, _ = read_date(_text(item.get("date_modified")))
    is_edited = modified_at and published_at and modified_at - published_at > _EDITED_AFTER
    native = _text(item.get("id"))
    return Entry(
        id=bounded_id(native) or fallback_id(canonical_url(url) if url else "", title, text),
        url=url,
        title=title,
        text=text,
        author=name,
        author_url=absolute(profile, base),
        language=_text(item.get("language")) or language,
        media=tuple(dict.fromkeys(_media(item, source, url or base))),
        published_at=published_at,
        precision=precision,
        edited_at=modified_at if is_edited else None,
    )


def _authors(holder: dict[str, Any]) -> Iterator[tuple[str, str]]:
    several = holder.get("authors")
    for author in [*(several if isinstance(several, list) else []), holder.get("author")]:
        if isinstance(author, dict) and (author.get("name") or author.get("url")):
            yield tidy(_text(author.get("name"))), _text(author.get("url"))


def _media(item: dict[str, Any], source: str, base: str) -> Iterator[str]:
    attachments = item.get("attachments")
    urls = [item.get("image"), item.get("banner_image")]
    urls += [one.get("url") for one in attachments if isinstance(one, dict)] if isinstance(attachments, list) else []
    for url in urls:
        found = absolute(_text(url), base)
        if found:
            yield found
    tree = parse(source) if "<img" in source else None
    if tree is not None:
        yield from images_of(tree, base)


def _text(value: object) -> str:
    """Take text and, for ids, numbers; anything else counts as missing."""
    if isinstance(value, bool):
        return ""
    return value if isinstance(value, str) else str(value) if isinstance(value, (int, float)) else ""
