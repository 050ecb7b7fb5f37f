"""Make others' text safe to keep and show, without losing what can be read."""

from __future__ import annotations

import hashlib
import re

_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_NEWLINES = re.compile("\r\n|[\r\x85\u2028\u2029]")
_REPLACEMENT = "\ufffd"


def clean_text(text: str) -> str:
    """Replace control characters, lone surrogates and non-characters by U+FFFD and unify line ends.

    Tabs and newlines stay. The result can always be encoded as UTF-8 and stored in any database, so that nobody
    can silence an alert about himself with a character that breaks the sending of it.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_REPLACEMENT, _NEWLINES.sub("\n", text))


def content_sha256(title: str, text: str, rating: float | None = None) -> str:
    """Hash what a reader sees of a mention; a different hash is a new revision. Give hex."""
    parts = (title, text, "" if rating is None else f"{rating:g}")
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def fallback_id(url: str, title: str, text: str) -> str:
    """Make an id for an item that has none of its own: SHA-256 of the canonical link, else of title and text."""
    basis = url or f"{title}\x1f{text}"
    return hashlib.sha256(basis.encode("utf-8", "surrogatepass")).hexdigest()
