"""Fold characters: one table for reading plainly, one for reading through disguises, one for other scripts.

Each table maps one code point to the string that stands for it ("" drops it, " " parts words), so that folding a text
is folding its characters, and an offset map is always possible. Entries are made when a character is first seen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from anyascii import anyascii

from monitor.text.lookalikes import LEET, LETTER_PAIRS, LOOKALIKES

_MEMORY = 60_000
_LATIN_NAME = re.compile(
    r"(?:LATIN (?:SMALL|CAPITAL|SUBSCRIPT SMALL|LETTER SMALL CAPITAL|LETTER)(?: LETTER)?"
    r"(?: (?:OPEN|TURNED|REVERSED|SIDEWAYS|INSULAR|DOTLESS|LONG|BARRED|BLACKLETTER|SCRIPT|INVERTED|SMALL CAPITAL))*"
    r"|(?:NEGATIVE |CROSSED NEGATIVE )?(?:CIRCLED|SQUARED) LATIN CAPITAL LETTER) ([A-Z])(?: WITH .*)?$"
)
_REGIONAL_A = 0x1F1E6
_TAG_A = 0xE0061
_OWN_FOLDS = {
    "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "ə": "e",
    "ى": "ي", "ة": "ه", "ک": "ك", "ی": "ي", "ـ": "", "ё": "е", "ς": "σ",
}  # fmt: skip
_DROPPED_MARKS = (
    (0x0300, 0x036F),
    (0x0483, 0x0489),
    (0x0591, 0x05C7),
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
    (0xE0100, 0xE01EF),
)


class CharTable(dict[int, str]):
    """Map code points to strings for `str.translate`, making entries when first asked.

    The table stops growing at 60,000 entries, so that hostile text cannot fill the memory.
    """

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, code: int) -> str:
        value = self._make(chr(code))
        if len(self) < _MEMORY:
            self[code] = value
        return value


def is_dropped_mark(code: int) -> bool:
    """Tell whether a combining mark may be dropped without losing a letter (accents, strokes, harakat, niqqud)."""
    return any(first <= code <= last for first, last in _DROPPED_MARKS)


def is_unspaced(char: str) -> bool:
    """Tell whether a character belongs to a script that is written without spaces between words."""
    code = ord(char)
    return (
        0x3040 <= code <= 0x30FF
        or 0x3400 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3FFFF
        or 0x0E00 <= code <= 0x0EFF
        or 0x1000 <= code <= 0x109F
        or 0x1780 <= code <= 0x17FF
    )


def latin_base(char: str) -> str:
    """Give the plain Latin letter that a character's name says it is a form of, or an empty string."""
    found = _LATIN_NAME.match(unicodedata.name(char, ""))
    return found[1].lower() if found else ""


def _fold_piece(char: str) -> str:
    if char in _OWN_FOLDS:
        return _OWN_FOLDS[char]
    code = ord(char)
    if is_dropped_mark(code):
        return ""
    category = unicodedata.category(char)
    if category == "Cf":
        return ""
    if char.isascii():
        return char if char.isalnum() else " "
    if base := latin_base(char):
        return base
    if category == "Nd":
        return str(unicodedata.digit(char))
    return char if category[0] in "LNM" else " "


def _fold_char(char: str) -> str:
    if char.isascii():
        return char.lower() if char.isalnum() else " "
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        return " "
    if is_dropped_mark(code):
        return ""
    lowered = char.casefold()
    if lowered in _OWN_FOLDS:
        return _OWN_FOLDS[lowered]
    # A compatibility form may hold a capital that only its decomposition shows, so fold case on both sides of it.
    pieces = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", lowered).casefold())
    folded = "".join(map(_fold_piece, pieces))
    return " ".join(folded.split()) or (" " if " " in folded else "")


def _skeleton_sign(char: str) -> str:
    if char.isascii():
        lowered = char.lower()
        letter = lowered if lowered.isalpha() else LEET.get(lowered, "")
        return "i" if letter == "l" else letter
    if char in LOOKALIKES:
        return _skeleton_sign(LOOKALIKES[char])
    return ""


def _skeleton_char(char: str) -> str:
    if char.isspace():
        return " "
    code = ord(char)
    if _REGIONAL_A <= code < _REGIONAL_A + 26:
        return _skeleton_sign(chr(ord("a") + code - _REGIONAL_A))
    if _TAG_A <= code < _TAG_A + 26 or 0xD800 <= code <= 0xDFFF:
        return ""
    if char in LETTER_PAIRS:
        return "".join(map(_skeleton_sign, LETTER_PAIRS[char]))
    if not is_dropped_mark(code):
        # A styled capital is compared as the capital it is drawn from, which a small letter may not look like.
        for form in (char, unicodedata.normalize("NFKC", char), char.casefold()):
            if len(form) == 1 and (sign := _skeleton_sign(form)):
                return sign
    return "".join(
        _skeleton_sign(piece) or (piece if piece.isalnum() and not piece.isascii() else "")
        for piece in _fold_char(char)
    )


def _latin_char(char: str) -> str:
    folded = _fold_char(char)
    if folded.isascii():
        return folded
    latin = "".join(c.lower() if c.isalnum() else "" for c in anyascii(unicodedata.normalize("NFKC", char)))
    return f" {latin} " if is_unspaced(char) and latin else latin


FOLD = CharTable(_fold_char)
"""Read plainly: lower case, no accents, compatibility forms resolved, punctuation as breaks, native letters kept."""

SKELETON = CharTable(_skeleton_char)
"""Read through disguises: look-alikes and leet as letters, `l` as `i`, everything else between letters dropped."""

LATIN = CharTable(_latin_char)
"""Read other scripts in Latin letters; scripts without spaces give one word a sign."""

ASCII_FOLD = bytes(ord(FOLD[code][:1] or " ") if code < 128 else 32 for code in range(256))
ASCII_SKELETON = bytes(ord(SKELETON[code][:1] or " ") if code < 128 else 32 for code in range(256))
ASCII_DROPPED = bytes(code for code in range(128) if SKELETON[code] == "")
ASCII_UNSPACED = bytes(code for code in range(128) if SKELETON[code] in ("", " "))
