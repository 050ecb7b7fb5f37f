"""Turn others' HTML into a tree and into plain text, without running or trusting any of it."""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import urljoin

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from monitor.text import is_web_url

_SKIPPED = frozenset({"script", "style", "noscript", "template", "svg", "head", "iframe", "object", "math", "canvas"})
_BLOCKS = frozenset(
    "address article aside blockquote body br dd details dialog div dl dt fieldset figcaption figure footer form h1 h2"
    " h3 h4 h5 h6 header hgroup hr legend li main nav ol option p pre section summary table tbody td tfoot th thead tr"
    " ul".split()
)
_KNOWN = (
    _SKIPPED
    | _BLOCKS
    | frozenset(
        "a abbr acronym audio b bdi bdo big button center cite code data del dfn em font form i img input ins kbd label"
        " mark picture q rp rt ruby s samp select small source span strike strong sub sup textarea time tt u var video"
        " wbr html title meta link".split()
    )
)
_TAG = re.compile(r"<[a-zA-Z/!?]")
_TAG_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)(?=[\s/>])")
_ENTITY = re.compile(r"&(?:#\d|#[xX][0-9a-fA-F]|[a-zA-Z]{2,32};)")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# Text encodings a page may have; Python knows others that are not text at all.
_ENCODINGS = frozenset(
    "utf-8 utf-16-le utf-16-be cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 iso8859-2 iso8859-3"
    " iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-10 iso8859-13 iso8859-14 iso8859-15 iso8859-16 koi8-r"
    " koi8-u mac-roman cp866 cp874 tis-620 gbk gb2312 gb18030 big5 euc_jp iso2022_jp shift_jis cp932 euc_kr"
    " cp949".split()
)
_AS_BROWSERS_DO = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "gb2312": "gb18030",
}


def decode(body: bytes, charset: str = "") -> str:
    """Decode a page as browsers do: byte order mark, header, meta, UTF-8 if it fits, else Windows-1252.

    `charset` is what the answer's header said. Never raises; what cannot be read becomes U+FFFD.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    codec = _codec(charset) or _codec(_declared(body))
    if codec:
        return body.decode(codec, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def _declared(body: bytes) -> str:
    """Give the charset that a page names itself."""
    from bs4.dammit import EncodingDetector  # noqa: PLC0415 - slow to load, and not needed for feeds

    found = EncodingDetector.find_declared_encoding(body[:4096], is_html=True, search_entire_document=True)
    return found or ""


def _codec(label: str) -> str:
    try:
        name = codecs.lookup(label.strip()).name if label and len(label) < 40 else ""
    except (LookupError, ValueError):
        return ""
    name = _AS_BROWSERS_DO.get(name, name)
    return name if name in _ENCODINGS else ""


def parse(text: str) -> HtmlElement | None:
    """Parse a whole page or a fragment; None when there is nothing in it. Never raises for bad input."""
    parser = HTMLParser(encoding="utf-8", huge_tree=True, no_network=True, remove_pis=True)
    body = text.replace("\x00", "\ufffd").encode("utf-8", "replace")
    try:
        return document_fromstring(body, parser=parser, ensure_head_body=False)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def text_of(element: HtmlElement, *, leave_out: Callable[[HtmlElement], bool] | None = None) -> str:
    """Give the words of an element, one line a block; `leave_out` chooses more elements to pass over."""
    pieces: list[str] = []
    for event, node in _walk(element, leave_out):
        tag = node.tag
        if event == "end":
            if tag in _BLOCKS:
                pieces.append("\n")
            if node is not element and node.tail:
                pieces.append(_flat(node.tail))
        else:
            if tag in _BLOCKS:
                pieces.append("\n")
            if node.text:
                pieces.append(node.text if tag == "pre" else _flat(node.text))
    return tidy("".join(pieces))


def _walk(element: HtmlElement, leave_out: Callable[[HtmlElement], bool] | None) -> Iterator[tuple[str, HtmlElement]]:
    """Walk a tree without recursion; skipped elements and comments only give their end, for the text behind them."""
    walker = etree.iterwalk(element, events=("start", "end", "comment", "pi"))
    for event, node in walker:
        if event in ("comment", "pi"):
            if node.tail:
                yield "end", node
        elif event == "start":
            if node is not element and (node.tag in _SKIPPED or (leave_out is not None and leave_out(node))):
                walker.skip_subtree()
            else:
                yield "start", node
        else:
            yield "end", node


def _flat(text: str) -> str:
    """Treat line breaks in the source as the spaces they are."""
    return text.replace("\n", " ").replace("\r", " ")


def tidy(text: str) -> str:
    """Give one space between words, no empty lines at the ends and at most one inside."""
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def html_to_text(source: str) -> str:
    """Give the words of an HTML fragment; text without tags and entities is only tidied."""
    if not _TAG.search(source):
        return tidy(html.unescape(source) if _ENTITY.search(source) else source)
    tree = parse(source)
    return "" if tree is None else text_of(tree)


def looks_like_html(text: str) -> bool:
    """Tell whether text that should be plain holds HTML tags or entities."""
    if _ENTITY.search(text):
        return True
    return any(found[1].lower() in _KNOWN for found in _TAG_NAME.finditer(text))


def images_of(element: HtmlElement, base: str, most: int = 10) -> tuple[str, ...]:
    """Give the addresses of an element's pictures, absolute, in order, each once, without one-pixel ones."""
    found: dict[str, None] = {}
    for image in element.iter("img"):
        if image.get("width") in ("0", "1") or image.get("height") in ("0", "1"):
            continue
        url = absolute(image.get("src") or image.get("data-src") or "", base)
        if url:
            found.setdefault(url)
        if len(found) >= most:
            break
    return tuple(found)


def absolute(url: str, base: str) -> str:
    """Give an absolute http or https address, or an empty string for anything else."""
    url = url.strip()
    if not url or len(url) > 4_000:
        return ""
    try:
        joined = urljoin(base, url)
    except ValueError:
        return ""
    return joined if is_web_url(joined) else ""
