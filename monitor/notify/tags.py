"""Read what a channel takes from the tags before its URL, written as Apprise writes them; pure."""

from __future__ import annotations

import re

from monitor.domain import ChannelTag

_TAGGED = re.compile(r"(?P<tags>[^=:/]{1,200})=(?P<url>[A-Za-z][A-Za-z0-9+.-]*://.*)", re.DOTALL)


class TagFault(ValueError):
    """Say in words for a person what is wrong with the tags."""


def split_tags(given: str) -> tuple[frozenset[ChannelTag], str]:
    """Give the tags and the URL of a channel written `TAG,TAG=URL`; no tags for a plain URL. TagFault for others."""
    found = _TAGGED.fullmatch(given.strip())
    if found is None:
        return frozenset(), given.strip()
    words = [word for word in re.split(r"[\s,]+", found["tags"].strip().lower()) if word]
    known = {tag.value for tag in ChannelTag}
    unknown = [word for word in words if word not in known]
    if unknown or not words:
        raise TagFault(f"I don't know the tag `{unknown[0] if unknown else ''}`; there are {', '.join(sorted(known))}")
    return frozenset(map(ChannelTag, words)), found["url"]
