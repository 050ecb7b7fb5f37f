"""Read the visible words of an HTML page without running or trusting any of it."""

from __future__ import annotations

from html.parser import HTMLParser

from monitor.text.clean import clean_text

MAX_CHARACTERS = 5_000_000
_SKIPPED = frozenset(["script", "style", "noscript", "template", "svg", "head", "iframe", "object"])
_BLOCKS = frozenset(
    "address article aside blockquote br dd div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main"
    " nav ol p pre section table td th tr ul".split()
)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.title: list[str] = []
        self._skipping: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            self._in_title = True
        elif tag in _SKIPPED:
            self._skipping.append(tag)
        elif tag in _BLOCKS:
            self.words.append("\n")
            if "head" in self._skipping:  # a block element ends a head that was never closed
                self._skipping.remove("head")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag in self._skipping:
            while self._skipping.pop() != tag:
                pass
        elif tag in _BLOCKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title.append(data)
        elif not self._skipping:
            self.words.append(data)


def read_page(body: bytes, charset: str = "") -> tuple[str, str]:
    """Give the title and the visible text of an HTML page, or of plain text, as clean text.

    `charset` is what the answer's header said; without it UTF-8 is tried and Windows-1252 is the fallback, as
    browsers do. Never raises for bad input.
    """
    reader = _Reader()
    reader.feed(_decode(body, charset)[:MAX_CHARACTERS])
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.words).split("\n"))
    return clean_text(" ".join("".join(reader.title).split())), clean_text("\n".join(line for line in lines if line))


def _decode(body: bytes, charset: str) -> str:
    for name in (charset, "utf-8"):
        try:
            if name:
                return body.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    return body.decode("cp1252", "replace")
