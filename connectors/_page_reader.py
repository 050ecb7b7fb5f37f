"""Read the posts or reviews of a page: by given selectors, JSON-LD, microdata, else the page itself as one article."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import urldefrag, urlsplit

from cssselect import SelectorError
from lxml import etree
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement
from pydantic import BaseModel, ConfigDict

from connectors import _article_library as library
from connectors import _json_ld, _microdata
from connectors._anchors import Places, Positions, selector_of
from connectors._article import article_from
from connectors._dates import read_date
from connectors._entry import MAX_ITEMS, Entry, Parsed, bounded_id
from connectors._html import absolute, decode, images_of, parse, text_of
from connectors._posts import entries_from, number
from monitor.domain import MentionKind, Precision
from monitor.text import fallback_id

_NOT_PAGES = re.compile(r"(?:image|audio|video|font)/|application/(?!xhtml|xml|.{0,40}\+xml)", re.IGNORECASE)
_ID_ATTRIBUTES = ("id", "data-id", "data-post-id", "data-comment-id", "data-review-id", "data-content-id")
_DATE_ATTRIBUTES = ("datetime", "content", "data-timestamp", "data-time", "title")
_STRUCTURED = ("jsonld", "microdata")
_HARMLESS_BYTES = 1024 * 1024
_MOST_TAGS = 40_000
_LONGEST_TAG = 4_000
_RAW = (b"script", b"style", b"textarea", b"title")
_TAG_START = re.compile(rb"<(!--|[a-zA-Z][a-zA-Z0-9]*)")
_TAG = re.compile(rb"""<(?:=\s*+(?:"[^"]*+"|'[^']*+')|[^>])*+>""")
_QUOTED = re.compile(rb"""=\s*+(?:"[^"]*+"|'[^']*+')""")


class Selectors(BaseModel):
    """Name, as CSS selectors, where an item and its parts stand; parts are looked for inside each item."""

    model_config = ConfigDict(frozen=True)

    item: str = ""
    id: str = ""
    text: str = ""
    author: str = ""
    published: str = ""
    title: str = ""
    link: str = ""
    rating: str = ""
    next: str = ""
    empty: str = ""


class PageOptions(BaseModel):
    """Say how a page is read: its address and type, the selectors, and by which method it was read before."""

    url: str
    content_type: str = ""
    charset: str = ""
    selectors: Selectors = Selectors()
    method: str = ""
    whole: bool = False
    library: bool = False


def check_selector(selector: str) -> str:
    """Check that text is a CSS selector; raises ValueError that says where it is not."""
    try:
        CSSSelector(selector, translator="html")
    except (SelectorError, ValueError) as error:
        raise ValueError(f"{selector!r} is not a CSS selector: {error}") from error
    return selector


def is_harmless(body: bytes) -> bool:
    """Tell whether a body is plain enough to be parsed in this process.

    libxml2 takes time that grows with the square of the number of attributes of one tag, so tags are measured
    here, in one pass, with their quoted values left out. Encodings in which "<" can mean something else, and
    markup that does not close, go to the killable process; for an honest page that costs half a second.
    """
    if len(body) > _HARMLESS_BYTES or body.count(b"<") > _MOST_TAGS or b"\0" in body or b"\x1b" in body:
        return False
    lower, position = body.lower(), 0
    while found := _TAG_START.search(body, position):
        if found[0].endswith(b"!--"):
            position = body.find(b"-->", found.end())
        else:
            tag = _TAG.match(body, found.start())
            if tag is None or len(_QUOTED.sub(b"", tag[0])) > _LONGEST_TAG:
                return False
            kind = found[1].lower()
            position = lower.find(b"</" + kind, tag.end()) if kind in _RAW else tag.end()
        if position < 0:
            return False
    return True


def read(body: bytes, options: PageOptions) -> Parsed:
    """Read one page; `problem` says in words what a body is that is no page."""
    if not body.strip():
        return Parsed(problem="It is empty.")
    if _NOT_PAGES.match(options.content_type) or body.startswith(
        (b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"PK\x03\x04")
    ):
        return Parsed(problem=f"It is not an HTML page ({options.content_type[:60] or 'by its first bytes'}).")
    tree = parse(decode(body, options.charset))
    if tree is None or not any(isinstance(node.tag, str) for node in tree.iter()):
        return Parsed(problem="It holds nothing that could be read.")
    entries, method = _entries(tree, options)
    chosen = options.selectors
    return Parsed(
        entries=entries[:MAX_ITEMS],
        method=method,
        next_url=_next_page(tree, options.url, chosen.next),
        is_end=bool(chosen.empty and _select(tree, chosen.empty)),
    )


def _entries(tree: HtmlElement, options: PageOptions) -> tuple[tuple[Entry, ...], str]:
    loaded = _json_ld.scripts_of(tree)
    posts, method = _posts(tree, loaded, options)
    if method != "article" and not options.whole:
        return posts, method
    article = article_from(tree, options.url, _json_ld.article_of(loaded))
    return (*posts, _reread(article, tree) if options.library else article), method


def _reread(article: Entry, tree: HtmlElement) -> Entry:
    """Take the library's words for an article, and its guess where the page declares no date."""
    markup = etree.tostring(tree, encoding="unicode", method="html")
    words = library.words_of(markup)
    update: dict[str, object] = {"text": words} if words else {}
    if article.published_at is None and (day := library.day_of(markup)):
        update |= {"published_at": day, "precision": Precision.ESTIMATED}
    return article.model_copy(update=update)


