"""Check stored evidence against its manifests and its custody log, trusting nothing that was read before."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from monitor.domain import Artifact, Capture
from monitor.errors import EvidenceError
from monitor.evidence import manifest
from monitor.evidence.canonical import is_sha256, sha256_hex
from monitor.evidence.chain import Chain
from monitor.evidence.custody import read_chain
from monitor.evidence.disk import hash_file, is_locked, read_file
from monitor.evidence.stamps import STAMPS, StampReport, check_stamps, is_final, unrecorded
from monitor.ports import Finding, Verification
from monitor.text.clean import clean_text

CAPTURES = "captures"
STAGING = "staging"
LOG = "custody.jsonl"

Progress = Callable[[int, int], None]
"""Is told how many captures are checked, and how many there are."""


@dataclass(kw_only=True, slots=True)
class _Tally:
    captures: int = 0
    files: int = 0
    findings: list[Finding] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stamped: int = 0

    def fault(self, problem: str, *, capture_id: str = "", path: str = "") -> None:
        self.findings.append(Finding(capture_id=_shown(capture_id), path=_shown(path), problem=problem))

    def add(self, found: StampReport) -> None:
        for path, problem in found.faults:
            self.fault(problem, path=path)
        self.pending += found.remarks
        self.notes += found.notes()
        self.files += found.files

    def result(self, head: str) -> Verification:
        return Verification(
            captures=self.captures,
            files=self.files,
            findings=tuple(self.findings),
            pending=tuple(self.pending),
            chain_head=head,
            stamped=self.stamped,
            notes=tuple(self.notes),
        )


def verify_path(path: Path, *, head: str = "", pinned: bytes = b"", progress: Progress | None = None) -> Verification:
    """Check a store's folder, or one capture's folder, without any database.

    `head` is a custody record's hash from an old message: when the log no longer holds it, its end was cut or
    rewritten. `pinned` are certificates (PEM) of time stamp authorities, from outside.
    A capture's folder is checked against the custody log two folders up, if there is one; else only
    against its own manifest, and `pending` says so. EvidenceError when there is nothing to check at `path`, or when
    `head` is no hash. Changes nothing.
    """
    if (path / LOG).is_file() or (path / CAPTURES).is_dir():
        return check_store(path, head=head, pinned=pinned, progress=progress)
    if not path.is_dir() or not (manifest.is_capture_id(path.resolve().name) or (path / manifest.NAME).is_file()):
        raise EvidenceError(
            "There is no evidence here to check.",
            why=f"{path} is neither a store nor a capture's folder",
            try_="Give the folder that holds custody.jsonl, or one folder inside captures.",
        )
    root = path.resolve().parent.parent
    if path.resolve().parent.name == CAPTURES and (root / LOG).is_file():
        return check_store(root, head=head, only=path.resolve().name, pinned=pinned, progress=progress)
    return _check_alone(path, head=head)


def check_store(
    root: Path, *, head: str = "", only: str = "", pinned: bytes = b"", progress: Progress | None = None
) -> Verification:
    """Check the whole log and every capture, or only one of them; EvidenceError when `only` is not known at all."""
    _require_head(head)
    tally = _Tally()
    listed = () if only else tuple(_listed(root, tally))
    chain = _check_log(root, tally, head)
    known = [name for name in chain.sealed if name not in chain.deleted]
    if only:
        if only not in known and not os.path.lexists(root / CAPTURES / only):
            raise EvidenceError("There is no such capture.", why=f"{only} is not in the custody log")
        known, listed = [name for name in known if name == only], (only,)
    for done, name in enumerate(known, start=1):
        _check_capture(root / CAPTURES / name, chain.sealed[name], tally)
        if progress is not None:
            progress(done, len(known))
    _check_unrecorded(root, [name for name in listed if name not in known], tally)
    _check_stamps(root, chain, known, tally, pinned)
    if not only:
        tally.add(unrecorded(root, chain.stamps))
        _check_intents(root, chain, tally)
    return tally.result(chain.head)


def _require_head(head: str) -> None:
    if head and not is_sha256(head):
        raise EvidenceError(
            "This is no chain head.",
            why="a chain head has 64 characters, 0-9 and a-f",
            try_="Copy it whole from an alert or digest.",
        )


def _check_log(root: Path, tally: _Tally, head: str) -> Chain:
    try:
        chain, tail = read_chain(root / LOG, witness=head)
    except FileNotFoundError:
        chain, tail = Chain(), b""
        if head or _has_entries(root / CAPTURES):
            tally.fault("missing", path=LOG)
    except OSError as fault:
        raise EvidenceError("The custody log cannot be read.", why=str(fault)) from fault
    for problem in chain.close(tail):
        tally.fault(problem, path=LOG)
    if head and not chain.is_witnessed:
        tally.fault("the log does not hold the chain head given: its end was cut or it was rewritten", path=LOG)
    return chain


def _has_entries(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _listed(root: Path, tally: _Tally) -> Iterator[str]:
    """Name what lies in the store's folder for captures, and report what has no place beside it."""
    for entry in sorted(root.iterdir()) if root.is_dir() else ():
        if entry.name not in (CAPTURES, STAGING, STAMPS, LOG) or (entry.name != LOG and not _is_folder(entry)):
            tally.fault("stray: it does not belong into the store", path=entry.name)
    if _is_folder(root / CAPTURES):
        yield from sorted(entry.name for entry in (root / CAPTURES).iterdir())


