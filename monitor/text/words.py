"""Cut text into words and sentences with their places, and bring words to a common form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from monitor.text.views import fold

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\W_]+")
_SENTENCE_END = re.compile(r"(?:[.!?…]+[\"'”’»)\]]*(?=\s|$))|[。！？؟]+|\n+")
_NO_END = re.compile(
    r"(?:^|[\s(])(?:dr|mr|mrs|ms|prof|st|jr|sr|vs|etc|e\.g|i\.e|inc|ltd|co|corp|no|approx|\w)\.$", re.IGNORECASE
)
_LONGEST_SENTENCE = 600

Span = tuple[int, int]


def words_at(text: str) -> Iterator[tuple[str, int, int]]:
    """Give each word of a text, folded, with its span; inner apostrophes belong to the word and fold away."""
    for found in _WORD.finditer(text):
        word = fold_word(found[0])
        if word:
            yield word, found.start(), found.end()


@lru_cache(maxsize=50_000)
def fold_word(word: str) -> str:
    """Fold one word to letters and digits without spaces ("don’t" gives "dont")."""
    return fold(word).replace(" ", "")


def sentences(text: str) -> list[Span]:
    """Give the spans of the sentences of a text; abbreviations end none, and none is longer than 600 characters."""
    spans: list[Span] = []
    start = 0
    for found in _SENTENCE_END.finditer(text):
        is_stop = found[0].startswith(".") and len(found[0]) == 1
        if is_stop and _NO_END.search(text[max(start, found.start() - 12) : found.start() + 1]):
            continue
        spans += _trimmed(text, start, found.end())
        start = found.end()
    spans += _trimmed(text, start, len(text))
    return spans


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end:
        piece_end = min(end, start + _LONGEST_SENTENCE)
        if piece_end < end:
            space = text.rfind(" ", start + _LONGEST_SENTENCE // 2, piece_end)
            piece_end = space if space > 0 else piece_end
        piece = text[start:piece_end]
        left = len(piece) - len(piece.lstrip())
        stripped = piece.strip()
        if stripped:
            yield start + left, start + left + len(stripped)
        start = piece_end


_IRREGULAR = {
    "stole": "steal", "stolen": "steal", "took": "take", "taken": "take", "was": "be", "were": "be", "is": "be",
    "are": "be", "been": "be", "being": "be", "has": "have", "had": "have", "did": "do", "does": "do", "done": "do",
    "went": "go", "gone": "go", "goes": "go", "said": "say", "says": "say", "told": "tell", "made": "make",
    "paid": "pay", "sold": "sell", "bought": "buy", "got": "get", "gave": "give", "given": "give", "ran": "run",
    "lied": "lie", "lying": "lie", "died": "die", "dying": "die", "children": "child", "men": "man", "women": "woman",
    "wrote": "write", "written": "write", "knew": "know", "known": "know", "left": "leave", "lost": "lose",
    "kept": "keep", "found": "find", "came": "come", "saw": "see", "seen": "see", "shown": "show", "won": "win",
    "broke": "break", "broken": "break", "drove": "drive", "driven": "drive", "ate": "eat", "eaten": "eat",
    "fell": "fall", "fallen": "fall", "held": "hold", "hid": "hide", "hidden": "hide", "caught": "catch",
    "brought": "bring", "taught": "teach", "thought": "think", "sent": "send", "spent": "spend", "built": "build",
    "shot": "shoot", "fought": "fight", "chose": "choose", "chosen": "choose", "people": "person", "wives": "wife",
    "mice": "mouse", "teeth": "tooth", "feet": "foot", "lives": "life", "knives": "knife", "thieves": "thief",
}  # fmt: skip


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Bring an English folded word to a common form: plural, -ing, -ed, -ly and common irregular verbs."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or not word.isascii():
        return word
    for ending, least, replacement in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            return _tidy(word[: -len(ending)] + replacement)
    return _tidy(word)


_ENDINGS = (
    ("isations", 3, "is"), ("izations", 3, "is"), ("isation", 3, "is"), ("ization", 3, "is"), ("ations", 3, "at"),
    ("ation", 3, "at"), ("ements", 3, ""), ("ement", 4, ""), ("nesses", 3, ""), ("ness", 3, ""), ("ities", 3, ""),
    ("ity", 4, ""), ("ingly", 3, ""), ("edly", 3, ""), ("ically", 3, "ic"), ("ying", 3, "y"), ("ings", 3, ""),
    ("ing", 3, ""), ("ied", 2, "y"), ("ies", 2, "y"), ("ers", 4, ""), ("ors", 4, ""), ("er", 4, ""), ("or", 4, ""),
    ("ed", 3, ""), ("ly", 3, ""), ("sses", 2, "ss"), ("xes", 2, "x"), ("ches", 2, "ch"), ("shes", 2, "sh"),
    ("ions", 4, ""), ("ion", 4, ""), ("ss", 2, "ss"), ("us", 2, "us"), ("is", 2, "is"), ("s", 3, ""),
)  # fmt: skip


def _tidy(base: str) -> str:
    if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lsz":
        return base[:-1]
    if len(base) > 3 and base[-1] == "e":
        return base[:-1]
    return base[:-1] + "i" if len(base) > 3 and base[-1] == "y" else base
