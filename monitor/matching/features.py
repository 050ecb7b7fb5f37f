"""Measure how much a passage of a post retells one wording of a statement; the watched name is masked in both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import exp

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from monitor.matching.lexicon import ACTS, HARMLESS_OBJECTS, TAKING, THINGS
from monitor.text.words import stem, words_at

STOP_WORDS = frozenset(
    """
    a an the and or but if then so than that this these those there here it its he him his she her hers they them
    their theirs we us our you your i me my mine am is are was were be been being do does did done have has had having
    will would shall should can could may might must of to in on at by for from with as into onto over under about
    after before up down out off again very just also too only even still yet not no nor never none dont didnt doesnt
    isnt wasnt arent werent havent hasnt hadnt wont wouldnt cant couldnt shouldnt what which who whom whose when where
    why how all any both each few more most other some such own same one ones im ive id youre hes shes theyre thats
    lol omg btw imo rt via amp el la los las un una unos unas de del y o que en por con para su sus es ha le les
    des du et ou dans pour par avec son sa ses est a der die das den dem des ein eine einen und oder von mit zu im
    ist hat sich er sie ihr ihre seine nicht ne pas se al lo
    """.split()
)
"""Folded words that carry grammar, not content."""

_GENERIC = frozenset(
    stem(word)
    for word in """
    get go make say tell know think see come take give want thing person people really actually year years day days
    time today week month ago old new good bad big lot much many way man woman guy lady everyone everybody somebody
    anybody someone anyone back around away always ever been local place town city claim claims claimed post
    """.split()
)


@lru_cache(maxsize=1)
def _concepts() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for table, mark in ((ACTS, "!"), (THINGS, "")):
        for concept, words in table.items():
            for word in words.split():
                keys = {word} if "_" in word else {word, stem(word)}
                for key in keys:
                    found.setdefault(key, set()).add(mark + concept)
    return {word: frozenset(concepts) for word, concepts in found.items()}


def concepts_of(words: Sequence[str]) -> list[frozenset[str]]:
    """Give each folded word's concepts, accusing ones marked "!"; a phrase of two words counts at its first."""
    table = _concepts()
    empty: frozenset[str] = frozenset()
    out = []
    for position, word in enumerate(words):
        found = table.get(word) or table.get(stem(word)) or empty
        if position + 1 < len(words):
            found = found | table.get(f"{word}_{words[position + 1]}", empty)
        ahead = words[position + 1 : position + 7]
        if word in TAKING and any("money" in table.get(near, empty) for near in ahead):
            found = found | {"!steal"}
        harmless = (c for c in found if not HARMLESS_OBJECTS.get(c, empty).isdisjoint(ahead[:3]))
        out.append(found.difference(harmless))
    return out


def weight(word: str, stemmed: str) -> float:
    """Weigh a word by how much it says."""
    if word in STOP_WORDS:
        return 0.12
    if stemmed in _GENERIC:
        return 0.4
    return 1.25 if word.isdigit() else 1.0


@dataclass(frozen=True, slots=True)
class Passage:
    """Hold a piece of text made ready for comparing: folded words, stems, weights, concepts, letter triples."""

    words: tuple[str, ...]
    stems: tuple[str, ...]
    weights: tuple[float, ...]
    concepts: tuple[frozenset[str], ...]
    joined: str

    @property
    def acts(self) -> frozenset[str]:
        """Give the accusing concepts."""
        return frozenset(c for found in self.concepts for c in found if c.startswith("!"))

    @property
    def content(self) -> float:
        """Give the summed weight of the words."""
        return sum(self.weights)


def passage(text: str, masked: Iterable[tuple[int, int]] = ()) -> Passage:
    """Make a text ready for comparing, leaving out the words that touch a masked span."""
    spans = tuple(masked)
    words = [
        word for word, start, end in words_at(text) if not any(start < stop and end > begin for begin, stop in spans)
    ]
    return passage_of(words)


def passage_of(words: Sequence[str]) -> Passage:
    """Make folded words ready for comparing."""
    stems = tuple(map(stem, words))
    weights = tuple(map(weight, words, stems))
    content = (word for word, value in zip(words, weights, strict=True) if value > 0.2)
    return Passage(tuple(words), stems, weights, tuple(concepts_of(words)), " ".join(content))


@dataclass(frozen=True, slots=True)
class Likeness:
    """Hold what was measured between a wording and a passage, and the words that counted."""

    features: tuple[float, ...]
    counted: tuple[str, ...]


FEATURES = (
    "recall", "retold", "act", "act missing", "thing", "precision", "partial", "token_set", "shingles", "order",
    "length",
)  # fmt: skip
"""Name the features of `compare`, in order."""


