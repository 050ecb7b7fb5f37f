"""Read overrides from the environment and from secret files named like variables; a mistyped name is a fault."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

PREFIX = "GOODNAME_"
DELIMITER = "__"
_OWN = frozenset(("GOODNAME_CONFIG", "GOODNAME_SECRETS_DIR"))
_MAX_SECRET_BYTES = 1024 * 1024


def secrets_folders() -> tuple[Path, ...]:
    """Give the folders in which secret files are looked up by name: own setting, systemd credentials, containers."""
    named = (os.environ.get("GOODNAME_SECRETS_DIR"), os.environ.get("CREDENTIALS_DIRECTORY"), "/run/secrets")
    return tuple(Path(folder) for folder in named if folder and os.access(folder, os.R_OK) and Path(folder).is_dir())


def read_secret(path: Path) -> str:
    """Read a secret, without the spaces and newlines around it.

    Raises OSError when it cannot be read, ValueError when it is not UTF-8 text or larger than 1 MB.
    """
    with path.open("rb") as file:
        body = file.read(_MAX_SECRET_BYTES + 1)
    if len(body) > _MAX_SECRET_BYTES:
        raise ValueError("larger than 1 MB")
    return body.decode("utf-8").strip()


def override_files() -> Mapping[str, Path]:
    """Give every secret file that is named like a variable of ours, by that name in upper case; first folder wins."""
    found: dict[str, Path] = {}
    for folder in secrets_folders():
        for path in sorted(folder.iterdir()):
            if path.name.upper().startswith(PREFIX) and path.is_file():
                found.setdefault(path.name.upper(), path)
    return found


class Overrides(EnvSettingsSource):
    """Read GOODNAME_ variables; a list may be JSON, or entries with spaces or newlines between them."""

    def decode_complex_value(self, field_name: str, field: FieldInfo | None, value: Any) -> Any:  # noqa: ANN401 # their signature
        """Decode JSON; what is not stays text, so that the check of the whole names it beside every other fault."""
        try:
            decoded = json.loads(value)
        except ValueError:
            decoded = None
        if isinstance(decoded, dict | list):
            return decoded
        listed = _is_list_of_words(field) and not value.lstrip().startswith(("[", "{"))
        return value.split() if listed else value


def _is_list_of_words(field: FieldInfo | None) -> bool:
    annotation = field.annotation if field is not None else None
    return get_origin(annotation) is tuple and get_args(annotation)[0] in (str, SecretStr)


class SecretOverrides(Overrides):
    """Read the same from files in the secrets folders, such as `goodname_alerts__urls`."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        read: dict[str, str | None] = {}
        for name, path in override_files().items():
            try:
                read[name.lower()] = read_secret(path)
            except (OSError, ValueError):
                continue  # named as a fault by `override_faults`
        return read


def override_faults(keys: Sequence[str]) -> tuple[str, ...]:
    """Name variables and secret files that would be ignored in silence.

    `keys` are the sections and keys of the first level. A name without "__" that resembles none of them is left
    alone: container platforms invent such variables for a service of this name.
    """
    files = override_files()
    names = sorted({name.upper() for name in os.environ if name.upper().startswith(PREFIX)} - _OWN)
    faults = [_unknown(f"the variable `{name}`", name, keys) for name in names]
    faults += [_unknown(f"the secret file {path}", name, keys) for name, path in files.items()]
    faults += [_unreadable(path) for path in files.values()]
    return tuple(fault for fault in faults if fault)


def _unknown(thing: str, name: str, keys: Sequence[str]) -> str:
    first, delimiter, rest = name.removeprefix(PREFIX).lower().partition(DELIMITER)
    if first in keys:
        return ""
    close = get_close_matches(first, keys, n=1, cutoff=0.5 if delimiter else 0.8)
    if not close and not delimiter:
        return ""
    meant = f"; did you mean `{PREFIX}{(close[0] + delimiter + rest).upper()}`?" if close else ""
    return f"I don't know {thing}{meant}"


def _unreadable(path: Path) -> str:
    try:
        read_secret(path)
    except (OSError, ValueError) as error:
        return f"the secret file {path} cannot be read ({type(error).__name__})"
    return ""


def set_by(location: Sequence[str | int]) -> str:
    """Say in brackets which variable or secret file set a key, or give an empty string."""
    files = override_files()
    words = [str(part).upper() for part in location]
    for length in range(len(words), 0, -1):
        name = PREFIX + DELIMITER.join(words[:length])
        if name in {one.upper() for one in os.environ}:
            return f" (set by the variable `{name}`)"
        if name in files:
            return f" (set by the secret file {files[name]})"
    return ""
