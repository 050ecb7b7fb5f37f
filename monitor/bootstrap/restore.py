"""Put a backup back: unpacked and checked beside the data first, then moved into place."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.backup import Contents, opened, unpack
from monitor.bootstrap.backup import CONFIGURATION, DATABASE, EVIDENCE, Advance, counted
from monitor.bootstrap.build import database_file, store_url
from monitor.bootstrap.claim import Claim
from monitor.errors import BackupError, InputError, try_of, why_of
from monitor.evidence import verify_path
from monitor.ports import Clock, Verification
from monitor.settings import ADDED, Settings, load_place
from monitor.store import copy_in, has_rows

_SCRATCH = "restore.part"
_SETTINGS = "goodname.toml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """Say what is restored and where to.

    `settings_path` is the configuration that is there, or where the one in the backup goes. `data_dir` is where data
    may be put although it lies outside that file's folder. `force` moves aside what is in the way.
    """

    archive: Path
    settings_path: Path
    identity: Path | None = None
    data_dir: Path | None = None
    force: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """Say what was put back: `kept_aside` is where the former data lie now, `written` the configuration's new files."""

    contents: Contents
    data_dir: Path
    written: tuple[Path, ...]
    kept_aside: Path | None
    verification: Verification | None


def restore_backup(wish: Wish, *, clock: Clock, advance: Advance = lambda _done, _all: None) -> Restored:
    """Restore a backup; nothing that is in use changes before the whole of it is unpacked and checked.

    A configuration that is there stays as it is, and the backup's is put beside it when it differs. BackupError,
    InputError, StoreError or ConfigError when it cannot be done.
    """
    folder = wish.settings_path.absolute().parent
    with _unpacked(wish, folder, advance) as (scratch, contents):
        settings = _settings(wish, scratch, folder)
        data_dir = settings.data_dir
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        claim = Claim(data_dir / "running.lock")
        if not claim.take():
            raise BackupError(
                "goodname runs on this data.", why="it must not while data are replaced", try_="Stop it first."
            )
        try:
            _refuse_to_overwrite(wish, settings)
            with _moved_aside(settings, f"before-restore-{clock.now():%Y%m%dT%H%M%S}") as aside:
                _put(scratch, settings, replace=wish.force)
        finally:
            claim.drop()
        written = _write_configuration(scratch / CONFIGURATION, wish.settings_path)
        evidence = data_dir / EVIDENCE
        verification = verify_path(evidence) if evidence.is_dir() else None
    return Restored(contents=contents, data_dir=data_dir, written=written, kept_aside=aside, verification=verification)


@contextlib.contextmanager
def _unpacked(wish: Wish, folder: Path, advance: Advance) -> Iterator[tuple[Path, Contents]]:
    """Unpack and check the archive in a folder of its own, on the disk the data will lie on."""
    base = folder
    if wish.settings_path.is_file():
        base = load_place(wish.settings_path, folder).data_dir
    elif wish.data_dir is not None:
        base = wish.data_dir
    scratch = base / _SCRATCH
    if scratch.exists():
        shutil.rmtree(scratch)
    try:
        scratch.mkdir(mode=0o700, parents=True)
        with wish.archive.open("rb") as file, opened(file, wish.identity) as plain:
            contents = unpack(plain, scratch, counted(advance, 0))
        yield scratch, contents
    except OSError as fault:
        raise BackupError(
            f"{wish.archive} could not be restored.",
            why=f"{fault.filename or ''} {why_of(fault)}".strip(),
            try_=try_of(fault),
        ) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _settings(wish: Wish, scratch: Path, folder: Path) -> Settings:
    """Read the configuration that is there, else the one in the backup as if it stood in its place."""
    if wish.settings_path.is_file():
        return load_place(wish.settings_path, folder)
    packed = scratch / CONFIGURATION / _SETTINGS
    if not packed.is_file():
        raise BackupError("The backup holds no configuration.", try_="Write a goodname.toml first, then restore.")
    settings = load_place(packed, folder)
    data_dir = settings.data_dir.resolve()
    if not data_dir.is_relative_to(folder.resolve()) and (not wish.data_dir or wish.data_dir.resolve() != data_dir):
        raise InputError(
            f"The backup wants its data at {settings.data_dir}.",
            why=f"that is outside {folder}",
            try_=f"If that is right, add `--data-dir {settings.data_dir}`.",
        )
    return settings


def _refuse_to_overwrite(wish: Wish, settings: Settings) -> None:
    if wish.force:
        return
    there = [path.name for path in _in_the_way(settings)]
    if not there and database_file(settings) is None and has_rows(store_url(settings)):
        there = ["rows in the database"]
    if there:
        raise InputError(
            f"There is something at {settings.data_dir} already.",
            why=", ".join(there),
            try_="Restore into an empty place, or add `--force`: what is there is then moved aside.",
        )


def _in_the_way(settings: Settings) -> list[Path]:
    database = database_file(settings)
    files = [database.with_name(database.name + end) for end in ("", "-wal", "-shm")] if database else []
    return [path for path in (*files, settings.data_dir / EVIDENCE, settings.data_dir / ADDED) if path.exists()]


@contextlib.contextmanager
def _moved_aside(settings: Settings, name: str) -> Iterator[Path | None]:
    """Keep what is there: evidence has no way of being deleted, and a restore is none either.

    When the block fails, everything is put back.
    """
    found = _in_the_way(settings)
    aside = settings.data_dir / name
    moved: list[tuple[Path, Path]] = []
    try:
        if found:
            aside.mkdir(mode=0o700)
        for path in found:
            shutil.move(path, aside / path.name)
            moved.append((path, aside / path.name))
        yield aside if found else None
    except BaseException:
        for path, kept in moved:
            if path.is_dir():
                shutil.rmtree(path)
            shutil.move(kept, path)
        with contextlib.suppress(OSError):
            aside.rmdir()
        raise


def _put(scratch: Path, settings: Settings, *, replace: bool) -> None:
    """Move evidence first and the database last: without it the installation is plainly not there yet."""
    if not (scratch / DATABASE).is_file():
        raise BackupError(why="it holds no database")
    if (scratch / EVIDENCE).is_dir():
        shutil.move(scratch / EVIDENCE, settings.data_dir / EVIDENCE)
    if (scratch / CONFIGURATION / ADDED).is_file():
        shutil.move(scratch / CONFIGURATION / ADDED, settings.data_dir / ADDED)
        (settings.data_dir / ADDED).chmod(0o600)
    database = database_file(settings)
    if database is None:
        copy_in(scratch / DATABASE, store_url(settings), replace=replace)
    else:
        shutil.move(scratch / DATABASE, database)


def _write_configuration(packed: Path, settings_path: Path) -> tuple[Path, ...]:
    """Write what is not there; beside a file that differs, the backup's own gets a longer name."""
    written: list[Path] = []
    for source in sorted(path for path in packed.rglob("*") if path.is_file()):
        name = source.relative_to(packed)
        target = settings_path if name.as_posix() == _SETTINGS else settings_path.absolute().parent / name
        body = source.read_bytes()
        if target.exists() and target.read_bytes() == body:
            continue
        if target.exists():
            target = target.with_name(f"{target.name}.from-backup")
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.touch(mode=0o600)
        target.write_bytes(body)
        written.append(target)
    return tuple(written)
