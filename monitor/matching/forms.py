"""Say in which forms a subject's name may be written, and how much each form proves.

Order, initials, titles, joined words, handles, legal suffixes of firms: everything here follows from what the person
entered; nothing is looked up and no nickname is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.domain import Subject, SubjectKind
from monitor.matching.names import COMMON_NAMES, HONORIFICS, LEGAL_SUFFIXES, WEAK_FIRM_WORDS
from monitor.text.views import fold, latin


class Kind(StrEnum):
    """Say what sort of name form was found."""

    FULL = "full name"
    REORDERED = "family name first"
    JOINED = "name written as one word"
    ALIAS = "alias"
    SINGLE = "single name"
    INITIALS = "name with initials"
    TITLE = "title and family name"
    SURNAME = "family name alone"
    HANDLE = "account name"
    FIRM = "firm's name"
    FIRM_CORE = "firm's name without its legal form"


@dataclass(frozen=True, slots=True)
class Form:
    """Hold one way to write a subject's name: `pattern` is folded, `proof` says 0-100 how sure it alone makes."""

    pattern: str
    kind: Kind
    proof: int
    written: str


def _is_weak(word: str) -> bool:
    return word in COMMON_NAMES or len(word) < 3


def full_name_proof(words: list[str]) -> int:
    """Say how much a full name proves: common or short names are shared by many people."""
    letters = sum(map(len, words))
    common = sum(_is_weak(word) for word in words)
    if common == len(words):
        return 52
    if letters < 7:
        return 58
    return 78 if common else 88


def single_name_proof(word: str) -> int:
    """Say how much one single name proves."""
    if _is_weak(word) or len(word) < 5:
        return 25
    return 45 if len(word) < 8 else 55


def person_words(name: str) -> list[str]:
    """Split a person's name into folded words without titles and degrees."""
    words = fold(name.replace("'", "").replace("’", "")).split()
    kept = [word for word in words if word not in HONORIFICS]
    return kept or words


def _person_forms(name: str, kind: Kind) -> list[Form]:
    words = person_words(name)
    if len(words) < 2:
        return [Form(" ".join(words), Kind.SINGLE, single_name_proof("".join(words)), name)] if words else []
    first, last = words[0], words[-1]
    proof = full_name_proof([first, last] if len(words) == 2 else words)
    if len(first) == 1 or len(last) == 1:
        return [Form(" ".join(words), Kind.INITIALS, 45, name)]
    forms = [Form(" ".join(words), kind, proof, name)]
    if len(words) > 2:
        forms.append(Form(f"{first} {last}", kind, full_name_proof([first, last]), name))
        forms.append(Form(f"{first} {words[1][0]} {last}", kind, min(proof, 80), name))
        forms.append(Form(f"{last} {' '.join(words[:-1])}", Kind.REORDERED, proof, name))
    forms.append(Form(f"{last} {first}", Kind.REORDERED, max(50, proof - 6), name))
    if len(first + last) >= 7:
        forms.append(Form(first + last, Kind.JOINED, max(50, proof - 8), name))
        forms.append(Form(last + first, Kind.JOINED, max(50, proof - 12), name))
    forms.append(Form(f"{first[0]} {last}", Kind.INITIALS, 45, name))
    forms.append(Form(f"{last} {first[0]}", Kind.INITIALS, 40, name))
    if "'" in name or "’" in name or "-" in name:
        spaced = fold(name).split()
        forms.append(Form(" ".join(spaced), kind, proof, name))
        forms.append(Form(f"{first} {''.join(words[1:])}", kind, proof, name))
    return forms


def _firm_forms(name: str, kind: Kind) -> list[Form]:
    words = fold(name.replace("'", "").replace("’", "")).split()
    if not words:
        return []
    forms = [Form(" ".join(words), kind, 90 if len(words) > 1 else max(45, single_name_proof(words[0])), name)]
    core = words[:]
    while len(core) > 1 and core[-1] in LEGAL_SUFFIXES:
        core.pop()
    if len(core) > 1 and core[0] == "the":
        core = core[1:]
    strong = [word for word in core if word not in WEAK_FIRM_WORDS and not _is_weak(word)]
    proof = {0: 40, 1: 72}.get(len(strong), 86) if len(core) > 1 else single_name_proof(core[0]) + 10
    if core != words:
        forms.append(Form(" ".join(core), Kind.FIRM_CORE, proof, name))
    else:
        forms[0] = Form(forms[0].pattern, kind, proof, name)
    joined = "".join(core)
    if len(core) > 1 and len(joined) >= 7:
        forms.append(Form(joined, Kind.JOINED, max(45, proof - 8), name))
    spaced = fold(name).split()
    if spaced != words:
        forms.append(Form(" ".join(spaced), kind, forms[0].proof, name))
    return forms


def _umlaut_spellings(name: str) -> list[str]:
    spelled = name
    for letter, pair in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue"), ("å", "aa")):
        spelled = spelled.replace(letter, pair)
    return [name] if spelled == name else [name, spelled]


def _spellings(name: str) -> list[str]:
    names = _umlaut_spellings(name)
    transliterated = latin(name)
    if not name.isascii() and transliterated and transliterated != fold(name):
        names.append(transliterated.title())
    return names


def _handle_forms(handle: str) -> list[Form]:
    bare = handle.strip().lstrip("@").rstrip("/").rpartition("/")[2].partition("@")[0] or handle.strip().lstrip("@")
    pattern = fold(bare)
    if not pattern:
        return []
    distinct = any(c.isdigit() for c in bare) or "_" in bare or len(bare) >= 9
    return [Form(pattern, Kind.HANDLE, 70 if distinct and len(bare) >= 6 else 40, "@" + bare)]


def surname_of(subject: Subject) -> str:
    """Give the folded family name of a person (the last word), or an empty string for firms and single names."""
    words = person_words(subject.name)
    return words[-1] if subject.kind is SubjectKind.PERSON and len(words) > 1 else ""


def name_forms(subject: Subject) -> tuple[Form, ...]:
    """List every form in which a subject's name is looked for, the strongest proof first for equal patterns."""
    is_person = subject.kind is SubjectKind.PERSON
    forms: list[Form] = []
    for position, name in enumerate((subject.name, *subject.aliases)):
        for spelling in _spellings(name):
            if is_person:
                forms += _person_forms(spelling, Kind.FULL if position == 0 else Kind.ALIAS)
            else:
                forms += _firm_forms(spelling, Kind.FIRM if position == 0 else Kind.ALIAS)
    for handle in subject.handles:
        forms += _handle_forms(handle)
    best: dict[str, Form] = {}
    for form in forms:
        if form.pattern and (form.pattern not in best or best[form.pattern].proof < form.proof):
            best[form.pattern] = form
    return tuple(best.values())
