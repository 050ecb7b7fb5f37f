"""Search thousands of wordings: word BM25 finds candidates; letters, order and coverage rank them again.

The combination is a logistic one, fitted on training posts of fact-checked claims by `benchmarks/fit_ranking.py`.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nlargest
from itertools import pairwise
from math import exp, log, sqrt

from rapidfuzz import fuzz

from monitor.matching.encoder import Encoder
from monitor.matching.features import STOP_WORDS
from monitor.matching.vectors import Vectors
from monitor.text.words import stem, words_at

_K1, _B = 1.2, 0.5
_CANDIDATES = 80
_GRAM = 4
_LONGEST = 20_000
_LINKS = re.compile(r"(?:https?://|www\.|pic\.twitter\.com/)\S+|\bt\.co/\S+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|_")
_QUOTES = re.compile(r"(?<!\w)['\"‘’“”„]+|['\"‘’“”„]+(?!\w)")
_TAG = re.compile(r"[#@](\w+)")

RANKING_FEATURES = (
    "bm25", "relative", "letters", "coverage", "token_set", "pairs", "numbers", "relative letters", "rare words",
    "meaning", "closest wording's meaning", "relative meaning",
)  # fmt: skip
"""Name the features that rank candidates, in order."""

Weights = tuple[float, tuple[float, ...]]

_FEW, _LIST = 5, 200
# By the length of the list, from words alone and with an encoder. In a long list somebody is always best, so that the
# distance to the best says much; in a list of two it says nothing. Fitted by `benchmarks/fit_ranking.py`.
_LEXICAL: tuple[Weights, Weights, Weights] = (
    (-9.387, (10.931, 0.0, 10.45, 4.481, 0.615, -1.692, 0.505, 0.0, 0.0, 0.0, 0.0, 0.0)),
    (-7.72, (0.87, 6.09, 14.28, 1.88, 0.69, -1.18, -0.31, 0.0, 0.0, 0.0, 0.0, 0.0)),
    (-15.179, (8.772, 7.989, -0.101, -0.584, 1.94, -1.724, 0.088, 5.383, 0.355, 0.0, 0.0, 0.0)),
)
_WITH_MEANING: tuple[Weights, Weights, Weights] = (
    (-11.85, (10.55, 0.0, 12.93, 2.66, 0.0, 0.0, 0.0, 0.0, 0.0, 11.87, 4.27, 0.0)),
    (-13.08, (0.15, 5.78, 5.2, -0.17, 0.0, 0.0, 0.0, 0.0, 0.0, 8.58, 7.65, 0.0)),
    (-15.042, (5.3, 2.406, 9.124, -1.086, -1.162, 0.339, 0.891, 0.0, 0.0, 5.102, 6.188, 3.554)),
)


@dataclass(frozen=True, slots=True)
class Found:
    """Hold one found document: its position, score 0-1, best wording and the words that counted."""

    document: int
    score: float
    wording: int
    counted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    stems: tuple[str, ...]
    joined: str
    pairs: frozenset[tuple[str, str]]
    grams: dict[str, int]


class _Letters:
    """Hold the weighted letter groups of a text, for comparing with others."""

    def __init__(self, weights: dict[str, float]) -> None:
        self._weights = weights
        self._length = sqrt(sum(value * value for value in weights.values())) or 1.0

    def likeness(self, other: _Letters) -> float:
        """Give the cosine, 0-1."""
        small, big = sorted((self._weights, other._weights), key=len)
        shared = sum(value * big.get(gram, 0.0) for gram, value in small.items())
        return shared / (self._length * other._length)


def _opened(text: str) -> str:
    """Drop addresses and open tags and account names into their words ("#CleanRivers" gives "Clean Rivers")."""
    without = _LINKS.sub(" ", text[:_LONGEST])
    return _TAG.sub(lambda found: " " + _CAMEL.sub(" ", found[1]), without)


def said(text: str) -> str:
    """Write quotation marks one way, since an encoder takes them for a difference, and drop needless spaces."""
    return " ".join(_QUOTES.sub('"', text).replace("’", "'").split())


def _grams(joined: str) -> dict[str, int]:
    padded = f" {joined} "
    return Counter(padded[i : i + _GRAM] for i in range(len(padded) - _GRAM + 1))


def _read(text: str) -> _Text:
    words = [word for word, _, _ in words_at(_opened(text)) if word not in STOP_WORDS]
    stems = tuple(map(stem, words))
    return _Text(stems, " ".join(words), frozenset(pairwise(stems)), _grams(" ".join(words)))


class Retriever:
    """Rank documents (each a tuple of wordings) for a query; pure Python, no model needed."""

    def __init__(self, documents: Sequence[Sequence[str]], encoder: Encoder | None = None) -> None:
        self._documents = [tuple(wordings) for wordings in documents]
        self._encoder = encoder
        self._size = len(self._documents) or 1
        self._idf: dict[str, float] = {}
        self._gram_idf: dict[str, float] = {}
        self._postings: dict[str, tuple[array[int], array[float]]] = {}
        self._build()
        self._wordings = lru_cache(maxsize=4096)(self._read_wordings)
        self._joined, self._each, self._owners = self._encode(encoder) if encoder else (Vectors(()), Vectors(()), [])

    def _build(self) -> None:
        counts: list[Counter[str]] = []
        grams: Counter[str] = Counter()
        for wordings in self._documents:
            read = [_read(wording) for wording in wordings]
            counts.append(Counter(word for text in read for word in text.stems))
            grams.update({gram for text in read for gram in text.grams})
        mean = sum(map(Counter.total, counts)) / self._size or 1.0
        seen: Counter[str] = Counter(word for count in counts for word in count)
        self._idf = {word: log(1 + (self._size - n + 0.5) / (n + 0.5)) for word, n in seen.items()}
        self._gram_idf = {gram: log(1 + self._size / n) for gram, n in grams.items()}
        rows: dict[str, tuple[array[int], array[float]]] = defaultdict(lambda: (array("l"), array("d")))
        for number, count in enumerate(counts):
            norm = _K1 * (1 - _B + _B * count.total() / mean)
            for word, n in count.items():
                numbers, values = rows[word]
                numbers.append(number)
                values.append(self._idf[word] * n * (_K1 + 1) / (n + norm))
        self._postings = dict(rows)

    def _read_wordings(self, number: int) -> tuple[tuple[_Text, _Letters], ...]:
        texts = [_read(wording) for wording in self._documents[number]]
        return tuple((text, self._letters(text.grams)) for text in texts)

    def _letters(self, grams: dict[str, int]) -> _Letters:
        unknown = log(1 + self._size)
        return _Letters({gram: (1 + log(n)) * self._gram_idf.get(gram, unknown) for gram, n in grams.items()})

    def _encode(self, encoder: Encoder) -> tuple[Vectors, Vectors, list[int]]:
        """Encode each document as a whole and each of its wordings, with the document that a wording belongs to."""
        whole = [said(" ".join(reversed(wordings))) for wordings in self._documents]
        owners = [number for number, wordings in enumerate(self._documents) for _ in wordings]
        each = [said(wording) for wordings in self._documents for wording in wordings]
        return Vectors(encoder.encode(whole)), Vectors(encoder.encode(each)), owners

    def _bm25(self, stems: Iterable[str]) -> tuple[dict[int, float], dict[int, float]]:
        """Give the BM25 score of each document that shares a word, and the squared rarity of the words it shares."""
        scores: dict[int, float] = defaultdict(float)
        rare: dict[int, float] = defaultdict(float)
        for word in dict.fromkeys(stems):
            row = self._postings.get(word)
            if row is not None:
                squared = self._idf[word] ** 2
                for number, value in zip(*row, strict=True):
                    scores[number] += value
                    rare[number] += squared
        return scores, rare

    def candidates(
        self, text: str, most: int = _CANDIDATES
    ) -> list[tuple[int, int, tuple[float, ...], tuple[str, ...]]]:
        """Give (document, wording, features, words that counted) of the documents worth ranking."""
        query = _read(text)
        scores, rare = self._bm25(query.stems)
        meanings, closest = self._meanings(text)
        chosen = set(nlargest(most, scores, key=scores.__getitem__))
        chosen.update(nlargest(most // 2, range(len(meanings)), key=meanings.__getitem__))
        chosen.update(nlargest(most // 4, range(len(closest)), key=closest.__getitem__))
        if not chosen:
            return []
        unknown = log(1 + (self._size + 0.5) / 0.5)
        asked = [self._idf.get(word, unknown) for word in set(query.stems)]
        ideal, rarest = sum(asked) or 1.0, sum(value * value for value in asked) or 1.0
        best = max(scores.values(), default=0.0) or 1.0
        nearest = max(meanings, default=0.0) or 1.0
        letters = self._letters(query.grams)
        # In the order of the list, so that of documents that say the same the first comes first.
        near = {number: self._closest(number, query, letters) for number in sorted(chosen)}
        likest = max(features[0] for _, features, _ in near.values()) or 1.0
        out = []
        for number, (wording, features, counted) in near.items():
            shared = (scores.get(number, 0.0) / ideal, scores.get(number, 0.0) / best)
            meaning = (meanings[number], closest[number], meanings[number] / nearest) if meanings else (0.0, 0.0, 0.0)
            row = (*shared, *features, features[0] / likest, rare.get(number, 0.0) / rarest, *meaning)
            out.append((number, wording, row, counted))
        return out

    def _meanings(self, text: str) -> tuple[list[float], list[float]]:
        """Give the likeness in meaning of each document as a whole, and of its closest wording."""
        if self._encoder is None:
            return [], []
        asked = self._encoder.encode([said(_opened(text))])[0]
        closest = [-1.0] * len(self._documents)
        for owner, likeness in zip(self._owners, self._each.likeness(asked), strict=True):
            closest[owner] = max(closest[owner], likeness)
        return self._joined.likeness(asked), closest

    def _closest(self, number: int, query: _Text, letters: _Letters) -> tuple[int, tuple[float, ...], tuple[str, ...]]:
        """Compare with each wording and keep the best value of each feature."""
        said = set(query.stems)
        numbers = {word for word in said if word[0].isdigit()}
        rows = []
        held = self._wordings(number)
        for read, known in held:
            cosine = known.likeness(letters)
            unique = set(read.stems)
            total = sum(self._idf.get(word, 1.0) for word in unique) or 1.0
            coverage = sum(self._idf.get(word, 1.0) for word in unique & said) / total
            tokens = fuzz.token_set_ratio(query.joined, read.joined) / 100
            pairs = len(read.pairs & query.pairs) / (len(read.pairs) or 1)
            own = {word for word in unique if word[0].isdigit()}
            rows.append((cosine, coverage, tokens, pairs, len(own & numbers) / len(own) if own else 0.5))
        wording = max(range(len(rows)), key=lambda i: rows[i][0] + rows[i][1])
        shared = set(held[wording][0].stems)
        counted = tuple(dict.fromkeys(word for word in query.stems if word in shared))
        return wording, tuple(max(row[i] for row in rows) for i in range(5)), counted

    def rank(self, text: str, limit: int) -> list[Found]:
        """Give the best documents first, at most `limit`."""
        if limit < 1:
            return []
        found = (
            Found(number, self._probability(features), wording, counted)
            for number, wording, features, counted in self.candidates(text, max(limit, _CANDIDATES))
        )
        return nlargest(limit, found, key=lambda hit: hit.score)

    def _probability(self, features: Sequence[float]) -> float:
        weights = _LEXICAL if self._encoder is None else _WITH_MEANING
        intercept, coefficients = weights[(self._size > _FEW) + (self._size > _LIST)]
        total = intercept + sum(c * f for c, f in zip(coefficients, features, strict=True))
        return 1 / (1 + exp(-total))