def _posts(tree: HtmlElement, loaded: list[Any], options: PageOptions) -> tuple[tuple[Entry, ...], str]:
    """Try each method in turn; where one found posts before, only that one, so that ids keep their meaning."""
    if options.selectors.item:
        return _selected(tree, options), "selectors"
    places: Places | None = None
    for method in _STRUCTURED:
        if options.method in _STRUCTURED and options.method != method:
            continue
        pairs: list[tuple[HtmlElement | None, _json_ld.Node]]
        pairs = (
            [(None, node) for node in _json_ld.by_people(loaded)]
            if method == "jsonld"
            else [*_microdata.posts_of(tree)]
        )
        places = places or Places(tree)
        found = tuple(one for one in entries_from(pairs, options.url, places) if one.text or one.title or one.rating)
        if found or options.method == method:
            return found, method
    return (), "article"


def _selected(tree: HtmlElement, options: PageOptions) -> tuple[Entry, ...]:
    base = urldefrag(options.url).url
    elements = _select(tree, options.selectors.item)[:MAX_ITEMS]
    items = set(elements)
    positions: Positions = {}
    made: dict[str, Entry] = {}
    for element in elements:
        entry = _post(_Post(element, items), base, options.selectors, positions)
        made.setdefault(entry.id, entry)
    return tuple(made.values())


class _Post:
    """Look inside one item, but not inside the items (replies, say) that stand in it."""

    def __init__(self, element: HtmlElement, items: set[HtmlElement]) -> None:
        self.element = element
        self._others = items - {element}

    def all(self, selector: str) -> list[HtmlElement]:
        if not selector:
            return []
        return [found for found in _select(self.element, selector) if self._is_own(found)]

    def first(self, selector: str) -> HtmlElement | None:
        return next(iter(self.all(selector)), None)

    def words(self, element: HtmlElement | None) -> str:
        return "" if element is None else text_of(element, leave_out=self._others.__contains__)

    def _is_own(self, found: HtmlElement) -> bool:
        for node in (found, *found.iterancestors()):
            if node is self.element:
                return True
            if node in self._others:
                return False
        return False


def _post(post: _Post, base: str, chosen: Selectors, positions: Positions) -> Entry:
    element = post.element
    parts = post.all(chosen.text) if chosen.text else [element]
    body = "\n".join(found for found in map(post.words, parts) if found)
    author, link, dated = post.first(chosen.author), post.first(chosen.link), post.first(chosen.published)
    published_at, precision = read_date(_date_text(dated) if dated is not None else "")
    name = post.words(author)
    url = absolute(_link_of(link), base) if link is not None else ""
    anchor_id = (element.get("id") or "").strip()
    basis = f"{name}\x1f{published_at.isoformat()}" if name and published_at else body
    score = _stars(post.first(chosen.rating))
    return Entry(
        id=bounded_id(_own_id(post, chosen.id) or url) or fallback_id("", base, basis),
        url=url or (f"{base}#{anchor_id}" if anchor_id else base),
        title=post.words(post.first(chosen.title)),
        text=body,
        author=name,
        author_url=absolute(_link_of(author), base) if author is not None else "",
        rating=score,
        media=tuple(dict.fromkeys(image for part in parts for image in images_of(part, base))),
        published_at=published_at,
        precision=precision,
        anchor=selector_of(element, positions),
        kind=MentionKind.REVIEW if score is not None else None,
    )


@lru_cache(maxsize=256)
def _compiled(selector: str) -> CSSSelector:
    return CSSSelector(selector, translator="html")


def _select(element: HtmlElement, selector: str) -> list[HtmlElement]:
    found = _compiled(selector)(element)
    return (
        [one for one in found if isinstance(one, HtmlElement) and one is not element] if isinstance(found, list) else []
    )


def _stars(element: HtmlElement | None) -> float | None:
    if element is None:
        return None
    return number(element.get("content") or element.get("data-rating") or text_of(element))


def _link_of(element: HtmlElement) -> str:
    """Give where an element, or the first link in it or around it, leads."""
    for node in (element, *element.iter("a"), *element.iterancestors("a")):
        if node.get("href"):
            return node.get("href") or ""
    return ""


def _own_id(post: _Post, wanted: str) -> str:
    """Read the id from the place that was named ("@attribute" of the item, or an element in it), or guess it."""
    if wanted.startswith("@"):
        return (post.element.get(wanted[1:].strip()) or "").strip()
    place = post.first(wanted) if wanted else post.element
    if place is None:
        return ""
    for name in (*_ID_ATTRIBUTES, "href") if wanted else _ID_ATTRIBUTES:
        value: str = (place.get(name) or "").strip()
        if value:
            return value
    return text_of(place) if wanted else ""


def _date_text(element: HtmlElement) -> str:
    """Read a date from the attributes that machines are meant to read, else from the words."""
    inner = element if element.tag == "time" else next(element.iter("time"), element)
    for name in _DATE_ATTRIBUTES:
        value: str = inner.get(name) or element.get(name) or ""
        if value and read_date(value)[0] is not None:
            return value
    return text_of(element)


def _next_page(tree: HtmlElement, base: str, selector: str) -> str:
    """Give the next page of the same host, by the given selector or rel=next."""
    found = _select(tree, selector) if selector else list(tree.iter("link", "a"))
    for element in found:
        if not selector and "next" not in (element.get("rel") or "").lower().split():
            continue
        url = urldefrag(absolute(_link_of(element), base)).url
        if url and urlsplit(url).netloc == urlsplit(base).netloc and url != urldefrag(base).url:
            return url
    return ""
