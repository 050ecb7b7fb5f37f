"""Keep time stamp tokens beside the captures, and check them: timestamps/<capture>.<hash>.tsr and the certificates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor.errors import FixityError
from monitor.evidence.canonical import sha256_hex
from monitor.evidence.disk import disk_faults, unread
from monitor.evidence.place import STAMPS, Place
from monitor.evidence.tokens import check_token
from monitor.ports import OPENTIMESTAMPS, PENDING, Token

if TYPE_CHECKING:
    from monitor.evidence.proofs import ProofFacts

_TOKEN_NAME = re.compile(r"(?P<capture>\d{8}T\d{6}Z-[0-9a-f]{8})\.[0-9a-f]{12}\.(tsr|ots)")
_PEM_NAME = re.compile(r"[0-9a-f]{16}\.pem")
_HASHES = {"token": "tsr_sha256", "certificates": "certificates_sha256"}


def write_token(place: Place, capture_id: str, token: Token) -> dict[str, str]:
    """Put a token and its certificates where the evidence lies; give what the custody log records of them.

    Writing the same token again changes nothing. EvidenceError when that is refused, FixityError when a file of that
    name is there and is another.
    """
    is_proof = token.facts.get("kind") == OPENTIMESTAMPS
    token_sha256, pem_sha256 = sha256_hex(token.body), sha256_hex(token.certificates)
    files = [("token", f"{capture_id}.{token_sha256[:12]}.{'ots' if is_proof else 'tsr'}", token.body, token_sha256)]
    if not is_proof:
        files.append(("certificates", f"{pem_sha256[:16]}.pem", token.certificates, pem_sha256))
    recorded = dict(token.facts)
    with disk_faults("A time stamp could not be kept."):
        for key, name, body, sha256 in files:
            _write_once(place, f"{STAMPS}/{name}", body)
            recorded |= {key: f"{STAMPS}/{name}", _HASHES[key]: sha256}
    return recorded


def recorded_files(detail: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give the files that one record of a time stamp names, with their recorded hashes; KeyError for a bad record."""
    for key, hash_key in _HASHES.items():
        if key == "token" or detail.get("kind") != OPENTIMESTAMPS:
            yield detail[key], detail[hash_key]


def token_path(detail: Mapping[str, str]) -> str:
    """Give the path of a recorded token, below the store; FixityError when it cannot be one."""
    path = detail.get("token", "")
    try:
        _require_name(path)
    except FileNotFoundError:
        raise FixityError(why=f"the custody log names {path!r} as a time stamp") from None
    return path


@dataclass(kw_only=True, slots=True)
class StampReport:
    """Gather what a check of tokens found: good ones by capture, faults as (path, problem), and remarks.

    `blocks` are the Bitcoin blocks that proofs lead to, with the captures; nothing here can tell whether they exist.
    """

    good: set[str] = field(default_factory=set)
    faults: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    blocks: dict[tuple[int, str], set[str]] = field(default_factory=dict)
    files: int = 0

    def notes(self) -> tuple[str, ...]:
        """Say in words which blocks a person has to compare, and what that would show."""
        return tuple(
            f"Bitcoin block {height} must have the merkle root {root}, else the OpenTimestamps proofs of "
            f"{len(names)} captures ({min(names)}{' …' if len(names) > 1 else ''}) show nothing: compare it with the "
            "block chain, which is not read here; the block's time is then theirs"
            for (height, root), names in sorted(self.blocks.items())
        )


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
        if capture_id not in manifests:
            continue
        if detail.get("kind") == OPENTIMESTAMPS:
            _check_proof(read, capture_id, detail, manifests[capture_id], report)
        elif _is_sound(read, detail, manifests[capture_id], pinned, report):
            (report.good if pinned else unproven).add(capture_id)
    alone = {name for names in report.blocks.values() for name in names} - report.good
    if alone:
        report.remarks.append(
            f"the times of {len(alone)} captures rest on OpenTimestamps proofs, and no Bitcoin block was looked at"
        )
    if unproven:
        report.remarks.append(
            f"the time stamps of {len(unproven)} captures are good if the certificates kept beside them are the "
            "authorities' own; give those with --certificates"
        )
    return report


