"""Read HTML microdata into the same shape as JSON-LD (html.spec.whatwg.org, microdata)."""

from __future__ import annotations

from typing import Any

from lxml.html import HtmlElement

from connectors._html import text_of
from connectors._json_ld import POSTS, Node

_LINKS = {"a": "href", "area": "href", "link": "href", "img": "src", "audio": "src", "video": "src", "source": "src"}
_LINKS |= {"embed": "src", "iframe": "src", "track": "src", "object": "data"}
_MOST_POSTS = 2_000
_MOST_PROPERTIES = 200
_DEEPEST = 6


def posts_of(tree: HtmlElement) -> list[tuple[HtmlElement, Node]]:
    """Give the elements that mark something a person posted, with what they say about it."""
    found = []
    for element in tree.iter():
        if isinstance(element.tag, str) and element.get("itemscope") is not None and _types(element) & POSTS:
            found.append((element, _item(element)))
            if len(found) >= _MOST_POSTS:
                break
    return found


def _types(element: HtmlElement) -> frozenset[str]:
    return frozenset(name.rstrip("/").rpartition("/")[2] for name in (element.get("itemtype") or "").split())


def _item(element: HtmlElement, depth: int = 0) -> Node:
    """Give an item's properties; those of items inside it belong to them."""
    node: Node = {"@type": sorted(_types(element))}
    if element.get("itemid"):
        node["@id"] = element.get("itemid")
    count = 0
    pending = list(reversed(element))
    while pending and count < _MOST_PROPERTIES:
        child = pending.pop()
        if not isinstance(child.tag, str):
            continue
        is_item = child.get("itemscope") is not None
        for name in (child.get("itemprop") or "").split():
            value = (_item(child, depth + 1) if depth < _DEEPEST else {}) if is_item else _value(child)
            node.setdefault(name, []).append(value)
            count += 1
        if not is_item:
            pending.extend(reversed(child))
    return node


def _value(element: HtmlElement) -> Any:  # noqa: ANN401 - a property may be anything
    content = element.get("content")
    if content is not None:
        return content
    if element.tag in _LINKS:
        return element.get(_LINKS[str(element.tag)]) or text_of(element)
    if element.tag == "time":
        return element.get("datetime") or text_of(element)
    if element.tag in ("data", "meter"):
        return element.get("value") or ""
    return text_of(element)
