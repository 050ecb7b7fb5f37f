"""Find names with letters starred out: the signs are wild cards, the visible letters must fit."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from monitor.matching.forms import Form, Kind
from monitor.text.views import fold

Owner = tuple[int, Form]

_SIGNS = "*#•·%_~^●○■□×?"
_CENSORED = re.compile(rf"(?<!\w)[^\W\d_]+[{_SIGNS}]+[\w{_SIGNS}]*")
_TOKEN = re.compile(rf"[\w{_SIGNS}'’@$-]+")
_KINDS = frozenset({Kind.FULL, Kind.REORDERED, Kind.ALIAS, Kind.SINGLE, Kind.FIRM, Kind.FIRM_CORE, Kind.INITIALS})
_PLACES = 60
_LEAST_VISIBLE = 4
_REACH = 40


class CensoredIndex:
    """Look names up by the first letters of their words, and check the rest letter by letter."""

    def __init__(self, forms: Sequence[Sequence[Form]]) -> None:
        self._forms = forms
        self._by_initials: dict[str, list[Owner]] | None = None

    def _owners(self, initials: str) -> Sequence[Owner]:
        if self._by_initials is None:  # made when first needed: few posts star letters out
            made: dict[str, list[Owner]] = defaultdict(list)
            for subject, forms in enumerate(self._forms):
                for form in forms:
                    if form.kind in _KINDS and len(form.pattern) >= _LEAST_VISIBLE:
                        made["".join(word[0] for word in form.pattern.split(" "))].append((subject, form))
            self._by_initials = dict(made)
        return self._by_initials.get(initials, ())

    def find(self, text: str) -> Iterator[tuple[Owner, int, int]]:
        """Give (owner, start, end) in the original text for names that hold at least one starred-out letter."""
        for starred in islice(_CENSORED.finditer(text), _PLACES):
            offset = max(0, starred.start() - _REACH)
            tokens = list(_TOKEN.finditer(text, offset, starred.end() + _REACH))
            at = next((i for i, token in enumerate(tokens) if token.end() > starred.start()), 0)
            for first in range(max(0, at - 2), at + 1):
                for last in range(at + 1, min(len(tokens), first + 3) + 1):
                    yield from self._fitting(tokens[first:last])

    def _fitting(self, window: Sequence[re.Match[str]]) -> Iterator[tuple[Owner, int, int]]:
        parts = [part[0] for part in window]
        initials = "".join(fold(part[0])[:1] for part in parts)
        owners = self._owners(initials) if len(initials) == len(parts) else ()
        if not owners:
            return
        patterns = [_pattern(part) for part in parts]
        visible = sum(c.isalnum() for part in parts for c in part)
        for owner in owners:
            meant = owner[1].pattern.split(" ")
            fits = all(pattern.fullmatch(word) for pattern, word in zip(patterns, meant, strict=True))
            if fits and visible >= min(_LEAST_VISIBLE, len(meant) * 2):
                yield owner, window[0].start(), window[-1].end()


def _pattern(part: str) -> re.Pattern[str]:
    """Turn a censored word into a pattern: each sign may hide up to two letters."""
    part = re.sub(r"['’]s$", "", part)
    pieces = re.findall(rf"[{_SIGNS}]+|[^{_SIGNS}]+", part)
    return re.compile(
        "".join(
            f".{{0,{min(len(piece) + 1, 12)}}}" if piece[0] in _SIGNS else re.escape(fold(piece).replace(" ", ""))
            for piece in pieces
        )
    )
