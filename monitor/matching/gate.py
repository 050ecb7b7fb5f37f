"""Find watched names in a text, quickly and for thousands of subjects at once.

Two exact automata (plain reading; disguises read and spaces dropped), a third over disguised words for short names,
and an index of typing errors that stays exact: with one error in a name of two words the other word is intact, so
only the neighbours of a known name word are compared. Each pattern leads to a list of owners.
"""

from __future__ import annotations

import gc
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, TypeVar

import ahocorasick_rs

from monitor.domain import Subject
from monitor.matching.censored import CensoredIndex
from monitor.matching.forms import Form, Kind, name_forms, surname_of
from monitor.matching.names import COMMON_NAMES, HONORIFICS
from monitor.matching.typos import TypoIndex
from monitor.text.fold import SKELETON, is_unspaced
from monitor.text.views import View, Views, fold, merge_runs, skeleton, squeeze

SQUEEZED_LETTERS = 6
"""Names shorter than this are not looked for without their spaces: too many words would contain them."""

_HITS_A_PATTERN = 60
_SURNAME_OWNERS = 20
_PIECE = 100_000
_OVERLAP = 400
_UPSIDE_DOWN = str.maketrans("nudpbqcfjg", "unpdqbojrb")
_SEPARATED = re.compile(r"(?<!\w)(?:[^\W\d_][|+!1]){3}")
_AS_DOTS = str.maketrans("|+!1", "....")
_DRAWN_PAIRS = (("m", "rn"), ("w", "vv"), ("d", "ci"), ("h", "in"))


class Way(StrEnum):
    """Say how the letters of a name were found."""

    PLAIN = "as written"
    LATIN = "in another script"
    DISGUISED = "in disguise"
    BACKWARDS = "written backwards"
    TYPO = "with a typing error"
    CENSORED = "with letters starred out"


@dataclass(frozen=True, slots=True)
class NameHit:
    """Say that a form of a subject's name stands at a span of the original text.

    `subject` is the position in the gate's list of subjects; `edits` counts letters that differ.
    """

    subject: int
    form: Form
    start: int
    end: int
    way: Way
    edits: int = 0


Owner = tuple[int, Form]
DisguisedOwner = tuple[int, Form, Way]
AnyOwner = TypeVar("AnyOwner")


class _Automaton(Generic[AnyOwner]):
    """Hold one Aho-Corasick automaton whose patterns each lead to a list of owners."""

    def __init__(self, owners: dict[str, list[AnyOwner]]) -> None:
        self._owners = list(owners.values())
        self._automaton = ahocorasick_rs.AhoCorasick(list(owners), store_patterns=False) if owners else None

    def find(self, haystack: str) -> Sequence[tuple[int, int, int]]:
        """Give (pattern, start, end) of every hit, overlapping ones too."""
        if self._automaton is None or not haystack:
            return ()
        found: Sequence[tuple[int, int, int]] = self._automaton.find_matches_as_indexes(haystack, overlapping=True)
        return found

    def owners(self, pattern: int) -> list[AnyOwner]:
        """Give who a pattern belongs to."""
        return self._owners[pattern]


