"""Keep the custody log as numbered objects that are created and never replaced: one chain, however many write.

Whoever adds record N creates the object N. Where two try at once, the store refuses one; it reads what the other wrote
and comes after it. So no turn is needed for the chain to stay one; `turn` only spares the writers of several machines
from getting in each other's way. An object is there whole or not at all, so no record is ever torn.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from monitor.domain import CustodyEvent
from monitor.errors import EvidenceError
from monitor.evidence.abreast import abreast
from monitor.evidence.chain import Chain, Record, event_of
from monitor.evidence.custody import new_record
from monitor.evidence.disk import disk_faults, private_folder, write_all
from monitor.evidence.objects import Objects
from monitor.ports import Clock

CUSTODY = "custody"

_NUMBERED = re.compile(r"(\d{12})\.json")
_AT_ONCE = 16
_TRIES = 200
_BLOCK = 1 << 20

Turn = Callable[[], AbstractContextManager[None]]


def record_name(number: int) -> str:
    """Give the name of the object that holds a record."""
    return f"{CUSTODY}/{number:012d}.json"


def is_record_name(name: str) -> bool:
    """Tell whether an object below the log's folder is a record."""
    return _NUMBERED.fullmatch(name) is not None


def read_lines(objects: Objects, after: int) -> Iterator[bytes]:
    """Give the records after a number, in order; an empty line stands for one that is missing."""
    names = objects.after(CUSTODY, f"{after:012d}.json")
    there = {int(match[1]) for name in names if (match := _NUMBERED.fullmatch(name))}
    numbers = range(after + 1, max(there, default=after) + 1)
    # One that a listing left out may be there nevertheless.
    yield from abreast(_AT_ONCE, lambda number: _line(objects, number), numbers)


def _line(objects: Objects, number: int) -> bytes:
    try:
        return objects.read(record_name(number)).replace(b"\n", b" ")
    except FileNotFoundError:
        return b""


def read_chain(objects: Objects, witness: str = "") -> tuple[Chain, bytes]:
    """Read a whole log anew; FileNotFoundError when there is none."""
    chain = Chain(witness=witness)
    for line in read_lines(objects, 0):
        chain.feed(line)
    if not chain.lines:
        raise FileNotFoundError(CUSTODY)
    return chain, b""


class ObjectLog:
    """Append to a custody log in an object store and read it.

    Safe between threads, processes and machines. `mirror` is a file that repeats what was read, so that a start needs
    not read every record again; it may be deleted at any time, is compared with the store when it is first used, and
    no check reads it.
    """

    def __init__(self, objects: Objects, mirror: Path, *, clock: Clock, host: str, turn: Turn = nullcontext) -> None:
        self._objects = objects
        self._mirror = mirror
        self._clock = clock
        self._host = host
        self._turn = turn
        self._lock = threading.Lock()
        self._chain = Chain()
        self._read_to = 0
        self._inode = -1
        self._is_compared = False

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
        """Add one record; EvidenceError when that cannot be done, or what `guard` raises."""
        with disk_faults("The custody log could not be written."), self._lock, self._turn():
            for _ in range(_TRIES):
                with self._caught_up() as fd:
                    if self._chain.unreadable:
                        fact = {"problem": "damaged line", "damaged_sha256": self._chain.unreadable}
                        self._try(fd, self._next("recovered", actor, "", "", fact))
                        continue
                    if guard is not None:
                        guard(self._chain)
                    record = self._next(event, actor, capture, manifest_sha256, detail or {})
                    if self._try(fd, record):
                        return record
        raise EvidenceError("The custody log could not be written.", why="others wrote to it all the while")

    def chain(self) -> Chain:
        """Give what the log says, read up to now; the caller must not change it."""
        with self._lock, self._reading():
            return self._chain

    def events(self) -> Iterator[CustodyEvent]:
        """Give every readable record, oldest first, whether or not the chain holds."""
        for line in self.whole().split(b"\n"):
            with contextlib.suppress(ValueError):
                yield event_of(Record.parse(line))

    def whole(self) -> bytes:
        """Give the log as lines."""
        with self._lock, self._reading() as fd:
            return os.pread(fd, self._read_to, 0)

    def _next(self, event: str, actor: str, capture: str, manifest_sha256: str, detail: Mapping[str, str]) -> Record:
        return new_record(
            event,
            actor=actor,
            capture=capture,
            manifest_sha256=manifest_sha256,
            detail=detail,
            at=self._clock.now(),
            host=self._host,
            after=(self._chain.seq, self._chain.head),
        )

    def _try(self, fd: int, record: Record) -> bool:
        """Create the next object; False when another was first."""
        name = record_name(self._chain.lines + 1)
        try:
            self._objects.create(name, record.line)
        except OSError as fault:
            # An answer may be lost, and an order may be repeated below us: what is there says whose it is.
            if self._found(name) != record.line:
                if isinstance(fault, FileExistsError):
                    return False
                raise
        self._take(fd, record.line)
        return True

    def _found(self, name: str) -> bytes:
        try:
            return self._objects.read(name)
        except OSError:
            return b""

    def _take(self, fd: int, line: bytes) -> None:
        write_all(fd, line + b"\n")
        self._read_to += len(line) + 1
        self._chain.feed(line)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[int]:
        with disk_faults("The custody log could not be read."), self._caught_up() as fd:
            yield fd

    @contextlib.contextmanager
    def _caught_up(self) -> Iterator[int]:
        """Hold the mirror, with everything that the store has by now read into it."""
        while True:
            private_folder(self._mirror.parent)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = os.open(self._mirror, flags, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                self._read_mirror(fd)
                if not self._is_compared and not self._agrees():
                    self._mirror.unlink(missing_ok=True)  # others see by its number that it is a new one
                    self._forget()
                    continue
                self._is_compared = True
                for line in read_lines(self._objects, self._chain.lines):
                    self._take(fd, line)
                yield fd
                return
            finally:
                os.close(fd)

    def _read_mirror(self, fd: int) -> None:
        status = os.fstat(fd)
        if status.st_ino != self._inode or status.st_size < self._read_to:
            self._forget()
            self._inode = status.st_ino
        tail, position = b"", self._read_to
        while block := os.pread(fd, _BLOCK, position):
            position += len(block)
            *lines, tail = (tail + block).split(b"\n")
            for line in lines:
                self._chain.feed(line)
        self._read_to = position - len(tail)
        if tail:
            os.ftruncate(fd, self._read_to)

    def _agrees(self) -> bool:
        """Tell whether the mirror can be what the store holds: an unbroken chain that ends in a record of the store."""
        if not self._chain.lines:
            return True
        if self._chain.problems or self._chain.unreadable:
            return False
        try:
            return Record.parse(self._objects.read(record_name(self._chain.lines))).hash == self._chain.head
        except (FileNotFoundError, ValueError):
            return False

    def _forget(self) -> None:
        self._chain = Chain()
        self._read_to = 0
        self._inode = -1
        self._is_compared = False
