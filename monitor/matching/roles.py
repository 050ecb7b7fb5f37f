"""Tell whether the subject does what the statement says, or has it done to them by somebody else."""

from __future__ import annotations

from dataclasses import replace

from monitor.matching.clauses import NAME, Sentence
from monitor.matching.features import Passage, concepts_of
from monitor.text.words import stem

_BE = frozenset("was were been being got gets is are be wurde wurden fue fueron ete".split())
_AFTER_OBJECT = frozenset("from against of off to".split())
_PRONOUNS = frozenset("he she they him her them it his their who i we you".split())
_ARTICLES = frozenset("a an one some two three several many the".split())
_INDEFINITE = frozenset(
    "a an one some someone somebody two three several another thieves thief tenants patients customers developers "
    "burglars robbers criminals hackers scammers fraudsters suppliers rivals".split()
)
_RELATIVE = frozenset("who which that whose".split())
_WITNESS = frozenset(
    "reported reports exposed exposes caught found discovered warned warns says said refused stopped helped helps "
    "victim witness witnessed saw survived escaped "
    "rescued rescues saved saves freed frees adopted adopts protects protected "
    "complained sued sues accuses accused catches finds".split()
)
_HAPPENS_TO = frozenset({"!convict", "!dismiss", "!unqualified", "!bankrupt", "!plain"})
_NEAR = 5
_AT_END = frozenset("and or but in at on for every since while when again too daily twice so".split())
_RECEIVING = frozenset(
    "took take takes taken taking accept accepts accepted accepting receive received receives got".split()
)


def reversal(sentence: Sentence, wording: Passage) -> str:
    """Give the words that show that somebody else is the doer, or an empty string; reads one sentence."""
    suffered = _suffered(wording)
    acts = tuple(act for act in sentence.acts if not suffered & _senses(sentence.words[act]))
    if not sentence.names or not acts:
        return ""
    sentence = replace(sentence, acts=acts)
    if "!bribe" in wording.acts and _RECEIVING & set(wording.words):
        return _gave_bribes(sentence, wording)
    if wording.acts & _HAPPENS_TO and not wording.acts - _HAPPENS_TO - {"!fraud"}:
        return _other_holder(sentence) or _witness(sentence, wording)
    return _passive(sentence) or _object(sentence) or _other_holder(sentence) or _witness(sentence, wording)


def _senses(word: str) -> frozenset[str]:
    return concepts_of([word])[0] | {stem(word)}


def _suffered(wording: Passage) -> frozenset[str]:
    """Give what a statement says was done to the subject ("NAME was struck off"): there nothing is turned round."""
    found: frozenset[str] = frozenset()
    for place, word in enumerate(wording.words):
        before = wording.words[max(0, place - 2) : place]
        if _BE & set(before) and not {"a", "an", "the"} & set(before) and _is_participle(word):
            found |= _senses(word)
    return found


def _gave_bribes(sentence: Sentence, wording: Passage) -> str:
    words, name = sentence.words, sentence.names[0]
    for act in sentence.acts:
        if words[act] in ("bribed", "bribes", "bribing") and name < act and not _BE & set(words[name:act]):
            following = words[act + 1 : act + 2]
            if following and following[0] not in ("from", "by", "to", "for", "and"):
                return " ".join(words[name + 1 : act + 2])
    return _witness(sentence, wording)


def _passive(sentence: Sentence) -> str:
    """Find "NAME was hit", "NAME's money was stolen by ..."; "by NAME" makes NAME the doer."""
    if _is_doer(sentence):
        return ""
    return next((cue for act in sentence.acts if (cue := _passive_at(sentence, act))), "")


def _passive_at(sentence: Sentence, act: int) -> str:
    words = sentence.words
    helpers = [i for i in range(max(0, act - 3), act) if _helps(words, i)]
    if not helpers or not _is_participle(words[act]):
        return ""
    helper = helpers[-1]
    is_taken_from = "from" in words[act:]
    if words[act + 1 : act + 2] == ("from",) and not {act + 2, act + 3} & set(sentence.names):
        return ""  # "her book was lifted from another": the subject took it
    if helper - 1 in sentence.keys and not is_taken_from and not _has_other_doer(sentence, act):
        return ""  # "the guests were poisoned": what the statement says was done to others
    if not any(name < helper for name in sentence.names) and not is_taken_from:
        return ""
    if {"caught", "found", "a", "an", "the"} & set(words[helper + 1 : act]):
        return ""
    return " ".join(words[helper : act + 1])


