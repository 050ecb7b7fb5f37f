"""Keep secrets out of everything that is said about a channel; pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

from monitor.notify.safe import one_line

REASON_LIMIT = 300
MASK = "***"
_SPLIT = re.compile(r"[/:@?&=#,;+]+")
_WORDY = 4
"""Shorter secrets are replaced only where they stand alone, or every message would be full of holes."""


class Masker:
    """Replace secrets in text, in every spelling in which a server or library is likely to repeat them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
        ordered = sorted(spellings, key=len, reverse=True)
        parts = [re.escape(one) if len(one) >= _WORDY else rf"(?<!\w){re.escape(one)}(?!\w)" for one in ordered]
        self._pattern = re.compile("|".join(parts), re.IGNORECASE) if parts else None

    def __call__(self, text: str) -> str:
        """Give the text without secrets, on one line and bounded; fit for logs, rows and people."""
        masked = self._pattern.sub(MASK, text) if self._pattern else text
        return one_line(masked, REASON_LIMIT)


def url_secrets(url: str, shown: str) -> frozenset[str]:
    """Collect what in a channel's URL must not be repeated: every piece that its masked form `shown` does not show.

    The user name counts as a secret only where the masked form hides it; the path and the values of the query always
    do, because many services take their tokens there.
    """
    known = set(_pieces(shown))
    hidden = {piece for piece in _pieces(url) if piece not in known}
    return frozenset(hidden | set(_path_pieces(url)))


def login_secrets(username: str, password: str) -> frozenset[str]:
    """Collect a login's password and the forms in which SMTP sends it."""
    if not password:
        return frozenset()
    plain = base64.b64encode(f"\0{username}\0{password}".encode()).decode()
    return frozenset({password, base64.b64encode(password.encode()).decode(), plain})


def _pieces(url: str) -> list[str]:
    return [unquote(piece) for piece in _SPLIT.split(url.partition("://")[2]) if piece]


def _path_pieces(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    values = [pair.partition("=")[2] for pair in parts.query.split("&")]
    return [unquote(piece) for piece in (*parts.path.split("/"), *values) if len(piece) >= _WORDY]


def _spellings(secret: str) -> set[str]:
    spellings = {secret, unquote(secret), quote(secret, safe=""), quote(secret), secret.replace(" ", "+")}
    return {one for one in spellings if one}
