"""Score each listed statement against the passages of a post that speak about the subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from monitor.domain import Span, Statement, StatementStatus, Subject
from monitor.matching.encoder import Encoder
from monitor.matching.features import Likeness, Passage, compare, passage, passage_of, probability
from monitor.matching.forms import name_forms, person_words
from monitor.matching.names import HONORIFICS
from monitor.text.words import sentences, words_at

_WINDOW = 2
_MOST_SENTENCES = 60
_WHOLE = 1200
_LONG = 20_000
_AROUND = 1500


@dataclass(frozen=True, slots=True)
class Wording:
    """Hold one wording of a statement, masked and ready for comparing."""

    statement: Statement
    text: str
    passage: Passage
    telling: frozenset[str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Hold one passage of a post: its span, whether the subject is named in it, and its masked words."""

    span: Span
    is_named: bool
    passage: Passage


@dataclass(frozen=True, slots=True)
class Scored:
    """Hold the best passage for one statement."""

    wording: Wording
    candidate: Candidate
    score: float
    likeness: Likeness


@lru_cache(maxsize=512)
def wordings(subject: Subject, statements: tuple[Statement, ...]) -> tuple[Wording, ...]:
    """Mask the subject's name in every wording of the active statements of that subject."""
    masked = {word for form in name_forms(subject) for word in form.pattern.split()} | HONORIFICS
    if len(person_words(subject.name)) == 1 or subject.kind == "organisation":
        masked -= HONORIFICS
    out = []
    for statement in statements:
        if statement.subject_id != subject.id or statement.status is StatementStatus.WITHDRAWN:
            continue
        for text in (statement.text, *statement.paraphrases):
            words = [word for word, _, _ in words_at(text)]
            kept = [word for word in words if word not in masked and word.removesuffix("s") not in masked]
            masked_words = passage_of(kept or words)
            telling = zip(masked_words.stems, masked_words.weights, strict=True)
            out.append(Wording(statement, text, masked_words, frozenset(s for s, w in telling if w > 0.5)))
    return tuple(out)


def candidates(text: str, spans: Sequence[Span], *, whole: bool = True) -> list[Candidate]:
    """Cut the passages worth comparing: sentences near a name, pairs of neighbours, and a short text as a whole."""
    if not text:
        return []
    cuts = [cut for start, end in _regions(text, spans) for cut in _shifted(sentences(text[start:end]), start)]
    named = [any(start < e and end > s for s, e in spans) for start, end in cuts]
    near = [any(named[max(0, i - _WINDOW) : i + _WINDOW + 1]) for i in range(len(cuts))]
    chosen = [i for i in range(len(cuts)) if near[i]] if any(named) else list(range(min(len(cuts), 12)))
    out = []
    for i in chosen[:_MOST_SENTENCES]:
        out.append(Candidate(cuts[i], named[i], passage(*_cut(text, cuts[i], spans))))
        if i + 1 < len(cuts) and (named[i] or named[i + 1]):
            pair = (cuts[i][0], cuts[i + 1][1])
            out.append(Candidate(pair, is_named=True, passage=passage(*_cut(text, pair, spans))))
    if whole and len(cuts) > 2 and len(text) <= _WHOLE:
        span = (cuts[0][0], cuts[-1][1])
        out.append(Candidate(span, is_named=True, passage=passage(*_cut(text, span, spans))))
    return out


def _regions(text: str, spans: Sequence[Span]) -> list[Span]:
    """Give the parts of a long text near the names; a text of ordinary length is one part."""
    if len(text) <= _LONG:
        return [(0, len(text))]
    merged: list[Span] = []
    for start, end in spans or [(0, 0)]:
        begin, stop = max(0, start - _AROUND), min(len(text), end + _AROUND)
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], stop))
        else:
            merged.append((begin, stop))
    return merged


def _shifted(cuts: Sequence[Span], offset: int) -> list[Span]:
    return [(start + offset, end + offset) for start, end in cuts]


def _cut(text: str, span: Span, masked: Sequence[Span]) -> tuple[str, list[Span]]:
    start, end = span
    return text[start:end], [(a - start, b - start) for a, b in masked if a < end and b > start]


class Scorer:
    """Score passages against the wordings of one subject, with a sentence encoder when there is one."""

    def __init__(self, ready: Sequence[Wording], encoder: Encoder | None = None) -> None:
        self._ready = ready
        self._encoder = encoder

    @property
    def method(self) -> str:
        """Name what the scores rest on."""
        return f"lexical+{self._encoder.name}" if self._encoder else "lexical"

    def score(self, content: str, passages: Sequence[Candidate]) -> list[Scored]:
        """Give the best passage and score (0-1) for each statement, best first."""
        if self._encoder is None or not passages or not self._ready:
            return score_all(self._ready, passages)
        asked = [" ".join(candidate.passage.words) for candidate in passages]
        known = [" ".join(wording.passage.words) for wording in self._ready]
        vectors = self._encoder.encode([*known, *asked])
        meanings = {
            (i, j): sum(a * b for a, b in zip(vectors[i], vectors[len(known) + j], strict=True))
            for i in range(len(known))
            for j in range(len(asked))
        }
        return score_all(self._ready, passages, meanings=meanings)


def score_all(
    ready: Sequence[Wording],
    passages: Sequence[Candidate],
    *,
    least: float = 0.02,
    meanings: Mapping[tuple[int, int], float] | None = None,
) -> list[Scored]:
    """Give the best passage and score (0-1) for each statement that scores above `least`, best first.

    `meanings` holds the likeness in meaning of (wording, passage) positions, when an encoder measured it.
    """
    best: dict[str, Scored] = {}
    for i, wording in enumerate(ready):
        for j, candidate in enumerate(passages):
            likeness = compare(wording.passage, candidate.passage)
            meaning = meanings[i, j] if meanings else None
            score = probability(likeness.features, meaning)
            if not candidate.is_named:
                score *= 0.9
            known = best.get(wording.statement.id)
            if score > least and (known is None or score > known.score + 0.02):
                best[wording.statement.id] = Scored(wording, candidate, score, likeness)
    return sorted(best.values(), key=lambda scored: -scored.score)