def _check_unrecorded(root: Path, names: list[str], tally: _Tally) -> None:
    """Report folders that the log does not vouch for, but for one that is being sealed at this moment."""
    if not names:
        return
    busy = {name for name in names if is_locked(root / CAPTURES / name)}
    again, _ = read_chain(root / LOG) if (root / LOG).is_file() else (Chain(), b"")
    for name in names:
        folder = root / CAPTURES / name
        if name in again.deleted:
            tally.fault("it was deleted, and yet it is there", capture_id=name)
        elif name in again.sealed:
            _check_capture(folder, again.sealed[name], tally)
        elif name in busy:
            tally.pending.append(f"{_shown(name)} is being written at this moment")
        elif name not in again.aborted and whole_capture(folder, again.intents.get(name, "")):
            tally.pending.append(f"{name} was left by a crash just before its last record; the next start adds it")
        else:
            tally.fault("stray: no record in the custody log", capture_id=name)


def _check_intents(root: Path, chain: Chain, tally: _Tally) -> None:
    """Report captures that were about to be sealed and of which nothing is left."""
    open_ends = [name for name in chain.intents if name not in chain.sealed and name not in chain.aborted]
    lost = [name for name in open_ends if not _is_anywhere(root, name)]
    again, _ = read_chain(root / LOG) if lost else (chain, b"")
    for name in lost:
        if name not in again.sealed and name not in again.aborted:
            tally.fault("missing: it was about to be sealed, and nothing of it is left", capture_id=name)


def _check_stamps(root: Path, chain: Chain, known: list[str], tally: _Tally, pinned: bytes) -> None:
    """Check the tokens of these captures, and say how many captures wait for one where others have one."""
    if not chain.stamps:
        return
    manifests = {}
    for name in known:
        with contextlib.suppress(OSError):
            manifests[name] = read_file(root / CAPTURES / name / manifest.NAME)
    found = check_stamps(lambda path: read_file(root / path), chain.stamps, manifests, pinned=pinned)
    tally.add(found)
    tally.stamped = len(found.good)
    waiting = len(manifests) - len({name for name, one in chain.stamps if name in manifests and is_final(one)})
    if waiting:
        tally.pending.append(f"{waiting} of {len(known)} captures wait for a time stamp of an outside authority")


def _is_anywhere(root: Path, name: str) -> bool:
    # Staging first: a capture that is being sealed moves from there to its place, never back.
    return os.path.lexists(root / STAGING / name) or os.path.lexists(root / CAPTURES / name)


def whole_capture(folder: Path, wanted: str) -> Capture | None:
    """Give the capture in a folder if its manifest has this hash and every file is there as listed, and no other."""
    try:
        body = read_file(folder / manifest.NAME)
        if not wanted or sha256_hex(body) != wanted:
            return None
        capture = manifest.read_capture(body)
        for artifact in capture.artifacts:
            if hash_file(folder / artifact.path) != (artifact.size, artifact.sha256):
                return None
        names = {entry.name for entry in folder.iterdir()}
    except (OSError, ValueError):
        return None
    listed = {manifest.NAME, *(artifact.path for artifact in capture.artifacts)}
    return capture if names == listed and capture.id == folder.name else None


def _check_capture(folder: Path, recorded_sha256: str, tally: _Tally) -> None:
    tally.captures += 1
    if not _is_folder(folder):
        tally.fault("missing" if not os.path.lexists(folder) else "not a folder", capture_id=folder.name)
        return
    body = _read_manifest(folder, tally)
    if body is None:
        return
    if sha256_hex(body) != recorded_sha256:
        tally.fault("altered: its hash is not the one in the custody log", capture_id=folder.name, path=manifest.NAME)
    _check_files(folder, body, tally)


def _check_alone(folder: Path, *, head: str) -> Verification:
    _require_head(head)
    tally = _Tally(captures=1)
    if head:
        tally.fault("missing: the chain head cannot be looked for without the custody log", path=LOG)
    tally.pending.append("there is no custody log beside this capture, so its manifest is vouched for by nothing")
    body = _read_manifest(folder, tally)
    if body is not None:
        _check_files(folder, body, tally)
    return tally.result("")


def _read_manifest(folder: Path, tally: _Tally) -> bytes | None:
    tally.files += 1
    try:
        return read_file(folder / manifest.NAME)
    except OSError as fault:
        tally.fault(_reason(fault), capture_id=folder.name, path=manifest.NAME)
        return None


def _check_files(folder: Path, body: bytes, tally: _Tally) -> None:
    try:
        listed = {artifact.path: artifact for artifact in manifest.read_files(body)}
    except ValueError:
        tally.fault("altered: it cannot be read as a manifest", capture_id=folder.name, path=manifest.NAME)
        return
    for artifact in listed.values():
        tally.files += 1
        problem = _file_problem(folder, artifact)
        if problem:
            tally.fault(problem, capture_id=folder.name, path=artifact.path)
    try:
        present = sorted(entry.name for entry in folder.iterdir())
    except OSError as fault:
        tally.fault(_reason(fault), capture_id=folder.name)
        return
    for name in present:
        if name != manifest.NAME and name not in listed:
            tally.fault("stray: not in the manifest", capture_id=folder.name, path=name)


def _file_problem(folder: Path, artifact: Artifact) -> str:
    try:
        size, sha256 = hash_file(folder / artifact.path)
    except OSError as fault:
        return _reason(fault)
    if sha256 == artifact.sha256:
        return "" if size == artifact.size else "altered: its size is not the one in the manifest"
    return f"altered: {size} bytes instead of {artifact.size}" if size != artifact.size else "altered: other content"


def _reason(fault: OSError) -> str:
    return "missing" if isinstance(fault, FileNotFoundError) else f"cannot be read: {fault.strerror}"


def _shown(name: str) -> str:
    """Make a file's name printable whatever bytes it has on the disk."""
    return clean_text(name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _is_folder(path: Path) -> bool:
    """Tell whether this is a folder itself, not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False
