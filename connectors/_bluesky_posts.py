"""Read what posts of Bluesky are made of, whether they were searched for or streamed."""

from __future__ import annotations

import re

from connectors._entry import MAX_LINE
from connectors._html import absolute, tidy
from connectors._json_answer import Json, object_of, text_of

SITE = "https://bsky.app"
COLLECTION = "app.bsky.feed.post"
_POST = re.compile(r"at://(did:[a-z0-9]+:[A-Za-z0-9._:%-]{1,200})/app\.bsky\.feed\.post/([A-Za-z0-9._~:-]{1,200})")


def post_url(uri: str) -> str:
    """Give the page of a post, by its author's permanent id; "" for anything else."""
    found = _POST.fullmatch(uri)
    return f"{SITE}/profile/{found[1]}/post/{found[2]}" if found else ""


def card_of(record: Json) -> tuple[str, ...]:
    """Give the title and address of a linked page, which readers see below the words."""
    embed = object_of(record, "embed")
    if not embed:
        return ()
    card = object_of(embed, "external") or object_of(object_of(embed, "media"), "external")
    return tidy(text_of(card, "title")[:MAX_LINE]), absolute(text_of(card, "uri"), SITE)


def language_of(record: Json) -> str:
    """Give the first language that the author named, or an empty string."""
    languages = record.get("langs")
    return languages[0][:35] if isinstance(languages, list) and languages and isinstance(languages[0], str) else ""
