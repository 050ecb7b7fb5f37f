"""Write a backup of an installation, also while it runs: database, evidence and configuration of one moment."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor import __version__
from monitor.backup import Contents, new_file, pack, sealed
from monitor.bootstrap.build import store_url
from monitor.bootstrap.vaults import head_of_objects
from monitor.errors import BackupError, try_of, why_of
from monitor.evidence import EvidenceFiles, evidence_files
from monitor.ports import Clock
from monitor.settings import Settings
from monitor.store import copy_out

__all__ = ["Contents", "Wanted", "write_backup"]

DATABASE = "goodname.db"
EVIDENCE = "evidence"
CONFIGURATION = "config"
_SCRATCH = "backup.part"

Advance = Callable[[int, int], None]
"""Called with bytes done and bytes in all (0: not known)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Say what a backup is to be: `configuration` are files by name, already without secrets; `left_out` names those.

    `recipients` are public keys it is encrypted for; none leaves it readable.
    """

    configuration: Mapping[str, bytes]
    left_out: tuple[str, ...] = ()
    recipients: Sequence[str] = ()


def write_backup(
    settings: Settings, target: Path, wanted: Wanted, *, clock: Clock, advance: Advance = lambda _done, _all: None
) -> Contents:
    """Write a backup to a new file, which gets its name only when it is whole; gives what is in it.

    The database is copied first, at one moment; the evidence is listed after it, so that every capture which the
    database names is there. BackupError, StoreError or EvidenceError when it cannot be done; then there is no file.
    """
    with new_file(target) as file, _scratch(settings.data_dir) as scratch:
        copied = scratch / DATABASE
        engine = copy_out(store_url(settings), copied)
        evidence, stays = _evidence(settings)
        parts = list(_parts(settings, copied, evidence, wanted))
        progress = counted(advance, sum(size for _, _, size in parts))
        about = Contents(
            made_at=clock.now().isoformat(timespec="seconds"),
            version=__version__,
            engine=engine,
            chain_head=evidence.head,
            left_out=(*wanted.left_out, *stays),
            files=(),
        )
        with sealed(file, wanted.recipients) as plain:
            return pack(plain, parts, about, progress)


def _evidence(settings: Settings) -> tuple[EvidenceFiles, tuple[str, ...]]:
    """List the evidence, or say that it stays where it is: a bucket is larger than a file, and has its own copies."""
    if settings.evidence.url:
        return EvidenceFiles(files=(), head=head_of_objects(settings)), ("evidence.url (the evidence stays there)",)
    return evidence_files(settings.data_dir / EVIDENCE), ()


def counted(advance: Advance, total: int) -> Callable[[int], None]:
    """Give what to call with each step's bytes, so that `advance` hears of their sum; `total` 0: not known."""
    done = 0

    def step(count: int) -> None:
        nonlocal done
        done += count
        advance(min(done, total) if total else done, total)

    return step


def _parts(
    settings: Settings, copied: Path, evidence: EvidenceFiles, wanted: Wanted
) -> Iterator[tuple[str, Path | bytes, int]]:
    for name, body in wanted.configuration.items():
        yield f"{CONFIGURATION}/{name}", body, len(body)
    yield DATABASE, copied, copied.stat().st_size
    for path, size in evidence.files:
        yield f"{EVIDENCE}/{path}", settings.data_dir / EVIDENCE / path, size


@contextlib.contextmanager
def _scratch(data_dir: Path) -> Iterator[Path]:
    """Give an empty folder for the copied database; what a killed backup left in it goes, and it goes at the end."""
    folder = data_dir / _SCRATCH
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as fault:
        raise BackupError(f"{data_dir} cannot be used.", why=why_of(fault), try_=try_of(fault)) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in folder.iterdir():
            left.unlink()
        yield folder
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        raise BackupError("Another backup is being written.", try_="Wait for it to end.") from None
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        os.close(lock)
