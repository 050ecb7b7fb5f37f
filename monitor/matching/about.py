"""Decide whether the person or firm named in a text is the subject, and say why.

Ambiguous evidence (short or common names, initials, typing errors, a family name alone) needs a context term or a
statement match before it counts; a namesake is a result with a reason, never a silent drop.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.domain import Author, Subject
from monitor.matching.forms import Form, Kind
from monitor.matching.gate import NameHit, Way
from monitor.matching.names import OCCUPATIONS
from monitor.text.views import fold

MOST_SPANS = 50
"""Places of one name in one text that are reported."""

_TERMS_WITHIN = 200_000
_CLAUSE_END = re.compile(r"[.!?;\n]")
_APPOSITIVE = frozenset({"the", "a", "an", "who", "is", "was", "our", "former"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """Hold what speaks for and against the subject being meant, before any statement is looked at.

    `score` is 0-100; `may_lean` says that a strong statement match may settle what the name leaves open.
    """

    score: int
    reasons: tuple[str, ...]
    may_lean: bool
    is_own_words: bool


def _padded(text: str) -> str:
    return f" {fold(text)} "


def present_terms(terms: Sequence[str], *padded: str) -> list[str]:
    """Give the terms that stand in folded, space-padded texts as whole words (a plural or possessive s is allowed)."""
    found = []
    for term in terms:
        folded = fold(term)
        if folded and any(f" {folded} " in text or f" {folded}s " in text for text in padded):
            found.append(term)
    return found


def own_handle(subject: Subject, author: Author | None) -> str:
    """Give the subject's handle that signed a post, or an empty string."""
    if author is None:
        return ""
    signed = {author.handle.strip().lstrip("@").casefold(), author.profile_url.rstrip("/").casefold()} - {""}
    for handle in subject.handles:
        bare = handle.strip().lstrip("@").casefold()
        if bare and (bare in signed or any(url.endswith(("/" + bare, "/@" + bare)) for url in signed)):
            return handle
    return ""


def hit_proof(hit: NameHit, text: str) -> int:
    """Say how much one hit proves by itself (0-100)."""
    form = hit.form
    proof = form.proof
    if form.kind is Kind.HANDLE and text[max(0, hit.start - 1) : hit.start + 1].startswith("@"):
        proof = 95
    if hit.way in (Way.TYPO, Way.CENSORED) or hit.edits:
        return min(proof, 46 if hit.way is Way.CENSORED or _is_slip(hit, text) else 36)
    if hit.way is Way.DISGUISED:
        return max(30, proof - 3)
    if hit.way is Way.BACKWARDS:
        return max(30, proof - 8)
    return proof


def _is_slip(hit: NameHit, text: str) -> bool:
    """Tell whether a wrong letter looks like a slip of the finger: swapped, doubled or left out, not exchanged."""
    read, meant = fold(text[hit.start : hit.end]), hit.form.pattern
    return len(read) != len(meant) or sorted(read) == sorted(meant)


def _occupation_conflict(subject: Subject, places: Sequence[tuple[NameHit, str]]) -> str:
    """Give an occupation that the text ties to the name and that is not the subject's, or an empty string."""
    own = {OCCUPATIONS[word] for term in subject.context_terms for word in fold(term).split() if word in OCCUPATIONS}
    if not own:
        return ""
    for hit, text in places[:8]:
        named = _occupations_at(text, hit.start, hit.end)
        if named and not any(OCCUPATIONS[word] in own for word in named):
            return named[0]
    return ""


def _occupations_at(text: str, start: int, end: int) -> list[str]:
    """List occupations in apposition: "singer NAME", "NAME, the singer", "NAME is a singer"."""
    before = fold(text[max(0, start - 40) : start]).split()[-2:]
    after = fold(_CLAUSE_END.split(text[end : end + 80])[0]).split()[:7]
    named = [word for word in before if word in OCCUPATIONS]
    if after and after[0] in _APPOSITIVE:
        named += [word for word in after[1:6] if word in OCCUPATIONS]
    if text[end : end + 2] in (", ", " (") or text[end : end + 1] == "(":
        named += [word for word in after[:3] if word in OCCUPATIONS]
    return named


