"""Show which words counted, and what changed between two versions; pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_WORDS = re.compile(r"\s+|[^\s]+")
_MOST_WORDS = 6_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Hold a stretch of text; `notes` are the numbers of the reasons that it counted for."""

    text: str
    notes: tuple[int, ...] = ()


def marked(text: str, spans: Sequence[tuple[tuple[int, int], int]]) -> tuple[Piece, ...]:
    """Cut a text where marked stretches begin and end; spans may overlap and may lie outside the text."""
    inside = [((max(0, start), min(len(text), end)), note) for (start, end), note in spans]
    inside = [(span, note) for span, note in inside if span[0] < span[1]]
    edges = sorted({0, len(text), *(edge for span, _ in inside for edge in span)})
    pieces = []
    for start, end in pairwise(edges):
        notes = tuple(sorted({note for span, note in inside if span[0] <= start and end <= span[1]}))
        pieces.append(Piece(text[start:end], notes))
    return tuple(pieces)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Hold a stretch of a comparison; `kind` is same, added or removed."""

    kind: str
    text: str


def compared(before: str, after: str) -> tuple[Stretch, ...]:
    """Compare two versions word by word; of very long texts only the beginning."""
    old, new = (_WORDS.findall(text)[:_MOST_WORDS] for text in (before, after))
    found: list[Stretch] = []
    for kind, old_start, old_end, new_start, new_end in difflib.SequenceMatcher(
        None, old, new, autojunk=True
    ).get_opcodes():
        if kind == "equal":
            found.append(Stretch("same", "".join(old[old_start:old_end])))
            continue
        if old_start < old_end:
            found.append(Stretch("removed", "".join(old[old_start:old_end])))
        if new_start < new_end:
            found.append(Stretch("added", "".join(new[new_start:new_end])))
    return tuple(found)
