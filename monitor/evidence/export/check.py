"""Check an exported ZIP, or the folder it was unpacked to, without any store."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from monitor.errors import EvidenceError
from monitor.evidence import manifest
from monitor.evidence.canonical import is_sha256
from monitor.evidence.chain import Chain
from monitor.evidence.export.bag import PAYLOAD, holds_only_files
from monitor.evidence.export.verify import UNREADABLE, Export, check
from monitor.evidence.manifest import is_capture_id
from monitor.evidence.place import CAPTURES, LOG
from monitor.evidence.stamps import StampReport, check_stamps
from monitor.ports import Finding, Verification
from monitor.text.clean import clean_text

_PARTS = 4  # data/captures/ID/FILE


def is_export(path: Path) -> bool:
    """Tell whether this looks like an export: a ZIP, or a folder with a bag in it."""
    return (path.is_dir() and (path / "bagit.txt").is_file()) or (path.is_file() and zipfile.is_zipfile(path))


def check_export(path: Path, *, head: str = "", pinned: bytes = b"") -> Verification:
    """Check every file, list, manifest, record and token of an export; EvidenceError when `head` is no hash.

    `pinned` are certificates (PEM) of time stamp authorities, from outside.
    """
    if head and not is_sha256(head):
        raise EvidenceError(
            "This is no chain head.",
            why="a chain head has 64 characters, 0-9 and a-f",
            try_="Copy it whole from an alert or digest.",
        )
    faults, files, pending, chain_head = check(path, head)
    findings = [_finding(name, problem) for name, problem in faults]
    if path.is_file() and not _is_plain(path):
        findings.append(
            Finding(capture_id="", path=path.name, problem="altered: there is more in the ZIP than its files")
        )
    stamps = _check_tokens(path, pinned)
    findings += [Finding(capture_id="", path=PAYLOAD + name, problem=problem) for name, problem in stamps.faults]
    remarks = [f"{pending} captures wait for a time stamp of an outside authority"] if pending else []
    return Verification(
        captures=_count(path),
        files=files,
        findings=tuple(findings),
        pending=(*remarks, *stamps.remarks),
        chain_head=chain_head,
        stamped=len(stamps.good),
        notes=stamps.notes(),
    )


def _check_tokens(path: Path, pinned: bytes) -> StampReport:
    """Check who signed the tokens; what cannot be read was named before."""
    try:
        read = partial(_read, Export(path, should_hash=False))
        chain = Chain(may_withhold=True)
        for line in read(LOG).split(b"\n")[:-1]:
            chain.feed(line)
        manifests = {name: read(f"{CAPTURES}/{name}/{manifest.NAME}") for name, _ in chain.stamps if _has(read, name)}
        return check_stamps(read, chain.stamps, manifests, pinned=pinned)
    except UNREADABLE:
        return StampReport()


def _has(read: Callable[[str], bytes], name: str) -> bool:
    try:
        return bool(read(f"{CAPTURES}/{name}/{manifest.NAME}"))
    except UNREADABLE:
        return False


def _read(export: Export, name: str) -> bytes:
    if PAYLOAD + name not in export.openers:
        raise FileNotFoundError(name)
    with export.openers[PAYLOAD + name]() as file:
        return file.read()


def _finding(name: str, problem: str) -> Finding:
    shown = clean_text(name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    parts = shown.removeprefix(PAYLOAD).split("/", 2)
    if parts[0] == CAPTURES and len(parts) > 1 and is_capture_id(parts[1]):
        return Finding(capture_id=parts[1], path=parts[2] if len(parts) > 2 else "", problem=problem)
    return Finding(capture_id="", path=shown, problem=problem)


def _is_plain(path: Path) -> bool:
    try:
        return holds_only_files(path)
    except UNREADABLE:
        return False


def _count(path: Path) -> int:
    """Count the captures that are there."""
    try:
        if path.is_dir():
            return sum(1 for entry in (path / PAYLOAD / CAPTURES).iterdir())
        with zipfile.ZipFile(path) as archive:
            names = [name.split("/") for name in archive.namelist()]
    except UNREADABLE:
        return 0
    return len({parts[3] for parts in names if len(parts) > _PARTS and parts[1:3] == ["data", CAPTURES]})