def _is_participle(word: str) -> bool:
    return word in ("hit", "beat") or word.endswith(("ed", "en", "n", "t", "d", "k"))


def _has_other_doer(sentence: Sentence, act: int) -> bool:
    """Tell whether "by somebody" who is not the subject follows the accusing word."""
    words = sentence.words
    return any(words[i] == "by" and i + 1 not in sentence.names for i in range(act + 1, min(len(words), act + 5)))


def _helps(words: tuple[str, ...], place: int) -> bool:
    if words[place] == "had":
        return words[place + 1] in ("her", "his", "their", "its")
    return words[place] in _BE and words[place - 1 : place] != ("that",)


def _is_doer(sentence: Sentence) -> bool:
    words = sentence.words
    by_name = any(words[name - 1] in ("by", "von", "por", "par") for name in sentence.names if name)
    return by_name or any(
        # "by her" at an end is the subject; in "by her former owner" it is somebody else.
        word in ("her", "him", "them") and words[place - 1] == "by" and set(words[place + 1 : place + 2]) <= _AT_END
        for place, word in enumerate(words)
        if place and sentence.names[0] < place
    )


def _object(sentence: Sentence) -> str:
    """Find "robbed NAME", "stole money from NAME", "plagiarised NAME's novel" where NAME does not stand before."""
    words = sentence.words
    if _is_doer(sentence) or not sentence.acts or sentence.names[0] < sentence.acts[0]:
        return ""
    for act in sentence.acts:
        doer = words[max(0, act - 4) : act]
        if not doer or doer[-1] in ("of", "the", "is", "no"):
            continue
        for name in (name for name in sentence.names if name > act):
            if _is_object(words[act + 1 : name]):
                return " ".join(words[act:name]) + " …"
    return ""


def _is_object(gap: tuple[str, ...]) -> bool:
    """Tell whether the words between an accusing word and the name make the name its object."""
    if {NAME, "that", "how", "is", "was", "when", "because"} & set(gap):
        return False
    if not gap or (len(gap) <= 2 and set(gap) <= {"the", "first", "up"}):
        return True
    if len(gap) > 5:
        return len(gap) <= 9 and "from" in gap and gap[-1] == "of"
    return gap[-1] in _AFTER_OBJECT | {"of"}


def _other_holder(sentence: Sentence) -> str:
    """Find "a convicted fraudster tricked NAME": an indefinite doer, the accusation, and only then the name."""
    words, name = sentence.words, sentence.names[0]
    if _is_doer(sentence) or not words or words[0] not in _INDEFINITE:
        return ""
    acts = [act for act in sentence.acts if act < name]
    if not acts or words[name - 1] in ("at", "is", "like", "as", "called", "named", "was", "of"):
        return ""
    return " ".join(words[: min(acts) + 1])


def _witness(sentence: Sentence, wording: Passage) -> str:
    """Find "NAME caught a seller who ...", "NAME was the victim of a ...", "NAME says a patient stole"."""
    words = sentence.words
    for name in sentence.names:
        for act in (act for act in sentence.acts if act > name):
            between = words[name + 1 : act]
            verbs = [
                i for i, word in enumerate(between[:_NEAR]) if word in _WITNESS and stem(word) not in wording.stems
            ]
            if not verbs or {"sorry", "but"} & set(between):
                continue
            passive = verbs[0] and between[verbs[0] - 1] in _BE
            after = between[verbs[0] + 1 :]
            new_doer = any(word in _ARTICLES or word in _RELATIVE or word == "tenants" for word in after)
            if new_doer and (not passive or between[verbs[0]] == "victim") and not _PRONOUNS - {"who"} & set(after):
                return " ".join(words[name + 1 : name + 2 + verbs[0]])
    return ""
