"""Check time stamp tokens (RFC 3161) with pinned certificates, by two programs that know nothing of each other.

A token brings certificates of its own. They are never trusted: a forger would bring his.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.domain import to_utc

if TYPE_CHECKING:
    from cryptography import x509
    from rfc3161_client import TimeStampRequest, TimeStampResponse

_OPENSSL_S = 20.0
_NO_ALIASES = {"OPENSSL_CONF": "/dev/null", "LC_ALL": "C"}  # a system's configuration may give policies names
_SAID = re.compile(
    r"Policy OID: (?P<policy>\S+) .*?Serial number: (?P<serial>0x[0-9A-Fa-f]+) "
    r"Time stamp: (?P<time>[A-Z][a-z]{2} \d{1,2} \d\d:\d\d:\d\d)(\.\d+)? (?P<year>\d{4}) GMT"
)
_SHA256_OID = "2.16.840.1.101.3.4.2.1"


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenFacts:
    """Say what a token states: when, by which policy, its serial number."""

    at: datetime
    serial: str
    policy: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenCheck:
    """Hold the outcome of a check: which programs accepted the token, and why the others did not."""

    accepted_by: tuple[str, ...]
    refusals: tuple[str, ...]

    @property
    def is_trusted(self) -> bool:
        """Tell whether at least one program accepted it."""
        return bool(self.accepted_by)


def read_pinned(pem: bytes) -> tuple[list[x509.Certificate], list[x509.Certificate]]:
    """Give roots and intermediates from a PEM file; ValueError when there is no root in it."""
    from cryptography import x509  # noqa: PLC0415 # heavy: only when certificates are read

    certificates = x509.load_pem_x509_certificates(pem)
    roots = [one for one in certificates if one.issuer == one.subject]
    if not roots:
        raise ValueError("no root certificate (one that is signed by itself) is in it")
    return roots, [one for one in certificates if one.issuer != one.subject]


def read_facts(body: bytes) -> TokenFacts:
    """Give what a token states, without checking it; ValueError when neither program can read it."""
    from rfc3161_client import decode_timestamp_response  # noqa: PLC0415 # heavy: only when a token is read

    try:
        said = decode_timestamp_response(body).tst_info
    except ValueError:
        return _facts_by_openssl(body)
    return TokenFacts(at=to_utc(said.gen_time), serial=f"{said.serial_number:x}", policy=said.policy.dotted_string)


def check_token(body: bytes, message: bytes, pem: bytes, *, asked: TimeStampRequest | None = None) -> TokenCheck:
    """Check that a pinned authority signed this message's SHA-256, and that it answers this query if one is given.

    `openssl ts` is asked when the first program cannot read the answer: its rules for the encoding are looser, and some
    authorities need that. A token that can be read and is refused stays refused.
    """
    from rfc3161_client import VerificationError  # noqa: PLC0415 # heavy: only when a token is checked

    accepted, refusals = [], []
    try:
        _check(body, message, pem, asked.nonce if asked else None)
        accepted.append(f"rfc3161-client {metadata.version('rfc3161-client')}")
    except _Unreadable as fault:
        refusals.append(f"rfc3161-client: {_words(fault)}")
        said = check_with_openssl(body, message, pem, query=asked.as_bytes() if asked else b"")
        (refusals if said else accepted).append(f"openssl ts{': ' if said else ''}{said}")
    except (ValueError, VerificationError) as fault:
        refusals.append(f"rfc3161-client: {_words(fault)}")
    return TokenCheck(accepted_by=tuple(accepted), refusals=tuple(refusals))


def check_with_openssl(body: bytes, message: bytes, pem: bytes, *, query: bytes = b"") -> str:
    """Check a token with `openssl ts -verify`; give why it refuses, or an empty string.

    With the query the nonce is compared too, which the message alone does not allow.
    """
    about = ["-queryfile", "query.tsq"] if query else ["-data", "message"]
    files = {"answer.tsr": body, "message": message, "pinned.pem": pem, "query.tsq": query}
    said = _openssl(["-verify", *about, "-in", "answer.tsr", "-CAfile", "pinned.pem"], files)
    return "" if "Verification: OK" in said else said or "no answer"


def _facts_by_openssl(body: bytes) -> TokenFacts:
    said = _openssl(["-reply", "-in", "answer.tsr", "-text"], {"answer.tsr": body})
    found = _SAID.search(said)
    if found is None:
        raise ValueError("the token cannot be read")
    at = datetime.strptime(f"{found['time']} {found['year']}", "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    return TokenFacts(at=at, serial=found["serial"].removeprefix("0x").lower(), policy=found["policy"])


def _openssl(words: list[str], files: Mapping[str, bytes]) -> str:
    """Run `openssl ts` on files of its own; give what it says on one line, however it ends."""
    program = shutil.which("openssl")
    if program is None:
        return "not installed"
    with tempfile.TemporaryDirectory(prefix="goodname-ts-") as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        command = [program, "ts", *words]
        try:
            done = subprocess.run(  # noqa: S603 # fixed words, and files of our own
                command, cwd=folder, env=_NO_ALIASES, capture_output=True, timeout=_OPENSSL_S, check=False
            )
        except (OSError, subprocess.SubprocessError) as fault:
            return _words(str(fault))
    text = " ".join((done.stdout + b" " + done.stderr).decode("utf-8", "replace").split())
    return text if done.returncode == 0 else _words(text.replace("Verification: OK", ""))


class _Unreadable(ValueError):
    """The answer does not keep to the strict encoding."""


def _check(body: bytes, message: bytes, pem: bytes, nonce: int | None) -> None:
    from rfc3161_client import VerifierBuilder, decode_timestamp_response  # noqa: PLC0415 # heavy: only to check

    roots, intermediates = read_pinned(pem)
    try:
        answer: TimeStampResponse = decode_timestamp_response(body)
        algorithm = answer.tst_info.message_imprint.hash_algorithm.dotted_string
    except ValueError as fault:
        raise _Unreadable(str(fault)) from fault
    if algorithm != _SHA256_OID:
        raise ValueError("it is not about a SHA-256")
    builder = VerifierBuilder(roots=roots, intermediates=intermediates, nonce=nonce)
    builder.build().verify(answer, hashlib.sha256(message).digest())


def _words(fault: object) -> str:
    return " ".join(str(fault).split())[:200]
