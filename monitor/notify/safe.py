"""Make text safe for titles, mail headers and chat, where others' words may stand; pure."""

from __future__ import annotations

import re
import unicodedata

from monitor.text import clean_text

TITLE_LIMIT = 200
"""Longest title in code points: services refuse or cut longer ones, some for ever."""

_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BLANK = re.compile(r"\s+")
_MARKS_KEPT = 4
_ADDRESS = re.compile(r"(?P<host>\b[a-z][a-z0-9+.-]*://[^\s/?#\"'<>]+)[/?#][^\s\"'<>]*", re.IGNORECASE)
_CALL_OUT = re.compile(r"@(?=\w)|<(?=[!@#/a-zA-Z])|\](?=[\[(:])")


def plain_text(text: str, limit: int) -> str:
    """Clean a text of several lines and keep at most `limit` code points.

    Direction overrides go, because they let a writer turn the rest of a message around; of stacked combining marks
    four a letter stay, because endless stacks made services refuse a message each time it was tried.
    """
    calm = _thin_marks(_BIDI.sub("", clean_text(text[: limit * 4])))
    return shorten(calm, limit)


def one_line(text: str, limit: int = TITLE_LIMIT) -> str:
    """Clean a text and put it on one line of at most `limit` code points; fit for titles and header values."""
    return shorten(_BLANK.sub(" ", plain_text(text, limit * 4)).strip(), limit)


def header_line(text: str, limit: int = TITLE_LIMIT) -> str:
    """Clean a text for a mail header's value.

    `=?` opens an encoded word, which Python's own header parser decodes, line ends included: the text after them
    would become a header of its own. A word joiner (U+2060, invisible) between the two signs keeps it plain text.
    """
    return one_line(text, limit).replace("=?", "=\u2060?")


def shorten(text: str, limit: int) -> str:
    """Cut a text to `limit` code points, the last of them an ellipsis when something was cut."""
    return text if len(text) <= limit else text[: max(0, limit - 1)].rstrip() + "…"


def shorten_lines(text: str, limit: int, note: str) -> str:
    """Cut a text at a line's end so that it and `note` on a line of its own fit into `limit` code points."""
    if len(text) <= limit:
        return text
    room = limit - len(note) - 1
    if room <= 0:
        return shorten(text, limit)
    head = text[:room]
    whole, _, _ = head.rpartition("\n")
    return f"{(whole or head).rstrip()}\n{note}"


def hide_paths(text: str) -> str:
    """Cut addresses in a text down to their host: the rest often holds a name or the words of a post."""
    return _ADDRESS.sub(lambda found: f"{found['host']}/…", text)


def quiet_call_outs(text: str) -> str:
    """Keep chat services from reading `@name` or `<!channel>` as a call to people, or `[words](address)` as a link.

    A link whose words hide where it leads is how a stranger leads a reader astray, and `![](address)` would load a
    picture that tells him who reads. A word joiner (U+2060, invisible) follows each such sign; used for chat only,
    never for mail or webhooks.
    """
    return _CALL_OUT.sub(lambda found: found.group() + "\u2060", text)


def _thin_marks(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    stacked = 0
    for letter in text:
        stacked = stacked + 1 if unicodedata.category(letter) == "Mn" else 0
        if stacked <= _MARKS_KEPT:
            kept.append(letter)
    return "".join(kept)
