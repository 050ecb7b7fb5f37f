"""What connectors that ask an interface share: base addresses, whose names they ask for, lists as answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

from connectors._json_answer import Json, read_object, required_list
from monitor.errors import SourceChanged
from monitor.text import is_web_url

_SHORTEST = 2
_LONGEST = 200


def _base(value: str) -> str:
    if not is_web_url(value) or "?" in value or "#" in value:
        raise ValueError("must be an address that starts with https:// or http://, without a query")
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_base)]
"""An address to which paths are added; kept without its last slash."""


BackfillDays = Annotated[int, Field(ge=1, le=9000, description="How far back a name is searched the first time.")]
"""For how many days back a search goes the first time that it is asked for a name."""


def _base_or_none(value: str) -> str:
    return _base(value) if value else ""


OtherBaseUrl = Annotated[str, AfterValidator(_base_or_none)]
"""An address in the place of a service's own; empty: the service's own."""


def terms_to_ask(terms: Iterable[str]) -> tuple[str, ...]:
    """Give each name once, in order, as one line without quotes; what is too short to be a name is left out."""
    unique: dict[str, str] = {}
    for term in terms:
        name = " ".join(term.replace('"', " ").replace("\\", " ").split())[:_LONGEST]
        if len(name) >= _SHORTEST:
            unique.setdefault(name.casefold(), name)
    return tuple(unique.values())


def read_list(body: bytes, *, connector: str) -> list[Json]:
    """Parse a body that must be a JSON list and give its objects; raise SourceChanged when it is anything else."""
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"[":
        read_object(body, connector=connector)
        raise SourceChanged("The service's answer is not understood.", connector=connector, why="It is no list.")
    return required_list(
        read_object(b'{"list":' + body.lstrip(b"\xef\xbb\xbf") + b"}", connector=connector), "list", connector=connector
    )
