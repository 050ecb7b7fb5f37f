"""Point out what collected mentions have in common: suggestions for a person, never findings. Pure.

Nothing is looked up, nothing is merged, and what a source's terms forbid to link is left out and said so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from monitor.domain import Confidence, Mention

_LINK = re.compile(r"https?://[^\s<>\"')\]]+")
_WORD = re.compile(r"\w+")
_Keys = Callable[[Mention], set[str]]
_SHARED_WORDS = 8
"""Eight words in a row are seldom the same by chance."""


class Basis(StrEnum):
    """Say what two mentions have in common."""

    SAME_HANDLE = "same_handle"
    SAME_WORDS = "same_words"
    SAME_LINK = "same_link"


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """Hold one thing that mentions of different accounts have in common, and how much it may mean."""

    basis: Basis
    value: str
    mention_ids: tuple[int, ...]
    accounts: tuple[str, ...]
    confidence: Confidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestions:
    """Hold what was found, and the sources that were left out because their terms forbid linking."""

    found: tuple[Suggestion, ...]
    left_out: tuple[str, ...]


def suggest(mentions: Sequence[Mention], *, never_linked: Iterable[str]) -> Suggestions:
    """Find the same handle, the same link or the same eight words in mentions of different accounts.

    `never_linked` are the sources whose terms forbid it. A lone account with itself is no suggestion.
    """
    barred = set(never_linked)
    open_ones = [one for one in mentions if one.source not in barred]
    left_out = tuple(sorted({one.source for one in mentions if one.source in barred}))
    found = [
        *_group(open_ones, Basis.SAME_HANDLE, _handles),
        *_group(open_ones, Basis.SAME_LINK, _links),
        *_group(open_ones, Basis.SAME_WORDS, _runs),
    ]
    return Suggestions(found=tuple(_without_repeats(found)), left_out=left_out)


def account_of(mention: Mention) -> str:
    """Name the account a mention came from as "source: handle", or an empty string when none was seen."""
    author = mention.author
    name = "" if author is None else author.handle or author.name or author.external_id
    return f"{mention.source}: {name}" if name else ""


def _handles(mention: Mention) -> set[str]:
    handle = "" if mention.author is None else mention.author.handle.lstrip("@").casefold()
    return {handle} if len(handle) >= 4 else set()


def _links(mention: Mention) -> set[str]:
    return {link.rstrip(".,;:!?") for link in _LINK.findall(mention.text)}


def _runs(mention: Mention) -> set[str]:
    words = [word.casefold() for word in _WORD.findall(_LINK.sub(" ", mention.text))]
    return {" ".join(words[at : at + _SHARED_WORDS]) for at in range(len(words) - _SHARED_WORDS + 1)}


_CONFIDENCE = {
    Basis.SAME_HANDLE: Confidence.FAIR,
    Basis.SAME_WORDS: Confidence.WEAK,
    Basis.SAME_LINK: Confidence.WEAK,
}


def _group(mentions: Sequence[Mention], basis: Basis, keys_of: _Keys) -> list[Suggestion]:
    groups: dict[str, list[Mention]] = {}
    for mention in mentions:
        for key in keys_of(mention):
            groups.setdefault(key, []).append(mention)
    found = []
    for key, group in sorted(groups.items()):
        accounts = sorted({account_of(one) for one in group} - {""})
        if len(accounts) > 1:
            ids = tuple(sorted({one.id for one in group}))
            found.append(
                Suggestion(
                    basis=basis,
                    value=key,
                    mention_ids=ids,
                    accounts=tuple(accounts),
                    confidence=_CONFIDENCE[basis],
                )
            )
    return found


def _without_repeats(found: Iterable[Suggestion]) -> Iterable[Suggestion]:
    """Keep one suggestion of each basis for the same mentions: overlapping runs of words say the same thing."""
    seen = set()
    for one in found:
        if (one.basis, one.mention_ids) not in seen:
            seen.add((one.basis, one.mention_ids))
            yield one
