"""Say in words what is wrong with a configuration, all faults at once, with what was probably meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

_PLAIN = {
    "missing": "is missing",
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list, in [brackets]",
    "list_type": "must be a list, in [brackets]",
    "dict_type": "must be a table of keys and values",
    "model_type": "must be a section of keys and values",
    "date_type": "must be a date such as 2026-11-22",
    "date_from_datetime_parsing": "must be a date such as 2026-11-22",
    "time_delta_type": 'must be a time span such as "15m"',
    "time_type": 'must be a time of day such as "08:00"',
    "path_type": "must be a path in quotes",
}

_LIMITS = {"greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le")}


def key_path(location: Sequence[str | int], prefix: str = "") -> str:
    """Write where a key stands, as `source[2].settings.url`; list places count from 1 as people do."""
    path = prefix
    for part in location:
        if isinstance(part, int):
            path += f"[{part + 1}]"
        else:
            path += f".{part}" if path else str(part)
    return path


def _known_keys(schema: Mapping[str, Any], location: Sequence[str | int]) -> list[str]:
    """Walk a JSON Schema to the section that a location points into and give that section's keys."""
    definitions = schema.get("$defs", {})
    node: Mapping[str, Any] = schema
    for part in location:
        node = node.get("items", {}) if isinstance(part, int) else node.get("properties", {}).get(part, {})
        for option in (node, *node.get("anyOf", ()), *node.get("allOf", ())):
            if "$ref" in option:
                node = definitions.get(option["$ref"].rpartition("/")[2], {})
                break
    return list(node.get("properties", {}))


def describe_faults(
    errors: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], prefix: str = ""
) -> tuple[str, ...]:
    """Turn pydantic's error records into one sentence each.

    `errors` is `ValidationError.errors()`, `schema` the model's JSON Schema (for the keys that were probably meant).
    Values are never repeated, as they may be secrets, except where a validator of ours put them into its own words.
    """
    return tuple(_describe(error, schema, prefix) for error in errors)


def _describe(error: Mapping[str, Any], schema: Mapping[str, Any], prefix: str) -> str:
    location: Sequence[str | int] = error["loc"]
    path = key_path(location, prefix) or "the file"
    kind = error["type"]
    if kind == "extra_forbidden":
        return _unknown_key(location, schema, prefix)
    if kind == "value_error":
        return f"`{path}`: {error['ctx']['error']}"
    if kind in {"enum", "literal_error"}:
        meant = _meant(str(error.get("input", "")), str(error["ctx"]["expected"]).replace("'", "").split())
        return f"`{path}` must be {error['ctx']['expected']}{meant}"
    if kind == "string_pattern_mismatch":
        return f"`{path}` must be letters, digits, dots, dashes or underscores, at most 64"
    if kind in _LIMITS:
        word, key = _LIMITS[kind]
        return f"`{path}` must be {word} {error['ctx'][key]}"
    plain = _PLAIN.get(kind) or error["msg"][:1].lower() + error["msg"][1:]
    return f"`{path}` {plain}"


def _unknown_key(location: Sequence[str | int], schema: Mapping[str, Any], prefix: str) -> str:
    key = str(location[-1])
    place = key_path(location[:-1], prefix)
    meant = _meant(key, _known_keys(schema, location[:-1]))
    return f"I don't know the key `{key}`{f' in `{place}`' if place else ''}{meant}"


def _meant(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word, [one.strip(",") for one in known], n=1, cutoff=0.5)
    return f"; did you mean `{close[0]}`?" if close else ""


def repeated(names: Iterable[str]) -> list[str]:
    """Give the names that occur more than once, sorted; in one pass, as a file may hold a hundred thousand."""
    return sorted(name for name, times in Counter(names).items() if times > 1)
