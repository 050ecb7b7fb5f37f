"""Say which files make up the evidence at one moment, so that it can be copied while captures go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import EvidenceError, why_of
from monitor.evidence.chain import Chain
from monitor.evidence.place import CAPTURES, LOG, STAGING


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceFiles:
    """Hold what to copy: (path below the evidence folder, size) of each file, and the log's last hash then."""

    head: str
    files: tuple[tuple[str, int], ...]


def evidence_files(root: Path) -> EvidenceFiles:
    """List the evidence as it is now; EvidenceError when the folder cannot be read.

    The custody log counts up to its last whole line. Folders of captures are listed before it is read, and those it
    seals are added, so that every listed folder has its record and every record its folder. What is staged stays out.
    """
    if not root.is_dir():
        return EvidenceFiles(head="", files=())
    try:
        folders = {path.name for path in (root / CAPTURES).iterdir()} if (root / CAPTURES).is_dir() else set()
        chain, size = _read_log(root / LOG)
        folders |= {name for name in chain.sealed if name not in chain.deleted and (root / CAPTURES / name).is_dir()}
        files = [(LOG, size)] if size else []
        files += _others(root)
        for name in sorted(folders):
            files += _below(root, root / CAPTURES / name)
    except OSError as fault:
        raise EvidenceError("The evidence cannot be read.", why=why_of(fault)) from None
    return EvidenceFiles(head=chain.head, files=tuple(files))


def _read_log(path: Path) -> tuple[Chain, int]:
    chain, size = Chain(), 0
    if path.is_file():
        with path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                chain.feed(line[:-1])
                size += len(line)
    return chain, size


def _others(root: Path) -> Iterator[tuple[str, int]]:
    for path in sorted(root.iterdir()):
        if path.name not in (CAPTURES, STAGING, LOG):
            yield from _below(root, path)


def _below(root: Path, path: Path) -> Iterator[tuple[str, int]]:
    """Give the plain files at or below a path; links and pipes are nothing that was stored."""
    found = sorted(path.rglob("*")) if path.is_dir() and not path.is_symlink() else [path]
    for one in found:
        if one.is_file() and not one.is_symlink():
            yield one.relative_to(root).as_posix(), one.stat().st_size
