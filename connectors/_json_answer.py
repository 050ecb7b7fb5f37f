"""Read JSON answers of services, none of whose fields can be relied on."""

from __future__ import annotations

import json
from datetime import datetime

from connectors._dates import read_date
from connectors._entry import MAX_TEXT
from monitor.contract import Response
from monitor.errors import SourceChanged

Json = dict[str, object]


def read_object(body: bytes, *, connector: str) -> Json:
    """Parse a body that must be one JSON object; raise SourceChanged that says in words what it is instead."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise _odd(connector, _looks(body)) from None
    if not isinstance(found, dict):
        raise _odd(connector, "It is JSON, but not an object.")
    return found


def _looks(body: bytes) -> str:
    start = body[:200].lstrip().lower()
    if not start:
        return "It is empty."
    if start.startswith(b"<"):
        return "It is a page or XML in the place of JSON."
    return "It is JSON that is damaged or cut short." if start[:1] in (b"{", b"[") else "It is not JSON."


def _odd(connector: str, why: str) -> SourceChanged:
    return SourceChanged("The service's answer is not understood.", connector=connector, why=why)


def required_list(record: Json, name: str, *, connector: str) -> list[Json]:
    """Give the objects of a list that every honest answer has; raise SourceChanged when there is none."""
    if not isinstance(record.get(name), list):
        raise _odd(connector, f"It has no list `{name}`.")
    return list_of(record, name)


def list_of(record: Json, name: str) -> list[Json]:
    """Give the objects in a list, and nothing for anything else."""
    found = record.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def object_of(record: Json, name: str) -> Json:
    """Give an object, empty for anything else."""
    found = record.get(name)
    return found if isinstance(found, dict) else {}


def text_of(record: Json, name: str) -> str:
    """Give a bounded text; numbers are written out, anything else is an empty text."""
    found = record.get(name)
    if isinstance(found, str):
        return found[:MAX_TEXT].strip()
    return str(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else ""


def number_of(record: Json, name: str) -> int:
    """Give a whole number, 0 for anything else."""
    found = record.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def moment_of(record: Json, name: str) -> datetime | None:
    """Give a date as aware UTC, or None."""
    return read_date(text_of(record, name))[0]


def media_type_of(answer: Response) -> str:
    """Give the answer's media type; JSON where the service does not say."""
    return answer.media_type or "application/json"
