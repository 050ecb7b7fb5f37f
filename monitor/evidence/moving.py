"""Move evidence from a folder into an object store: the custody log first, then every file of which it speaks.

Record N of the log becomes object N, byte for byte, so the chain and its head stay what they were. The first record
claims the place, as everywhere in an object store: where another log has begun, nothing of this one is put.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, islice, zip_longest
from pathlib import Path

from monitor.errors import EvidenceError, why_of
from monitor.evidence.abreast import abreast
from monitor.evidence.chain import Chain
from monitor.evidence.copying import evidence_files
from monitor.evidence.disk import hash_file
from monitor.evidence.object_log import read_lines, record_name
from monitor.evidence.object_vault import ObjectPlace
from monitor.evidence.objects import Objects
from monitor.evidence.place import CAPTURES, LOG, STAMPS, FolderPlace, of_capture
from monitor.evidence.verify import Progress, check_store
from monitor.ports import Verification

_AT_ONCE = 8


def require_whole(root: Path, *, progress: Progress | None = None) -> Verification:
    """Check a folder before it is moved; EvidenceError for any change, and for what a crash left to be finished."""
    place = FolderPlace(root)
    found = check_store(place, progress=progress)
    if not found.is_intact:
        raise EvidenceError(
            "The evidence here is not as it was kept, so nothing was moved.",
            why=found.first_problems,
            try_="Bring it back from a backup, or take the capture out with a reason: goodname evidence redact.",
        )
    if (root / LOG).is_file():
        chain, _ = place.read_chain()
        begun = [name for name in chain.intents if name not in chain.sealed and name not in chain.aborted]
        if begun:
            raise EvidenceError(
                "A crash left captures unfinished.",
                why=", ".join(begun[:3]),
                try_="Start goodname and stop it again, which finishes them or gives them up. Then run this again.",
            )
    return found


def send_evidence(root: Path, objects: Objects, advance: Progress) -> int:
    """Write the log and every kept file that is not there yet; give how many files of captures and time stamps are.

    `advance` is told bytes done and bytes in all. May be run again at any time: what is there in full length is not
    sent again, and what the log there calls deleted is not brought back. Whether it arrived as it was is for
    `check_store` to say. EvidenceError when other things lie there, or when the store refuses.
    """
    try:
        known, missing = _compare(root / LOG, objects)
        place = ObjectPlace(objects)
        there = set(place.names(CAPTURES))
        _require_ours(place, there, known)
        files = [one for one in evidence_files(root).files if one[0] != LOG]
        gone = {of_capture(name) for name in known.deleted}
        way = _Way(root, objects, is_empty=not there and not place.names(STAMPS))
        way.send_log(missing)
        for name in there & known.deleted:
            objects.remove(list(objects.sizes(of_capture(name))))
        return way.send_files(files, gone, advance)
    except OSError as fault:
        raise EvidenceError(
            "The evidence could not be moved to its end.",
            why=why_of(fault),
            try_="Run it again: what has arrived is not sent again.",
        ) from fault


def is_sent(root: Path, objects: Objects) -> bool:
    """Tell whether a folder's log, if it has one, is in the object store to its last record; OSError if it is mute."""
    number, last = 0, b""
    for number, line in enumerate(_lines(root / LOG), start=1):  # noqa: B007 # both are wanted after the loop
        last = line
    try:
        return not number or objects.read(record_name(number)) == last
    except FileNotFoundError:
        return False


def _lines(log: Path) -> Iterator[bytes]:
    """Give the whole lines of a log's file, without their ends."""
    if log.is_file():
        with log.open("rb") as file:
            yield from (line[:-1] for line in file if line.endswith(b"\n"))


def _compare(log: Path, objects: Objects) -> tuple[Chain, list[int]]:
    """Follow both logs as one; give what they say together and which records are not there yet."""
    chain, missing = Chain(), []
    for number, (mine, theirs) in enumerate(zip_longest(_lines(log), read_lines(objects, 0)), start=1):
        if theirs and mine != theirs and (mine is not None or number == 1):
            parted = "" if number == 1 else ": something was added both here and there since they were one"
            raise _taken(f"record {number} of the custody log there is another{parted}")
        if not theirs:
            missing.append(number)
        chain.feed(theirs or mine or b"")
    return chain, missing


def _require_ours(place: ObjectPlace, there: set[str], known: Chain) -> None:
    strange = [of_capture(name) for name in sorted(there) if name not in known.intents and name not in known.sealed]
    found = [*place.strays(), *strange]
    if found:
        raise _taken(f"the custody log does not speak of {', '.join(found[:3])}")


def _taken(why: str) -> EvidenceError:
    return EvidenceError(
        "Other things lie there already.", why=why, try_="Choose a bucket or a prefix that is empty: s3://bucket/prefix"
    )


class _Way:
    """Carry things from a folder to an object store, a few side by side; `is_empty` says that no file is there yet."""

    def __init__(self, root: Path, objects: Objects, *, is_empty: bool) -> None:
        self._root = root
        self._objects = objects
        self._is_empty = is_empty

    def send_log(self, missing: list[int]) -> None:
        """Write the records with these numbers, the first of them alone: of two that move to one place, one ends."""
        wanted = set(missing)
        records = (one for one in enumerate(_lines(self._root / LOG), start=1) if one[0] in wanted)
        for first in islice(records, 1):
            self._send_record(first)
        for _ in abreast(_AT_ONCE, self._send_record, records):
            pass

    def send_files(self, files: list[tuple[str, int]], gone: set[str], advance: Progress) -> int:
        """Write files by folder, but for folders that are `gone`; give how many are there now."""
        total, done, count = sum(size for _, size in files), 0, 0
        folders = [(name, list(found)) for name, found in groupby(files, lambda one: one[0].rpartition("/")[0])]
        wanted = [one for one in folders if one[0] not in gone]
        done += sum(size for name, found in folders if name in gone for _, size in found)
        for number, size in abreast(_AT_ONCE, self._send_folder, wanted):
            count += number
            done += size
            advance(done, total)
        return count

    def _send_record(self, record: tuple[int, bytes]) -> None:
        number, line = record
        try:
            self._objects.create(record_name(number), line)
        except FileExistsError:
            if self._objects.read(record_name(number)) != line:
                raise _taken(f"somebody else wrote record {number} of the custody log meanwhile") from None

    def _send_folder(self, folder: tuple[str, list[tuple[str, int]]]) -> tuple[int, int]:
        name, files = folder
        there = {} if self._is_empty else self._objects.sizes(name)
        for path in (path for path, size in files if there.get(path) != size):
            self._send_file(path)
        return len(files), sum(size for _, size in files)

    def _send_file(self, path: str) -> None:
        try:
            self._objects.create_from(path, self._root / path)
        except FileExistsError:
            # An answer may be lost, and an order repeated below us: what lies there says whether it is this file.
            if self._objects.hash(path) != hash_file(self._root / path):
                raise _taken(f"{path} there is another") from None
