"""Find a passage again in a longer text, and say which words of it changed; pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice

WANTED_CAP = 600
"""Words of a passage that are looked for; the first so many identify it, and comparing takes the square of them."""

_PAGE_CAP = 200_000
_DIFF_CAP = 4_000
_WINDOWS = 3
# Scripts written without spaces: each character counts as a word.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(f"[{_UNSPACED}]|[^\\W_{_UNSPACED}]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """Hold where a passage was found again: its text there, its words, and how many of the wanted words it has."""

    text: str
    words: tuple[str, ...]
    matched: int
    wanted: int

    @property
    def share(self) -> float:
        """Give the part of the wanted words that stands there, in order."""
        return self.matched / self.wanted if self.wanted else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """Hold one stretch of a comparison: words that stayed (`removed` and `added` are empty), or were replaced."""

    same: str = ""
    removed: str = ""
    added: str = ""


def tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Give a text's words without regard to case and width, each with where it stands."""
    for found in _TOKEN.finditer(text):
        yield unicodedata.normalize("NFKC", found.group()).casefold(), found.start(), found.end()


def find_passage(wanted: str, text: str) -> Passage | None:
    """Find the stretch of `text` that has most of the wanted words in their order; None when none of them is there.

    The first `WANTED_CAP` words count. The stretch begins and ends with a wanted word.
    """
    looked_for = [word for word, _, _ in islice(tokens(wanted), WANTED_CAP)]
    page = list(islice(tokens(text), _PAGE_CAP))
    best: Passage | None = None
    for start in _best_windows(looked_for, [word for word, _, _ in page]):
        # Neighbouring stretches count as one, so each reaches as far as the last of them.
        window = page[start : start + _width(looked_for) * 3 // 2 + 1]
        found = _aligned(looked_for, window, text)
        if found and (best is None or found.matched > best.matched):
            best = found
    return best


def compare(old: str, new: str) -> tuple[Edit, ...]:
    """Say word by word what became of a text; punctuation belongs to the word it touches."""
    before, after = old.split()[:_DIFF_CAP], new.split()[:_DIFF_CAP]
    edits = []
    for kind, a1, a2, b1, b2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            edits.append(Edit(same=" ".join(before[a1:a2])))
        else:
            edits.append(Edit(removed=" ".join(before[a1:a2]), added=" ".join(after[b1:b2])))
    return tuple(edits)


def _width(wanted: Sequence[str]) -> int:
    return len(wanted) + max(8, len(wanted) // 4)


def _best_windows(wanted: Sequence[str], page: Sequence[str]) -> list[int]:
    """Give the starts of the few stretches that hold most of the words in any order, far from one another."""
    if not wanted:
        return []
    width = _width(wanted)
    missing, overlap, scores = Counter(wanted), 0, []
    for position, word in enumerate(page):
        overlap += missing[word] > 0
        missing[word] -= 1
        if position >= width:
            left = page[position - width]
            missing[left] += 1
            overlap -= missing[left] > 0
        if word in missing:
            scores.append((overlap, max(0, position - width + 1)))
    starts: list[int] = []
    for overlap, start in sorted(scores, key=lambda one: (-one[0], one[1])):
        if overlap and all(abs(start - other) > width // 2 for other in starts):
            starts.append(start)
        if len(starts) == _WINDOWS:
            break
    return starts


def _aligned(wanted: Sequence[str], window: Sequence[tuple[str, int, int]], text: str) -> Passage | None:
    matcher = SequenceMatcher(None, wanted, [word for word, _, _ in window], autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    if not blocks:
        return None
    first, last = blocks[0].b, blocks[-1].b + blocks[-1].size
    return Passage(
        text=text[window[first][1] : window[last - 1][2]],
        words=tuple(word for word, _, _ in window[first:last]),
        matched=sum(block.size for block in blocks),
        wanted=len(wanted),
    )
