#!/usr/bin/env python3
"""Check an evidence export. Needs Python 3.8 or newer, nothing else, and no network.

    python3 verify.py [EXPORT.zip | FOLDER] [--head HASH]

Reads everything anew and checks that
  1. every file has the SHA-256 that manifest-sha256.txt says, none is missing and none was added;
  2. in custody.jsonl each record's hash is right, each record holds the hash of the one before it, and none that
     was exported lacks what it said (records about anything but these captures show their hashes alone);
  3. each capture's manifest.json has the hash that the log recorded when the capture was sealed, and each of its
     files has the hash that manifest.json lists;
  4. each time stamp is the one that the log recorded (README.txt says how to check who signed it; what a proof of
     OpenTimestamps shows is not checked here);
  5. with --head: the log holds this record's hash, copied from a message sent at an earlier time.
Ends with 0 intact; 1 altered, missing or added; 2 intact, but without --head or with a time stamp still pending;
3 could not be run.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import struct
import sys
import zipfile
from functools import partial
from pathlib import Path
from typing import IO, Any, Callable

BROKEN = (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, EOFError)
UNREADABLE = (*BROKEN, zipfile.BadZipFile, struct.error)


class Export:
    """Hold an export's files by name, read from its ZIP or its unpacked folder, and the faults found."""

    def __init__(self, path: Path, *, should_hash: bool = True) -> None:
        self.faults: set[tuple[str, str]] = set()
        self.openers: dict[str, Callable[[], IO[bytes]]] = {}
        if path.is_dir():
            for one in path.rglob("*"):
                name = one.relative_to(path).as_posix()
                if one.is_symlink():
                    self.faults.add((name, "added: a link"))
                elif not one.is_dir():
                    self.openers[name] = partial(io.FileIO, str(one))
        else:
            archive = zipfile.ZipFile(path)
            names = archive.namelist()
            top = names[0].partition("/")[0] + "/"  # everything is in one folder
            self.openers = {name[len(top) :]: partial(archive.open, name) for name in names if name.startswith(top)}
            self.faults |= {(n, "added") for n in names if not n.startswith(top) or names.count(n) > 1}
        self.hashes = {name: self.hash(name) if should_hash else "" for name in sorted(self.openers)}

    def hash(self, name: str) -> str:
        """Hash a file in pieces; what cannot be read has no hash."""
        sha256 = hashlib.sha256()
        try:
            with self.openers[name]() as file:
                for block in iter(lambda: file.read(1 << 20), b""):
                    sha256.update(block)
        except UNREADABLE as fault:
            return f"cannot be read: {fault}"
        return sha256.hexdigest()

    def read(self, name: str) -> bytes:
        """Give a file's content, or nothing when it cannot be read."""
        if len(self.hashes.get(name, "")) != 64:
            return b""
        with self.openers[name]() as file:
            return file.read()

    def compare(self, name: str, expected: str | None, why: str) -> None:
        """Note a fault unless the file has the expected hash."""
        if self.hashes.get(name) != expected:
            self.faults.add((name, why if name in self.hashes else "missing"))


def check_lists(export: Export) -> None:
    """1. Compare every file with the lists of hashes."""
    tags = ["bag-info.txt", "bagit.txt", "manifest-sha256.txt"]
    payload = [name for name in export.hashes if name.startswith("data/")]
    for listing, names in ("manifest-sha256.txt", payload), ("tagmanifest-sha256.txt", tags):
        listed = export.read(listing).decode("utf-8", "replace").splitlines(keepends=True)
        actual = [f"{export.hashes.get(name)}  {name}\n" for name in names]
        for line in set(listed) ^ set(actual):
            export.faults.add((line[66:].strip() or listing, f"altered, missing or added: {listing} differs"))
        if listed != actual:
            export.faults.add((listing, "it does not list the files as they are"))
    for name in set(export.hashes) - set(payload) - set(tags) - {"tagmanifest-sha256.txt"}:
        export.faults.add((name, "added"))


def spell(value: Any) -> bytes:  # noqa: ANN401
    """Spell JSON in the one way in which it was hashed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


HEADER = ("v", "seq", "prev", "content_sha256")


def is_true(record: dict[str, Any]) -> bool:
    """Tell whether a record's hashes are right; one about other evidence shows its hashes alone."""
    bare = {key: value for key, value in record.items() if key != "hash"}
    if record["v"] > 1:  # in version 1 the hash is of everything, since then of a header that holds the content's hash
        content = {key: value for key, value in bare.items() if key not in HEADER}
        if content and hashlib.sha256(spell(content)).hexdigest() != record["content_sha256"]:
            return False
        bare = {key: record[key] for key in HEADER}
    return bool(hashlib.sha256(spell(bare)).hexdigest() == record["hash"])


