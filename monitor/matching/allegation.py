"""Notice an accusation near the subject's name that no listed statement covers."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.domain import Span
from monitor.matching.features import concepts_of
from monitor.text.words import sentences, words_at

_STRONG = frozenset(
    "steal fraud forge hit sex kill convict unqualified bribe hate poison tax plagiarise bankrupt neglect threat "
    "overcharge lie drug drink affair exploit arson vote_rig".split()
)
_WITHIN_WORDS = 12


def new_allegation(text: str, spans: Sequence[Span]) -> str:
    """Give the accusing word that stands within twelve words of a name in its sentence, or an empty string."""
    if not spans:
        return ""
    for start, end in sentences(text[:50_000]):
        names = [(a, b) for a, b in spans if start <= a < end]
        if names and (word := _accusing(text[start:end], start, names)):
            return word
    return ""


def _accusing(sentence: str, offset: int, names: Sequence[Span]) -> str:
    found = list(words_at(sentence))
    concepts = concepts_of([word for word, _, _ in found])
    at = [i for i, (_, s, e) in enumerate(found) if any(a < offset + e and b > offset + s for a, b in names)]
    for position, (word, start, end) in enumerate(found):
        if position in at or not any(abs(position - name) <= _WITHIN_WORDS for name in at):
            continue
        if any(c[:1] == "!" and c[1:] in _STRONG for c in concepts[position]):
            return sentence[start:end] or word
    return ""
