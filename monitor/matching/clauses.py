"""See a matched sentence as words: where the name stands, where the accusing words stand, what is quoted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.domain import Span
from monitor.matching.features import STOP_WORDS, Passage, concepts_of
from monitor.text.words import sentences, stem, words_at

NAME = "xnamex"
"""Stands for the subject's name among the words of a sentence."""

_QUOTED = re.compile(r"[\"“„«]([^\"”“»]{3,400})[\"”“»]|(?<!\w)['‘]([^'’\n]{12,400})['’](?!\w)|^>[^\n]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """Hold one sentence as folded words with the name as one word; `said` joins them with single spaces.

    `acts` are the places of words that retell what the statement accuses of, `keys` of all its telling words.
    `share` is how many of the statement's telling words it holds (0-1).
    """

    text: str
    words: tuple[str, ...]
    said: str
    names: tuple[int, ...]
    acts: tuple[int, ...]
    keys: tuple[int, ...]
    share: float

    @property
    def is_question(self) -> bool:
        """Tell whether the sentence ends with a question mark."""
        return self.text.rstrip().rstrip("\"'”’»)]").endswith(("?", "？", "؟"))


def read_sentence(text: str, names: Sequence[Span], wording: Passage) -> Sentence:
    """Read a sentence with the name's spans in it against one wording of a statement."""
    words: list[str] = []
    for word, start, end in words_at(text):
        if any(start < b and end > a for a, b in names):
            if not words or words[-1] != NAME:
                words.append(NAME)
        else:
            words.append(word)
    concepts = concepts_of(words)
    wanted = {s for s, w in zip(wording.stems, wording.weights, strict=True) if w > 0.5}
    acts, telling = wording.acts, {c for found in wording.concepts for c in found}
    keys = [
        i for i, word in enumerate(words) if word not in STOP_WORDS and (stem(word) in wanted or concepts[i] & telling)
    ]
    act_places = [i for i in keys if concepts[i] & acts] if acts else keys
    found = {stem(words[i]) for i in keys} & wanted
    shared = {c for i in keys for c in concepts[i]} & telling
    share = max(len(found) / max(1, len(wanted)), len(shared) / max(1, len(telling)))
    return Sentence(
        text,
        tuple(words),
        " ".join(words),
        tuple(i for i, word in enumerate(words) if word == NAME),
        tuple(act_places),
        tuple(keys),
        share,
    )


def read_passage(content: str, span: Span, names: Sequence[Span], wording: Passage) -> list[Sentence]:
    """Read every sentence of a passage."""
    start, end = span
    out = []
    for a, b in sentences(content[start:end]):
        inner = [(s - start - a, e - start - a) for s, e in names if s < start + b and e > start + a]
        out.append(read_sentence(content[start + a : start + b], inner, wording))
    return out


def core_of(read: Sequence[Sentence]) -> int:
    """Give the position of the sentence that carries the statement: the accusing words, then most of the others."""
    if not read:
        return -1
    return max(range(len(read)), key=lambda i: (bool(read[i].acts), read[i].share, bool(read[i].names), -i))


def is_quoted(content: str, span: Span, wording: Passage) -> bool:
    """Tell whether the words that retell the statement stand within quotation marks or a quoted line."""
    wanted = {s for s, w in zip(wording.stems, wording.weights, strict=True) if w > 0.5}
    for found in _QUOTED.finditer(content, max(0, span[0] - 1), min(len(content), span[1] + 1)):
        held = {stem(word) for word, _, _ in words_at(found[0])}
        if len(held & wanted) >= max(1, len(wanted) * 0.6):
            return True
    return False
