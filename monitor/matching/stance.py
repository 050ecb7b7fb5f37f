"""Say what a passage does with the statement it retells: repeat, deny, ask, refute, reverse.

Likeness of words cannot tell these apart, so cues are read in the sentence that carries the statement and, for
refutations, in its neighbours. A denial is labelled, never dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.domain import Span, Stance
from monitor.matching import cues
from monitor.matching.clauses import NAME, Sentence, core_of, is_quoted, read_passage
from monitor.matching.features import Passage
from monitor.matching.roles import reversal
from monitor.text.words import stem

_AROUND = 320
_REACH = 9


@dataclass(frozen=True, slots=True)
class StanceFound:
    """Hold a stance and the words that show it (empty for a plain repeat)."""

    stance: Stance
    cue: str = ""


def judge_stance(content: str, span: Span, names: Sequence[Span], wording: Passage) -> StanceFound:
    """Judge the stance of the passage at `span` of a post towards one wording of a statement."""
    wide = (max(0, span[0] - _AROUND), min(len(content), span[1] + _AROUND))
    read = read_passage(content, span, names, wording)
    core = core_of(read)
    if core < 0:
        return StanceFound(Stance.UNCLEAR)
    sentence = read[core]
    quoted = is_quoted(content, span, wording)
    neighbours = [*read_passage(content, (wide[0], span[0]), names, wording)[-2:], *read[:core]]
    following = [*read[core + 1 :], *read_passage(content, (span[1], wide[1]), names, wording)[:2]]
    asked = _question(sentence, read[core + 1 :])
    found = _refuted(sentence, neighbours, following, quoted=quoted)
    if asked and not (found and found.stance is Stance.REBUTTAL):
        return asked
    if found or (found := _denied(sentence, wording)):
        return found
    if cue := reversal(sentence, wording):
        return StanceFound(Stance.REVERSED, cue)
    return StanceFound(Stance.REPEAT)


def statement_is_negative(wording: Passage) -> bool:
    """Tell whether a statement says that somebody is not or has not something."""
    return bool(cues.NEGATIVE_PREDICATES.search(" ".join(wording.words)))


def _question(sentence: Sentence, following: Sequence[Sentence]) -> StanceFound | None:
    said = sentence.said
    telling = cues.TELLING_QUESTION.search(said)
    if (asking := cues.ASKING.search(said)) and not telling:
        return StanceFound(Stance.QUESTION, asking[0])
    opens = cues.OPENS_QUESTION.match(said)
    if opens and not telling and _names_doer(sentence, opens.end()):
        return StanceFound(Stance.QUESTION, said[: opens.end()].strip())
    if not sentence.is_question or telling or cues.TAG_QUESTION.search(said):
        return None
    if any(after.acts and not after.is_question for after in following):
        return None
    return StanceFound(Stance.QUESTION, "?")


def _names_doer(sentence: Sentence, start: int) -> bool:
    """Tell whether a question's first words name somebody ("did NAME ...") rather than open a request."""
    first = sentence.said[start:].split(" ")[:4]
    return NAME in first or any(
        word in ("anyone", "anybody", "someone", "somebody", "the", "she", "he", "they") for word in first[:1]
    )


def _refuted(
    sentence: Sentence, before: Sequence[Sentence], after: Sequence[Sentence], *, quoted: bool
) -> StanceFound | None:
    """Find words in the sentence or next to it that say that what is told is not so."""
    said = _without(sentence.said)
    if (found := _refuting(said, sentence)) and not _insisting(said, found.start(), found.end(), sentence):
        told = quoted or cues.TELLERS.search(said)
        return StanceFound(Stance.REBUTTAL if told else Stance.DENIAL, found[0])
    if (found := cues.CLEARED.search(said)) and not _insisting(said, found.start(), found.end(), sentence):
        return StanceFound(Stance.DENIAL, found[0])
    for near in (*before, *after):
        near_said = _without(near.said)
        if near_refutes := _near_refutal(near, near_said):
            return StanceFound(Stance.REBUTTAL, near_refutes)
    return None