def _align(wording: Passage, other: Passage) -> tuple[list[float], list[int]]:
    """Find for each word of the wording how well the passage retells it (0-1) and where (-1: nowhere)."""
    places = {stemmed: position for position, stemmed in reversed(list(enumerate(other.stems)))}
    by_concept: dict[str, int] = {}
    for position, found in enumerate(other.concepts):
        for concept in found:
            by_concept.setdefault(concept, position)
    shares, where = [], []
    for word, stemmed, found in zip(wording.words, wording.stems, wording.concepts, strict=True):
        if stemmed in places:
            shares.append(1.0)
            where.append(places[stemmed])
        elif shared := found & by_concept.keys():
            shares.append(0.7)
            where.append(min(by_concept[concept] for concept in shared))
        else:
            near = _cognate(word, other.words)
            shares.append(0.6 if near >= 0 else 0.0)
            where.append(near)
    return shares, where


def _cognate(word: str, others: Sequence[str]) -> int:
    """Find a word that differs by one letter, or a long one that begins alike; -1 when there is none."""
    if len(word) < 5 or word in STOP_WORDS:
        return -1
    for position, other in enumerate(others):
        if abs(len(other) - len(word)) > 3 or len(other) < 5 or other[0] != word[0]:
            continue
        if len(word) >= 6 and other[:5] == word[:5]:
            return position
        if OSA.distance(word, other, score_cutoff=1) <= 1:
            return position
    return -1


def _share(hits: Iterable[bool]) -> float:
    values = list(hits)
    return sum(values) / len(values) if values else 0.0


def compare(wording: Passage, other: Passage) -> Likeness:
    """Measure how much a passage retells a wording; each feature lies between 0 and 1."""
    if not wording.words or not other.words:
        return Likeness((0.0,) * len(FEATURES), ())
    shares, where = _align(wording, other)
    total = wording.content or 1.0
    exact = sum(w for w, c in zip(wording.weights, shares, strict=True) if c == 1.0) / total
    retold = sum(w * c for w, c in zip(wording.weights, shares, strict=True)) / total
    acts, other_acts = wording.acts, other.acts
    act = len(acts & other_acts) ** 0.5 / len(acts) ** 0.5 if acts else 0.5
    missing = 1.0 if acts and not acts & other_acts else 0.0
    things = [
        c > 0
        for c, found in zip(shares, wording.concepts, strict=True)
        if found and not any(f[0] == "!" for f in found)
    ]
    thing = _share(things) if things else retold
    used = {place for place, w in zip(where, wording.weights, strict=True) if place >= 0 and w > 0.2}
    precision = sum(other.weights[place] for place in used) / max(1.0, min(other.content, total * 2.5))
    letters = fuzz.token_set_ratio(wording.joined, other.joined) / 100
    partial = fuzz.partial_ratio(wording.joined, other.joined) / 100
    places = [place for place, w in zip(where, wording.weights, strict=True) if place >= 0 and w > 0.2]
    order = _share(a < b for a, b in pairwise(places)) if len(places) > 1 else 0.5
    length = min(1.0, sum(w > 0.5 for w in wording.weights) / 6)
    values = (
        exact,
        retold,
        act,
        missing,
        thing,
        min(1.0, precision),
        partial,
        letters,
        _shingles(wording, other),
        order,
        length,
    )
    met = zip(where, wording.weights, shares, strict=True)
    return Likeness(values, tuple(dict.fromkeys(other.words[place] for place, w, c in met if c and w > 0.2)))


def _shingles(wording: Passage, other: Passage) -> float:
    def runs(stems: tuple[str, ...]) -> set[tuple[str, ...]]:
        return {stems[i : i + 3] for i in range(len(stems) - 2)}

    wanted = runs(wording.stems)
    return len(wanted & runs(other.stems)) / len(wanted) if wanted else 0.0


# Fitted by `python benchmarks/fit.py --data DIR --tweets 250 --ridge 1` on training and tuning data only.
COEFFICIENTS = (0.483, 1.969, 2.524, -1.002, 0.883, 1.78, 0.673, 0.89, 0.151, 1.306, -0.291)
INTERCEPT = -5.214


MEANING = (0.9, 4.5, -2.2)
"""Weigh the lexical logit, the encoder's likeness and the constant; the best of five tried on the tuning posts."""


_SHARPER = (1.3, 0.2)
"""Bring the fitted logit to the share of retellings among the tuning posts; the fit itself was too careful."""


def probability(features: Sequence[float], meaning: float | None = None) -> float:
    """Turn features, and likeness in meaning where it was measured, into the probability (0-1) of a retelling."""
    total = INTERCEPT + sum(c * f for c, f in zip(COEFFICIENTS, features, strict=True))
    if meaning is not None:
        total = MEANING[0] * total + MEANING[1] * meaning + MEANING[2]
    return 1 / (1 + exp(-(_SHARPER[0] * total + _SHARPER[1])))
