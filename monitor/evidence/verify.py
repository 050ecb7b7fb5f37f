"""Check stored evidence against its manifests and its custody log, trusting nothing that was read before."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from monitor.domain import Artifact
from monitor.errors import EvidenceError
from monitor.evidence import manifest
from monitor.evidence.abreast import abreast
from monitor.evidence.canonical import is_sha256, sha256_hex
from monitor.evidence.chain import Chain
from monitor.evidence.disk import disk_fault, disk_faults, unread
from monitor.evidence.place import CAPTURES, LOG, STAGING, FolderPlace, Place, of_capture, whole_capture
from monitor.evidence.stamps import StampReport, check_stamps, is_final, unrecorded
from monitor.ports import Finding, Verification
from monitor.text.clean import clean_text

_ONCE_MORE = "Look whether its disk or object store can be read, then check it again."

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


@disk_faults("The evidence cannot be read.", _ONCE_MORE)
def verify_path(path: Path, *, head: str = "", pinned: bytes = b"", progress: Progress | None = None) -> Verification:
    """Check a store's folder, or one capture's folder, without any database.

    `head` is a custody record's hash from an old message: when the log no longer holds it, its end was cut or
    rewritten. `pinned` are certificates (PEM) of time stamp authorities, from outside.
    A capture's folder is checked against the custody log two folders up, if there is one; else only
    against its own manifest, and `pending` says so. EvidenceError when there is nothing to check at `path`, when it
    cannot be read, or when `head` is no hash. Changes nothing.
    """
    if (path / LOG).is_file() or (path / CAPTURES).is_dir():
        return check_store(FolderPlace(path), head=head, pinned=pinned, progress=progress)
    if not path.is_dir() or not (manifest.is_capture_id(path.resolve().name) or (path / manifest.NAME).is_file()):
        raise EvidenceError(
            "There is no evidence here to check.",
            why=f"{path} is neither a store nor a capture's folder",
            try_="Give the folder that holds custody.jsonl, or one folder inside captures.",
        )
    root = path.resolve().parent.parent
    if path.resolve().parent.name == CAPTURES and (root / LOG).is_file():
        return check_store(FolderPlace(root), head=head, only=path.resolve().name, pinned=pinned, progress=progress)
    return _check_alone(path, head=head)


@disk_faults("The evidence cannot be read.", _ONCE_MORE)
def check_store(
    place: Place, *, head: str = "", only: str = "", pinned: bytes = b"", progress: Progress | None = None
) -> Verification:
    """Check the whole log and every capture, or only one of them.

    EvidenceError when `only` is not known at all, or when the place cannot be read or goes away meanwhile.
    """
    _require_head(head)
    tally = _Tally()
    listed = [] if only else _listed(place, tally)
    chain = _check_log(place, tally, head)
    known = [name for name in chain.sealed if name not in chain.deleted]
    if only:
        if only not in known and not place.is_there(of_capture(only)):
            raise EvidenceError("There is no such capture.", why=f"{only} is not in the custody log")
        known, listed = [name for name in known if name == only], [only]
    _check_captures(place, chain, known, tally, progress)
    _check_unrecorded(place, [name for name in listed if name not in chain.sealed or name in chain.deleted], tally)
    _check_stamps(place, chain, known, tally, pinned)
    if not only:
        tally.add(unrecorded(place, chain.stamps))
        _check_intents(place, chain, tally)
    return tally.result(chain.head)


def _require_head(head: str) -> None:
    if head and not is_sha256(head):
        raise EvidenceError(
            "This is no chain head.",
            why="a chain head has 64 characters, 0-9 and a-f",
            try_="Copy it whole from an alert or digest.",
        )


def _check_log(place: Place, tally: _Tally, head: str) -> Chain:
    try:
        chain, tail = place.read_chain(head)
    except FileNotFoundError:
        chain, tail = Chain(), b""
        if head or place.names(CAPTURES):
            tally.fault("missing", path=place.log)
    except OSError as fault:
        raise disk_fault("The custody log cannot be read.", fault, _ONCE_MORE) from fault
    for problem in chain.close(tail):
        tally.fault(problem, path=place.log)
    if head and not chain.is_witnessed:
        tally.fault("the log does not hold the chain head given: its end was cut or it was rewritten", path=place.log)
    return chain


def _listed(place: Place, tally: _Tally) -> list[str]:
    """Name what lies in the store's folder for captures, and report what has no place beside it."""
    for name in place.strays():
        tally.fault("stray: it does not belong into the store", path=name)
    return place.names(CAPTURES)


def _check_unrecorded(place: Place, names: list[str], tally: _Tally) -> None:
    """Report folders that the log does not vouch for, but for one that is being sealed at this moment."""
    if not names:
        return
    busy = {name for name in names if place.is_busy(name)}
    again = _read_again(place)
    for name in names:
        if name in again.deleted:
            tally.fault("it was deleted, and yet it is there", capture_id=name)
        elif name in again.sealed:
            _check_capture(place, name, again.sealed[name], tally)
        elif name in busy:
            tally.pending.append(f"{_shown(name)} is being written at this moment")
        elif name not in again.aborted and whole_capture(place, of_capture(name), again.intents.get(name, "")):
            tally.pending.append(f"{name} was left by a crash just before its last record; the next start adds it")
        elif place.is_open(name, again):
            what = "was given up, and what is left of it" if name in again.aborted else "is being written, or a crash"
            tally.pending.append(f"{name} {what} left it unfinished: it counts for nothing, and recovery sees to it")
        else:
            tally.fault("stray: no record in the custody log", capture_id=name)


