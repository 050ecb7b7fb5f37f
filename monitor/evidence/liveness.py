"""Say what became of a kept post from what its page shows now; pure.

The words are looked for first: a live page may well talk about pages that were removed. What is missing is called gone
only on a clear sign, and by whoever asks only when it looks so twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from monitor.domain import Completeness, LiveState
from monitor.evidence.completeness import PageSigns, judge
from monitor.ports import Look
from monitor.text.passages import WANTED_CAP, Passage, find_passage, tokens

WHOLE = 0.85
"""The part of a post's words that must stand together for it to count as there."""

_RELATED = 0.4
_FEWEST = 4  # words; fewer may stand together anywhere
_SHORT_PAGE = 2_500  # characters; a page that says it is not there says little else
_GONE = frozenset({404, 410})
_WALLS = {Completeness.LOGIN_WALL: LiveState.LOGIN_WALL, Completeness.BOT_WALL: LiveState.BOT_WALL}

_NOT_THERE = re.compile(
    r"not (be )?found|\b(404|410)\b|no longer (available|exists?|here)|(does ?n.t|does not) exist"
    r"|(has been|was|were) (removed|deleted)|introuvable|n.existe (pas|plus)|a été (supprimée?|retirée?)"
    r"|nicht gefunden|nicht mehr (verfügbar|vorhanden)|existiert nicht|wurde (gelöscht|entfernt)"
    r"|no (se )?encontrad[ao]|no se encuentra|no existe|non (è stata )?trovat[ao]|não (foi )?encontrad[ao]"
    r"|niet gevonden|nie znaleziono|не найден[ао]?|見つかりません|不存在|找不到|찾을 수 없|غير موجود",
    re.IGNORECASE,
)
_TOMBSTONE = re.compile(
    r"\[(deleted|removed|gelöscht|supprimé|eliminado)\]"
    r"|(this )?(post|comment|review|message|content) (has been|was|is) (removed|deleted|unavailable)"
    r"|(removed|deleted) by (the )?(author|user|moderators?|reddit)",
    re.IGNORECASE,
)
# Words that a page itself puts between a post's own and that change by themselves.
_RESTLESS = frozenset(
    "ago edited just now s sec secs second seconds m min mins minute minutes h hr hrs hour hours d day days w week"
    " weeks month months y year years yesterday today like likes reply replies share upvote upvotes points".split()
)


def decide(page: PageSigns, *, text: str, quotes: Sequence[str], baseline: str) -> Look:
    """Say how the page stands to the post.

    `text` are the post's words as last known, `baseline` the text of its page as it was read in the same way before (or
    empty): what the page itself puts between the words then counts for nothing.
    """
    looked_for = text or " ".join(quotes)
    found = find_passage(looked_for, page.text)
    before = find_passage(looked_for, baseline) if baseline else None
    if found and found.share >= WHOLE:
        return _there(found, before, looked_for)
    wall = judge((), page)
    if wall in _WALLS or page.status == 403:
        kind = _WALLS.get(wall, LiveState.BOT_WALL)
        return Look(state=kind, signal=f"{_status(page)}; the page is a wall: {kind.value.replace('_', ' ')}")
    if page.status >= 500:
        return Look(state=LiveState.NETWORK, signal=_status(page))
    if found and found.share >= _RELATED and found.matched >= _FEWEST and not _has_gone(page):
        return Look(state=LiveState.EDITED, signal=_how_many(found, looked_for), passage=_whole_text(found))
    return _missing(page, baseline)


def _there(found: Passage, before: Passage | None, looked_for: str) -> Look:
    own = frozenset(word for word, _, _ in tokens(looked_for))
    now = _settled(found.words, own)
    then = _settled(before.words, own) if before else None
    if found.share == 1.0 and (then is None or then == now):
        return Look(state=LiveState.LIVE, signal="all of its words are there")
    if then == now:
        return Look(state=LiveState.LIVE, signal="its words are there as they were")
    return Look(state=LiveState.EDITED, signal=_how_many(found, looked_for), passage=_whole_text(found))


def _whole_text(found: Passage) -> str:
    """Give the post's text as it stands there, unless only its beginning was compared."""
    return "" if found.wanted >= WANTED_CAP else found.text


def _settled(words: Sequence[str], own: frozenset[str]) -> list[str]:
    return [word for word in words if word in own or not (word in _RESTLESS or word.isdecimal())]


def _how_many(found: Passage, looked_for: str) -> str:
    added = max(0, len(found.words) - found.matched)
    return f"{found.wanted - found.matched} of {found.wanted} words are not there any more, {added} are new"


def _missing(page: PageSigns, baseline: str) -> Look:
    """Say what the absence of the words looks like."""
    sign = _sign_of_absence(page, baseline)
    if sign:
        return Look(state=LiveState.GONE, signal=sign)
    return Look(
        state=LiveState.UNKNOWN,
        signal=f"{_status(page)}; the page is there, and the words are not in what the server sent",
        needs_browser=page.status < 400,
    )


def _has_gone(page: PageSigns) -> bool:
    return page.status in _GONE


def _sign_of_absence(page: PageSigns, baseline: str) -> str:
    if _has_gone(page):
        return _status(page)
    asked, shown = urlsplit(page.requested_url), urlsplit(page.final_url)
    if page.status < 400 and shown.path in ("", "/") and asked.path not in ("", "/") and not shown.query:
        return f"{_status(page)}; redirected to the front page {page.final_url}"
    in_title = _NOT_THERE.search(page.title)
    in_text = _NOT_THERE.search(page.text) if len(page.text) < _SHORT_PAGE else None
    said = in_title or in_text
    if page.status < 400 and said:
        return f"{_status(page)}; the page says: {said.group()}"
    stone = _TOMBSTONE.search(page.text)
    if page.status < 400 and stone and not _TOMBSTONE.search(baseline):
        return f"{_status(page)}; in its place stands: {stone.group()}"
    return ""


def _status(page: PageSigns) -> str:
    return f"HTTP {page.status}"
