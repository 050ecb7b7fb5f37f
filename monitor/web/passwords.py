"""Check who somebody is: passwords, codes from an authenticator app, and random tokens."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

import pyotp

from monitor.errors import InputError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 10
LONGEST = 512
# A hash takes 64 MB for a moment; a crowd of attempts must not take the machine's memory.
_AT_ONCE = threading.BoundedSemaphore(2)
_STEP_S = 30


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # noqa: PLC0415 # loaded when somebody signs in

    return PasswordHasher()


def new_token() -> str:
    """Make a random token that fits into an address."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Give what is kept of a token: from it the token cannot be found."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def hash_password(password: str) -> str:
    """Hash a password with argon2id; InputError for one that is too short or too long."""
    if len(password) < SHORTEST:
        raise InputError(
            "This password is too short.",
            why=f"It has {len(password)} characters; at least {SHORTEST} are needed.",
            try_="Take four or five words that nobody would guess.",
        )
    if len(password) > LONGEST:
        raise InputError("This password is too long.", why=f"At most {LONGEST} characters are read.")
    with _AT_ONCE:
        return _hasher().hash(password)


@cache
def _hash_of_nobody() -> str:
    """Write a hash that no password has, but that takes as long to check; making a true one would cost 64 MB."""
    salt, digest = (b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    hasher = _hasher()
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


def is_password(kept_hash: str, password: str) -> bool:
    """Tell whether a password is the one; takes as long for an account that does not exist (an empty hash)."""
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415 # as above

    with _AT_ONCE:
        try:
            _hasher().verify(kept_hash or _hash_of_nobody(), password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False
    return bool(kept_hash)


def new_totp_secret() -> str:
    """Make a key for an authenticator app."""
    return pyotp.random_base32()


def totp_uri(secret: str, name: str) -> str:
    """Give the address that authenticator apps read; it names this program neutrally."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Summary")


def totp_step(secret: str, code: str, now: datetime) -> int:
    """Give the time step whose code this is, one step early or late allowed, or 0."""
    given = "".join(code.split())
    current = int(now.timestamp()) // _STEP_S
    totp = pyotp.TOTP(secret)
    for step in (current, current - 1, current + 1):
        if hmac.compare_digest(totp.at(step * _STEP_S).encode(), given.encode("utf-8", "replace")):
            return step
    return 0


def form_token(session_token: str) -> str:
    """Make the hidden field of a session's forms, different each time, so that a page's size tells nothing of it."""
    pad = secrets.token_bytes(32)
    mixed = bytes(a ^ b for a, b in zip(pad, _form_key(session_token), strict=True))
    return urlsafe_b64encode(pad + mixed).decode()


def is_form_token(session_token: str, given: str) -> bool:
    """Tell whether a form's hidden field was made for this session."""
    try:
        raw = urlsafe_b64decode(given.encode("ascii"))
    except ValueError:
        return False
    if len(raw) != 64:
        return False
    mixed = bytes(a ^ b for a, b in zip(raw[:32], raw[32:], strict=True))
    return hmac.compare_digest(mixed, _form_key(session_token))


def _form_key(session_token: str) -> bytes:
    return hmac.new(session_token.encode(), b"forms of this session", hashlib.sha256).digest()
