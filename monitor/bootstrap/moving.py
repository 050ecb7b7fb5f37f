"""Move an installation to where several machines share it: rows into a PostgreSQL, evidence elsewhere.

The old one stays untouched, so that it can be gone back to until the new one has proved itself.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from monitor.bootstrap.backup import DATABASE, EVIDENCE, Advance
from monitor.bootstrap.build import database_file
from monitor.bootstrap.claim import Claim
from monitor.bootstrap.vaults import evidence_objects, trial_fault, verify_objects
from monitor.errors import EvidenceError, InputError, try_of, why_of
from monitor.evidence import evidence_files, verify_path
from monitor.ports import Verification
from monitor.settings import Settings
from monitor.store import MovedRows, copy_out, move_rows

_SCRATCH = "migrate.part"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bars:
    """Show one stretch of the way after the other: `moving` is told bytes or rows, `counting` captures."""

    moving: Callable[[str], AbstractContextManager[Advance]]
    counting: Callable[[str], AbstractContextManager[Advance | None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """Say what was moved: the rows, and the evidence as it verifies at its new place; None for what was left."""

    rows: MovedRows | None
    files: int
    verification: Verification | None


def move_installation(settings: Settings, url: str, evidence_to: str, bars: Bars) -> Moved:
    """Copy rows to the database `url`, evidence to a folder or an object store, and compare; "" leaves either.

    May be called again after an interruption: rows go over in one transaction or not at all, and files that arrived
    whole are not copied again. InputError when goodname runs on the data or they cannot be moved so, StoreError when
    the other database holds something else, EvidenceError when evidence is damaged here or arrived changed, or when
    something else lies where it is to go.
    """
    _require_sense(settings, url, evidence_to)
    with _claimed(settings):
        rows = _move_rows(settings, url, bars) if url else None
        if not evidence_to:
            return Moved(rows=rows, files=0, verification=None)
        source = settings.data_dir / EVIDENCE
        if is_address(evidence_to):
            files, found = _send_evidence(settings, source, evidence_to, bars)
        else:
            files, found = _copy_evidence(source, Path(evidence_to) / EVIDENCE, bars)
        return Moved(rows=rows, files=files, verification=found)


def is_address(place: str) -> bool:
    """Tell whether a place for evidence is an object store's address, not a folder."""
    return "://" in place


def _require_sense(settings: Settings, url: str, evidence_to: str) -> None:
    kept_at = settings.evidence.url
    if not url and not evidence_to:
        raise InputError("Nothing is to be moved.", why="neither --to nor --evidence-to was given")
    if url and database_file(settings) is None:
        raise InputError(
            "This installation does not use SQLite.",
            why="only rows of such a one can be moved",
            try_="Leave --to out to move the evidence alone.",
        )
    if evidence_to and kept_at and evidence_to != kept_at:
        raise InputError(
            "The evidence is in an object store already.",
            why="`evidence.url` names it",
            try_="Leave --evidence-to out, and name the same store in the new configuration.",
        )
    if is_address(evidence_to):
        parts = urlsplit(evidence_to)
        if "@" in parts.netloc or parts.query:
            raise InputError(
                "Keys do not belong into the address.",
                why="others on this machine can read them there",
                try_="Put them under [evidence] as key_id_file and secret_file; `url` stays empty until it is moved.",
            )
    elif evidence_to and not url:
        raise InputError(
            "Evidence alone moves into an object store, not to a folder.",
            why="the data and their evidence share `data_dir`",
            try_="Give --to too, or an address such as s3://bucket/prefix.",
        )


@contextmanager
def _claimed(settings: Settings) -> Iterator[None]:
    """Hold the installation's data, so that nobody works on them meanwhile."""
    claim = Claim(settings.data_dir / "running.lock")
    if not claim.take():
        raise InputError("goodname runs on this data.", why="rows would change meanwhile", try_="Stop it first.")
    try:
        yield
    finally:
        claim.drop()


def _move_rows(settings: Settings, url: str, bars: Bars) -> MovedRows:
    scratch = settings.data_dir / _SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir(mode=0o700)
        copy_out(f"sqlite:///{database_file(settings)}", scratch / DATABASE)
        with bars.moving("Moving rows") as advance:
            return move_rows(scratch / DATABASE, url, advance)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _send_evidence(settings: Settings, source: Path, url: str, bars: Bars) -> tuple[int, Verification]:
    """Move into an object store; what workers without a claim kept in the folder meanwhile is noticed at the end."""
    from monitor.evidence import is_sent, require_whole, send_evidence  # noqa: PLC0415 # loads obstore

    there = settings.model_copy(update={"evidence": settings.evidence.model_copy(update={"url": url})})
    objects = evidence_objects(there)
    if fault := trial_fault(objects):
        raise EvidenceError(
            "Evidence cannot be kept there.",
            why=fault.partition(": ")[2],
            try_="Check the address, and endpoint, region, key_id_file and secret_file under [evidence].",
        )
    with bars.counting("Checking the evidence here") as progress:
        head = require_whole(source, progress=progress).chain_head
    with bars.moving("Moving evidence") as advance:
        files = send_evidence(source, objects, advance)
    with bars.counting("Checking the evidence there") as progress:
        found = verify_objects(there, head, pinned=b"", progress=progress)
    _require_intact(found, f"Remove what is named from {url}, and run it again.")
    if not is_sent(source, objects):
        raise EvidenceError(
            "Evidence was added here meanwhile.",
            why="a worker or a command wrote to the custody log",
            try_="Stop every process that uses this folder, and run it again: only what is new is sent.",
        )
    return files, found


def _copy_evidence(source: Path, target: Path, bars: Bars) -> tuple[int, Verification]:
    kept = evidence_files(source)
    total, done = sum(size for _, size in kept.files), 0
    with bars.moving("Moving evidence") as advance:
        for name, size in kept.files:
            _copy(source / name, target / name, size)
            done += size
            advance(done, total)
    with bars.counting("Checking the evidence there") as progress:
        found = verify_path(target, head=kept.head, progress=progress)
    _require_intact(found, f"Look at the disk; remove {target} and run it again.")
    return len(kept.files), found


def _require_intact(found: Verification, remedy: str) -> None:
    if not found.is_intact:
        raise EvidenceError("Evidence arrived changed.", why=found.first_problems, try_=remedy)


def _copy(source: Path, target: Path, size: int) -> None:
    """Copy one file, whole or not at all; one of the same size is taken to be there, and is verified at the end."""
    if target.is_file() and target.stat().st_size == size:
        return
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        with source.open("rb") as read, part.open("wb") as write:
            os.fchmod(write.fileno(), 0o600)
            shutil.copyfileobj(read, write, 1 << 20)
            write.truncate(size)  # the log may have grown since it was listed
            write.flush()
            os.fsync(write.fileno())
        part.rename(target)
    except OSError as fault:
        raise EvidenceError("Evidence could not be copied.", why=why_of(fault), try_=try_of(fault)) from fault
