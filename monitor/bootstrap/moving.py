"""Move an installation on SQLite to a PostgreSQL, its evidence too where wished; the old one stays untouched."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from monitor.bootstrap.backup import DATABASE, EVIDENCE, Advance
from monitor.bootstrap.build import database_file
from monitor.bootstrap.claim import Claim
from monitor.errors import EvidenceError, InputError
from monitor.evidence import evidence_files, verify_path
from monitor.ports import Verification
from monitor.settings import Settings
from monitor.store import MovedRows, copy_out, move_rows

_SCRATCH = "migrate.part"


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """Say what was moved: the rows, and the evidence as it verifies at its new place (None when it was left)."""

    rows: MovedRows
    files: int
    verification: Verification | None


def move_installation(
    settings: Settings, url: str, evidence_to: Path | None, *, rows: Advance, files: Advance
) -> Moved:
    """Copy rows and evidence, compare them, and leave the old installation as it is.

    May be called again after an interruption: rows go over in one transaction or not at all, and evidence files that
    arrived whole are not copied again. InputError when goodname runs on the data or does not use SQLite, StoreError
    when the other database holds something else, EvidenceError when evidence arrived changed.
    """
    old = database_file(settings)
    if old is None:
        raise InputError("This installation does not use SQLite.", why="only such a one can be moved")
    if evidence_to is not None and settings.evidence.url:
        raise InputError(
            "The evidence is in an object store already.",
            why="`evidence.url` names it",
            try_="Leave --evidence-to out, and name the same store in the new configuration.",
        )
    claim = Claim(settings.data_dir / "running.lock")
    if not claim.take():
        raise InputError("goodname runs on this data.", why="rows would change meanwhile", try_="Stop it first.")
    scratch = settings.data_dir / _SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir(mode=0o700)
        copy_out(f"sqlite:///{old}", scratch / DATABASE)
        moved = move_rows(scratch / DATABASE, url, rows)
        if evidence_to is None:
            return Moved(rows=moved, files=0, verification=None)
        count, found = _move_evidence(settings.data_dir / EVIDENCE, evidence_to / EVIDENCE, files)
        return Moved(rows=moved, files=count, verification=found)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        claim.drop()


def _move_evidence(source: Path, target: Path, advance: Advance) -> tuple[int, Verification]:
    kept = evidence_files(source)
    total, done = sum(size for _, size in kept.files), 0
    for name, size in kept.files:
        _copy(source / name, target / name, size)
        done += size
        advance(done, total)
    found = verify_path(target, head=kept.head)
    if not found.is_intact:
        raise EvidenceError(
            "Evidence arrived changed.",
            why="; ".join(f"{one.path}: {one.problem}" for one in found.findings[:3]),
            try_=f"Look at the disk; remove {target} and run it again.",
        )
    return len(kept.files), found


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
        raise EvidenceError("Evidence could not be copied.", why=fault.strerror or str(fault)) from fault