def describe(hit: NameHit, text: str) -> str:
    """Say in words which form was found how, quoting the place."""
    quoted = text[hit.start : hit.end]
    form: Form = hit.form
    if hit.way is Way.PLAIN:
        return f"{form.kind} “{form.written}” found as “{quoted}”"
    if hit.way is Way.TYPO or hit.edits:
        letters = "one letter differs" if hit.edits <= 1 else f"{hit.edits} letters differ"
        return f"{form.kind} “{form.written}” found {Way.TYPO} as “{quoted}” ({letters})"
    return f"{form.kind} “{form.written}” found {hit.way} as “{quoted}”"


def best_hits(hits: Sequence[NameHit], text: str) -> list[NameHit]:
    """Keep the strongest of overlapping hits, in reading order, at most fifty."""
    chosen: list[NameHit] = []
    ordered = sorted(hits, key=lambda hit: (-hit_proof(hit, text), hit.start - hit.end, hit.start))
    taken: set[int] = set()
    for hit in ordered:
        if len(chosen) >= MOST_SPANS:
            break
        places = range(hit.start, hit.end)
        if taken.isdisjoint(places):
            taken.update(places)
            chosen.append(hit)
    return sorted(chosen, key=lambda hit: hit.start)


Place = tuple[NameHit, str]
"""A hit together with the text (title or body) that its span is in."""


def weigh(subject: Subject, places: Sequence[Place], *texts: str, author: Author | None) -> Evidence:
    """Weigh the evidence that texts (title and body) in which the places lie mean the subject."""
    padded = tuple(_padded(text[:_TERMS_WITHIN]) for text in texts)
    context = present_terms(subject.context_terms, *padded)
    excluded = present_terms(subject.exclude_terms, *padded)
    handle = own_handle(subject, author)
    strongest = max(places, key=lambda place: hit_proof(*place), default=None)
    proof = hit_proof(*strongest) if strongest else 0
    score, reasons = proof / 100, []
    if context and strongest:
        reasons.append(f"context: {', '.join(context[:4])}")
        score = 1 - (1 - score) * 0.4 ** min(len(context), 3)
    if handle:
        reasons.append(f"own words: signed by {handle}")
        score = max(score, 0.97)
    doubt, why = _doubt(subject, places, context, excluded, is_own=bool(handle))
    score = min(score * doubt, 0.12) if excluded else score * doubt
    reasons += why
    is_typo = strongest is not None and (strongest[0].way is Way.TYPO or strongest[0].edits > 0)
    if strongest is not None and proof < 60 and not context and not handle:
        error = " with a typing error" if is_typo else ""
        reasons.append(f"ambiguous: {strongest[0].form.kind}{error} and no context term")
    return Evidence(
        round(score * 100),
        tuple(reasons),
        may_lean=not is_typo and not excluded and doubt > 0.5,
        is_own_words=bool(handle),
    )


def _doubt(
    subject: Subject, places: Sequence[Place], context: Sequence[str], excluded: Sequence[str], *, is_own: bool
) -> tuple[float, list[str]]:
    """Give the factor by which signs of a namesake lower the score, with the reason."""
    if excluded:
        return 0.15, [f"namesake: the text says {', '.join(excluded[:4])}, so another one is meant"]
    other = "" if is_own else _occupation_conflict(subject, places)
    if not other:
        return 1.0, []
    return (0.7 if context else 0.28), [f"namesake likely: the text speaks of a {other}"]


def is_weak_alone(hits: Sequence[NameHit]) -> bool:
    """Tell whether only a family name without a title was found, which is worth a look only with context."""
    return bool(hits) and all(hit.form.kind is Kind.SURNAME for hit in hits)
