"""Look at one text in several ways, and find the way back to the original.

The views are strings that can be searched: *folded* (plain reading), *latin* (other scripts in Latin letters),
*skeleton* (disguises read, words kept apart) and *squeezed* (the same without spaces). Making a view is quick and
keeps no offsets; an offset map is made only when something was found in that view.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Generic, TypeVar

from monitor.text.fold import (
    ASCII_DROPPED,
    ASCII_FOLD,
    ASCII_SKELETON,
    ASCII_UNSPACED,
    FOLD,
    LATIN,
    SKELETON,
    CharTable,
)
from monitor.text.lookalikes import DRAWN_LETTERS

_NON_LATIN = re.compile("[\u0370-\u1cff\u1f00-\u1fff\u2c00-\u2c5f\u2c80-\u2dff\u3040-\ua63f\ua660-\ua6ff\uf900-\ufaff]")
_NON_ASCII = re.compile("[^\x00-\x7f]+")
_UNITS = r"(?:st|nd|rd|th|am|pm|km|kg|mm|cm|m|k|mph|min|mins|h|hrs?|x|s|gb|mb|yo|yrs?|px|p)"
# One set of signs stands first, so that the search runs from sign to sign; what a sign must be is asked behind it.
_DISGUISED = re.compile(
    r"[0-9@$|*+!.\-_~^#%](?:"
    r"(?<=[0-9@$|*+!])(?:(?<=[A-Za-z].)[0-9@$|*+!]*[A-Za-z]"
    rf"|(?<![A-Za-z0-9].)(?<!@)(?![0-9]*{_UNITS}\b)[0-9$|!]*[A-Za-z]{{2}})"
    r"|(?<=\b[A-Za-z][.\-_*~^])[A-Za-z]\b"
    r"|(?<=[A-Za-z][*#%_~^])"
    r")"
)
_DOUBLES = tuple((letter * 2, letter) for letter in "abcdefghijklmnopqrstuvwxyz")
_SHORT = 40
_RUN = re.compile(r"([a-z])\1")
_DRAWN = dict(DRAWN_LETTERS)
_DRAWN_RE = re.compile("|".join(re.escape(drawn) for drawn, _ in DRAWN_LETTERS))
_UNIT_RE = re.compile(f"{_DRAWN_RE.pattern}|.", re.DOTALL)


class View(StrEnum):
    """Name one way of looking at a text."""

    FOLDED = "folded"
    LATIN = "latin"
    SKELETON = "skeleton"
    SQUEEZED = "squeezed"


def fold(text: str) -> str:
    """Read a text plainly: lower case, no accents, single spaces for everything that is not a letter or digit."""
    return " ".join(_folded(text).split())


def latin(text: str) -> str:
    """Read a text in Latin letters, whatever its script."""
    return " ".join(text.translate(LATIN).split())


def skeleton(text: str) -> str:
    """Read a text through disguises, words kept apart, runs of one letter written once."""
    text = _through_disguises(text)
    if text.isascii():
        return merge_runs(" ".join(text.encode().translate(ASCII_SKELETON, ASCII_DROPPED).decode().split()))
    return merge_runs(" ".join(text.translate(SKELETON).split()))


def squeeze(text: str) -> str:
    """Read a text through disguises and drop the spaces too."""
    text = _through_disguises(text)
    if text.isascii():
        return merge_runs(text.encode().translate(ASCII_SKELETON, ASCII_UNSPACED).decode())
    return merge_runs(text.translate(SKELETON).replace(" ", ""))


def _is_nearly_ascii(text: str) -> bool:
    """Tell whether a text holds so few other characters that reading these alone is quicker than reading it all."""
    return (len(text.encode("utf-8", "surrogatepass")) - len(text)) * 16 < len(text)


def _folded(text: str) -> str:
    if not text.isascii():
        if not _is_nearly_ascii(text):
            return text.translate(FOLD)
        # What the table gives for other characters it leaves as it is when read again.
        text = _NON_ASCII.sub(lambda found: found[0].translate(FOLD), text)
        if not text.isascii():
            return text.translate(FOLD)
    return text.encode().translate(ASCII_FOLD).decode()


def _through_disguises(text: str) -> str:
    """Read drawn letters, and the few look-alikes of a text that is nearly ASCII; the rest is left to the tables."""
    if has_drawn_letters(text):
        text = _DRAWN_RE.sub(lambda found: _DRAWN[found[0]], text)
    if not text.isascii() and _is_nearly_ascii(text):
        text = _NON_ASCII.sub(lambda found: found[0].translate(SKELETON), text)
    return text


def has_drawn_letters(text: str) -> bool:
    """Tell whether a text may hold letters drawn with several signs."""
    return "\\" in text or "|" in text or "()" in text or "[]" in text or "(_)" in text or "><" in text


def merge_runs(text: str) -> str:
    """Write runs of one letter once."""
    # Halving each run with str.replace is many times quicker than one regular expression with a back-reference.
    if len(text) < _SHORT and not _RUN.search(text):
        return text
    for double, letter in _DOUBLES:
        while double in text:
            text = text.replace(double, letter)
    return text


def _units(text: str, table: CharTable) -> tuple[str, list[int]]:
    """Read a text with drawn letters, with the original offset of each sign that was read."""
    read = [(table[ord(_DRAWN.get(found[0], found[0]))], found.start()) for found in _UNIT_RE.finditer(text)]
    return "".join(letters for letters, _ in read), [at for letters, at in read for _ in letters]


def offsets(text: str, view: View) -> tuple[str, Sequence[int]]:
    """Give a view together with the original offset of each of its characters; linear time.

    The string is the one that `fold`, `latin`, `skeleton` and `squeeze` give.
    """
    table: CharTable = {View.FOLDED: FOLD, View.LATIN: LATIN}.get(view, SKELETON)
    where: Sequence[int]
    through = view in (View.SKELETON, View.SQUEEZED)
    if through and has_drawn_letters(text):
        read, where = _units(text, table)
    elif len(read := text.translate(table)) == len(text) and view is not View.LATIN and text.isascii():
        where = range(len(text))
    else:
        letters = [table[code] for code in map(ord, text)]
        read, where = "".join(letters), [at for at, some in enumerate(letters) for _ in some]
    return _tidied(read, where, spaced=view is not View.SQUEEZED, merged=through)


def _tidied(read: str, where: Sequence[int], *, spaced: bool, merged: bool) -> tuple[str, Sequence[int]]:
    """Drop needless spaces and repeated letters, each with its offset."""
    if spaced:
        kept = [i for i, (before, c) in enumerate(zip(" " + read, read, strict=False)) if c != " " or before != " "]
        if kept and read[kept[-1]] == " ":
            kept.pop()
    else:
        kept = [i for i, c in enumerate(read) if c != " "]
    letters = [read[i] for i in kept]
    if merged:
        pairs = zip(kept, letters, ["", *letters], strict=False)
        kept = [i for i, c, before in pairs if c != before or not "a" <= c <= "z"]
        letters = [read[i] for i in kept]
    return "".join(letters), [where[i] for i in kept]


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
        if not text.isascii() and _ODD_SIGN.search(text):
            return True
        return _DISGUISED.search(text) is not None or has_drawn_letters(text)

    @_Lazy
    def _maps(self) -> dict[View, Sequence[int]]:
        """Hold the offset maps that were asked for."""
        return {}

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


_HARMLESS = "‘’“”„«»–—…•·\u00a0€£°éèêëáàâäãåíìîïóòôöõúùûüçñßÉÈÁÀÄÅÍÓÖÚÜÇÑ¿"
_ODD_SIGN = re.compile(
    f"[^\x00-\x7f{_HARMLESS}](?:(?<=[A-Za-z].)|(?=[A-Za-z])"
    f"|(?<=[^\x00-\x7f{_HARMLESS}\u2000-\u27bf\ufe0f\U0001f300-\U0010ffff]))",
    re.DOTALL,
)
