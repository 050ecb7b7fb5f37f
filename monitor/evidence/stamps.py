"""Keep time stamp tokens beside the captures, and check them: timestamps/<capture>.<hash>.tsr and the certificates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from monitor.errors import FixityError
from monitor.evidence.canonical import sha256_hex
from monitor.evidence.disk import disk_fault, private_folder, read_file, sync_folder, write_new
from monitor.evidence.tokens import check_token
from monitor.ports import Token

STAMPS = "timestamps"
_TOKEN_NAME = re.compile(r"(?P<capture>\d{8}T\d{6}Z-[0-9a-f]{8})\.[0-9a-f]{12}\.(tsr|ots)")
_PEM_NAME = re.compile(r"[0-9a-f]{16}\.pem")
_RECORDED = (("token", "tsr_sha256"), ("certificates", "certificates_sha256"))


def write_token(root: Path, capture_id: str, token: Token) -> dict[str, str]:
    """Put a token and its certificates on the disk; give what the custody log records of them.

    Writing the same token again changes nothing. EvidenceError when the disk refuses, FixityError when a file of that
    name is there and is another.
    """
    suffix = "ots" if token.facts.get("kind") == "opentimestamps" else "tsr"
    tsr_sha256, pem_sha256 = sha256_hex(token.body), sha256_hex(token.certificates)
    names = {"token": f"{capture_id}.{tsr_sha256[:12]}.{suffix}", "certificates": f"{pem_sha256[:16]}.pem"}
    folder = root / STAMPS
    try:
        private_folder(folder)
        _write_once(folder / names["token"], token.body)
        _write_once(folder / names["certificates"], token.certificates)
        sync_folder(folder)
    except OSError as fault:
        raise disk_fault("A time stamp could not be kept.", fault) from fault
    return {
        **token.facts,
        **{key: f"{STAMPS}/{name}" for key, name in names.items()},
        "tsr_sha256": tsr_sha256,
        "certificates_sha256": pem_sha256,
    }


@dataclass(kw_only=True, slots=True)
class StampReport:
    """Gather what a check of tokens found: good ones by capture, faults as (path, problem), and remarks."""

    good: set[str] = field(default_factory=set)
    faults: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    files: int = 0


def check_stamps(
    read: Callable[[str], bytes],
    stamps: Iterable[tuple[str, Mapping[str, str]]],
    manifests: Mapping[str, bytes],
    *,
    pinned: bytes = b"",
) -> StampReport:
    """Check recorded tokens: there, unaltered, and signed by a pinned authority over the capture's manifest.

    `read` gives a file below the store (OSError when it cannot), `stamps` are (capture, what the log recorded),
    `manifests` the manifests of the captures to look at. `pinned` are certificates from outside; without them the
    ones kept beside the token are used, and no token counts as good: whoever could forge it could put them there.
    """
    report = StampReport()
    unproven: set[str] = set()
    for capture_id, detail in stamps:
        if capture_id in manifests and _is_sound(read, capture_id, detail, manifests[capture_id], pinned, report):
            (report.good if pinned else unproven).add(capture_id)
    if unproven:
        report.remarks.append(
            f"the time stamps of {len(unproven)} captures are good if the certificates kept beside them are the "
            "authorities' own; give those with --certificates"
        )
    return report


def unrecorded(root: Path, stamps: Iterable[tuple[str, Mapping[str, str]]]) -> StampReport:
    """Look for files among the tokens that no record names."""
    report = StampReport()
    named = {detail.get(key, "") for _, detail in stamps for key in ("token", "certificates")}
    for name in _names(root / STAMPS):
        path = f"{STAMPS}/{name}"
        if path in named:
            continue
        if _TOKEN_NAME.fullmatch(name) or _PEM_NAME.fullmatch(name):
            report.remarks.append(f"{path} has no record: a crash left it, or it was put there; it counts for nothing")
        else:
            report.faults.append((path, "stray: it does not belong into the store"))
    return report


def _is_sound(
    read: Callable[[str], bytes],
    capture_id: str,
    detail: Mapping[str, str],
    manifest: bytes,
    pinned: bytes,
    report: StampReport,
) -> bool:
    report.files += 1
    bodies = [_recorded(read, detail, *keys, report) for keys in _RECORDED]
    if None in bodies:
        return False
    body, certificates = (one or b"" for one in bodies)
    if detail.get("kind") == "opentimestamps":
        report.remarks.append(f"{capture_id} has an OpenTimestamps proof, which only the block chain can confirm")
        return False
    checked = check_token(body, manifest, pinned or certificates)
    if not checked.is_trusted:
        problem = f"not signed by a pinned authority about this capture: {'; '.join(checked.refusals)}"
        report.faults.append((detail["token"], problem))
    return checked.is_trusted


def _recorded(
    read: Callable[[str], bytes], detail: Mapping[str, str], key: str, hash_key: str, report: StampReport
) -> bytes | None:
    path = detail.get(key, "")
    try:
        _require_name(path)
        body = read(path)
    except OSError as fault:
        missing = isinstance(fault, FileNotFoundError)
        report.faults.append((path, "missing" if missing else f"cannot be read: {fault.strerror}"))
        return None
    if sha256_hex(body) != detail.get(hash_key):
        report.faults.append((path, "altered: its hash is not the one in the custody log"))
        return None
    return body


def _names(folder: Path) -> Iterator[str]:
    if folder.is_dir() and not folder.is_symlink():
        yield from sorted(entry.name for entry in folder.iterdir())


def _require_name(path: str) -> None:
    folder, _, name = path.partition("/")
    if folder != STAMPS or not (_TOKEN_NAME.fullmatch(name) or _PEM_NAME.fullmatch(name)):
        raise FileNotFoundError(path)


def _write_once(path: Path, body: bytes) -> None:
    try:
        write_new(path, body)
    except FileExistsError:
        if read_file(path) == body:
            return
        path_and_why = f"{path.name} is there already, and is not what was to be written"
        raise FixityError(why=path_and_why) from None
