"""Write facts in one spelling only, so that their hash means something, and hash them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from monitor.domain import to_utc

Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]
"""What may stand in a manifest or custody record: no floats, because their spelling differs between programs."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SURROGATE = re.compile("[\ud800-\udfff]")


def canonical(value: Json) -> bytes:
    """Encode as canonical JSON: sorted keys, no white space, UTF-8.

    Raises TypeError for a float, bytes or anything else that JSON spells in more than one way. Lone surrogates, which
    UTF-8 cannot hold, become U+FFFD.
    """
    text = json.dumps(_checked(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def parse(body: bytes) -> dict[str, Json]:
    """Read canonical JSON back; ValueError unless `body` is an object spelled exactly as `canonical` spells it."""
    try:
        value = json.loads(body)
        if not isinstance(value, dict) or canonical(value) != body:
            raise ValueError("not canonical")
    except (TypeError, UnicodeError, RecursionError) as fault:
        raise ValueError(str(fault)) from fault
    return value


def sha256_hex(body: bytes) -> str:
    """Hash bytes; give hex."""
    return hashlib.sha256(body).hexdigest()


def is_sha256(text: object) -> bool:
    """Tell whether this is a SHA-256 in lower-case hex."""
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None


def stamp(moment: datetime) -> str:
    """Spell a moment in UTC with microseconds and a final Z: always the same length, so that it sorts as text."""
    return to_utc(moment).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_stamp(text: str) -> datetime:
    """Read a moment that `stamp` wrote; ValueError for any other spelling."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def text_of(body: Mapping[str, Json], name: str) -> str:
    """Give a field that must be text; ValueError when it is not."""
    value = body.get(name)
    if not isinstance(value, str):
        raise ValueError(f"no text {name}")
    return value


def number_of(body: Mapping[str, Json], name: str) -> int:
    """Give a field that must be a whole number; ValueError when it is not."""
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"no number {name}")
    return value


def object_of(body: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    """Give a field that must be an object; ValueError when it is not."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"no object {name}")
    return value


def list_of(body: Mapping[str, Json], name: str) -> Sequence[Json]:
    """Give a field that must be a list; ValueError when it is not."""
    value = body.get(name)
    if not isinstance(value, list):
        raise ValueError(f"no list {name}")
    return value


def _checked(value: Json) -> Json:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, Mapping):
        return {_key(name): _checked(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_checked(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _key(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError("a key must be text")
    return _SURROGATE.sub("\ufffd", name)
