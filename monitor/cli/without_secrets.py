"""Take the secrets out of a configuration file, so that it can be copied; everything else stays as it was."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from monitor.cli.redact import hide_in_url, mentions_secret
from monitor.cli.toml import write_toml
from monitor.errors import ConfigError, why_of

if TYPE_CHECKING:
    from pydantic import BaseModel

    from monitor.plugins import Catalogue

_SECRET_WORD = re.compile(
    r"(^|[_-])(pass(word|phrase)?|pwd|token|secret|key|cookie|credentials?|auth|authorization|bearer|signature|sig)s?($|[_-])",
    re.IGNORECASE,
)


def files_without_secrets(path: Path, catalogue: Catalogue) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Give goodname.toml and the watch list it names, by file name, and the keys that were left out.

    A file without secrets is given byte for byte; else it is written anew, with what was left out named at its top.
    A key that ends in `_file` stays: it names a secret and holds none. ConfigError when a file cannot be read.
    """
    from monitor.settings import Settings

    body = _read(path)
    given = tomllib.loads(body.decode())
    left_out: list[str] = []
    kept = _kept(given, Settings, "", left_out, catalogue)
    files = {"goodname.toml": _rewritten(kept, left_out) if left_out else body}
    watchlist = given.get("watchlist", {}).get("file")
    if watchlist:
        is_below = not Path(watchlist).is_absolute() and ".." not in Path(watchlist).parts
        name = Path(watchlist).as_posix() if is_below else Path(watchlist).name
        files[name] = _read(path.absolute().parent / watchlist)
    return files, tuple(left_out)


def added_without_secrets(data_dir: Path, catalogue: Catalogue) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Give what was added on the page, as the file that holds it, and what was left out; nothing when there is none."""
    from monitor.settings import ADDED, read_added

    added = read_added(data_dir).model_dump(mode="json")
    if not any(added.values()):
        return {}, ()
    left_out: list[str] = []
    added["source"] = [_source(one, number, left_out, catalogue) for number, one in enumerate(added["source"], 1)]
    left_out += [f"urls[{number}]" for number in range(1, len(added["urls"]) + 1)]
    body = json.dumps({**added, "urls": []}, indent=1).encode()
    return {ADDED: body}, tuple(f"{ADDED}: {name}" for name in left_out)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise ConfigError(f"{path} cannot be read.", why=why_of(fault)) from None


def _rewritten(kept: Mapping[str, Any], left_out: list[str]) -> bytes:
    head = "# From a backup. These secrets were left out; put them back, or name files with `…_file`:\n"
    return (head + "".join(f"#   {name}\n" for name in left_out) + "\n" + write_toml(kept)).encode()


def _kept(
    given: Mapping[str, Any], model: type[BaseModel] | None, place: str, left_out: list[str], catalogue: Catalogue
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in given.items():
        name = f"{place}.{key}" if place else key
        if name == "source" and isinstance(value, list):
            kept[key] = [_source(entry, number, left_out, catalogue) for number, entry in enumerate(value, 1)]
        elif isinstance(value, Mapping):
            kept[key] = _kept(value, _model_of(model, key), name, left_out, catalogue)
        elif is_secret(key, value, model):
            left_out.append(name)
        else:
            kept[key] = value
    return kept


def _source(entry: Mapping[str, Any], number: int, left_out: list[str], catalogue: Catalogue) -> dict[str, Any]:
    known = catalogue.connectors.get(str(entry.get("connector")))
    place = f"source[{number}].settings"
    settings = entry.get("settings", {})
    kept = _kept(settings, known.spec.settings if known else None, place, left_out, catalogue)
    return {**entry, "settings": kept} if settings else dict(entry)


def is_secret(key: str, value: object, model: type[BaseModel] | None) -> bool:
    """Tell whether a value must not be copied: by its type, its name, or as an address with a password in it."""
    if key.endswith("_file") or value in ("", [], None):
        return False
    field = model.model_fields.get(key) if model else None
    if field is not None and mentions_secret(field.annotation):
        return not (key == "url" and isinstance(value, str) and _is_open_address(value))
    if _SECRET_WORD.search(key):
        return True
    texts = value if isinstance(value, list) else [value]
    return any(isinstance(text, str) and hide_in_url(text) != text for text in texts)


def _is_open_address(value: str) -> bool:
    """Tell whether a database's address holds no password."""
    return (
        value.startswith(("postgresql", "sqlite"))
        and "password" not in value
        and not re.search(r"//[^/@]*:[^/@]*@", value)
    )


def _model_of(model: type[BaseModel] | None, key: str) -> type[BaseModel] | None:
    from pydantic import BaseModel

    field = model.model_fields.get(key) if model else None
    options = (field.annotation, *get_args(field.annotation)) if field else ()
    return next((one for one in options if isinstance(one, type) and issubclass(one, BaseModel)), None)
