"""Find links in a file that a person brings: CSV, one link a line, OPML, a saved alert feed or an alert's mail page.

The file is others' work: it is read row by row, or by a parser that expands nothing; no line is dropped in silence.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree, html

from monitor.text.links import is_web_url, unwrap_url

MAX_BYTES = 16 * 1024 * 1024
_LONGEST_LINK = 4_000
_MOST_LINES = 200
_COLUMNS = frozenset(
    "url urls link links address web_address weblink permalink page source_url href adresse lien enlace".split()
)
_ALERT_FEED = re.compile(r"https://www\.google\.[a-z.]+/alerts/feeds/\d+/\d+")
_FORMULA = ("=", "+", "-", "@")


class NotALinkList(ValueError):
    """Say in words why a file as a whole cannot be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """Hold what one line gave: a page's address, a feed's, or why it gave none."""

    number: int
    url: str = ""
    title: str = ""
    is_feed: bool = False
    fault: str = ""


def read_links(body: bytes) -> tuple[Line, ...]:
    """Give each line's link in the order of the file; NotALinkList for what is no text or no such list.

    Redirects of known services are unwrapped. Lines of an XML file are those on which its elements begin.
    """
    if len(body) > MAX_BYTES:
        raise NotALinkList(f"it is larger than {MAX_BYTES // 2**20} MiB")
    text = _decoded(body)
    start = text.lstrip()[:2_000].lower()
    if not start.startswith("<"):
        return tuple(_from_rows(text))
    if "<html" in start or "<!doctype html" in start:
        return tuple(_from_page(text))
    return tuple(_from_xml(text))


def _decoded(body: bytes) -> str:
    encoding = "utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError:
        text = body.decode("cp1252", "replace")
    if "\0" in text:
        raise NotALinkList("it is no text file")
    return text


def _from_rows(text: str) -> Iterator[Line]:
    """Read each line by itself, but for a cell that holds line breaks."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    delimiter, column = ",", None
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    for candidate in (",", ";", "\t"):
        names = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in _cells(lines[first], candidate)]
        found = next((place for place, name in enumerate(names) if name in _COLUMNS), None)
        if found is not None:
            delimiter, column = candidate, found
            break
    if column is None:
        yield from (_from_row(number, line) for number, line in enumerate(lines, start=1) if line.strip())
        return
    width = len(_cells(lines[first], delimiter))
    at = first + 1
    while at < len(lines):
        end, cells = _record(lines, at, delimiter, width)
        if any(line.strip() for line in lines[at:end]):
            yield _line(at + 1, cells[column] if column < len(cells) else "")
        at = end


def _record(lines: Sequence[str], at: int, delimiter: str, width: int) -> tuple[int, list[str]]:
    """Give where the record that begins on a line ends, and its cells.

    A quoted cell may go on over some lines where that makes a row of the table's width. A quote that is never closed
    belongs to its line alone: it must not swallow what comes after it.
    """
    if lines[at].count('"') % 2:
        last = min(len(lines), at + _MOST_LINES)
        end = next((later + 1 for later in range(at + 1, last) if lines[later].count('"') % 2), 0)
        cells = _cells("\n".join(lines[at:end]), delimiter, strict=True) if end else []
        if len(cells) == width:
            return end, cells
    return at + 1, _cells(lines[at], delimiter)


def _from_row(number: int, line: str) -> Line:
    for candidate in (",", ";", "\t"):
        found = next((cell for cell in _cells(line, candidate) if is_web_url(cell.strip())), "")
        if found and _line(number, line).fault:
            return _line(number, found)
    return _line(number, line)


def _cells(line: str, delimiter: str, *, strict: bool = False) -> list[str]:
    try:
        return next(csv.reader(line.splitlines(keepends=True), delimiter=delimiter, strict=strict), [])
    except csv.Error:
        return []


def _line(number: int, given: str, title: str = "", *, is_feed: bool = False) -> Line:
    link = given.strip()
    if link.startswith(_FORMULA):
        return Line(number=number, fault="this is a formula, not an address")
    if not link:
        return Line(number=number, fault="there is no address on this line")
    if len(link) > _LONGEST_LINK or re.search(r"[\s\x00-\x1f\x7f]", link) or not is_web_url(link):
        return Line(number=number, fault="this is no web address")
    url = unwrap_url(link)
    return Line(number=number, url=url, title=title[:200], is_feed=is_feed or bool(_ALERT_FEED.fullmatch(url)))


def _from_xml(text: str) -> Iterator[Line]:
    if re.search(r"<!(?:DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise NotALinkList("it defines names of its own (a DOCTYPE), which no such list needs")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", _same_lines, text).encode("utf-8"), parser)
    except (etree.XMLSyntaxError, UnicodeEncodeError) as error:
        raise NotALinkList(f"it is no sound XML: {str(error)[:200]}") from error
    kind = etree.QName(root).localname
    if kind not in ("opml", "feed", "rss"):
        raise NotALinkList("it is XML, but neither OPML nor a feed")
    for element in root.iter(etree.Element):
        yield from _from_outline(element) if kind == "opml" else _from_entry(element)


def _same_lines(found: re.Match[str]) -> str:
    """Drop the declaration, whose encoding no longer holds, and keep the count of lines."""
    return "\n" * found[0].count("\n")


def _from_outline(element: etree._Element) -> Iterator[Line]:
    if etree.QName(element).localname != "outline":
        return
    cells = {str(name).lower(): str(value) for name, value in element.attrib.items()}
    title = cells.get("title") or cells.get("text") or ""
    if "xmlurl" in cells:
        yield _line(_row_of(element), cells["xmlurl"], title, is_feed=True)
    elif "url" in cells:
        yield _line(_row_of(element), cells["url"], title)
    elif not len(element):
        yield Line(number=_row_of(element), fault="this entry holds no address")


def _from_entry(element: etree._Element) -> Iterator[Line]:
    if etree.QName(element).localname not in ("entry", "item"):
        return
    links = [one for one in element if isinstance(one.tag, str) and etree.QName(one).localname == "link"]
    links = [one for one in links if one.get("rel", "alternate") == "alternate"]
    yield _line(_row_of(element), (links[0].get("href") or links[0].text or "") if links else "")


def _row_of(element: etree._Element) -> int:
    line: object = element.sourceline  # the library's types say that it is always there; it is not
    return line if isinstance(line, int) else 0


def _from_page(text: str) -> Iterator[Line]:
    """Read the page of an alert's mail: only links that lead out through the search engine's redirect are results."""
    try:
        root = html.fromstring(text.encode("utf-8", "replace"), parser=html.HTMLParser(encoding="utf-8"))
    except etree.ParserError as error:
        raise NotALinkList("it is an empty page") from error
    for anchor in root.iter("a"):
        href = (anchor.get("href") or "").strip()
        if _ALERT_FEED.fullmatch(href) or (is_web_url(href) and unwrap_url(href) != href):
            yield _line(_row_of(anchor), href)
