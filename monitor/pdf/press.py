"""Print a PDF/A from a template and facts. The only door to Typst.

A template is a file of ours. What others wrote reaches it as JSON only and is shown as text: nothing in it is ever read
as markup. `house.typ`, which every template may import, holds the pages, tables and fonts that all documents share.
"""

from __future__ import annotations

import json
import re
import tempfile
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from monitor.domain import to_utc
from monitor.errors import PrintingFailed

if TYPE_CHECKING:
    import typst

STANDARD: Final = "a-2b"
"""PDF/A-2b: everything that is needed to show the document in fifty years is in it."""

_HOUSE = Path(__file__).with_name("house.typ")
_MOST_TRIES = 12
_UNSHOWABLE = re.compile(r'the text `"(?P<text>.*?)"` could not be displayed')
_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}")
_DIRECTION = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NO_GLYPH = frozenset({"Cc", "Cn", "Co", "Cs"})
_KEPT = frozenset("\n\t")


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """Hold a finished document.

    `replaced` names the characters that no installed font can draw, as "U+E000"; in the document each stands as
    "[U+E000]". Marks that change the direction of writing are shown that way too, since they could make a line read
    otherwise than it was written.
    """

    body: bytes = field(repr=False)
    replaced: tuple[str, ...]


def can_print() -> bool:
    """Tell whether the package that prints is installed."""
    return find_spec("typst") is not None


def print_pdf(
    template: Path, facts: Mapping[str, object], *, at: datetime, pictures: Mapping[str, bytes] | None = None
) -> Printed:
    """Print `template` with `facts` as `data.json` beside it, and `pictures` under their names.

    `facts` hold what JSON can hold. `at` is the date written into the document: the same facts, pictures, fonts and
    date give the same bytes. PrintingFailed when the package is not installed, or a picture or the template is broken.
    """
    if not can_print():
        raise PrintingFailed(why="the package typst is not installed", try_="Install it: pip install 'goodname[pdf]'")
    with tempfile.TemporaryDirectory(prefix="goodname-pdf-") as folder:
        desk = Path(folder)
        (desk / "main.typ").write_bytes(template.read_bytes())
        (desk / _HOUSE.name).write_bytes(_HOUSE.read_bytes())
        for name, body in (pictures or {}).items():
            (desk / Path(name).name).write_bytes(body)
        return _press(desk, facts, at)


def _press(desk: Path, facts: Mapping[str, object], at: datetime) -> Printed:
    """Compile until every character can be drawn: each one that cannot is replaced, in the end all rare ones."""
    bad: set[str] = set()
    used: set[str] = set()
    for attempt in range(_MOST_TRIES):
        only_plain = attempt == _MOST_TRIES - 1
        shown = _shown(facts, frozenset(bad), only_plain=only_plain, used=used)
        (desk / "data.json").write_text(json.dumps(shown), encoding="utf-8")
        body, unshowable = _compile(desk, at)
        if body:
            return Printed(body=body, replaced=tuple(sorted(used)))
        if set(unshowable) <= bad:
            break
        bad |= set(unshowable)
    raise PrintingFailed(why="a character cannot be drawn, not even by its number")


def _compile(desk: Path, at: datetime) -> tuple[bytes, str]:
    """Give the document, or the characters that stopped it."""
    import typst  # noqa: PLC0415  # an extra

    try:
        body = typst.compile(
            desk / "main.typ",
            root=desk,
            font_paths=_fonts(),
            pdf_standards=[STANDARD],
            timestamp=to_utc(at).replace(microsecond=0),
        )
    except typst.TypstError as fault:
        found = _UNSHOWABLE.search(fault.message)
        if found is None:
            raise PrintingFailed(why=_one_line(fault.message)) from None
        return b"", _ESCAPE.sub(lambda code: chr(int(code[1], 16)), found["text"])
    return body, ""


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    import typst  # noqa: PLC0415  # an extra

    return typst.Fonts()


def _shown(value: Any, bad: frozenset[str], *, only_plain: bool, used: set[str]) -> Any:  # noqa: ANN401 # JSON
    """Copy JSON with every character that cannot or must not be drawn written as its number."""
    if isinstance(value, str):
        return "".join(_drawn(char, bad, only_plain=only_plain, used=used) for char in value)
    if isinstance(value, Mapping):
        return {key: _shown(entry, bad, only_plain=only_plain, used=used) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(entry, bad, only_plain=only_plain, used=used) for entry in value]
    return value


def _drawn(char: str, bad: frozenset[str], *, only_plain: bool, used: set[str]) -> str:
    if char.isascii() and (char.isprintable() or char in _KEPT):
        return char
    if char in bad or char in _DIRECTION or unicodedata.category(char) in _NO_GLYPH or (only_plain and char > "\u02af"):
        name = f"U+{ord(char):04X}"
        used.add(name)
        return f"[{name}]"
    return char


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