class Gate:
    """Find names of many subjects in one pass; built once per watch list, then only read."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self.subjects = tuple(subjects)
        self._typos = TypoIndex()
        with _uncollected():
            self.forms = [name_forms(subject) for subject in self.subjects]
            self._build()
            self._surnames = _distinct_surnames(self.subjects)
            self._watched_words = frozenset(self._surnames) | self._typos.words
        self._censored = CensoredIndex(self.forms)

    def _build(self) -> None:
        plain: dict[str, list[Owner]] = defaultdict(list)
        squeezed: dict[str, list[DisguisedOwner]] = defaultdict(list)
        spaced: dict[str, list[Owner]] = defaultdict(list)
        for number, forms in enumerate(self.forms):
            for form in forms:
                owner = (number, form)
                plain[form.pattern].append(owner)
                if form.kind is not Kind.JOINED:
                    _add_disguises(owner, squeezed, spaced)
                self._typos.add(owner)
        self._plain = _Automaton(plain)
        self._squeezed = _Automaton(squeezed)
        self._spaced = _Automaton(spaced)
        self.terms = tuple(plain)

    def search(self, text: str) -> list[NameHit]:
        """Find every name in a text of any length; spans are in that text, hits in no order.

        A very long text is read in pieces that overlap, so that time and memory stay in step with its length.
        """
        if len(text) <= _PIECE:
            return self.find(Views(text))
        hits: dict[tuple[int, int, int], NameHit] = {}
        counts: dict[int, int] = defaultdict(int)
        full: frozenset[int] = frozenset()
        for start, end in _pieces(text):
            for hit in self.find(Views(text[start:end]), skip=full):
                place = (hit.subject, hit.start + start, hit.end + start)
                if place not in hits and counts[hit.subject] < _HITS_A_PATTERN:
                    counts[hit.subject] += 1
                    hits[place] = replace(hit, start=place[1], end=place[2])
            full = frozenset(subject for subject, count in counts.items() if count >= _HITS_A_PATTERN)
        return list(hits.values())

    def find(self, views: Views, *, skip: frozenset[int] = frozenset()) -> list[NameHit]:
        """Find every name in a text that is read in one piece; subjects in `skip` were found often enough."""
        hits = [*self._find_plain(views, View.FOLDED, Way.PLAIN, skip)]
        if views.latin:
            hits += self._find_plain(views, View.LATIN, Way.LATIN, skip)
        if found := self._squeezed.find(views.squeezed):
            taken = {(hit.subject, hit.start) for hit in hits}
            hits += [hit for hit in self._find_squeezed(views, found, skip) if (hit.subject, hit.start) not in taken]
        if views.is_disguised:
            hits += self._find_parted(views, skip)
            taken = {(hit.subject, hit.start) for hit in hits}
            hits += [hit for hit in self._find_spaced(views, skip) if (hit.subject, hit.start) not in taken]
            hits += [NameHit(o[0], o[1], a, b, Way.CENSORED) for o, a, b in self._censored.find(views.text)]
        # Most texts hold no word of any name: then neither a family name nor a typing error is worth a look.
        if not self._watched_words.isdisjoint(views.words):
            hits += self._find_surnames(views)
            hits += self._find_typos(views, View.FOLDED, hits)
        elif self._typos.has_singles:
            hits += self._find_typos(views, View.FOLDED, hits)
        if views.latin:
            hits += self._find_typos(views, View.LATIN, hits)
        if views.is_disguised:
            hits += self._find_typos(views, View.SKELETON, hits)
        return hits

    def _find_plain(self, views: Views, view: View, way: Way, skip: frozenset[int]) -> Iterator[NameHit]:
        haystack = views.get(view)
        for number, start, end in _bounded(self._plain.find(haystack), haystack):
            if skip and all(owner[0] in skip for owner in self._plain.owners(number)):
                continue
            a, b = views.original(view, start, end)
            for subject, form in self._plain.owners(number):
                if form.kind is not Kind.INITIALS or _has_initial(views.text, a, b):
                    yield NameHit(subject, form, a, b, way)

    def _find_squeezed(
        self, views: Views, found: Sequence[tuple[int, int, int]], skip: frozenset[int]
    ) -> Iterator[NameHit]:
        for number, start, end in _limited(found):
            if skip and all(owner[0] in skip for owner in self._squeezed.owners(number)):
                continue
            a, b = views.original(View.SQUEEZED, start, end)
            a, b = _whole_letters(views.text, _after_run(views.text, a), b)
            if _stands_alone(views.text, a, b):
                for subject, form, way in self._squeezed.owners(number):
                    yield NameHit(subject, form, a, b, way, edits=_swapped_letters(views.text[a:b], form, way))

    def _find_parted(self, views: Views, skip: frozenset[int]) -> Iterator[NameHit]:
        """Find names whose letters are parted by signs that elsewhere stand for letters ("A|l|i|n|a")."""
        if _SEPARATED.search(views.text):
            parted = Views(views.text.translate(_AS_DOTS))  # as long as the text, so that all places are the same
            yield from self._find_squeezed(parted, self._squeezed.find(parted.squeezed), skip)

    def _find_spaced(self, views: Views, skip: frozenset[int]) -> Iterator[NameHit]:
        haystack = views.skeleton
        for number, start, end in _bounded(self._spaced.find(haystack), haystack):
            if skip and all(owner[0] in skip for owner in self._spaced.owners(number)):
                continue
            a, b = views.original(View.SKELETON, start, end)
            a, b = _whole_letters(views.text, a, b)
            for subject, form in self._spaced.owners(number):
                yield NameHit(
                    subject, form, a, b, Way.DISGUISED, edits=_swapped_letters(views.text[a:b], form, Way.DISGUISED)
                )

    def _find_surnames(self, views: Views) -> Iterator[NameHit]:
        position, previous, found = 0, "", 0
        text = views.text
        is_cased = text.isascii() and text != text.lower()
        for word in views.words:
            titled = previous in HONORIFICS
            if (
                word in self._surnames
                and found < _HITS_A_PATTERN
                # In a text with capitals a family name alone has one; to ask this first spares an offset map.
                and (titled or not is_cased or word.capitalize() in text or word.upper() in text)
            ):
                found += 1
                a, b = views.original(View.FOLDED, position, position + len(word))
                if titled:
                    a = views.original(View.FOLDED, position - len(previous) - 1, position)[0]
                kind, proof = (Kind.TITLE, 50) if titled else (Kind.SURNAME, 20)
                for subject in self._surnames[word]:
                    form = Form(word, kind, proof, self.subjects[subject].name)
                    yield NameHit(subject, form, a, b, Way.PLAIN)
            position += len(word) + 1
            previous = word

    def _find_typos(self, views: Views, view: View, hits: Iterable[NameHit]) -> Iterator[NameHit]:
        words = views.words if view is View.FOLDED else views.get(view).split(" ")
        known: set[tuple[int, int]] | None = None
        for found in self._typos.find(words, view):
            if known is None:
                known = {(hit.subject, hit.start) for hit in hits if hit.form.kind not in (Kind.SURNAME, Kind.TITLE)}
            a, b = views.original(view, found.start, found.end)
            if view is View.SKELETON:
                a, b = _whole_letters(views.text, a, b)
            way = Way.LATIN if view is View.LATIN else Way.TYPO
            for subject, form in found.owners:
                if (subject, a) not in known:
                    known.add((subject, a))
                    yield NameHit(subject, form, a, b, way, edits=found.edits)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from going through hundreds of thousands of new objects that all stay."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # To freeze and unfreeze takes all that lives for old at once, so that the next small collection is small.
        # Objects that somebody else has frozen stay as they are.
        if gc.get_freeze_count() == 0:
            gc.freeze()
            gc.unfreeze()
        if was_enabled:
            gc.enable()


def _distinct_surnames(subjects: Sequence[Subject]) -> dict[str, tuple[int, ...]]:
    """Give the family names worth looking for alone, with their subjects: neither common ones nor those of many."""
    owners: dict[str, list[int]] = defaultdict(list)
    for number, subject in enumerate(subjects):
        surname = surname_of(subject)
        if len(surname) > 2 and surname not in COMMON_NAMES:
            owners[surname].append(number)
    return {name: tuple(some) for name, some in owners.items() if len(some) <= _SURNAME_OWNERS}


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Cut a long text into overlapping pieces that begin and end at spaces where there are any."""
    start = 0
    while start < len(text):
        end = min(len(text), start + _PIECE)
        if end < len(text):
            end = max(text.rfind(" ", end - _OVERLAP // 2, end), start + _PIECE - _OVERLAP // 2)
        yield start, end
        if end == len(text):
            return
        space = text.find(" ", end - _OVERLAP, end)
        start = space + 1 if space >= 0 else end - _OVERLAP


def _add_disguises(owner: Owner, squeezed: dict[str, list[DisguisedOwner]], spaced: dict[str, list[Owner]]) -> None:
    number, form = owner
    if form.kind is Kind.INITIALS:
        return
    words = skeleton(form.pattern)
    if len(words) >= 3:
        spaced[words].append(owner)
    letters = words.replace(" ", "")
    if len(letters) < SQUEEZED_LETTERS:
        return
    letters = merge_runs(letters)
    squeezed[letters].append((number, form, Way.DISGUISED))
    if form.kind not in (Kind.FULL, Kind.ALIAS, Kind.FIRM, Kind.FIRM_CORE):
        return
    joined = form.pattern.replace(" ", "")
    # Letters alone are read through disguises by this; it is many times quicker than the tables.
    pattern = joined.replace("l", "i") if joined.isascii() and joined.isalpha() else squeeze(joined)
    drawn = {pattern.replace(letter, pair) for letter, pair in _DRAWN_PAIRS if letter in pattern}
    if "m" in pattern and "w" in pattern:
        drawn.add(pattern.replace("m", "rn").replace("w", "vv"))
    for variant in {merge_runs(read) for read in drawn} - {letters}:
        squeezed[variant].append((number, form, Way.DISGUISED))
    if len(letters) > SQUEEZED_LETTERS:
        squeezed[letters[::-1]].append((number, form, Way.BACKWARDS))
        squeezed[merge_runs(pattern.translate(_UPSIDE_DOWN))[::-1]].append((number, form, Way.BACKWARDS))


def _limited(found: Iterable[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Pass on at most sixty hits of each pattern, so that a text of one repeated name costs no more than its length."""
    counts: dict[int, int] = defaultdict(int)
    for hit in found:
        counts[hit[0]] += 1
        if counts[hit[0]] <= _HITS_A_PATTERN:
            yield hit


def _bounded(found: Sequence[tuple[int, int, int]], haystack: str) -> Iterator[tuple[int, int, int]]:
    """Pass on hits that begin and end at word breaks; scripts without spaces have a break everywhere."""
    if not found:
        return iter(())
    size = len(haystack)
    whole = (
        (number, start, end)
        for number, start, end in found
        if (start == 0 or haystack[start - 1] == " " or is_unspaced(haystack[start]))
        and (end == size or haystack[end] == " " or is_unspaced(haystack[end - 1]))
    )
    return _limited(whole)


def _whole_letters(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a span over combining marks and signs of its last letter, and over a doubled last letter."""
    last = fold(text[end - 1])
    while end < len(text) and (fold(text[end]) == last != "" or (not text[end].isspace() and not fold(text[end]))):
        if text[end].isascii() and not text[end].isalnum():
            break
        end += 1
    return start, end


def _has_initial(text: str, start: int, end: int) -> bool:
    """Tell whether a single letter beside a name is written as an initial, not as the article in "a Voss guitar"."""
    words = text[start:end].split()
    return any(word[:1].isupper() and len(word.strip(".,")) == 1 for word in (words[0], words[-1])) or (
        "." in text[start : end + 1]
    )


def _after_run(text: str, start: int) -> int:
    """Move a start that lies in the word before to the name itself ("see Eva" is read as one run of e)."""
    letter = SKELETON[ord(text[start])]
    for position in range(start, min(len(text), start + 40)):
        read = SKELETON[ord(text[position])]
        if read == letter and not text[position - 1 : position].isalnum():
            return position
        if read not in ("", " ", letter):
            break
    return start


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether a span begins and ends at word breaks, or lies within a tag, an account name or an address."""
    before, after = text[start - 1 : start], text[end : end + 1]
    tail = text[end : end + 3].lower()
    is_end = not after.isalnum() or (tail[:1] == "s" and not tail[1:2].isalnum())
    if not before.isalnum() and is_end:
        return True
    word = max(text.rfind(" ", 0, start), text.rfind("\n", 0, start), start - 100) + 1
    return text[word : word + 1] in "#@" or text[word : word + 4].lower() in ("http", "www.")


def _swapped_letters(slice_: str, form: Form, way: Way) -> int:
    """Count letters that the skeleton takes for the same though both are plain ones (`l` for `i`, `rn` for `m`)."""
    read = "".join(c for c in slice_ if c.isalnum())
    if way is Way.BACKWARDS or not (read.isascii() and read.isalpha()):
        return 0
    meant = form.pattern.replace(" ", "")
    plain = read.lower()
    if len(plain) != len(meant):
        return 0
    # A capital I within a word is drawn as a small l on purpose; a small one is another name.
    return sum(
        a != b and not (read[position] == "I" and position and read[position - 1].islower())
        for position, (a, b) in enumerate(zip(plain, meant, strict=True))
    )
