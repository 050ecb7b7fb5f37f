"""Read reviews, comments and forum posts from a page's JSON-LD (schema.org), tolerantly."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

Node = dict[str, Any]

POSTS = frozenset(
    "Review UserReview CriticReview EmployerReview MediaReview ClaimReview Recommendation Comment CorrectionComment"
    " Answer DiscussionForumPosting SocialMediaPosting".split()
)
"""The schema.org types of what people post; a Question counts only on a page of questions (QAPage)."""

ARTICLES = frozenset("Article NewsArticle BlogPosting Report OpinionNewsArticle ReportageNewsArticle".split())
_TELLING = ("@id", "url", "author", "name", "datePublished", "dateCreated", "reviewBody", "text", "description")
_MOST_NODES = 200_000
_MOST_SCRIPTS = 100
_OPENINGS = ("<!--", "/*<![CDATA[*/", "/* <![CDATA[ */", "//<![CDATA[", "// <![CDATA[", "<![CDATA[")
_ENDINGS = ("-->", "/*]]>*/", "/* ]]> */", "//]]>", "// ]]>", "]]>")
# Strings are matched first, so that what looks like a comment or a comma inside one is left alone.
_SLIP = re.compile(r'"(?:[^"\\]|\\.)*+"|//[^\n]*+|/\*|,(?=\s*[}\]])', re.DOTALL)


def scripts_of(tree: HtmlElement) -> list[Any]:
    """Give what the page's JSON-LD scripts hold; those that cannot be read at all are left out."""
    loaded: list[Any] = []
    for script in tree.iter("script"):
        kind = (script.get("type") or "").partition(";")[0].strip().lower()
        if kind == "application/ld+json" and len(loaded) < _MOST_SCRIPTS:
            value = load(script.text or "")
            if value is not None:
                loaded.append(value)
    return loaded


def load(text: str) -> Any:  # noqa: ANN401 - JSON may be anything
    """Read JSON as pages write it: wrapped, commented, with trailing commas or escaped; None when it is hopeless."""
    bare = _unwrapped(text)
    for attempt in (str, _without_slips, html.unescape):
        try:
            return json.loads(attempt(bare), strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _unwrapped(text: str) -> str:
    bare = text.strip()
    for opening in _OPENINGS:
        bare = bare.removeprefix(opening).lstrip()
    for ending in _ENDINGS:
        bare = bare.rstrip("; \t\r\n").removesuffix(ending)
    return bare.rstrip("; \t\r\n")


def _without_slips(text: str) -> str:
    """Take out comments and trailing commas, in one pass over the text."""
    pieces: list[str] = []
    position = 0
    while found := _SLIP.search(text, position):
        is_string = found[0].startswith('"')
        pieces.append(text[position : found.end() if is_string else found.start()])
        position = found.end()
        if found[0] == "/*":
            end = text.find("*/", position)
            position = end + 2 if end >= 0 else len(text)
    return "".join(pieces) + text[position:]


def nodes_of(loaded: list[Any]) -> Iterator[Node]:
    """Walk everything that is nested anywhere, in the order of the page, without recursion."""
    pending = list(reversed(loaded))
    seen = 0
    while pending and seen < _MOST_NODES:
        value = pending.pop()
        seen += 1
        if isinstance(value, dict):
            yield value
            pending.extend(reversed(value.values()))
        elif isinstance(value, list):
            pending.extend(reversed(value))


def types_of(node: Node) -> frozenset[str]:
    """Give a node's types without the part that says they are schema.org's."""
    value = node.get("@type")
    names = value if isinstance(value, list) else [value]
    return frozenset(name.rpartition("/")[2].rpartition(":")[2] for name in names if isinstance(name, str))


def posts_of(loaded: list[Any]) -> list[Node]:
    """Give the nodes that are something posted, as often as the page holds them."""
    nodes = list(nodes_of(loaded))
    wanted = POSTS | ({"Question"} if any("QAPage" in types_of(node) for node in nodes) else frozenset())
    return [node for node in nodes if types_of(node) & wanted and node.keys() - {"@type", "@id", "@context"}]


def by_people(loaded: list[Any]) -> list[Node]:
    """Give what people posted, each once: not the answers in a list of frequent questions, which are the site's own."""
    own = {id(node) for page in nodes_of(loaded) if "FAQPage" in types_of(page) for node in nodes_of([page])}
    return list({_identity(node): node for node in reversed(posts_of(loaded)) if id(node) not in own}.values())[::-1]


def _identity(node: Node) -> tuple[object, ...]:
    """Give what tells two posts apart; pages repeat the same node in several scripts."""
    return (types_of(node), *(text(node.get(name))[:10_000] for name in _TELLING))


def article_of(loaded: list[Any]) -> Node:
    """Give the page's article, or an empty node."""
    return next((node for node in nodes_of(loaded) if types_of(node) & ARTICLES), {})


def text(value: object) -> str:
    """Take the text of a value: text or number, a node's name or value, or the first of a list."""
    if isinstance(value, list):
        return next((found for found in map(text, value[:20]) if found), "")
    if isinstance(value, dict):
        return text(value.get("@value") or value.get("name") or value.get("url") or value.get("@id") or "")
    if isinstance(value, bool) or value is None:
        return ""
    return str(value).strip() if isinstance(value, (str, int, float)) else ""
