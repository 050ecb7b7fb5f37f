"""Say where on a page an item stands, as a CSS selector that a browser can cut a picture by."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter

from lxml import etree
from lxml.html import HtmlElement

_PLAIN_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SKIPPED = frozenset({"script", "style", "noscript", "template", "head", "svg"})
_LONGEST_PATH = 40
_PROBE = 60
_SHORTEST_PROBE = 15


Positions = dict[HtmlElement, dict[HtmlElement, int]]
"""Where the children of an element stand among those of their own kind, counted once a page."""


def selector_of(element: HtmlElement, positions: Positions | None = None) -> str:
    """Give a selector that finds this element alone: its id, or the way to it from the nearest id or the body.

    Hand in the same `positions` for all elements of a page; it is filled on the way.
    """
    known = positions if positions is not None else {}
    steps: list[str] = []
    node: HtmlElement | None = element
    while node is not None and len(steps) < _LONGEST_PATH:
        own_id = (node.get("id") or "").strip()
        if own_id and not re.search(r"\s", own_id):
            return " > ".join([f"#{css_identifier(own_id)}", *reversed(steps)])
        parent = node.getparent()
        if parent is None or node.tag == "body":
            return " > ".join([str(node.tag), *reversed(steps)])
        if parent not in known:
            known[parent] = _positions(parent)
        steps.append(f"{node.tag}:nth-of-type({known[parent][node]})")
        node = parent
    return ""


def _positions(parent: HtmlElement) -> dict[HtmlElement, int]:
    counts: Counter[object] = Counter()
    found = {}
    for child in parent:
        counts[child.tag] += 1
        found[child] = counts[child.tag]
    return found


def css_identifier(text: str) -> str:
    """Escape an id for use behind "#"."""
    if _PLAIN_ID.fullmatch(text):
        return text
    return "".join(
        letter
        if (letter.isalnum() or letter in "_-" or letter > "\x7f") and not (at == 0 and letter in "0123456789-")
        else f"\\{ord(letter):x} "
        for at, letter in enumerate(text)
    )


class Places:
    """Find the element that shows given words, in one pass over the page."""

    def __init__(self, tree: HtmlElement) -> None:
        self.positions: Positions = {}
        self._starts: list[int] = []
        self._nodes: list[HtmlElement] = []
        pieces: list[str] = []
        size = 0
        for node, text in _texts(tree):
            words = "".join(text.split())
            if words:
                self._starts.append(size)
                self._nodes.append(node)
                pieces.append(words)
                size += len(words)
        self._text = "".join(pieces)
        self._ids = {node.get("id"): node for node in tree.iter() if isinstance(node.tag, str) and node.get("id")}

    def by_id(self, fragment: str) -> HtmlElement | None:
        """Give the element with this id."""
        return self._ids.get(fragment)

    def by_words(self, text: str) -> HtmlElement | None:
        """Give the smallest element that shows the beginning and the end of a text; None when it is not there."""
        words = "".join(text.split())
        if len(words) < _SHORTEST_PROBE:
            return None
        start = self._text.find(words[:_PROBE])
        if start < 0:
            return None
        last = self._text.find(words[-_PROBE:], start)
        end = last + len(words[-_PROBE:]) if 0 <= last < start + 2 * len(words) else start + len(words[:_PROBE])
        return _common(self._node_at(start), self._node_at(end - 1))

    def _node_at(self, offset: int) -> HtmlElement:
        return self._nodes[bisect_right(self._starts, offset) - 1]


def _texts(tree: HtmlElement) -> list[tuple[HtmlElement, str]]:
    """Give each piece of visible text with the element it stands in, in the order of the page."""
    found: list[tuple[HtmlElement, str]] = []
    walker = etree.iterwalk(tree, events=("start", "end", "comment"))
    for event, node in walker:
        if event == "start":
            if node.tag in _SKIPPED:
                walker.skip_subtree()
            elif node.text:
                found.append((node, node.text))
        elif node.tail and node.getparent() is not None:
            found.append((node.getparent(), node.tail))
    return found


def _common(one: HtmlElement, other: HtmlElement) -> HtmlElement:
    """Give the nearest element that holds both."""
    above = {id(one): one, **{id(node): node for node in one.iterancestors()}}
    node: HtmlElement | None = other
    while node is not None:
        if id(node) in above:
            return node
        node = node.getparent()
    return one
