"""Write one ZIP that holds captures, what happened to them, how to check them, and a report to read."""

from __future__ import annotations

import json
import os
import platform
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitor import __version__
from monitor.errors import EvidenceError, FixityError, PrintingFailed
from monitor.evidence import manifest
from monitor.evidence.canonical import canonical, sha256_hex, stamp
from monitor.evidence.disk import disk_fault, hash_file
from monitor.evidence.export.bag import BagWriter
from monitor.evidence.export.excerpt import About, excerpt, shown_records
from monitor.evidence.export.facts import KeptCapture, report_facts
from monitor.evidence.place import CAPTURES, LOG
from monitor.evidence.sealed import SealedCaptures
from monitor.evidence.stamps import recorded_files
from monitor.pdf import can_print, print_pdf
from monitor.ports import Clock, Exported, ExportOrder

_HERE = Path(__file__).parent
_PICTURES_CAP = 100  # in the report; all of them are in the ZIP
_NO_PRESS = "the PDF report is missing, because the package typst is not installed: pip install 'goodname[pdf]'"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Export:
    """Hold an export that is about to be written."""

    id: str
    at: datetime
    listing: bytes
    log: bytes
    head: str
    kept: dict[str, KeptCapture]


class FileExporter:
    """Export from a vault; synchronous, from any thread.

    `seal` replaces a file by its form encrypted for a recipient; InputError when there is no such recipient.
    """

    def __init__(
        self, vault: SealedCaptures, *, clock: Clock, seal: Callable[[Path, str], None], host: str = ""
    ) -> None:
        self._vault = vault
        self._clock = clock
        self._seal = seal
        self._host = host or platform.node()
        self._log = vault.log

    def export(self, order: ExportOrder, out: Path, *, recipient: str = "") -> Exported:
        """Write an export to `out`, encrypted for an age recipient if one is given; see `monitor.ports.Exporter`."""
        remarks: list[str] = []
        kept = self._kept(order, remarks)
        if not kept:
            raise EvidenceError(
                "There is nothing to export.",
                why="; ".join(remarks) or "nothing is kept of what was asked for",
                try_="Run `goodname hits` to see what is kept.",
            )
        begun = self._begin(order, kept)
        part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
        try:
            files, has_report = self._write(part, order, begun, remarks)
            if recipient:
                self._seal(part, recipient)
            size, sha256 = hash_file(part)
            os.replace(part, out)
        except OSError as fault:
            raise disk_fault("The export could not be written.", fault) from fault
        finally:
            part.unlink(missing_ok=True)
        return Exported(
            path=out,
            sha256=sha256,
            size=size,
            captures=len(kept),
            files=files,
            chain_head=begun.head,
            has_report=has_report,
            remarks=tuple(remarks),
        )

    def _kept(self, order: ExportOrder, remarks: list[str]) -> dict[str, KeptCapture]:
        """Read every capture's manifest; what was deleted is named, what was altered stops the export."""
        wanted = dict.fromkeys(name for item in order.items for name in item.captures)
        deleted = self._log.chain().deleted
        events = self._vault.custody()
        kept = {}
        for name in sorted(wanted):
            if name in deleted:
                remarks.append(f"{name} was deleted; the custody log says when and why")
                continue
            body = self._vault.read(name, manifest.NAME)
            about = tuple(event for event in events if event.capture_id == name)
            kept[name] = KeptCapture(capture=manifest.read_capture(body), manifest=body, events=about)
        return kept

    def _begin(self, order: ExportOrder, kept: dict[str, KeptCapture]) -> _Export:
        """Record the export, so that the log it holds ends with the list of what it holds."""
        at = self._clock.now()
        export_id = f"goodname-export-{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        captures = [{"id": name, "manifest_sha256": entry.capture.manifest_sha256} for name, entry in kept.items()]
        about = (
            None
            if order.is_whole
            else About(
                captures=frozenset(name for item in order.items for name in item.captures),
                documents=frozenset(sha256_hex(one.body) for one in order.enclosures),
            )
        )
        listing = canonical(
            {
                "version": 2,
                "records_shown": list(shown_records(self._log.whole(), about)) if about else "all",
                "id": export_id,
                "at": stamp(at),
                "actor": order.actor,
                "scope": order.scope,
                "software": f"goodname {__version__}",
                "captures": captures,
                "enclosures": [{"path": one.name, "sha256": sha256_hex(one.body)} for one in order.enclosures],
            }
        )
        detail = {"id": export_id, "scope": order.scope, "captures": str(len(kept))}
        record = self._log.append("export", actor=order.actor, detail={**detail, "listing_sha256": sha256_hex(listing)})
        before, found, _ = self._log.whole().partition(record.line + b"\n")
        log = excerpt(before + found, about, record.line) if about else before + found
        return _Export(id=export_id, at=at, listing=listing, log=log, head=record.hash, kept=kept)

    def _write(self, part: Path, order: ExportOrder, begun: _Export, remarks: list[str]) -> tuple[int, bool]:
        part.touch(mode=0o600, exist_ok=False)
        with BagWriter(part, begun.id) as bag:
            files = 0
            for name, entry in begun.kept.items():
                bag.add(f"{CAPTURES}/{name}/{manifest.NAME}", entry.manifest)
                for artifact in entry.capture.artifacts:
                    path = f"{CAPTURES}/{name}/{artifact.path}"
                    self._add(bag, path, artifact.sha256)
                files += 1 + len(entry.capture.artifacts)
            for path, sha256 in sorted(_stamp_files(begun.kept).items()):
                self._add(bag, path, sha256)
            for enclosure in order.enclosures:
                bag.add(enclosure.name, enclosure.body)
            bag.add(LOG, begun.log)
            bag.add("export.json", begun.listing)
            report = self._report(order, begun, remarks)
            for name, body in report.items():
                bag.add(name, body)
            bag.add("README.txt", (_HERE / "README.txt").read_bytes())
            bag.add("verify.py", (_HERE / "verify.py").read_bytes())
            bag.finish(
                {
                    "Bag-Software-Agent": f"goodname {__version__}",
                    "Bagging-Date": f"{begun.at:%Y-%m-%d}",
                    "External-Identifier": begun.id,
                    "External-Description": "Captures of web pages with manifests, custody log and time stamps",
                }
            )
        with part.open("rb") as file:
            os.fsync(file.fileno())
        return files, "report.pdf" in report

    def _add(self, bag: BagWriter, path: str, sha256: str) -> None:
        if bag.add(path, self._vault.place.chunks(path)) != sha256:
            raise FixityError(why=f"{path} was altered", try_="Run `goodname evidence verify` to see what else was.")

    def _report(self, order: ExportOrder, begun: _Export, remarks: list[str]) -> dict[str, bytes]:
        """Give the report as data, and as a PDF where it can be printed."""
        facts = report_facts(
            order,
            begun.kept,
            export_id=begun.id,
            at=begun.at,
            software=f"goodname {__version__}",
            host=self._host,
        )
        facts |= {"chain_head": begun.head, "listing_sha256": sha256_hex(begun.listing), "remarks": list(remarks)}
        report = {
            "report.json": json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True).encode("utf-8", "replace")
        }
        if not can_print():
            remarks.append(_NO_PRESS)
            return report
        pictures = self._pictures(facts, begun.kept)
        try:
            printed = print_pdf(_HERE / "report.typ", facts, at=begun.at, pictures=pictures)
        except PrintingFailed as fault:
            remarks.append(f"the report shows no pictures: {fault.why}")
            _forget_pictures(facts)
            printed = print_pdf(_HERE / "report.typ", facts, at=begun.at)
        if printed.replaced:
            remarks.append(f"characters without a glyph stand in the report as numbers: {', '.join(printed.replaced)}")
        return {**report, "report.pdf": printed.body}

    def _pictures(self, facts: dict[str, object], kept: dict[str, KeptCapture]) -> dict[str, bytes]:
        """Read the pictures that the report shows and name them in its facts."""
        pictures: dict[str, bytes] = {}
        for shown in _captures_of(facts):
            name, path = str(shown["id"]), str(shown["picture_path"])
            if path and len(pictures) < _PICTURES_CAP:
                shown["picture"] = f"{name}.png"
                pictures[f"{name}.png"] = self._vault.read(name, path)
        return pictures


def _captures_of(facts: dict[str, object]) -> Iterator[dict[str, object]]:
    items = facts["items"]
    for item in items if isinstance(items, list) else ():
        yield from item["captures"]


def _forget_pictures(facts: dict[str, object]) -> None:
    for shown in _captures_of(facts):
        shown["picture"] = ""


def _stamp_files(kept: dict[str, KeptCapture]) -> dict[str, str]:
    """Give the tokens, proofs and certificates of these captures, with the hashes that the log recorded of them."""
    found: dict[str, str] = {}
    for event in (event for entry in kept.values() for event in entry.events if event.event == "timestamp"):
        found.update(recorded_files(event.detail))
    return found