def check_log(export: Export, head: str) -> list[dict[str, Any]]:
    """2. and 5. Follow the chain of records; give those that say something."""
    log, torn = "data/custody.jsonl", ""
    previous: dict[str, Any] = {"hash": "", "seq": 0}
    records: list[dict[str, Any]] = []
    hashes: list[str] = []
    *lines, tail = export.read(log).split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            is_whole = is_true(record) and spell(record) == line
            follows = record["prev"] == previous["hash"] and record["seq"] == previous["seq"] + 1
            accounts = not torn or record.get("detail", {}).get("torn_sha256") == torn  # for a cut line
        except UNREADABLE:
            torn = hashlib.sha256(torn.encode() + line).hexdigest()
            is_whole = follows = accounts = True
        else:
            torn, previous = "", record
            hashes.append(record["hash"])
            records += [record] if "event" in record else []
        if not (is_whole and follows and accounts):
            export.faults.add((log, f"record in line {number} was altered, or one was added, moved or removed"))
    if tail or torn or not records:
        export.faults.add((log, "its end is no record"))
    if head and head not in hashes:
        export.faults.add((log, "does not hold the head given: its end was cut, or all of it was rewritten"))
    return records


def check_capture(export: Export, folder: str, present: set[str], sealed: str) -> None:
    """3. Compare one capture with what the log recorded of it."""
    export.compare(folder + "manifest.json", sealed, "altered: its hash is not the one in the log")
    try:
        listed = {one["path"]: one["sha256"] for one in json.loads(export.read(folder + "manifest.json"))["files"]}
    except UNREADABLE:
        export.faults.add((folder + "manifest.json", "it cannot be read as a manifest"))
        return
    for name in {*listed, *present} - {"manifest.json"}:
        export.compare(folder + name, listed.get(name), "altered or added: not what manifest.json lists")


def check_captures(export: Export, records: list[dict[str, Any]]) -> int:
    """3. and 4. Compare captures and time stamps with the log; give how many captures still wait for one."""
    sealed = {one["capture"]: one["manifest_sha256"] for one in records if one["event"] in ("capture", "recovered")}
    listing_sha256 = records[-1]["detail"].get("listing_sha256") if records else ""
    export.compare("data/export.json", listing_sha256, "altered: its hash is not in the log's last record")
    listing = json.loads(export.read("data/export.json"))
    for one in listing.get("enclosures", []):
        export.compare(f"data/{one['path']}", one["sha256"], "altered: not what export.json lists")
    listed = [one["id"] for one in listing["captures"]]
    shown = listing.get("records_shown", "all")
    wanted = range(1, records[-1]["seq"]) if shown == "all" else shown
    if not set(wanted) <= {one["seq"] for one in records}:
        export.faults.add(("data/custody.jsonl", "what a record said was taken out"))
    present: dict[str, set[str]] = {}
    for parts in [name.split("/", 3) for name in export.hashes if name.startswith("data/captures/")]:
        present.setdefault(parts[2], set()).add(parts[-1])
    for name in set(present) - set(listed):
        export.faults.add((f"data/captures/{name}", "added: not part of this export"))
    for name in listed:
        check_capture(export, f"data/captures/{name}/", present.get(name, set()), sealed.get(name, ""))
    stamps = [one for one in records if one["event"] == "timestamp" and one["capture"] in listed]
    for detail in (one["detail"] for one in stamps):
        export.compare(f"data/{detail['token']}", detail["tsr_sha256"], "altered: not what the log recorded")
        if detail.get("kind") != "opentimestamps":  # a proof has none
            export.compare(f"data/{detail['certificates']}", detail["certificates_sha256"], "altered: not as recorded")
    final = {one["capture"] for one in stamps if one["detail"].get("status") != "pending"}
    return len(set(listed) - final) if stamps else 0  # they may not be in use


def check(path: Path, head: str = "") -> tuple[list[tuple[str, str]], int, int, str]:
    """Check an export; give its faults, how many files it has, captures without a time stamp, and the chain head."""
    try:
        export = Export(path)
    except UNREADABLE as fault:
        return [(path.name, f"it cannot be read: {fault}")], 0, 0, ""
    check_lists(export)
    records, pending = check_log(export, head), 0
    try:
        pending = check_captures(export, records)
    except UNREADABLE:
        export.faults.add(("data/export.json", "it, or what the log says of it, cannot be read"))
    return sorted(export.faults), len(export.hashes), pending, records[-1]["hash"] if records else ""


def main() -> int:
    """Check what the command line names, and say in words what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", nargs="?", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--head", default="", help="a chain head from an earlier message")
    options = parser.parse_args()
    if not options.path.exists():
        print("There is nothing at", options.path)
        return 3
    faults, files, pending, head = check(options.path, options.head)
    for name, problem in faults:
        print(ascii(name), ascii(problem), sep=": ")
    print(f"{'NOT INTACT' if faults else 'Intact'}: {files} files, {len(faults)} faults. Chain head: {head}")
    if pending:
        print(f"{pending} captures still wait for a time stamp of an outside authority.")
    proofs = sum(name.endswith(".ots") for name in Export(options.path, should_hash=False).openers) if files else 0
    if proofs:
        print(f"{proofs} OpenTimestamps proofs (.ots) are present; what they prove was not checked here.")
    if not options.head:
        print("Without --head a log that was rewritten as a whole, with all that it records, would not be seen.")
    return 1 if faults else 2 if pending or not options.head else 0


if __name__ == "__main__":
    sys.exit(main())
