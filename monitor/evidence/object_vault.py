"""Keep captures in an object store that several machines write to, and say what happened to them."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.domain import Capture, CaptureRequest, Observed
from monitor.errors import EvidenceError, why_of
from monitor.evidence import manifest
from monitor.evidence.cache import Cache
from monitor.evidence.chain import Chain
from monitor.evidence.disk import (
    disk_fault,
    disk_faults,
    free_bytes_below,
    is_locked,
    lock_folder,
    sync_folder,
    write_new,
)
from monitor.evidence.object_log import CUSTODY, ObjectLog, Turn, is_record_name, read_chain
from monitor.evidence.objects import Objects
from monitor.evidence.place import CAPTURES, STAGING, STAMPS, FolderPlace, of_capture, whole_capture
from monitor.evidence.sealed import SealedCaptures, fill_manifest
from monitor.evidence.staging import FileStaging, stage_with_reserve
from monitor.ports import Clock, Staging

GRACE = timedelta(hours=1)
"""After this long, a capture that another machine began and never finished is given up."""

TRIAL = "trial"
MIRROR = "custody.jsonl"
CACHE = "cache"
_ID_TIME = "%Y%m%dT%H%M%SZ"


class _SealedMeanwhile(Exception):
    """Recovery finished the capture first; all is well."""


class ObjectPlace:
    """Read a vault that is an object store."""

    log = CUSTODY
    at_once = 8

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.read = objects.read
        self.hash = objects.hash
        self.chunks = objects.chunks
        self.keep = objects.create

    def names(self, folder: str) -> list[str]:
        """Give the names directly below a folder."""
        folders, files = self._objects.below(folder)
        return sorted({*folders, *files})

    def is_folder(self, path: str) -> bool:
        """Tell whether anything is below this name."""
        return bool(self.names(path))

    def is_there(self, path: str) -> bool:
        """Tell whether anything is below this name, or has it."""
        folder, _, name = path.rpartition("/")
        return name in self.names(folder)

    def read_chain(self, witness: str = "") -> tuple[Chain, bytes]:
        """Read every record of the log anew."""
        return read_chain(self._objects, witness)

    def strays(self) -> list[str]:
        """Name what is beside the captures, the log, the tokens and what a trial left."""
        top = [name for name in self.names("") if name not in (CAPTURES, CUSTODY, STAMPS, TRIAL)]
        return top + [f"{CUSTODY}/{name}" for name in self.names(CUSTODY) if not is_record_name(name)]

    def is_busy(self, name: str) -> bool:
        """Nobody can see from here who writes elsewhere."""
        return False

    def is_open(self, name: str, chain: Chain) -> bool:
        """Tell whether the log said, before anything of it was written, that this capture would be."""
        return name in chain.intents and name not in chain.sealed


class ObjectVault(SealedCaptures):
    """Keep captures below one address: captures/<id>/, timestamps/ and custody/, each object created once.

    Synchronous; safe between threads, processes and machines. `local` is a folder of this machine's own, for captures
    in the making, a mirror of the log and a cache of at most `cache_bytes`. The order of steps in `commit` is what
    makes a crash at any point harmless: files here, manifest here, intent record, files there, manifest there, capture
    record. So nothing is ever there of which the log did not speak before.
    """

    def __init__(
        self,
        objects: Objects,
        local: Path,
        *,
        clock: Clock,
        actor: str,
        reserve_bytes: int,
        cache_bytes: int = 1 << 28,
        host: str = "",
        turn: Turn = nullcontext,
    ) -> None:
        self._objects = objects
        self._local = local
        self._staging = local / STAGING
        self._clock = clock
        self._host = host or platform.node()
        self._reserve = reserve_bytes
        self._cache = Cache(local / CACHE, cache_bytes)
        self._forgotten: set[str] = set()
        log = ObjectLog(objects, local / MIRROR, clock=clock, host=self._host, turn=turn)
        super().__init__(ObjectPlace(objects), log, actor=actor)

    def stage(self, request: CaptureRequest, now: datetime) -> FileStaging:
        """Open a place for a new capture's files here; EvidenceError when less than the reserve is free on the disk."""
        return stage_with_reserve(self._staging, request.url, now, reserve=self._reserve)

    def has_room(self) -> bool:
        """Tell whether this machine's disk has room for another capture in the making."""
        return free_bytes_below(self._local) >= self._reserve

    def commit(self, staging: Staging, request: CaptureRequest, observed: Observed) -> Capture:
        """Seal a capture; afterwards nothing in it changes.

        EvidenceError when the store refuses, or when recovery gave the capture up because this took too long; what was
        written of it counts for nothing then.
        """
        if not isinstance(staging, FileStaging):
            raise TypeError("this staging area belongs to another vault")
        with staging.closing():
            body = fill_manifest(
                staging, request, observed, sealed_at=self._clock.now(), actor=self._actor, host=self._host
            )
            capture = manifest.read_capture(body)
            detail = {"request_id": str(request.id), "mention_id": str(request.mention_id)}
            try:
                write_new(staging.folder / manifest.NAME, body)
                sync_folder(staging.folder)
                self._append("intent", capture.id, capture.manifest_sha256, detail)
                self._upload(staging.folder, capture)
            except OSError as fault:
                self._give_up(capture.id, "it could not be written to the object store")
                raise disk_fault("A capture could not be sealed.", fault) from fault
            self._seal(capture, "capture", {**detail, "outcome": observed.outcome.value})
            shutil.rmtree(staging.folder, ignore_errors=True)
        return capture

    def recover(self) -> tuple[Capture, ...]:
        """Put right what a crash left, here and elsewhere; give the captures that were finished thereby. Idempotent.

        A capture that lies there whole, as its intent says, is adopted; one that lies here whole is written; one that
        is neither, and whose writer is dead or silent for longer than `GRACE`, is given up and what is left of it
        removed. What no intent speaks of is left alone, and `verify` says so.
        """
        with disk_faults("Captures could not be recovered."):
            self._sweep()
            return (*self._recover_here(), *self._recover_elsewhere())

    def _checked(self, path: str, wanted: str) -> bytes:
        gone = self.log.chain().deleted - self._forgotten
        for name in gone:
            self._cache.forget(of_capture(name))
        self._forgotten |= gone
        body = self._cache.get(path, wanted)
        if body is None:
            body = super()._checked(path, wanted)
            self._cache.put(path, body)
        return body

    def _upload(self, folder: Path, capture: Capture) -> None:
        for artifact in capture.artifacts:
            self._objects.create_once(of_capture(capture.id, artifact.path), folder / artifact.path, artifact.sha256)
        self._objects.create_once(
            of_capture(capture.id, manifest.NAME), folder / manifest.NAME, capture.manifest_sha256
        )

    def _seal(self, capture: Capture, event: str, detail: dict[str, str]) -> bool:
        """Add the record that makes evidence of a capture; False when another added it first."""

        def guard(chain: Chain) -> None:
            if capture.id in chain.sealed:
                raise _SealedMeanwhile
            if capture.id in chain.aborted:
                raise EvidenceError("A capture could not be sealed.", why="it took so long that it was given up")

        try:
            self.log.append(
                event,
                actor=self._actor,
                capture=capture.id,
                manifest_sha256=capture.manifest_sha256,
                detail=detail,
                guard=guard,
            )
        except _SealedMeanwhile:
            return False
        return True

    def _give_up(self, name: str, reason: str) -> None:
        """Record that a capture came to nothing, unless it is sealed; then remove what is there of it.

        Where the store cannot be reached at all, recovery does both later.
        """

        def guard(chain: Chain) -> None:
            if name in chain.sealed:
                raise _SealedMeanwhile

        with contextlib.suppress(EvidenceError, OSError, _SealedMeanwhile):
            self.log.append("aborted", actor=self._actor, capture=name, detail={"reason": reason}, guard=guard)
            self._clear(name)

    def _clear(self, name: str) -> None:
        self._objects.remove([of_capture(name, file) for file in self.place.names(of_capture(name))])

    def _sweep(self) -> None:
        """Remove what is left of captures that the log calls deleted or given up."""
        there = self.place.names(CAPTURES)
        chain = self.log.chain()
        for name in there:
            if name in chain.deleted or (name in chain.aborted and name not in chain.sealed):
                self._remove(name)

    def _recover_here(self) -> Iterator[Capture]:
        """Finish or throw away what a dead process of this machine was making."""
        for name in FolderPlace(self._local).names(STAGING):
            folder = self._staging / name
            if folder.is_symlink() or not folder.is_dir():
                folder.unlink(missing_ok=True)
                continue
            with contextlib.suppress(FileNotFoundError):
                lock = lock_folder(folder)
                if lock is not None:
                    try:
                        yield from self._finish(folder)
                    finally:
                        os.close(lock)

    def _finish(self, folder: Path) -> Iterator[Capture]:
        chain, name = self.log.chain(), folder.name
        is_over = name in chain.aborted or name in chain.sealed
        wanted = "" if is_over else chain.intents.get(name, "")
        capture = whole_capture(FolderPlace(self._local), f"{STAGING}/{name}", wanted)
        if capture is not None:
            self._upload(folder, capture)
            if self._seal(capture, "recovered", {"reason": "sealed after a crash"}):
                yield capture
        elif not is_over:
            self._give_up(name, "left unfinished by a crash, thrown away")
        shutil.rmtree(folder, ignore_errors=True)

    def _recover_elsewhere(self) -> Iterator[Capture]:
        """Adopt captures that lack only their last record; give up those that nobody finishes."""
        chain = self.log.chain()
        waiting = [name for name in chain.intents if name not in chain.sealed and name not in chain.aborted]
        for name in waiting:
            if is_locked(self._staging / name):
                continue  # a process of this machine is writing it
            capture = whole_capture(self.place, of_capture(name), chain.intents[name])
            if capture is not None:
                if self._seal(capture, "recovered", {"reason": "sealed after a crash"}):
                    yield capture
            elif self._clock.now() - _begun(name) > GRACE:
                self._give_up(name, f"nobody finished it within {GRACE}, thrown away")

    def _remove(self, capture_id: str) -> None:
        self._cache.forget(of_capture(capture_id))
        if not manifest.is_capture_id(capture_id):
            return
        try:
            self._clear(capture_id)
        except OSError as fault:
            raise EvidenceError(
                "What is left of a capture could not be removed; it is tried again at the next start.",
                why=why_of(fault),
                try_="Allow the key to delete, or wait until the bucket's own lock on it ends.",
            ) from fault


def _begun(name: str) -> datetime:
    try:
        return datetime.strptime(name.partition("-")[0], _ID_TIME).replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
