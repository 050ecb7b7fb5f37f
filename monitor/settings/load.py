"""Find, read and check the configuration; every fault at once, in words."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from monitor.errors import ConfigError, why_of
from monitor.settings.models import Settings
from monitor.settings.overrides import override_faults, read_secret, secrets_folders, set_by
from monitor.settings.watchlist import Watchlist
from monitor.text.faults import describe_faults

_MAX_BYTES = 32 * 1024 * 1024


def config_path(given: Path | None) -> Path:
    """Find the configuration: the given file, GOODNAME_CONFIG, ./goodname.toml, then the platform's config folder.

    ConfigError when none is there.
    """
    chosen = given or (Path(os.environ["GOODNAME_CONFIG"]) if os.environ.get("GOODNAME_CONFIG") else None)
    if chosen:
        return chosen
    import platformdirs  # noqa: PLC0415 # a service is told where its configuration is

    places = (Path("goodname.toml"), Path(platformdirs.user_config_dir("goodname")) / "goodname.toml")
    for place in places:
        if place.is_file():
            return place
    raise ConfigError(
        "There is no configuration file.",
        why=f"Looked for {' and '.join(str(place) for place in places)}.",
        try_="Run `goodname config example > goodname.toml`, or `goodname demo` to look around first.",
    )


def load_settings(path: Path) -> Settings:
    """Read goodname.toml with overrides from the environment and secret files.

    A key that ends in `_file` is read from that file instead (relative: beside the configuration, then in the
    secrets folders); for a list, one entry a line. Relative paths in the result are made absolute against the
    file's own folder. ConfigError names every fault at once and repeats no secret.
    """
    given = _read_toml(path)
    faults: list[str] = []
    resolved = _with_secret_files(given, path.parent.absolute(), faults)
    try:
        settings = cast("Any", Settings)(**resolved)
    except ValidationError as error:
        faults += _faults_of(error)
    faults += override_faults(tuple(Settings.model_fields))
    if faults:
        raise ConfigError(f"{path} cannot be used.", faults=tuple(faults))
    return _absolute(cast("Settings", settings), path.parent.absolute())


def load_place(path: Path, base: Path) -> Settings:
    """Read only where a configuration keeps its data, as if it lay in the folder `base`; the rest is as by default.

    For a configuration whose secret files are not there yet. ConfigError when that part of it cannot be used.
    """
    given = {key: value for key, value in _read_toml(path).items() if key in ("data_dir", "store")}
    faults: list[str] = []
    resolved = _with_secret_files(given, base.absolute(), faults)
    try:
        settings = cast("Any", Settings)(**resolved)
    except ValidationError as error:
        faults += _faults_of(error)
    if faults:
        raise ConfigError(f"{path} cannot be used.", faults=tuple(faults))
    return _absolute(cast("Settings", settings), base.absolute())


def _faults_of(error: ValidationError) -> list[str]:
    records = cast("Any", error.errors(include_url=False))
    sentences = describe_faults(records, Settings.model_json_schema())
    return [sentence + set_by(record["loc"]) for sentence, record in zip(sentences, records, strict=True)]


def load_watchlist(path: Path) -> Watchlist:
    """Read a watch list file; ConfigError names every fault at once."""
    try:
        return Watchlist.model_validate(_read_toml(path))
    except ValidationError as error:
        faults = describe_faults(cast("Any", error.errors(include_url=False)), Watchlist.model_json_schema())
        raise ConfigError(
            f"{path} cannot be used.", faults=tuple(_explain_attestation(fault) for fault in faults)
        ) from None


def _explain_attestation(fault: str) -> str:
    if fault.endswith("attestation` is missing"):
        return f"{fault}: say who asks for this watch ([subject.attestation] with relation, by, on)"
    return fault


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            body = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(
            f"{path} cannot be read.",
            why="There is no such file.",
            try_="Check its name and place; `goodname config example` prints one to start from.",
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read.",
            why=why_of(error),
            try_=f"Run `ls -l {path}` to see who may read it.",
        ) from None
    if len(body) > _MAX_BYTES:
        raise ConfigError(f"{path} cannot be used.", why="it is larger than 32 MB")
    try:
        return tomllib.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ConfigError(f"{path} cannot be used.", why="it is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path} cannot be used.",
            why=f"it is not valid TOML: {error}",
            try_="Look at that line; text needs quotes.",
        ) from None
    except RecursionError:
        raise ConfigError(f"{path} cannot be used.", why="it is nested too deeply") from None


def _with_secret_files(given: Mapping[str, Any], base: Path, faults: list[str], place: str = "") -> dict[str, Any]:
    resolved: dict[str, Any] = {}
    for key, value in given.items():
        name = f"{place}.{key}" if place else key
        if isinstance(value, Mapping):
            resolved[key] = _with_secret_files(value, base, faults, name)
        elif isinstance(value, list) and value and all(isinstance(entry, Mapping) for entry in value):
            resolved[key] = [
                _with_secret_files(entry, base, faults, f"{name}[{number}]") for number, entry in enumerate(value, 1)
            ]
        elif key.endswith("_file") and isinstance(value, str):
            plain = key.removesuffix("_file")
            if plain in given:
                faults.append(f"`{name}` and `{name.removesuffix('_file')}` are both given; keep one of them")
            resolved[plain] = _read_named(value, key, name, base, faults)
        else:
            resolved[key] = value
    return resolved


def _read_named(value: str, key: str, name: str, base: Path, faults: list[str]) -> str | list[str]:
    text = ""
    candidates = [base / value, *(folder / value for folder in secrets_folders())]
    found = next((path for path in candidates if path.exists()), None)
    if found is None:
        faults.append(f"`{name}`: there is no file {value}, neither beside the configuration nor among the secrets")
    else:
        try:
            text = read_secret(found)
        except (OSError, ValueError) as error:
            faults.append(f"`{name}`: {found} cannot be read ({type(error).__name__})")
    if key != "urls_file":
        return text
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _absolute(settings: Settings, base: Path) -> Settings:
    watchlist = settings.watchlist
    if watchlist.file:
        watchlist = watchlist.model_copy(update={"file": base / watchlist.file})
    matching = settings.matching
    if matching.model:
        matching = matching.model_copy(update={"model": base / matching.model})
    stamps = settings.timestamps
    if stamps.certificates:
        stamps = stamps.model_copy(update={"certificates": base / stamps.certificates})
    cases = settings.cases
    if cases.letterheads:
        cases = cases.model_copy(update={"letterheads": base / cases.letterheads})
    return settings.model_copy(
        update={
            "cases": cases,
            "matching": matching,
            "data_dir": base / settings.data_dir,
            "watchlist": watchlist,
            "timestamps": stamps,
        }
    )
