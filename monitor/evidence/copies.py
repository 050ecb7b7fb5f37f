"""Keep write-once copies of evidence in an object store elsewhere.

Files are named by their SHA-256, and everything is created and never replaced; so a copy can be added to, and not
quietly changed. The custody log is copied in pieces as it grows: a copy of its lines elsewhere is a witness of its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, NotFoundError

from monitor.domain import Artifact
from monitor.errors import EvidenceError, FixityError
from monitor.evidence import manifest
from monitor.evidence.canonical import sha256_hex
from monitor.evidence.chain import SEALING, Record
from monitor.evidence.disk import read_file
from monitor.evidence.objects import TAKEN, open_objects, words_of
from monitor.evidence.place import CAPTURES, LOG
from monitor.evidence.stamps import recorded_files
from monitor.ports import Finding

_CUSTODY = "custody"
_BATCH = 500  # records a piece


class ObjectCopies:
    """Copy a vault's folder to `url`, such as s3://bucket/prefix or file:///mnt/elsewhere.

    `options` are those of the store: access_key_id, secret_access_key, endpoint, region. Synchronous.
    """

    def __init__(self, root: Path, url: str, options: Mapping[str, str]) -> None:
        self._root = root
        self._store = open_objects(url, options, what="Evidence cannot be copied there.")

    def copy_after(self, seq: int) -> int:
        """Copy what the log recorded after this record; give the last record copied. Can be run again at any point."""
        lines = list(self._lines_after(seq))[:_BATCH]
        if not lines:
            return seq
        try:
            for record in (record for record, _ in lines):
                self._copy(record)
            first, last = lines[0][0], lines[-1][0]
            name = f"{_CUSTODY}/{first.seq:010d}-{last.seq:010d}-{last.hash}.jsonl"
            self._create(name, b"".join(line for _, line in lines))
        except BaseError as fault:
            raise EvidenceError("Evidence could not be copied.", why=words_of(fault)) from fault
        return last.seq

    def check(self) -> tuple[Finding, ...]:
        """Compare the copy with what is here: log, manifests, and every object's presence and size."""
        findings = []
        try:
            mine = set((self._root / LOG).read_bytes().splitlines()) if (self._root / LOG).is_file() else set()
            for line in self._copied_lines():
                record = Record.parse(line)
                if line not in mine:
                    problem = f"the copy holds record {record.seq}, which is not here: the log was cut or rewritten"
                    findings.append(Finding(capture_id=record.capture, path=LOG, problem=problem))
                elif record.event in SEALING and record.capture:
                    findings += self._check_capture(record.capture, record.manifest_sha256)
        except (BaseError, ValueError) as fault:
            raise EvidenceError("The copy cannot be read.", why=words_of(fault)) from fault
        return tuple(findings)

    def _lines_after(self, seq: int) -> Iterator[tuple[Record, bytes]]:
        if not (self._root / LOG).is_file():
            return
        with (self._root / LOG).open("rb") as file:
            for line in file:
                try:
                    record = Record.parse(line.rstrip(b"\n"))
                except ValueError:
                    continue
                if record.seq > seq and line.endswith(b"\n"):
                    yield record, line

    def _copy(self, record: Record) -> None:
        folder = self._root / CAPTURES / record.capture
        if record.event in SEALING and manifest.is_capture_id(record.capture) and folder.is_dir():
            body = read_file(folder / manifest.NAME)
            if sha256_hex(body) != record.manifest_sha256:
                raise FixityError(why=f"{record.capture}/{manifest.NAME} was altered")
            for artifact in manifest.read_files(body):
                self._copy_file(folder / artifact.path, artifact)
            self._create(f"{CAPTURES}/{record.capture}/{manifest.NAME}", body)
        elif record.event == "timestamp":
            for path, _ in recorded_files(record.detail):
                self._create(path, read_file(self._root / path))

    def _copy_file(self, path: Path, artifact: Artifact) -> None:
        body = read_file(path)
        if sha256_hex(body) != artifact.sha256:
            raise FixityError(why=f"{path.parent.name}/{path.name} was altered")
        self._create(_object(artifact.sha256), body)

    def _create(self, name: str, body: bytes) -> None:
        """Write once; what is there already must be the same."""
        try:
            obstore.put(self._store, name, body, mode="create", use_multipart=False)
        except TAKEN:
            if bytes(obstore.get(self._store, name).bytes()) != body:
                raise FixityError("The copy elsewhere is not what was copied.", why=f"{name} is another") from None

    def _copied_lines(self) -> Iterator[bytes]:
        pieces = sorted(one["path"] for batch in obstore.list(self._store, prefix=_CUSTODY) for one in batch)
        for path in pieces:
            yield from bytes(obstore.get(self._store, path).bytes()).splitlines()

    def _check_capture(self, capture_id: str, sha256: str) -> Iterator[Finding]:
        name = f"{CAPTURES}/{capture_id}/{manifest.NAME}"
        body = self._get(name)
        if body is None or sha256_hex(body) != sha256:
            problem = "missing in the copy" if body is None else "altered in the copy"
            yield Finding(capture_id=capture_id, path=manifest.NAME, problem=problem)
            return
        for artifact in manifest.read_files(body):
            found = self._get(_object(artifact.sha256))
            if found is None or sha256_hex(found) != artifact.sha256:
                problem = "missing in the copy" if found is None else "altered in the copy"
                yield Finding(capture_id=capture_id, path=artifact.path, problem=problem)

    def _get(self, name: str) -> bytes | None:
        try:
            return bytes(obstore.get(self._store, name).bytes())
        except (NotFoundError, FileNotFoundError):
            return None


def _object(sha256: str) -> str:
    return f"objects/{sha256[:2]}/{sha256}"
