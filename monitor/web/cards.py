"""Lay hits out as cards: grouped by statement and by copy; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from monitor.domain import Hit, Level, ReviewVerdict, Subject
from monitor.web.words import LEVELS, count, veiled

CHOICES = (
    ("c", ReviewVerdict.CONFIRMED),
    ("n", ReviewVerdict.NOT_ABOUT_SUBJECT),
    ("h", ReviewVerdict.NOT_HARMFUL),
    ("l", ReviewVerdict.LATER),
)
"""The verdicts in the order of their buttons, each with its key."""

_KEPT = {
    "queued": "evidence is being kept",
    "none": "no evidence kept",
    "complete": "already saved",
    "partial": "saved in part",
    "failed": "could not be saved",
}
_EXCERPT = 700


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """Hold one post and its copies, as one card shows them; `refs` names all of them in forms."""

    hit: Hit
    others: tuple[Hit, ...]
    name: str
    reveal: str
    why: str
    verdict: ReviewVerdict | None
    may_mark: bool
    revealed: bool
    waiting: bool
    offer: str = ""
    offer_words: str = ""
    picked: bool = False
    choices: tuple[tuple[str, ReviewVerdict], ...] = CHOICES

    @property
    def id(self) -> str:
        """Give the element's id: letters, digits and dashes only."""
        subject = hashlib.sha256(self.hit.subject_id.encode()).hexdigest()[:8]
        return f"c{self.hit.mention_id}-{subject}"

    @property
    def label(self) -> str:
        """Name the card for whoever cannot see it."""
        return f"{LEVELS[self.hit.level]}, number {self.hit.mention_id}"

    @property
    def refs(self) -> str:
        """Name the post and its copies."""
        return ",".join(ref_of(hit) for hit in (self.hit, *self.others))

    @property
    def copies(self) -> int:
        """Count the post and its copies."""
        return 1 + len(self.others)

    @property
    def kept(self) -> str:
        """Say whether evidence is kept."""
        return _KEPT.get(self.hit.capture_state, self.hit.capture_state)

    @property
    def excerpt(self) -> str:
        """Give the words that matter, or the beginning."""
        return self.hit.excerpt or self.hit.text[:_EXCERPT]


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Hold the cards of one statement, or those that repeat none."""

    heading: str
    statement_id: str
    statement: str
    cards: tuple[Card, ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """Say for whom cards are laid out: whom they may see, what they may mark, what is revealed, and the page's query.

    `keep_done` shows cards that have a verdict as done; else (in a pile of done ones) they can be marked anew.
    """

    watched: Mapping[str, Subject]
    may_mark: frozenset[str]
    all_revealed: bool
    revealed: frozenset[str] = frozenset()
    picked: frozenset[str] = frozenset()
    query: tuple[tuple[str, str], ...] = ()
    keep_done: bool = False


def ref_of(hit: Hit) -> str:
    """Name one hit in forms and addresses."""
    return f"{hit.mention_id}:{hit.subject_id}"


def read_ref(ref: str) -> tuple[int, str] | None:
    """Read what `ref_of` wrote; None for anything else."""
    number, _, subject_id = ref.partition(":")
    if not number.isascii() or not number.isdigit() or len(number) > 18 or not subject_id:
        return None
    return int(number), subject_id


def group_hits(hits: Sequence[Hit], outlook: Outlook) -> tuple[Group, ...]:
    """Group hits by statement, the likeliest first, and within it put copies of one post on one card."""
    by_statement: dict[tuple[str, str], list[Hit]] = {}
    for hit in hits:
        by_statement.setdefault((hit.subject_id, hit.statement_id), []).append(hit)
    ordered = sorted(by_statement.values(), key=lambda some: -max(hit.level.rank * 1000 + hit.score for hit in some))
    return tuple(_group(some, outlook) for some in ordered)


def _group(hits: Sequence[Hit], outlook: Outlook) -> Group:
    copies: dict[str, list[Hit]] = {}
    for hit in hits:
        copies.setdefault(_fingerprint(hit), []).append(hit)
    first = hits[0]
    name = outlook.watched[first.subject_id].name if first.subject_id in outlook.watched else first.subject_id
    heading = f"{name}: repeats of one statement" if first.statement_id else f"{name}: other mentions"
    return Group(
        heading=heading,
        statement_id=first.statement_id,
        statement=first.statement,
        cards=tuple(card_of(tuple(some), outlook) for some in copies.values()),
    )


def _fingerprint(hit: Hit) -> str:
    """Give one value for posts that say the same, apart from spaces and the case of letters."""
    same = " ".join(f"{hit.title} {hit.text}".casefold().split())
    return f"{hit.review}:{same}" if same else str(hit.mention_id)


def card_of(hits: tuple[Hit, ...], outlook: Outlook) -> Card:
    """Lay out one post with its copies."""
    hit = hits[0]
    name = outlook.watched[hit.subject_id].name if hit.subject_id in outlook.watched else hit.subject_id
    refs = frozenset(ref_of(one) for one in hits)
    revealed = outlook.all_revealed or bool(refs & outlook.revealed)
    own = (hit.statement_id, name)
    reasons = [reason if revealed else veiled(reason, own) for reason in hit.reasons]
    verdict = ReviewVerdict(hit.review) if hit.review and hit.review != ReviewVerdict.WITHDRAWN else None
    offer, offer_words = _offer(hit, verdict)
    return Card(
        hit=hit,
        others=hits[1:],
        name=name,
        reveal="/review?" + urlencode([*outlook.query, ("reveal", ref_of(hit))]),
        why="; ".join(reasons),
        verdict=verdict,
        may_mark=hit.subject_id in outlook.may_mark,
        revealed=revealed,
        waiting=verdict is None or not outlook.keep_done,
        offer=offer,
        offer_words=offer_words,
        picked=bool(refs & outlook.picked),
    )


def _offer(hit: Hit, verdict: ReviewVerdict | None) -> tuple[str, str]:
    """Offer what a verdict suggests: a word that means a namesake, or a new wording of a statement."""
    asked = urlencode({"mention": hit.mention_id})
    if verdict is ReviewVerdict.NOT_ABOUT_SUBJECT:
        return f"/rules/{hit.subject_id}?{asked}", "Find fewer of these"
    if verdict is ReviewVerdict.CONFIRMED and hit.level is not Level.LIKELY:
        return f"/rules/{hit.subject_id}/statement?{asked}", "Add this wording"
    return "", ""


def waiting_in_words(number: int, most: int = 1_000) -> str:
    """Say how much waits."""
    if not number:
        return "Nothing waits for you."
    return (
        f"More than {count(most, 'mention')} wait."
        if number > most
        else (f"{count(number, 'mention')} {'waits' if number == 1 else 'wait'}.")
    )
