"""Keep the log of what happened to evidence: appended to, never changed, each record bound to the one before it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from monitor.domain import CustodyEvent
from monitor.evidence.canonical import Json, canonical, sha256_hex, stamp
from monitor.evidence.chain import VERSION, Chain, Record, event_of, is_record, with_hashes
from monitor.evidence.disk import disk_faults, private_folder, read_file, sync_folder, write_all
from monitor.ports import Clock

_BLOCK = 1 << 20
_UNREAD = "The custody log could not be read."
_DETAIL_CAP = 10_000  # characters; a record must stay easy to read


class CustodyLog:
    """Append to a custody log and read it.

    Safe between threads and between processes. A record is on the disk before `append` returns. A last line that a
    crash left unfinished is closed and followed by a `recovered` record that holds its hash, so that it is neither
    lost from sight nor mistaken for tampering. One that is damaged in any other way stays, and every check names it.
    """

    def __init__(self, path: Path, *, clock: Clock, host: str) -> None:
        self._path = path
        self._clock = clock
        self._host = host
        self._lock = threading.Lock()
        self._chain = Chain()
        self._read_to = 0
        self._inode = 0

    def append(
        self,
        event: str,
        *,
        actor: str,
        capture: str = "",
        manifest_sha256: str = "",
        detail: Mapping[str, str] | None = None,
        guard: Callable[[Chain], None] | None = None,
    ) -> Record:
        """Write one record and force it to the disk; EvidenceError when that cannot be done, or what `guard` raises."""
        unwritten = disk_faults("The custody log could not be written.")
        with self._lock, unwritten, self._open(os.O_RDWR | os.O_CREAT) as fd:
            tail = self._refresh(fd)
            if guard is not None:
                guard(self._chain)
            lines = b"\n" if tail else b""
            sealed = self._seal(tail, actor)
            if sealed is not None:
                lines += sealed.line + b"\n"
            record = self._record(event, actor, capture, manifest_sha256, detail or {}, after=sealed)
            write_all(fd, lines + record.line + b"\n")
            os.fsync(fd)
            self._refresh(fd)
        return record

    def chain(self) -> Chain:
        """Give what the log says, read up to now; the caller must not change it."""
        with self._lock, disk_faults(_UNREAD):
            if self._path.exists():
                with self._open(os.O_RDONLY) as fd:
                    self._refresh(fd)
            return self._chain

    def events(self) -> Iterator[CustodyEvent]:
        """Give every readable record, oldest first, whether or not the chain holds."""
        with disk_faults(_UNREAD):
            if not self._path.exists():
                return
            with self._path.open("rb") as file:
                for line in file:
                    with contextlib.suppress(ValueError):
                        yield event_of(Record.parse(line.rstrip(b"\n")))

    def whole(self) -> bytes:
        """Give the log as it is on the disk."""
        with disk_faults(_UNREAD):
            return read_file(self._path) if self._path.exists() else b""

    @contextlib.contextmanager
    def _open(self, flags: int) -> Iterator[int]:
        if flags & os.O_CREAT:
            private_folder(self._path.parent)
        is_new = not self._path.exists()
        fd = os.open(self._path, flags | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX if flags & os.O_RDWR else fcntl.LOCK_SH)
            if is_new:
                sync_folder(self._path.parent)
            yield fd
        finally:
            os.close(fd)

    def _refresh(self, fd: int) -> bytes:
        """Read what was appended since the last time; give the unfinished last line, if there is one."""
        status = os.fstat(fd)
        if status.st_size < self._read_to or status.st_ino != self._inode:
            self._chain, self._read_to, self._inode = Chain(), 0, status.st_ino
        tail, position = b"", self._read_to
        while block := os.pread(fd, _BLOCK, position):
            position += len(block)
            *lines, tail = (tail + block).split(b"\n")
            for line in lines:
                self._chain.feed(line)
        self._read_to = position - len(tail)
        return tail

    def _seal(self, tail: bytes, actor: str) -> Record | None:
        """Make the record that accounts for a broken end of the log, or None when the end is whole."""
        if tail and is_record(tail):
            self._chain.feed(tail)
            self._read_to += len(tail) + 1
            detail = {"problem": "the last line had no line end"}
        elif tail:
            detail = {
                "problem": "unfinished line after a crash",
                "torn_sha256": sha256_hex(self._chain.unreadable.encode() + tail),
            }
        elif self._chain.unreadable:
            detail = {"problem": "damaged line", "damaged_sha256": self._chain.unreadable}
        else:
            return None
        return self._record("recovered", actor, "", "", detail)

    def _record(
        self,
        event: str,
        actor: str,
        capture: str,
        manifest_sha256: str,
        detail: Mapping[str, str],
        *,
        after: Record | None = None,
    ) -> Record:
        seq, prev = (after.seq, after.hash) if after else (self._chain.seq, self._chain.head)
        return new_record(
            event,
            actor=actor,
            capture=capture,
            manifest_sha256=manifest_sha256,
            detail=detail,
            at=self._clock.now(),
            host=self._host,
            after=(seq, prev),
        )


def new_record(
    event: str,
    *,
    actor: str,
    capture: str,
    manifest_sha256: str,
    detail: Mapping[str, str],
    at: datetime,
    host: str,
    after: tuple[int, str],
) -> Record:
    """Make the record that follows on the one with this number and hash."""
    seq, prev = after
    body: dict[str, Json] = {
        "v": VERSION,
        # Else who sees a record's hash could find out by trying what a short record said.
        "salt": secrets.token_hex(16),
        "seq": seq + 1,
        "ts": stamp(at),
        "event": event,
        "actor": actor,
        "host": host,
        "capture": capture,
        "manifest_sha256": manifest_sha256,
        "detail": {key: value[:_DETAIL_CAP] for key, value in detail.items()},
        "prev": prev,
    }
    return Record.parse(canonical(with_hashes(body)))


def read_chain(path: Path, *, witness: str = "") -> tuple[Chain, bytes]:
    """Read a whole log from its start, trusting nothing read before; give the unfinished last line too.

    `witness` is a record's hash kept elsewhere, to be looked for on the way.
    """
    chain, tail = Chain(witness=witness), b""
    with path.open("rb") as file:
        with contextlib.suppress(OSError):  # a read-only disk may refuse locks, and nobody writes to one
            fcntl.flock(file.fileno(), fcntl.LOCK_SH)
        while block := file.read(_BLOCK):
            *lines, tail = (tail + block).split(b"\n")
            for line in lines:
                chain.feed(line)
    return chain, tail
