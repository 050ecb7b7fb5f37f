"""Find names with one typing error through exact look-ups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

from monitor.matching.forms import Form, Kind
from monitor.text.views import View, skeleton

if TYPE_CHECKING:
    Owner = tuple[int, Form]

_KINDS = frozenset({Kind.FULL, Kind.REORDERED, Kind.ALIAS, Kind.FIRM, Kind.FIRM_CORE})
_FINDINGS = 60
_LONG_WORD = 7


@dataclass(frozen=True, slots=True)
class TypoHit:
    """Say that a name with `edits` wrong letters stands at a span of the searched view."""

    start: int
    end: int
    edits: int
    owners: tuple[Owner, ...]


def _allowed(word: str) -> int:
    """Say how many wrong letters a name word may have: none under three letters, two from eight on."""
    return 0 if len(word) < 3 else 1 if len(word) < 8 else 2


class TypoIndex:
    """Index name words so that one word may be wrong while its neighbour is right."""

    def __init__(self) -> None:
        self._pairs: dict[str, list[Owner]] = defaultdict(list)
        self._words: set[str] = set()
        self._singles: dict[str, list[Owner]] = defaultdict(list)
        self._ends: set[str] = set()

    def add(self, owner: Owner) -> None:
        """Index one form of a subject's name: two words, or one long one."""
        form = owner[1]
        if form.kind not in _KINDS and not (form.kind is Kind.SINGLE and len(form.pattern) >= _LONG_WORD):
            return
        words = form.pattern.split(" ")
        if len(words) == 1 and len(form.pattern) >= _LONG_WORD:
            self._singles[form.pattern].append(owner)
            self._ends.update((form.pattern[:3] + "<", ">" + form.pattern[-3:]))
        elif len(words) == 2:
            self._add_pair(words[0], words[1], owner)
            read = skeleton(form.pattern).split(" ")
            if read != words and len(read) == 2:
                self._add_pair(read[0], read[1], owner)

    def _add_pair(self, first: str, second: str, owner: Owner) -> None:
        self._words.update((first, second))
        self._pairs[f"{first} {second[:1]}"].append(owner)
        self._pairs[f"{first} {second[-1:]}<"].append(owner)
        self._pairs[f"{first[:1]} {second}"].append(owner)
        self._pairs[f"{first[-1:]}< {second}"].append(owner)

    @property
    def words(self) -> frozenset[str]:
        """Give the words of names; a text without any of them holds at most a single name with a typing error."""
        return frozenset(self._words)

    @property
    def has_singles(self) -> bool:
        """Tell whether any name of one word is looked for."""
        return bool(self._singles)

    def find(self, words: Sequence[str], view: View) -> Iterator[TypoHit]:
        """Find names with a typing error in the words of a view; the exact name is not one."""
        if self._words.isdisjoint(words) and not self._singles:
            return
        found = 0
        known: dict[tuple[str, str], list[tuple[int, Owner]]] = {}
        position, before, start_before, was_known = 0, "", 0, False
        for word in words:
            is_known = word in self._words
            if is_known or was_known:
                if (before, word) not in known:
                    known[before, word] = self._pair(before, word, view)
                for edits, owner in known[before, word]:
                    found += 1
                    yield TypoHit(start_before, position + len(word), edits, (owner,))
            was_known = is_known
            if self._singles and (word[:3] + "<" in self._ends or ">" + word[-3:] in self._ends):
                yield from self._single(word, position)
            if found > _FINDINGS:
                return
            start_before, before = position, word
            position += len(word) + 1

    def _pair(self, first: str, second: str, view: View) -> list[tuple[int, Owner]]:
        keys = []
        if first in self._words:
            keys += [f"{first} {second[:1]}", f"{first} {second[-1:]}<"]
        if second in self._words:
            keys += [f"{first[:1]} {second}", f"{first[-1:]}< {second}"]
        owners: dict[tuple[int, str], tuple[int, Owner]] = {}
        for key in keys:
            for owner in self._pairs.get(key, ()):
                pattern = owner[1].pattern if view is not View.SKELETON else skeleton(owner[1].pattern)
                edits = _pair_edits(first, second, pattern)
                if edits:
                    owners.setdefault((owner[0], owner[1].pattern), (edits, owner))
        return list(owners.values())

    def _single(self, word: str, position: int) -> Iterator[TypoHit]:
        for pattern, owners in self._singles.items():
            if (
                abs(len(word) - len(pattern)) <= 1
                and word != pattern
                and OSA.distance(word, pattern, score_cutoff=1) <= 1
            ):
                yield TypoHit(position, position + len(word), 1, tuple(owners))


def _pair_edits(first: str, second: str, pattern: str) -> int:
    """Count wrong letters when one of two words is intact and the other is a typing error away; 0 when it is not."""
    meant_first, _, meant_second = pattern.partition(" ")
    if first == meant_first:
        wrong, meant = second, meant_second
    elif second == meant_second:
        wrong, meant = first, meant_first
    else:
        return 0
    allowed = _allowed(meant)
    edits = int(OSA.distance(wrong, meant, score_cutoff=allowed))
    return edits if 0 < edits <= allowed else 0
