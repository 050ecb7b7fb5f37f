"""Write plain values as TOML: what `config show` prints and `source add` appends."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def write_toml(values: Mapping[str, Any]) -> str:
    """Write a table of plain values, tables and lists of tables; keys in their order, None left out.

    TypeError for a value that TOML cannot hold.
    """
    return "\n".join(_table(values, ())).strip("\n") + "\n"


def _table(values: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    lines = [
        f"{_key(key)} = {_value(value)}"
        for key, value in values.items()
        if value is not None and not isinstance(value, Mapping) and not _is_tables(value)
    ]
    for key, value in values.items():
        name = (*path, _key(key))
        if isinstance(value, Mapping):
            lines += ["", f"[{'.'.join(name)}]", *_table(value, name)]
        elif _is_tables(value):
            for entry in value:
                lines += ["", f"[[{'.'.join(name)}]]", *_table(entry, name)]
    return lines


def _is_tables(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(entry, Mapping) for entry in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(entry) for entry in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(key)} = {_value(entry)}' for key, entry in value.items())}}}"
    raise TypeError(f"TOML cannot hold a {type(value).__name__}")


def _text(text: str) -> str:
    """Quote like JSON, which TOML's basic strings follow except for DEL and surrogates."""
    quoted = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    return quoted.encode("utf-8", "replace").decode("utf-8")