def _refuting(said: str, sentence: Sentence) -> re.Match[str] | None:
    """Find words that refute; "her degree is fake" refutes nothing where the statement is about the degree."""
    telling = {sentence.words[key] for key in sentence.keys}
    for found in cues.REFUTING.finditer(said):
        before = said[: found.start()].split()[-1:]
        if not (found[0].endswith("fake") and telling.intersection(before)):
            return found
    return None


def _near_refutal(near: Sentence, said: str) -> str:
    """Read a neighbouring sentence; what the subject says of themselves refutes nothing ("NAME says it is a lie")."""
    words = said.split()
    found = _refuting(said, near) or (cues.SHORT_REFUTALS.search(said) if len(words) <= 4 else None)
    if not found or near.is_question:
        return ""
    speaks = said[: found.start()].split()
    own = (
        speaks[:1]
        and speaks[0] in (NAME, "she", "he")
        and {"says", "claims", "said", "denies", "insists"} & set(speaks)
    )
    return "" if own else found[0]


def _insisting(said: str, start: int, end: int, sentence: Sentence) -> bool:
    """Tell whether the accusation is upheld against a refutation ("she denies it, but she stole")."""
    rest = said[end:].split()
    before = said[:start].split()
    if any(word in cues.CLAUSE_BREAKS for word in rest):
        tail = rest[next(i for i, word in enumerate(rest) if word in cues.CLAUSE_BREAKS) :]
        if {sentence.words[act] for act in sentence.acts} & set(tail):
            return True
    return bool(before[-1:] and before[-1] in ("not", "never", "cant", "cannot", "didnt", "nobody"))


def _without(said: str) -> str:
    return cues.UNNEGATING.sub(" ", said)


def _denied(sentence: Sentence, wording: Passage) -> StanceFound | None:
    """Compare whether sentence and statement say yes or no to the same thing."""
    said = _without(sentence.said)
    if statement_is_negative(wording):
        if cues.NEGATIVE_PREDICATES.search(said) or not _affirms(sentence, wording):
            return None
        return StanceFound(Stance.DENIAL, "states the opposite")
    cue = _negation(tuple(said.split()), sentence)
    return StanceFound(Stance.DENIAL, cue) if cue else None


def _affirms(sentence: Sentence, wording: Passage) -> bool:
    """Tell whether a sentence grants what a negative statement takes away ("is qualified" for "is not qualified").

    What the statement takes away are the telling words after its negation, or the rest of a word such as "unqualified".
    """
    found = cues.NEGATIVE_PREDICATES.search(" ".join(wording.words))
    if found is None:
        return False
    place = " ".join(wording.words)[: found.end()].count(" ") + 1
    taken = {s for s, w in zip(wording.stems[place:], wording.weights[place:], strict=True) if w > 0.5}
    if found[0].startswith("un"):
        taken = {stem(found[0][2:])}
    return not taken or any(stem(word) in taken for word in sentence.words)


def _negation(words: tuple[str, ...], sentence: Sentence) -> str:
    """Give the negating word whose reach covers an accusing word, or an empty string."""
    accusing = {sentence.words[i] for i in (sentence.acts or sentence.keys)}
    targets = [i for i, word in enumerate(words) if word in accusing]
    for place, word in enumerate(words):
        if word not in cues.NEGATORS:
            continue
        for target in targets:
            if 0 < target - place <= _REACH and _reaches(words[place + 1 : target]):
                return " ".join(words[max(0, place - 1) : place + 2])
            if (
                word in ("no", "nothing", "nobody", "none", "not", "nicht", "pas")
                and 0 < place - target <= 3
                and _follows(words, target, place)
            ):
                return " ".join(words[target : place + 2])
    return ""


def _reaches(between: Sequence[str]) -> bool:
    stops = [i for i, word in enumerate(between) if word in cues.SUBORDINATORS]
    if not stops:
        return True
    return bool(cues.REACHING.search(" ".join(between[: stops[0]]))) and not set(between) & cues.CLAUSE_BREAKS


def _follows(words: Sequence[str], target: int, place: int) -> bool:
    """Tell whether a negation right after an accusing word belongs to it ("took no bribes", "killed no animal")."""
    return not set(words[target + 1 : place]) & (cues.SUBORDINATORS | {"and", "or", NAME})