def unrecorded(place: Place, stamps: Iterable[tuple[str, Mapping[str, str]]]) -> StampReport:
    """Look for files among the tokens that no record names."""
    report = StampReport()
    named = {detail.get(key, "") for _, detail in stamps for key in ("token", "certificates")}
    for name in place.names(STAMPS):
        path = f"{STAMPS}/{name}"
        if path in named:
            continue
        if _TOKEN_NAME.fullmatch(name) or _PEM_NAME.fullmatch(name):
            report.remarks.append(f"{path} has no record: a crash left it, or it was put there; it counts for nothing")
        else:
            report.faults.append((path, "stray: it does not belong into the store"))
    return report


def is_final(detail: Mapping[str, str]) -> bool:
    """Tell whether a record of a time stamp is of more than a promise."""
    return detail.get("status") != PENDING


def _check_proof(
    read: Callable[[str], bytes], capture_id: str, detail: Mapping[str, str], manifest: bytes, report: StampReport
) -> None:
    """Check that a proof begins with the manifest's hash and holds what the log says; note the blocks it leads to."""
    report.files += 1
    body = _recorded(read, detail, "token", report)
    if body is None:
        return
    try:
        facts = _proof_facts(body, manifest)
    except ModuleNotFoundError:
        report.remarks.append(f"the OpenTimestamps proof of {capture_id} was not read: that needs the extra `ots`")
        return
    except ValueError as fault:
        report.faults.append((detail["token"], f"no OpenTimestamps proof about this capture: {fault}"))
        return
    if is_final(detail) and not facts.blocks:
        report.faults.append((detail["token"], "the custody log says that it leads to a Bitcoin block; it does not"))
    for block in facts.blocks:
        report.blocks.setdefault((block.height, block.merkle_root), set()).add(capture_id)


def _proof_facts(body: bytes, manifest: bytes) -> ProofFacts:
    from monitor.evidence.proofs import read_proof  # noqa: PLC0415  # OpenTimestamps is an extra

    return read_proof(body, manifest)


def _is_sound(
    read: Callable[[str], bytes],
    detail: Mapping[str, str],
    manifest: bytes,
    pinned: bytes,
    report: StampReport,
) -> bool:
    report.files += 1
    bodies = [_recorded(read, detail, key, report) for key in _HASHES]
    if None in bodies:
        return False
    body, certificates = (one or b"" for one in bodies)
    checked = check_token(body, manifest, pinned or certificates)
    if not checked.is_trusted:
        problem = f"not signed by a pinned authority about this capture: {'; '.join(checked.refusals)}"
        report.faults.append((detail["token"], problem))
    return checked.is_trusted


def _recorded(read: Callable[[str], bytes], detail: Mapping[str, str], key: str, report: StampReport) -> bytes | None:
    path = detail.get(key, "")
    try:
        _require_name(path)
        body = read(path)
    except OSError as fault:
        report.faults.append((path, unread(fault)))
        return None
    if sha256_hex(body) != detail.get(_HASHES[key]):
        report.faults.append((path, "altered: its hash is not the one in the custody log"))
        return None
    return body


def _require_name(path: str) -> None:
    folder, _, name = path.partition("/")
    if folder != STAMPS or not (_TOKEN_NAME.fullmatch(name) or _PEM_NAME.fullmatch(name)):
        raise FileNotFoundError(path)


def _write_once(place: Place, path: str, body: bytes) -> None:
    try:
        place.keep(path, body)
    except FileExistsError:
        if place.read(path) == body:
            return
        raise FixityError(why=f"{path} is there already, and is not what was to be written") from None
