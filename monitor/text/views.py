"""Look at one text in several ways, and find the way back to the original.

The views are strings that can be searched: *folded* (plain reading), *latin* (other scripts in Latin letters),
*skeleton* (disguises read, words kept apart) and *squeezed* (the same without spaces). Making a view is quick and
keeps no offsets; an offset map is made only when something was found in that view.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Generic, TypeVar

from monitor.text.fold import ASCII_DROPPED, ASCII_FOLD, ASCII_SKELETON, FOLD, LATIN, SKELETON, CharTable
from monitor.text.lookalikes import DRAWN_LETTERS

_NON_LATIN = re.compile("[\u0370-\u1cff\u1f00-\u1fff\u2c00-\u2c5f\u2c80-\u2dff\u3040-\ua63f\ua660-\ua6ff\uf900-\ufaff]")
_DISGUISED = re.compile(
    r"[0-9@$|*+!](?:(?<=[A-Za-z].)[0-9@$|*+!]*[A-Za-z]|(?<![A-Za-z0-9].)(?<!@)[0-9$|!]*[A-Za-z]{2})"
    r"|[.\-_*~^](?<=\b[A-Za-z].)[A-Za-z]\b"
    r"|[*#%_~^](?<=[A-Za-z].)"
)
_DOUBLES = tuple((letter * 2, letter) for letter in "abcdefghijklmnopqrstuvwxyz")
_DRAWN = dict(DRAWN_LETTERS)
_DRAWN_RE = re.compile("|".join(re.escape(drawn) for drawn, _ in DRAWN_LETTERS))
_DRAWN_HINTS = ("\\", "|", "()", "[]", "(_)", "><")
_UNIT_RE = re.compile(f"{_DRAWN_RE.pattern}|.", re.DOTALL)


class View(StrEnum):
    """Name one way of looking at a text."""

    FOLDED = "folded"
    LATIN = "latin"
    SKELETON = "skeleton"
    SQUEEZED = "squeezed"


def fold(text: str) -> str:
    """Read a text plainly: lower case, no accents, single spaces for everything that is not a letter or digit."""
    if text.isascii():
        return " ".join(text.encode().translate(ASCII_FOLD).decode().split())
    return " ".join(text.translate(FOLD).split())


def latin(text: str) -> str:
    """Read a text in Latin letters, whatever its script."""
    return " ".join(text.translate(LATIN).split())


def skeleton(text: str) -> str:
    """Read a text through disguises, words kept apart, runs of one letter written once."""
    return _merge_runs(" ".join(_skeleton_words(text)))


def squeeze(text: str) -> str:
    """Read a text through disguises and drop the spaces too."""
    return _merge_runs("".join(_skeleton_words(text)))


def _merge_runs(text: str) -> str:
    # Halving each run with str.replace is many times quicker than one regular expression with a back-reference.
    for double, letter in _DOUBLES:
        while double in text:
            text = text.replace(double, letter)
    return text


def _skeleton_words(text: str) -> list[str]:
    if any(hint in text for hint in _DRAWN_HINTS):
        text = _DRAWN_RE.sub(lambda found: _DRAWN[found[0]], text)
    if text.isascii():
        return text.encode().translate(ASCII_SKELETON, ASCII_DROPPED).decode().split()
    return text.translate(SKELETON).split()


def _units(text: str, *, drawn: bool) -> Iterator[tuple[int, str]]:
    if not (drawn and any(hint in text for hint in _DRAWN_HINTS)):
        yield from enumerate(text)
        return
    for found in _UNIT_RE.finditer(text):
        yield found.start(), _DRAWN.get(found[0], found[0])


def offsets(text: str, view: View) -> tuple[str, array[int]]:
    """Give a view together with the original offset of each of its characters; linear time.

    The string is the one that `fold`, `latin`, `skeleton` and `squeeze` give.
    """
    table: CharTable = {View.FOLDED: FOLD, View.LATIN: LATIN}.get(view, SKELETON)
    spaced, once = view is not View.SQUEEZED, view in (View.SKELETON, View.SQUEEZED)
    letters: list[str] = []
    where = array("q")
    last, gap = "", False
    for index, unit in _units(text, drawn=once):
        for letter in table[ord(unit)]:
            if letter == " ":
                gap = True
                continue
            if gap and spaced and letters:
                letters.append(" ")
                where.append(index)
                last = " "
            gap = False
            if not (once and letter == last and "a" <= letter <= "z"):
                letters.append(letter)
                where.append(index)
                last = letter
    return "".join(letters), where


Value = TypeVar("Value")


class _Lazy(Generic[Value]):
    """Make an attribute when it is first read; without the lock of the standard one, which costs more than the work."""

    def __init__(self, make: Callable[[Views], Value]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __get__(self, views: Views, owner: type[Views]) -> Value:
        value = views.__dict__[self._make.__name__] = self._make(views)
        return value


class Views:
    """Hold one text and its views, each made when first asked for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._maps: dict[View, array[int]] = {}

    @_Lazy
    def folded(self) -> str:
        """Give the plain reading."""
        return fold(self.text)

    @_Lazy
    def words(self) -> list[str]:
        """Give the words of the plain reading."""
        return self.folded.split(" ")

    @_Lazy
    def latin(self) -> str:
        """Give the reading in Latin letters; empty when there is nothing to transliterate."""
        if self.text.isascii() or not _NON_LATIN.search(self.text):
            return ""
        return latin(self.text)

    @_Lazy
    def squeezed(self) -> str:
        """Give the reading through disguises without spaces."""
        return squeeze(self.text)

    @_Lazy
    def skeleton(self) -> str:
        """Give the reading through disguises with spaces."""
        return skeleton(self.text)

    @_Lazy
    def is_disguised(self) -> bool:
        """Tell whether any word holds signs that may stand for letters, so that the skeleton is worth reading."""
        text = self.text
        if not text.isascii() and _ODD_SIGN.search(text.translate(_HARMLESS)):
            return True
        return _DISGUISED.search(text) is not None or any(hint in text for hint in _DRAWN_HINTS)

    def get(self, view: View) -> str:
        """Give one view by name."""
        value: str = getattr(self, view.value)
        return value

    def original(self, view: View, start: int, end: int) -> tuple[int, int]:
        """Turn a span of a view into the span of the original text that it was read from."""
        where = self._maps.get(view)
        if where is None:
            where = self._maps[view] = offsets(self.text, view)[1]
        return where[start], where[end - 1] + 1


_ODD_SIGN = re.compile(
    "[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]|(?![\u2000-\u27bf\ufe0f])[^\x00-\x7f\U0001f300-\U0010ffff]"
)
_HARMLESS = dict.fromkeys(map(ord, "‘’“”„«»–—…•·\u00a0€£°éèêëáàâäãåíìîïóòôöõúùûüçñßÉÈÁÀÄÅÍÓÖÚÜÇÑ¿"), "")
