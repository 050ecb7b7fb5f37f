"""Read text out of raw HTML without running or loading anything in it; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.text.clean import clean_text

if TYPE_CHECKING:
    from lxml import html

_SILENT = frozenset({"script", "style", "noscript", "template", "head", "textarea", "select", "svg", "math"})
_BLOCKS = frozenset(
    "address article aside blockquote br dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header"
    " hr li main nav ol p pre section table tbody td tfoot th thead tr ul".split()
)
_TEXT_CAP = 2_000_000
_SPACES = re.compile(r"[ \t\f\v]+")
_GAPS = re.compile(r"\s*\n\s*")


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainPage:
    """Hold what raw HTML says: visible text by tags alone, the title, and whether it asks for a password."""

    text: str = ""
    title: str = ""
    asks_password: bool = False


def read_html(body: bytes, charset: str = "") -> PlainPage:
    """Read a page; broken markup is read as far as it goes and never raises."""
    from lxml import etree  # noqa: PLC0415 # heavy: only when a page is read

    document = _parsed(body, charset)
    if document is None:
        return PlainPage()
    pieces: list[str] = []
    size = silent = 0
    for event, element in etree.iterwalk(document, events=("start", "end")):
        is_start, is_silent = event == "start", str(element.tag) in _SILENT
        silent += is_silent and is_start
        silent -= is_silent and not is_start
        if not silent:
            piece = _piece(element, is_start=is_start)
            pieces.append(piece)
            size += len(piece)
        if size > _TEXT_CAP:
            break
    text = _GAPS.sub("\n", _SPACES.sub(" ", "".join(pieces))).strip()
    return PlainPage(
        text=clean_text(text),
        title=clean_text(str(document.findtext(".//title") or "").strip())[:1000],
        asks_password=bool(document.xpath("boolean(//input[@type='password'])")),
    )


def _parsed(body: bytes, charset: str) -> html.HtmlElement | None:
    from lxml import etree, html  # noqa: PLC0415 # heavy: only when a page is read

    for encoding in (charset or None, None, "utf-8"):
        try:
            parser = html.HTMLParser(
                encoding=encoding, recover=True, no_network=True, remove_comments=True, remove_pis=True
            )
            return html.document_fromstring(body, parser=parser)
        except (LookupError, ValueError, etree.LxmlError):
            continue  # an unknown charset, or nothing that resembles markup
    return None


def _piece(element: html.HtmlElement, *, is_start: bool) -> str:
    """Give the text that follows this tag; none follows the last."""
    edge = "\n" if str(element.tag) in _BLOCKS else ""
    if is_start:
        return f"{edge}{element.text or ''}"
    return f"{edge}{'' if element.getparent() is None else element.tail or ''}"
