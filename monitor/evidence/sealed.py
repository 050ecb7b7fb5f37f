"""Keep the promises about sealed captures, wherever they lie: what is read was checked, what is held stays."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from monitor.domain import ArtifactRole, Capture, CaptureRequest, CustodyEvent, Observed, Origin
from monitor.errors import EvidenceError, FixityError, why_of
from monitor.evidence import manifest, report
from monitor.evidence.canonical import sha256_hex
from monitor.evidence.chain import Chain, Record
from monitor.evidence.place import Place, of_capture
from monitor.evidence.staging import FileStaging
from monitor.evidence.stamps import token_path, write_token
from monitor.evidence.verify import Progress, check_store
from monitor.ports import OPENTIMESTAMPS, PENDING, RFC3161, Token, Verification

_OWN_EVENTS = frozenset({"intent", "capture", "aborted", "recovered", "timestamp", "export", "delete"})
_EVENT = re.compile(r"[a-z][a-z_]{0,31}")

Guard = Callable[[Chain], None]
"""Is shown the log as it is just before a record is added, and raises when the record must not be."""


class Log(Protocol):
    """Hold the custody log of one store: one chain, whoever writes."""

    def append(
        self,
        event: str,
        *,
        actor: str,
        capture: str = "",
        manifest_sha256: str = "",
        detail: Mapping[str, str] | None = None,
        guard: Guard | None = None,
    ) -> Record:
        """Add one record that survives a crash; EvidenceError when that cannot be done, or what `guard` raises."""
        ...

    def chain(self) -> Chain:
        """Give what the log says, read up to now; the caller must not change it."""
        ...

    def events(self) -> Iterator[CustodyEvent]:
        """Give every readable record, oldest first, whether or not the chain holds."""
        ...

    def whole(self) -> bytes:
        """Give the log as lines, as an export holds it."""
        ...


class SealedCaptures(ABC):
    """Read, hold, delete and check the captures of one store. Synchronous; safe between threads and processes.

    How a capture comes to be sealed is the business of the vaults below: it differs between places.
    """

    def __init__(self, place: Place, log: Log, *, actor: str) -> None:
        self.place = place
        self.log = log
        self._actor = actor

    def record(self, event: str, *, actor: str, capture_id: str = "", detail: Mapping[str, str] | None = None) -> None:
        """Append an event to the custody log; ValueError for a name that is no event or that is the vault's own."""
        if event in _OWN_EVENTS or not _EVENT.fullmatch(event):
            raise ValueError(f"{event!r} cannot be recorded from outside")
        self.log.append(event, actor=actor, capture=capture_id, detail=detail)

    def chain_head(self) -> str:
        """Give the hash of the custody log's last record, or an empty string."""
        return self.log.chain().head

    def custody(self, capture_id: str = "") -> tuple[CustodyEvent, ...]:
        """Give the log's events, of one capture or of all, oldest first."""
        return tuple(event for event in self.log.events() if not capture_id or event.capture_id == capture_id)

    def captures(self) -> Iterator[Capture]:
        """Give every sealed capture that is still as it was sealed, oldest first, so that a store can catch up.

        One whose manifest was altered or is missing is passed over here; `verify` names it.
        """
        chain = self.log.chain()
        for capture_id, sha256 in tuple(chain.sealed.items()):
            if capture_id not in chain.deleted and self._is_intact(capture_id, sha256):
                yield manifest.read_capture(self._manifest(capture_id))

    def verify(self, capture_id: str = "", *, head: str = "", progress: Progress | None = None) -> Verification:
        """Check every file, manifest and log record, of one capture or of all, and record that it was checked.

        `head` is a chain head kept outside this machine. EvidenceError when the check cannot be made at all.
        """
        result = check_store(self.place, head=head, only=capture_id, progress=progress)
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
        self.log.append("hold", actor=actor, capture=capture_id, detail=detail)

    def held(self) -> Mapping[str, Mapping[str, str]]:
        """Give the captures that must not be deleted, with what was recorded of the hold."""
        chain = self.log.chain()
        return {
            name: one for name, one in chain.holds.items() if one["action"] == "placed" and name not in chain.deleted
        }

    def delete(self, capture_id: str, *, actor: str, reason: str) -> None:
        """Remove a capture's files; the record with its reason stays for ever, and comes first.

        EvidenceError while the capture is held, FixityError when there is none.
        """
        sha256 = self.log.chain().sealed.get(capture_id, "")

        def guard(chain: Chain) -> None:
            if capture_id not in chain.sealed or capture_id in chain.deleted:
                raise FixityError(
                    "There is no such capture.", why=f"{capture_id} is not in the custody log, or was deleted"
                )
            if chain.holds.get(capture_id, {}).get("action") == "placed":
                raise EvidenceError(
                    "This capture is on hold and cannot be deleted.",
                    why=chain.holds[capture_id]["reason"],
                    try_=f"Lift the hold first: goodname evidence hold {capture_id} --lift",
                )

        guard(self.log.chain())
        detail = {"reason": reason}
        self.log.append("delete", actor=actor, capture=capture_id, manifest_sha256=sha256, detail=detail, guard=guard)
        self._remove(capture_id)

    def unstamped(self, kind: str = RFC3161) -> tuple[str, ...]:
        """Give the captures about which there is no token of this kind, oldest first."""
        chain = self.log.chain()
        stamped = {capture_id for capture_id, detail in chain.stamps if detail.get("kind", RFC3161) == kind}
        return tuple(name for name in chain.sealed if name not in stamped and name not in chain.deleted)

    def unfinished(self) -> tuple[str, ...]:
        """Give the captures whose last OpenTimestamps proof is still a promise, oldest first."""
        chain = self.log.chain()
        last = {name: detail for name, detail in chain.stamps if detail.get("kind") == OPENTIMESTAMPS}
        return tuple(
            name for name, detail in last.items() if detail.get("status") == PENDING and name not in chain.deleted
        )

    def read_proof(self, capture_id: str) -> bytes:
        """Give a capture's last OpenTimestamps proof; FixityError when it is not what was recorded or never was."""
        stamps = self.log.chain().stamps
        proofs = [one for name, one in stamps if name == capture_id and one.get("kind") == OPENTIMESTAMPS]
        if not proofs:
            raise FixityError("There is no such proof.", why=f"the custody log names none for {capture_id}")
        return self._checked(token_path(proofs[-1]), proofs[-1].get("tsr_sha256", ""))

    def keep_token(self, capture_id: str, token: Token) -> None:
        """Keep a token about a capture's manifest and record it: files first, so that no record is without them."""
        manifest_sha256 = sha256_hex(self._manifest(capture_id))
        self._append("timestamp", capture_id, manifest_sha256, write_token(self.place, capture_id, token))

    def read(self, capture_id: str, path: str) -> bytes:
        """Give one kept file after checking its hash; FixityError when it is not what was stored or never was."""
        body = self._manifest(capture_id)
        if path == manifest.NAME:
            return body
        wanted = next((file.sha256 for file in manifest.read_files(body) if file.path == path), "")
        if not wanted:
            raise FixityError("There is no such file in this capture.", why=f"{capture_id} does not list it")
        return self._checked(of_capture(capture_id, path), wanted)

    @abstractmethod
    def _remove(self, capture_id: str) -> None:
        """Remove the files of a capture that the log calls deleted; what is gone already is fine."""

    def _append(
        self, event: str, capture_id: str, manifest_sha256: str = "", detail: Mapping[str, str] | None = None
    ) -> None:
        self.log.append(event, actor=self._actor, capture=capture_id, manifest_sha256=manifest_sha256, detail=detail)

    def _is_intact(self, capture_id: str, wanted: str) -> bool:
        try:
            return self.place.hash(of_capture(capture_id, manifest.NAME))[1] == wanted
        except OSError:
            return False

    def _checked(self, path: str, wanted: str) -> bytes:
        try:
            body = self.place.read(path)
        except OSError as fault:
            raise FixityError(why=f"{_short(path)}: {why_of(fault)}") from fault
        if sha256_hex(body) != wanted:
            raise FixityError(why=f"{_short(path)} was altered")
        return body

    def _manifest(self, capture_id: str) -> bytes:
        wanted = self.log.chain().sealed.get(capture_id, "") if manifest.is_capture_id(capture_id) else ""
        if not wanted:
            raise FixityError("There is no such capture.", why="the custody log does not name it")
        return self._checked(of_capture(capture_id, manifest.NAME), wanted)


def fill_manifest(
    staging: FileStaging, request: CaptureRequest, observed: Observed, *, sealed_at: datetime, actor: str, host: str
) -> bytes:
    """Add the report for readers to what is staged, and give the manifest that lists everything."""
    page = report.render(staging.capture_id, request, observed, staging.artifacts)
    staging.add(ArtifactRole.REPORT, report.NAME, "text/html", Origin.RENDERED, page)
    return manifest.build(
        staging.capture_id, request, observed, staging.artifacts, sealed_at=sealed_at, actor=actor, host=host
    )


def _short(path: str) -> str:
    return "/".join(path.rsplit("/", 2)[-2:])
