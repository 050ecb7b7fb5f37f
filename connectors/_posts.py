"""Turn schema.org nodes of a page into entries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from urllib.parse import urldefrag

from lxml.html import HtmlElement

from connectors._anchors import Places, selector_of
from connectors._dates import read_date
from connectors._entry import Entry, bounded_id
from connectors._html import absolute, html_to_text
from connectors._json_ld import Node, text, types_of
from monitor.domain import MentionKind
from monitor.text import fallback_id

_EDITED_AFTER = timedelta(minutes=1)
_NUMBER = re.compile(r"-?\d{1,4}(?:[.,]\d{1,4})?")
_REVIEWS = frozenset("Review UserReview CriticReview EmployerReview MediaReview ClaimReview Recommendation".split())
_COMMENTS = frozenset({"Comment", "CorrectionComment", "Answer"})


def entries_from(nodes: Iterable[tuple[HtmlElement | None, Node]], page_url: str, places: Places) -> tuple[Entry, ...]:
    """Make entries; an id or address that several nodes share is not taken for theirs."""
    pairs = list(nodes)
    shared = Counter(value for _, node in pairs for value in {text(node.get("@id")), text(node.get("url"))} if value)
    taken: Counter[str] = Counter()
    made = []
    for element, node in pairs:
        entry = _entry(element, node, page_url, places, shared)
        taken[entry.id] += 1
        if taken[entry.id] > 1:  # the same person, the same day: the words tell them apart
            entry = entry.model_copy(update={"id": fallback_id("", entry.id, entry.text)})
        made.append(entry)
    return tuple(made)


def _entry(element: HtmlElement | None, node: Node, page_url: str, places: Places, shared: Counter[str]) -> Entry:
    body = _body(node)
    own_id, url, fragment = _address(node, page_url, shared)
    place = element if element is not None else _place(fragment, body, places)
    if place is not None and not fragment:
        fragment = (place.get("id") or "").strip() if element is not None else ""
    author = node.get("author") or node.get("creator")
    published_at, precision = read_date(text(node.get("datePublished") or node.get("dateCreated")))
    modified_at, _ = read_date(text(node.get("dateModified")))
    is_edited = modified_at and published_at and modified_at - published_at > _EDITED_AFTER
    name, title = html_to_text(text(author)), html_to_text(text(node.get("headline") or node.get("name")))
    dated = published_at.isoformat() if published_at else ""
    basis = f"{name}\x1f{dated}" if name and dated else body or title
    return Entry(
        id=bounded_id(own_id or fragment) or fallback_id("", text(node.get("itemReviewed")), basis),
        url=url or (f"{urldefrag(page_url).url}#{fragment}" if fragment else page_url),
        title=title,
        text=body,
        author=name,
        author_url=_profile(author, page_url),
        language=text(node.get("inLanguage")),
        rating=rating_of(node),
        in_reply_to_url=absolute(_parent(node), page_url),
        media=tuple(dict.fromkeys(_media(node, page_url))),
        published_at=published_at,
        precision=precision,
        edited_at=modified_at if is_edited else None,
        anchor=selector_of(place, places.positions) if place is not None else "",
        kind=_kind(node),
    )


def _body(node: Node) -> str:
    for name in ("reviewBody", "text", "commentText", "articleBody", "description"):
        found = html_to_text(text(node.get(name)))
        if found:
            return found
    return ""


def _address(node: Node, page_url: str, shared: Counter[str]) -> tuple[str, str, str]:
    """Give the node's own id, its own address, and the fragment that leads to it on this page."""
    own_id, url = text(node.get("@id")) or text(node.get("identifier")), text(node.get("url"))
    own_id = "" if shared[own_id] > 1 or own_id.startswith("_:") else own_id
    url = "" if shared[url] > 1 else absolute(url, page_url)
    here = urldefrag(page_url).url
    fragment = ""
    for link in (absolute(own_id, page_url) if "#" in own_id or "/" in own_id else "", url):
        target, _, name = link.partition("#")
        if target == here and name:
            fragment = fragment or name
    if own_id.startswith(("#", "http")) and fragment:
        own_id = fragment
    if urldefrag(url).url == here and "#" not in url:
        url = ""
    return own_id or url, url, fragment


def _place(fragment: str, body: str, places: Places) -> HtmlElement | None:
    found = places.by_id(fragment) if fragment else None
    return found if found is not None else places.by_words(body)


def _profile(author: object, page_url: str) -> str:
    first = author[0] if isinstance(author, list) and author else author
    return absolute(text(first.get("url")), page_url) if isinstance(first, dict) else ""


def _parent(node: Node) -> str:
    parent = node.get("parentItem")
    parent = parent[0] if isinstance(parent, list) and parent else parent
    return text(parent.get("url") or parent.get("@id")) if isinstance(parent, dict) else ""


def _media(node: Node, page_url: str) -> Iterator[str]:
    for name in ("image", "associatedMedia", "video"):
        values = node.get(name)
        for value in (values if isinstance(values, list) else [values])[:20]:
            link = value.get("contentUrl") or value.get("url") if isinstance(value, dict) else value
            found = absolute(text(link), page_url)
            if found:
                yield found


def rating_of(node: Node) -> float | None:
    """Give the number that a review gives, on whatever scale the site uses."""
    rating = node.get("reviewRating")
    rating = rating[0] if isinstance(rating, list) and rating else rating
    value = text(rating.get("ratingValue")) if isinstance(rating, dict) else text(rating)
    return number(value)


def number(value: str) -> float | None:
    """Read the first number of a text, with a point or a comma."""
    found = _NUMBER.search(value)
    return float(found[0].replace(",", ".")) if found else None


def _kind(node: Node) -> MentionKind:
    types = types_of(node)
    if types & _REVIEWS:
        return MentionKind.REVIEW
    return MentionKind.COMMENT if types & _COMMENTS else MentionKind.POST
