"""Judge posts given as JSON lines; one bad line never stops the others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from monitor.domain import Author, Mention, to_utc
from monitor.matching.languages import language_of
from monitor.matching.matcher import Matcher
from monitor.matching.verdicts import Json, fault, verdict

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT_FIELDS = ("title", "url")


class _Unreadable(ValueError):
    """Say in words why a line is not a post."""


def judge_lines(lines: Iterable[bytes | str], matcher: Matcher) -> Iterator[tuple[Json, bool]]:
    """Give a verdict and whether the line was good, one a line, in order; blank lines are passed over.

    A post is {"id", "text", "title"?, "author"?, "url"?, "published_at"?}; "author" is a name, a handle that starts
    with "@", or an object with "name", "handle" and "profile_url". Memory does not grow with the number of lines.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            post = _read(line)
            author, published_at = _author(post.get("author")), _moment(post.get("published_at"))
        except _Unreadable as wrong:
            yield fault(number, str(wrong)), False
            continue
        title, text = post.get("title") or "", post["text"]
        # Nearly every post names nobody: for those a mention would be built for nothing.
        named = matcher.named(title, text, author)
        if not named:
            yield verdict(post["id"], ()), True
            continue
        judgements = matcher.judge_named(_mention(post, author, published_at), named)
        language = language_of(text or title) if judgements else ""
        yield verdict(post["id"], judgements, language=language), True


def _parse(line: bytes | str) -> object:
    try:
        return json.loads(line)
    except RecursionError:
        raise _Unreadable("the line nests too deeply") from None
    except UnicodeDecodeError:
        raise _Unreadable("the line is not UTF-8") from None
    except ValueError as wrong:
        raise _Unreadable(f"the line is not JSON: {wrong}") from None


def _read(line: bytes | str) -> dict[str, Any]:
    post = _parse(line)
    if not isinstance(post, dict):
        raise _Unreadable("the line is not a JSON object")
    identity = post.get("id")
    if isinstance(identity, bool) or not isinstance(identity, str | int):
        raise _Unreadable('"id" must be a string or a number')
    if not isinstance(post.get("text"), str):
        raise _Unreadable('"text" must be a string')
    for name in _TEXT_FIELDS:
        if post.get(name) is not None and not isinstance(post[name], str):
            raise _Unreadable(f'"{name}" must be a string')
    return post


def _mention(post: dict[str, Any], author: Author | None, published_at: datetime | None) -> Mention:
    return Mention(
        source="jsonl",
        external_id=str(post["id"]),
        url=post.get("url") or "",
        title=post.get("title") or "",
        text=post["text"],
        author=author,
        published_at=published_at,
        first_seen_at=_EPOCH,
    )


def _author(value: object) -> Author | None:
    if value is None:
        return None
    if isinstance(value, str):
        return Author(name=value, handle=value)
    if isinstance(value, dict):
        name, handle, profile = (value.get(field) or "" for field in ("name", "handle", "profile_url"))
        if isinstance(name, str) and isinstance(handle, str) and isinstance(profile, str):
            return Author(name=name, handle=handle, profile_url=profile)
    raise _Unreadable('"author" must be a string or an object with "name" and "handle"')


def _moment(value: object) -> datetime | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _Unreadable('"published_at" must be a string in ISO 8601')
    try:
        return to_utc(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        raise _Unreadable('"published_at" is not a moment in ISO 8601') from None
