"""Let the trafilatura and htmldate libraries, where they are installed, find an article's words and its date."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import find_spec

_ENOUGH = 200
_LONGEST_MARKUP = 2_000_000


def is_installed() -> bool:
    """Tell whether the optional part `articles` is there, without loading it."""
    return find_spec("trafilatura") is not None and find_spec("htmldate") is not None


def words_of(markup: str) -> str:
    """Give the article's words, without comments, menus and teasers; "" when hardly any are found."""
    import trafilatura  # noqa: PLC0415 - optional, and slow to load

    found = trafilatura.extract(markup[:_LONGEST_MARKUP], include_comments=False, favor_precision=True) or ""
    return found if len(found) >= _ENOUGH else ""


def day_of(markup: str) -> datetime | None:
    """Guess the day on which a page was published; right about nine times in ten."""
    from htmldate import find_date  # noqa: PLC0415 - optional, and slow to load

    try:
        found = find_date(markup[:_LONGEST_MARKUP], original_date=True, outputformat="%Y-%m-%d")
        return datetime.fromisoformat(found).replace(tzinfo=UTC) if found else None
    except (ValueError, TypeError, RecursionError):
        return None
