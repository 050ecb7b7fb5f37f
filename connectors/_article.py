"""Find what a page itself says: its main text without menus, teasers and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from lxml import etree
from lxml.html import HtmlElement

from connectors._anchors import selector_of
from connectors._dates import read_date
from connectors._entry import Entry
from connectors._html import html_to_text, images_of, text_of
from connectors._json_ld import Node, text
from monitor.domain import MentionKind, Precision
from monitor.text import canonical_url, fallback_id

_DROPPED = frozenset(
    {"nav", "aside", "footer", "form", "button", "select", "dialog", "menu", "figcaption", "video", "audio"}
)
_NOISE = re.compile(
    r"(?:^|[\s_-])(?:comments?|disqus|sidebar|share|sharing|social|related|recommend\w*|promo\w*|newsletter|subscri\w+|"
    r"cookies?|consent|breadcrumbs?|menu|nav|navbar|navigation|pagination|pager|footer|widget|advert\w*|ads?|banner|"
    r"popup|modal|teaser|toolbar|byline|tags?|author-?bio|read-?more|more-?stories|most-?read|trending|outbrain|"
    r"taboola|signup|login|skip|hidden|screen-reader-text|sr-only)(?:$|[\s_-])",
    re.IGNORECASE,
)
_ENOUGH = 200
_SHORTEST = 20
_LEVELS = 3
_LOOSE = 80


def article_from(tree: HtmlElement, page_url: str, described: Node) -> Entry:
    """Give the whole page as one entry; `described` is its JSON-LD article, if it has one."""
    metas = _metas(tree)
    main = main_element(tree)
    body = main_text(main)
    declared = html_to_text(text(described.get("articleBody")))
    published_at, precision = _published(tree, metas, described)
    title = _title(tree, metas, described)
    return Entry(
        id=fallback_id(canonical_url(page_url), title, ""),
        url=page_url,
        title=title,
        text=declared if len(declared) > max(_ENOUGH, len(body) // 2) else body,
        author=html_to_text(
            text(described.get("author")) or metas.get("author", "") or metas.get("article:author", "")
        ),
        language=(tree.get("lang") or "").strip(),
        media=images_of(main, page_url),
        published_at=published_at,
        precision=precision,
        anchor=selector_of(main) if main.tag not in ("body", "html") else "",
        kind=MentionKind.ARTICLE,
    )


def main_element(tree: HtmlElement) -> HtmlElement:
    """Choose the element that holds most of the page's running text, widened to the article around it if marked."""
    scores: dict[HtmlElement, int] = {}
    for paragraph in _paragraphs(tree):
        share = _own_words(paragraph)
        parent = paragraph if paragraph.tag in ("div", "td") else paragraph.getparent()
        for _ in range(_LEVELS):
            if parent is None or share < _SHORTEST:
                break
            scores[parent] = scores.get(parent, 0) + share
            parent, share = parent.getparent(), share * 6 // 10
    best = max(scores, key=lambda element: scores[element], default=tree)
    for element in [best, *best.iterancestors()]:
        is_marked = element.get("itemprop") == "articleBody" or element.tag == "article"
        if is_marked and scores.get(element, scores.get(best, 0)) * 2 >= scores.get(best, 0):
            return element
    return best


def _paragraphs(tree: HtmlElement) -> Iterator[HtmlElement]:
    walker = etree.iterwalk(tree, events=("start",))
    for _, element in walker:
        if element.tag not in ("body", "html") and _is_noise(element):
            walker.skip_subtree()
        elif element.tag in ("p", "pre", "blockquote") or (element.tag in ("div", "td") and _loose_words(element)):
            yield element


def _own_words(paragraph: HtmlElement) -> int:
    """Count the letters outside links, a list of links being a menu; of a div only those directly in it."""
    if paragraph.tag in ("div", "td"):
        return _loose_words(paragraph)
    linked = sum(len(link.text_content()) for link in paragraph.iter("a"))
    return max(0, len(" ".join(paragraph.text_content().split())) - linked)


def _loose_words(element: HtmlElement) -> int:
    """Count the letters that stand in an element itself, for pages that break lines instead of making paragraphs."""
    pieces = [element.text or "", *(child.tail or "" for child in element)]
    count = len(" ".join("".join(pieces).split()))
    return count if count >= _LOOSE else 0


def _is_noise(element: HtmlElement) -> bool:
    if element.tag in _DROPPED:
        return True
    if element.tag in ("article", "main"):
        return False
    if not _NOISE.search(f"{element.get('class') or ''} {element.get('id') or ''}"[:300]):
        return False
    # What holds the headline is the page itself, whatever it is called.
    return element.find(".//h1") is None


def main_text(main: HtmlElement) -> str:
    """Give the words of the main element, without noise inside it; all of them when hardly any would be left."""
    clean = text_of(main, leave_out=_is_noise)
    return clean if len(clean) >= _ENOUGH else text_of(main)


def _metas(tree: HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for meta in tree.iter("meta"):
        name = (meta.get("property") or meta.get("name") or meta.get("itemprop") or "").strip().lower()
        if name and meta.get("content"):
            found.setdefault(name, (meta.get("content") or "")[:2_000])
    return found


def _title(tree: HtmlElement, metas: dict[str, str], described: Node) -> str:
    heading = next((text_of(element) for element in tree.iter("h1")), "")
    named = next((text_of(element) for element in tree.iter("title")), "")
    return html_to_text(text(described.get("headline")) or metas.get("og:title", "")) or heading or named


def _published(tree: HtmlElement, metas: dict[str, str], described: Node) -> tuple[datetime | None, Precision]:
    """Give the date that the page declares; one that merely stands on the page is an estimate."""
    for declared in (
        text(described.get("datePublished")),
        metas.get("article:published_time", ""),
        metas.get("datepublished", ""),
        metas.get("date", ""),
    ):
        moment, precision = read_date(declared)
        if moment is not None:
            return moment, precision
    for element in tree.iter("time"):
        moment, _ = read_date(element.get("datetime") or text_of(element))
        if moment is not None:
            return moment, Precision.ESTIMATED
    return None, Precision.UNKNOWN