def _read_again(place: Place) -> Chain:
    try:
        return place.read_chain()[0]
    except FileNotFoundError:
        return Chain()


def _check_intents(place: Place, chain: Chain, tally: _Tally) -> None:
    """Report captures that were about to be sealed and of which nothing is left."""
    open_ends = [name for name in chain.intents if name not in chain.sealed and name not in chain.aborted]
    lost = [name for name in open_ends if not _is_anywhere(place, name)]
    again = _read_again(place) if lost else chain
    for name in lost:
        if name in again.sealed or name in again.aborted:
            continue
        if place.is_open(name, again):
            tally.pending.append(f"{name} is about to be written; if its writer is dead, recovery gives it up")
        else:
            tally.fault("missing: it was about to be sealed, and nothing of it is left", capture_id=name)


def _check_stamps(place: Place, chain: Chain, known: list[str], tally: _Tally, pinned: bytes) -> None:
    """Check the tokens of these captures, and say how many captures wait for one where others have one."""
    if not chain.stamps:
        return
    manifests = {}
    for name in known:
        with contextlib.suppress(OSError):
            manifests[name] = place.read(of_capture(name, manifest.NAME))
    found = check_stamps(place.read, chain.stamps, manifests, pinned=pinned)
    tally.add(found)
    tally.stamped = len(found.good)
    waiting = len(manifests) - len({name for name, one in chain.stamps if name in manifests and is_final(one)})
    if waiting:
        tally.pending.append(f"{waiting} of {len(known)} captures wait for a time stamp of an outside authority")


def _is_anywhere(place: Place, name: str) -> bool:
    # Staging first: a capture that is being sealed moves from there to its place, never back.
    return place.is_there(f"{STAGING}/{name}") or place.is_there(of_capture(name))


def _check_captures(place: Place, chain: Chain, known: list[str], tally: _Tally, progress: Progress | None) -> None:
    """Check captures, as many at a time as the place likes; what is found is told in the order of the log."""

    def check(name: str) -> _Tally:
        part = _Tally()
        _check_capture(place, name, chain.sealed[name], part)
        return part

    for done, part in enumerate(abreast(place.at_once, check, known), start=1):
        tally.captures += part.captures
        tally.files += part.files
        tally.findings += part.findings
        if progress is not None:
            progress(done, len(known))


def _check_capture(place: Place, name: str, recorded_sha256: str, tally: _Tally) -> None:
    tally.captures += 1
    path = of_capture(name)
    if not place.is_folder(path):
        tally.fault("not a folder" if place.is_there(path) else "missing", capture_id=name)
        return
    body = _read_manifest(place, path, tally)
    if body is None:
        return
    if sha256_hex(body) != recorded_sha256:
        tally.fault("altered: its hash is not the one in the custody log", capture_id=name, path=manifest.NAME)
    _check_files(place, path, body, tally)


def _check_alone(folder: Path, *, head: str) -> Verification:
    _require_head(head)
    tally = _Tally(captures=1)
    if head:
        tally.fault("missing: the chain head cannot be looked for without the custody log", path=LOG)
    tally.pending.append("there is no custody log beside this capture, so its manifest is vouched for by nothing")
    place, path = FolderPlace(folder.resolve().parent), folder.resolve().name
    body = _read_manifest(place, path, tally)
    if body is not None:
        _check_files(place, path, body, tally)
    return tally.result("")


def _read_manifest(place: Place, path: str, tally: _Tally) -> bytes | None:
    tally.files += 1
    try:
        return place.read(f"{path}/{manifest.NAME}")
    except OSError as fault:
        tally.fault(unread(fault), capture_id=path.rpartition("/")[2], path=manifest.NAME)
        return None


def _check_files(place: Place, path: str, body: bytes, tally: _Tally) -> None:
    name = path.rpartition("/")[2]
    try:
        listed = {artifact.path: artifact for artifact in manifest.read_files(body)}
    except ValueError:
        tally.fault("altered: it cannot be read as a manifest", capture_id=name, path=manifest.NAME)
        return
    for artifact in listed.values():
        tally.files += 1
        problem = _file_problem(place, path, artifact)
        if problem:
            tally.fault(problem, capture_id=name, path=artifact.path)
    try:
        present = place.names(path)
    except OSError as fault:
        tally.fault(unread(fault), capture_id=name)
        return
    for file in present:
        if file != manifest.NAME and file not in listed:
            tally.fault("stray: not in the manifest", capture_id=name, path=file)


def _file_problem(place: Place, path: str, artifact: Artifact) -> str:
    try:
        size, sha256 = place.hash(f"{path}/{artifact.path}")
    except OSError as fault:
        return unread(fault)
    if sha256 == artifact.sha256:
        return "" if size == artifact.size else "altered: its size is not the one in the manifest"
    return f"altered: {size} bytes instead of {artifact.size}" if size != artifact.size else "altered: other content"


def _shown(name: str) -> str:
    """Make a file's name printable whatever bytes it has on the disk."""
    return clean_text(name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
