"""Name the pictures of a message, so that its HTML can show them; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from monitor.domain import Picture

NO_PICTURES: Mapping[str, bytes] = MappingProxyType({})


def named(message_id: str, wanted: Iterable[str], pictures: Mapping[str, bytes]) -> dict[str, Picture]:
    """Give those of `pictures` that are wanted, by the same keys, numbered within this message.

    `message_id` is one that holds nothing but letters, digits, dots, dashes, underscores and one `@`.
    """
    there = [key for key in dict.fromkeys(wanted) if key in pictures]
    return {key: Picture(cid=f"picture-{place}.{message_id}", body=pictures[key]) for place, key in enumerate(there, 1)}
