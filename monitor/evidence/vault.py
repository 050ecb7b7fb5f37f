"""Keep captures in folders that nobody changes any more, and say what happened to them."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from monitor.domain import ArtifactRole, Capture, CaptureRequest, CustodyEvent, Observed, Origin
from monitor.errors import EvidenceError, FixityError
from monitor.evidence import manifest, report
from monitor.evidence.canonical import sha256_hex
from monitor.evidence.custody import CustodyLog
from monitor.evidence.disk import (
    disk_fault,
    free_bytes,
    free_bytes_below,
    hash_file,
    lock_folder,
    private_folder,
    read_file,
    sync_folder,
    write_new,
)
from monitor.evidence.staging import FileStaging, open_staging
from monitor.evidence.stamps import token_path, write_token
from monitor.evidence.verify import CAPTURES, LOG, STAGING, Progress, check_store, whole_capture
from monitor.ports import OPENTIMESTAMPS, PENDING, RFC3161, Clock, Staging, Token, Verification

RESERVE_BYTES = 200 * 1024 * 1024
_OWN_EVENTS = frozenset({"intent", "capture", "aborted", "recovered", "timestamp", "export", "delete"})
_EVENT = re.compile(r"[a-z][a-z_]{0,31}")


class FileVault:
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
        self._actor = actor
        self._host = host or platform.node()
        self._reserve = reserve_bytes
        self._log = CustodyLog(root / LOG, clock=clock, host=self._host)

    def stage(self, request: CaptureRequest, now: datetime) -> FileStaging:
        """Open a place for a new capture's files; EvidenceError when less than the reserve is free on the disk."""
        try:
            for folder in (self._root, self._captures, self._staging):
                private_folder(folder)
            free = free_bytes(self._staging)
        except OSError as fault:
            raise disk_fault("A capture could not be started.", fault) from fault
        if free < self._reserve:
            raise EvidenceError(
                "A capture could not be started.",
                why=f"the disk has {free >> 20} MB left and {self._reserve >> 20} MB are kept free",
                try_=f"Free some space for {request.url}; it is tried again by itself.",
            )
        return open_staging(self._staging, now, floor=self._reserve // 2)

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

    def recover(self) -> tuple[Capture, ...]:
        """Put right what a crash left; give the captures that were finished thereby. Idempotent.

        Only a folder whose manifest has the hash of an intent record, and whose files are all as listed, is adopted.
        Anything else in staging is thrown away, unless a living process is writing it. Anything else under captures
        is left alone: no crash leaves such a folder, so it was planted, or the log was cut, and `verify` says so.
        """
        for name in self._log.chain().deleted:
            self._remove(name)
        recovered = [*self._recover_moved(), *self._recover_staged()]
        return tuple(capture for capture in recovered if capture is not None)

    def record(self, event: str, *, actor: str, capture_id: str = "", detail: Mapping[str, str] | None = None) -> None:
        """Append an event to the custody log; ValueError for a name that is no event or that is the vault's own."""
        if event in _OWN_EVENTS or not _EVENT.fullmatch(event):
            raise ValueError(f"{event!r} cannot be recorded from outside")
        self._log.append(event, actor=actor, capture=capture_id, detail=detail)

    def chain_head(self) -> str:
        """Give the hash of the custody log's last record, or an empty string."""
        return self._log.chain().head

    def custody(self, capture_id: str = "") -> tuple[CustodyEvent, ...]:
        """Give the log's events, of one capture or of all, oldest first."""
        return tuple(event for event in self._log.events() if not capture_id or event.capture_id == capture_id)

    def captures(self) -> Iterator[Capture]:
        """Give every sealed capture that is still as it was sealed, oldest first, so that a store can catch up.

        One whose manifest was altered or is missing is passed over here; `verify` names it.
        """
        chain = self._log.chain()
        for capture_id, sha256 in tuple(chain.sealed.items()):
            if capture_id not in chain.deleted and _is_intact(self._captures / capture_id / manifest.NAME, sha256):
                yield manifest.read_capture(self._manifest(capture_id))

    def verify(self, capture_id: str = "", *, head: str = "", progress: Progress | None = None) -> Verification:
        """Check every file, manifest and log record, of one capture or of all, and record that it was checked.

        `head` is a chain head kept outside this machine. EvidenceError when the check cannot be made at all.
        """
        result = check_store(self._root, head=head, only=capture_id, progress=progress)
        detail = {"captures": str(result.captures), "files": str(result.files), "faults": str(len(result.findings))}
        try:
            self._append("verify", capture_id, detail=detail)
        except EvidenceError as fault:
            return replace(result, pending=(*result.pending, f"this check could not be recorded: {fault}"))
        return result

    def hold(self, capture_id: str, *, actor: str, reason: str, until: str = "", is_lifted: bool = False) -> None:
        """Record that a capture must not be deleted (or may be again), why, and when that is looked at anew."""
        self._manifest(capture_id)
        action = "lifted" if is_lifted else "placed"
        detail = {"action": action, "reason": reason, "reviewer": actor, "review_on": until}
        self._log.append("hold", actor=actor, capture=capture_id, detail=detail)

    def held(self) -> Mapping[str, Mapping[str, str]]:
        """Give the captures that must not be deleted, with what was recorded of the hold."""
        chain = self._log.chain()
        return {
            name: one for name, one in chain.holds.items() if one["action"] == "placed" and name not in chain.deleted
        }

    def delete(self, capture_id: str, *, actor: str, reason: str) -> None:
        """Remove a capture's files; the record with its reason stays for ever, and comes first.

        EvidenceError while the capture is held, FixityError when there is none.
        """
        chain = self._log.chain()
        if capture_id not in chain.sealed or capture_id in chain.deleted:
            raise FixityError(
                "There is no such capture.", why=f"{capture_id} is not in the custody log, or was deleted"
            )
        if capture_id in self.held():
            raise EvidenceError(
                "This capture is on hold and cannot be deleted.",
                why=chain.holds[capture_id]["reason"],
                try_=f"Lift the hold first: goodname evidence hold {capture_id} --lift",
            )
        detail = {"reason": reason}
        sha256 = chain.sealed[capture_id]
        self._log.append("delete", actor=actor, capture=capture_id, manifest_sha256=sha256, detail=detail)
        self._remove(capture_id)

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

    def unstamped(self, kind: str = RFC3161) -> tuple[str, ...]:
        """Give the captures about which there is no token of this kind, oldest first."""
        chain = self._log.chain()
        stamped = {capture_id for capture_id, detail in chain.stamps if detail.get("kind", RFC3161) == kind}
        return tuple(name for name in chain.sealed if name not in stamped and name not in chain.deleted)

    def unfinished(self) -> tuple[str, ...]:
        """Give the captures whose last OpenTimestamps proof is still a promise, oldest first."""
        chain = self._log.chain()
        last = {name: detail for name, detail in chain.stamps if detail.get("kind") == OPENTIMESTAMPS}
        return tuple(
            name for name, detail in last.items() if detail.get("status") == PENDING and name not in chain.deleted
        )

    def read_proof(self, capture_id: str) -> bytes:
        """Give a capture's last OpenTimestamps proof; FixityError when it is not what was recorded or never was."""
        stamps = self._log.chain().stamps
        proofs = [one for name, one in stamps if name == capture_id and one.get("kind") == OPENTIMESTAMPS]
        if not proofs:
            raise FixityError("There is no such proof.", why=f"the custody log names none for {capture_id}")
        return _checked(self._root / token_path(proofs[-1]), proofs[-1].get("tsr_sha256", ""))

    def keep_token(self, capture_id: str, token: Token) -> None:
        """Keep a token about a capture's manifest and record it: files first, so that no record is without them."""
        manifest_sha256 = sha256_hex(self._manifest(capture_id))
        self._append("timestamp", capture_id, manifest_sha256, write_token(self._root, capture_id, token))

    def read(self, capture_id: str, path: str) -> bytes:
        """Give one kept file after checking its hash; FixityError when it is not what was stored or never was."""
        body = self._manifest(capture_id)
        if path == manifest.NAME:
            return body
        wanted = next((file.sha256 for file in manifest.read_files(body) if file.path == path), "")
        if not wanted:
            raise FixityError("There is no such file in this capture.", why=f"{capture_id} does not list it")
        return _checked(self._captures / capture_id / path, wanted)

    def _append(
        self, event: str, capture_id: str, manifest_sha256: str = "", detail: Mapping[str, str] | None = None
    ) -> None:
        self._log.append(event, actor=self._actor, capture=capture_id, manifest_sha256=manifest_sha256, detail=detail)

    def _write_manifest(self, staging: FileStaging, request: CaptureRequest, observed: Observed) -> bytes:
        page = report.render(staging.capture_id, request, observed, staging.artifacts)
        staging.add(ArtifactRole.REPORT, report.NAME, "text/html", Origin.RENDERED, page)
        body = manifest.build(
            staging.capture_id,
            request,
            observed,
            staging.artifacts,
            sealed_at=self._clock.now(),
            actor=self._actor,
            host=self._host,
        )
        try:
            write_new(staging.folder / manifest.NAME, body)
            sync_folder(staging.folder)
            sync_folder(self._staging)
        except OSError as fault:
            raise disk_fault("A capture could not be sealed.", fault) from fault
        return body

    def _move(self, folder: Path) -> None:
        target = self._captures / folder.name
        if os.path.lexists(target):
            raise FileExistsError(f"{target} exists")
        os.rename(folder, target)  # the one step that makes evidence of a folder
        sync_folder(self._captures)
        sync_folder(self._staging)

    def _recover_moved(self) -> Iterator[Capture | None]:
        chain = self._log.chain()
        for name in _names(self._captures):
            wanted = chain.intents.get(name, "")
            if wanted and name not in chain.sealed and name not in chain.aborted:
                yield self._adopt(self._captures / name, wanted)

    def _recover_staged(self) -> Iterator[Capture | None]:
        chain = self._log.chain()
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
            if folder.name in self._log.chain().sealed or not folder.is_dir():
                return None
            capture = whole_capture(folder, wanted)
            if capture is None:
                self._sweep(folder)
                return None
            if folder.parent == self._staging:
                self._move(folder)
            self._append("recovered", capture.id, capture.manifest_sha256, {"reason": "sealed after a crash"})
            return capture
        except OSError as fault:
            raise disk_fault("A capture could not be recovered.", fault) from fault
        finally:
            os.close(lock)

    def _sweep(self, folder: Path) -> None:
        """Throw a staged folder away; the record comes first, so that no intent is ever left without an end."""
        if folder.parent == self._staging:
            self._append("aborted", folder.name, detail={"reason": "left unfinished by a crash, thrown away"})
            shutil.rmtree(folder, ignore_errors=True)

    def _manifest(self, capture_id: str) -> bytes:
        wanted = self._log.chain().sealed.get(capture_id, "") if manifest.is_capture_id(capture_id) else ""
        if not wanted:
            raise FixityError("There is no such capture.", why="the custody log does not name it")
        return _checked(self._captures / capture_id / manifest.NAME, wanted)


def _is_intact(path: Path, wanted: str) -> bool:
    try:
        return hash_file(path)[1] == wanted
    except OSError:
        return False


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []


def _checked(path: Path, wanted: str) -> bytes:
    try:
        body = read_file(path)
    except OSError as fault:
        raise FixityError(why=f"{path.parent.name}/{path.name}: {fault.strerror}") from fault
    if sha256_hex(body) != wanted:
        raise FixityError(why=f"{path.parent.name}/{path.name} was altered")
    return body
