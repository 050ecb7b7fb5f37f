"""Say whether the words that matter are in what was kept, and if not, what stood in their place; pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import islice
from urllib.parse import urlsplit

from monitor.domain import Completeness

ENOUGH = 0.85
"""The part of a quote's words that must stand together on the page: dates, "edited" marks and links break quotes up."""

_WORDS_CAP = 400  # of one quote; the first so many words identify it
_PAGE_CAP = 200_000  # words looked through
_CANDIDATES = 30
_SLACK = 4  # words that may stand between a quote's own, such as "(edited 2 h ago)"
_SHORT_PAGE = 1_500  # characters; a wall says little beside its demand
_EMPTY_PAGE = 20  # words

# Scripts written without spaces: each character counts as a word.
_UNSPACED = re.compile("([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")
_WORD = re.compile(r"[^\W_]+")

_LOGIN_PATH = re.compile(r"/(log-?in|sign-?in|sign_in|accounts?/login|auth|sso|checkpoint)\b", re.IGNORECASE)
_LOGIN_WORDS = re.compile(
    r"(log|sign) ?in to (continue|see|view|read)|(must|need to|have to) (be logged in|log in|sign in)"
    r"|please (log|sign) in|members only|register to (continue|see|view|read)"
    r"|melden sie sich an|bitte (einloggen|anmelden)|connectez-vous|inicia(r)? sesi[oó]n para|fa[cç]a login",
    re.IGNORECASE,
)
_BOT_WORDS = re.compile(
    r"captcha|(verify|prove|confirm)( that)? you are (a )?human|are you a robot|not a robot|unusual traffic"
    r"|checking your browser|just a moment|attention required|security check|automated (requests|access)"
    r"|enable javascript and cookies to continue|access (to this page has been )?denied|request blocked",
    re.IGNORECASE,
)
_SCRIPT_WORDS = re.compile(
    r"(enable|requires?|turn on|activate|needs?) java ?script|java ?script is (disabled|required|off)", re.IGNORECASE
)

_REASONS = {
    Completeness.NOT_FOUND: "the quoted words are not on the page; it may have been edited or removed",
    Completeness.LOGIN_WALL: "the page asks for a login",
    Completeness.BOT_WALL: "the page asks for a proof of being human",
    Completeness.SCRIPT_FAILED: "the page's scripts did not show its content",
}


@dataclass(frozen=True, kw_only=True)
class PageSigns:
    """Hold what a page shows of itself: `text` is the visible text, `status` is 0 when there was no answer."""

    text: str
    title: str = ""
    status: int = 200
    requested_url: str = ""
    final_url: str = ""
    asks_password: bool = False
    scripts_ran: bool = True

    @cached_property
    def words(self) -> list[str]:
        """Give the text's words, normalised."""
        return list(islice(words(self.text), _PAGE_CAP))


def words(text: str) -> Iterator[str]:
    """Give a text's words without regard to case, width, punctuation and invisible characters."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if not plain.isascii():
        plain = "".join(char for char in plain if unicodedata.category(char) != "Cf")
        plain = _UNSPACED.sub(r" \1 ", plain)
    return (match.group() for match in _WORD.finditer(plain))


def contains(quote: str, page: Sequence[str]) -> bool:
    """Tell whether a quote's words stand together on a page, in their order, at least `ENOUGH` of them.

    Up to three words must all be there. A quote without any word, such as one of emoji alone, counts as contained.
    """
    wanted = list(words(quote))[:_WORDS_CAP]
    needed = len(wanted) if len(wanted) <= 3 else -int(-len(wanted) * ENOUGH // 1)
    width = len(wanted) + (max(_SLACK, len(wanted) // 4) if len(wanted) > 3 else 0)
    starts = islice(_likely_windows(wanted, page, needed, width), _CANDIDATES)
    found = any(_in_order(wanted, page[start : start + width]) >= needed for start in starts)
    return found or not wanted


def judge(quotes: Sequence[str], page: PageSigns) -> Completeness:
    """Say whether every quote is on the page, and if not, the likeliest reason.

    Without quotes a page counts as unknown, unless it is a wall.
    """
    if quotes and all(contains(quote, page.words) for quote in quotes):
        return Completeness.FOUND
    if _is_bot_wall(page):
        return Completeness.BOT_WALL
    if _is_login_wall(page):
        return Completeness.LOGIN_WALL
    if not quotes:
        return Completeness.UNKNOWN
    if len(page.words) < _EMPTY_PAGE and (not page.scripts_ran or _SCRIPT_WORDS.search(page.text)):
        return Completeness.SCRIPT_FAILED
    return Completeness.NOT_FOUND


def reason(completeness: Completeness) -> str:
    """Say in words why the quotes are not there; empty when nothing is wrong."""
    return _REASONS.get(completeness, "")


def _likely_windows(wanted: Sequence[str], page: Sequence[str], needed: int, width: int) -> Iterator[int]:
    """Give the starts of stretches that hold enough of the words in any order, each stretch once."""
    if not wanted:
        return
    missing, window, overlap, quiet_until = Counter(wanted), deque[str](), 0, 0
    known = frozenset(wanted)
    for position, word in enumerate([*page, *[""] * width]):
        window.append(word)
        if missing[word] > 0 and word:
            overlap += 1
        missing[word] -= 1
        if len(window) > width:
            gone = window.popleft()
            missing[gone] += 1
            if missing[gone] > 0 and gone:
                overlap -= 1
        start = position - len(window) + 1
        if overlap >= needed and start >= quiet_until and window[0] in known:
            quiet_until = start + 1
            yield start


def _in_order(wanted: Sequence[str], window: Sequence[str]) -> int:
    matcher = SequenceMatcher(None, wanted, window, autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks())


def _is_bot_wall(page: PageSigns) -> bool:
    if page.status == 429:
        return True
    if _BOT_WORDS.search(page.title):
        return page.status in (403, 503) or len(page.text) < _SHORT_PAGE
    return len(page.text) < _SHORT_PAGE and _BOT_WORDS.search(page.text) is not None


def _is_login_wall(page: PageSigns) -> bool:
    if page.status == 401:
        return True
    is_short = len(page.text) < _SHORT_PAGE
    if is_short and (page.asks_password or _LOGIN_WORDS.search(page.text)):
        return True
    asked, shown = urlsplit(page.requested_url), urlsplit(page.final_url)
    moved = (asked.hostname, asked.path) != (shown.hostname, shown.path)
    return moved and _LOGIN_PATH.search(shown.path) is not None and _LOGIN_PATH.search(asked.path) is None
