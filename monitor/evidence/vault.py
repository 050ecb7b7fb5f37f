"""Keep captures in folders that nobody changes any more, and say what happened to them."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from monitor.domain import Capture, CaptureRequest, Observed
from monitor.evidence import manifest
from monitor.evidence.custody import CustodyLog
from monitor.evidence.disk import (
    disk_fault,
    disk_faults,
    free_bytes_below,
    lock_folder,
    private_folder,
    sync_folder,
    write_new,
)
from monitor.evidence.place import CAPTURES, LOG, STAGING, FolderPlace, whole_capture
from monitor.evidence.sealed import SealedCaptures, fill_manifest
from monitor.evidence.staging import FileStaging, stage_with_reserve
from monitor.ports import Clock, Staging

RESERVE_BYTES = 200 * 1024 * 1024


class FileVault(SealedCaptures):
    """Keep captures under one folder: captures/<id>/, staging/ and custody.jsonl.

    Synchronous; safe between threads and between processes. `actor` is who does things when nobody else is named,
    `reserve_bytes` stay free on the disk. The order of steps in `commit` is what makes a crash at any point harmless:
    files, manifest, intent record, rename, capture record, each forced to the disk before the next.
    """

    def __init__(
        self, root: Path, *, clock: Clock, actor: str, reserve_bytes: int = RESERVE_BYTES, host: str = ""
    ) -> None:
        self._captures = root / CAPTURES
        self._staging = root / STAGING
        self._root = root
        self._clock = clock
        self._host = host or platform.node()
        self._reserve = reserve_bytes
        super().__init__(FolderPlace(root), CustodyLog(root / LOG, clock=clock, host=self._host), actor=actor)

    def stage(self, request: CaptureRequest, now: datetime) -> FileStaging:
        """Open a place for a new capture's files; EvidenceError when less than the reserve is free on the disk."""
        with disk_faults("A capture could not be started."):
            for folder in (self._root, self._captures):
                private_folder(folder)
        return stage_with_reserve(self._staging, request.url, now, reserve=self._reserve)

    def has_room(self) -> bool:
        """Tell whether the disk has room for another capture; what cannot be found out is left for `stage` to say."""
        return free_bytes_below(self._root) >= self._reserve

    def commit(self, staging: Staging, request: CaptureRequest, observed: Observed) -> Capture:
        """Seal a capture; afterwards nothing in it changes.

        EvidenceError when the disk refuses; the staging area is then still there to be discarded, and if the intent
        was recorded already, an `aborted` record says that it came to nothing.
        """
        if not isinstance(staging, FileStaging):
            raise TypeError("this staging area belongs to another vault")
        with staging.closing():
            body = self._write_manifest(staging, request, observed)
            capture = manifest.read_capture(body)
            detail = {"request_id": str(request.id), "mention_id": str(request.mention_id)}
            self._append("intent", capture.id, capture.manifest_sha256, detail)
            try:
                self._move(staging.folder)
            except OSError as fault:
                self._append("aborted", capture.id, detail={"reason": "the folder could not be moved"})
                raise disk_fault("A capture could not be sealed.", fault) from fault
            self._append("capture", capture.id, capture.manifest_sha256, {**detail, "outcome": observed.outcome.value})
        return capture

    @disk_faults("Captures could not be recovered.")
    def recover(self) -> tuple[Capture, ...]:
        """Put right what a crash left; give the captures that were finished thereby. Idempotent.

        Only a folder whose manifest has the hash of an intent record, and whose files are all as listed, is adopted.
        Anything else in staging is thrown away, unless a living process is writing it. Anything else under captures
        is left alone: no crash leaves such a folder, so it was planted, or the log was cut, and `verify` says so.
        EvidenceError when the disk refuses.
        """
        for name in self.log.chain().deleted:
            self._remove(name)
        recovered = [*self._recover_moved(), *self._recover_staged()]
        return tuple(capture for capture in recovered if capture is not None)

    def _remove(self, capture_id: str) -> None:
        if not manifest.is_capture_id(capture_id):
            return
        try:
            shutil.rmtree(self._captures / capture_id)
            sync_folder(self._captures)
        except FileNotFoundError:
            return
        except OSError as fault:
            raise disk_fault(
                "A deleted capture could not be removed; it is tried again at the next start.", fault
            ) from fault

    def _write_manifest(self, staging: FileStaging, request: CaptureRequest, observed: Observed) -> bytes:
        body = fill_manifest(
            staging, request, observed, sealed_at=self._clock.now(), actor=self._actor, host=self._host
        )
        with disk_faults("A capture could not be sealed."):
            write_new(staging.folder / manifest.NAME, body)
            sync_folder(staging.folder)
            sync_folder(self._staging)
        return body

    def _move(self, folder: Path) -> None:
        target = self._captures / folder.name
        if os.path.lexists(target):
            raise FileExistsError(f"{target} exists")
        os.rename(folder, target)  # the one step that makes evidence of a folder
        sync_folder(self._captures)
        sync_folder(self._staging)

    def _recover_moved(self) -> Iterator[Capture | None]:
        chain = self.log.chain()
        for name in _names(self._captures):
            wanted = chain.intents.get(name, "")
            if wanted and name not in chain.sealed and name not in chain.aborted:
                yield self._adopt(self._captures / name, wanted)

    def _recover_staged(self) -> Iterator[Capture | None]:
        chain = self.log.chain()
        for name in _names(self._staging):
            folder = self._staging / name
            if folder.is_symlink() or not folder.is_dir():
                folder.unlink(missing_ok=True)
                continue
            is_over = name in chain.aborted or name in chain.sealed
            yield self._adopt(folder, "" if is_over else chain.intents.get(name, ""))

    def _adopt(self, folder: Path, wanted: str) -> Capture | None:
        """Finish one folder if it is what its intent says; a staged one that is not goes away."""
        try:
            lock = lock_folder(folder)
        except FileNotFoundError:
            return None
        if lock is None:
            return None
        try:
            # Its writer may have finished between the reading of the log and the taking of the lock.
            if folder.name in self.log.chain().sealed or not folder.is_dir():
                return None
            capture = whole_capture(self.place, folder.relative_to(self._root).as_posix(), wanted)
            if capture is None:
                self._sweep(folder)
                return None
            if folder.parent == self._staging:
                self._move(folder)
            self._append("recovered", capture.id, capture.manifest_sha256, {"reason": "sealed after a crash"})
            return capture
        finally:
            os.close(lock)

    def _sweep(self, folder: Path) -> None:
        """Throw a staged folder away; the record comes first, so that no intent is ever left without an end."""
        if folder.parent == self._staging:
            self._append("aborted", folder.name, detail={"reason": "left unfinished by a crash, thrown away"})
            shutil.rmtree(folder, ignore_errors=True)


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
