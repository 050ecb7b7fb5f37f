"""Encrypt and decrypt files with age, block by block; the only door to pyrage, which is an extra."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from monitor.errors import BackupError, InputError

_AGE = b"age-encryption.org/"
_JOIN_S = 600.0


def _pyrage() -> Any:  # noqa: ANN401  # the package has no types
    try:
        import pyrage  # noqa: PLC0415  # an extra
    except ImportError:
        raise BackupError(
            "Encryption needs one more package.",
            why="pyrage is not installed",
            try_="Run `pip install 'goodname[encrypt]'`.",
        ) from None
    return pyrage


@contextlib.contextmanager
def sealed(sink: BinaryIO, recipients: Sequence[str]) -> Iterator[BinaryIO]:
    """Give a file to write plain bytes to, which arrive in `sink` encrypted for the recipients (none: as they are).

    A recipient is a public key: `age1…`, or a line from an SSH public key file. InputError for one that is neither.
    """
    if not recipients:
        yield sink
        return
    age = _pyrage()
    keys = [_recipient(age, one) for one in recipients]
    with _pipe(lambda reader: age.encrypt_io(reader, sink, keys), (age.EncryptError, OSError, ValueError)) as writer:
        yield writer


def check_recipient(recipient: str) -> None:
    """Tell at once whether a file can be encrypted for this key; InputError or BackupError when it cannot."""
    _recipient(_pyrage(), recipient)


def seal_file(path: Path, recipient: str) -> None:
    """Replace a file by its form encrypted for one recipient; OSError when the disk refuses."""
    part = path.with_name(f"{path.name}.age")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as sink:
            with path.open("rb") as plain, sealed(sink, [recipient]) as writer:
                shutil.copyfileobj(plain, writer)
            sink.flush()
            os.fsync(sink.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def opened(source: BinaryIO, identity: Path | None) -> Iterator[BinaryIO]:
    """Give a file to read plain bytes from, decrypted with the keys in an age identity file where that is needed.

    BackupError when it is encrypted and none of the keys fits.
    """
    start = source.read(len(_AGE))
    source.seek(0)
    if start != _AGE:
        yield source
        return
    if identity is None:
        raise BackupError(
            "The backup is encrypted.", why="no key was given", try_="Add `--identity FILE` with your age key file."
        )
    age = _pyrage()
    keys = _identities(age, identity)
    read_end, write_end = os.pipe()
    faults: list[BaseException] = []
    with os.fdopen(read_end, "rb") as reader:
        thread = threading.Thread(target=_decrypt, args=(age, source, write_end, keys, faults), daemon=True)
        thread.start()
        try:
            yield reader
        finally:
            reader.close()
            thread.join(_JOIN_S)
            if any(not isinstance(fault, BrokenPipeError) for fault in faults):
                raise BackupError(
                    "The backup could not be decrypted.", why="the key does not fit, or the file is damaged"
                )


def _decrypt(age: Any, source: BinaryIO, write_end: int, keys: list[Any], faults: list[BaseException]) -> None:  # noqa: ANN401  # untyped package
    try:
        with os.fdopen(write_end, "wb") as writer:
            age.decrypt_io(source, writer, keys)
    except (age.DecryptError, OSError, ValueError) as fault:
        faults.append(fault)


@contextlib.contextmanager
def _pipe(work: Callable[[BinaryIO], None], expected: tuple[type[Exception], ...]) -> Iterator[BinaryIO]:
    """Run work in a thread that reads what is written here; its fault is raised when the block ends."""
    read_end, write_end = os.pipe()
    faults: list[BaseException] = []

    def run() -> None:
        with os.fdopen(read_end, "rb") as reader:
            try:
                work(cast("BinaryIO", reader))
            except expected as fault:
                faults.append(fault)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        with os.fdopen(write_end, "wb") as writer:
            yield cast("BinaryIO", writer)
    except BrokenPipeError:
        pass
    finally:
        thread.join(_JOIN_S)
    if faults:
        raise BackupError("The backup could not be encrypted.", why=str(faults[0])) from faults[0]


def _recipient(age: Any, text: str) -> Any:  # noqa: ANN401  # untyped package
    key = text.strip()
    kind = age.ssh if key.startswith("ssh-") else age.x25519
    try:
        return kind.Recipient.from_str(key)
    except (age.RecipientError, ValueError):
        raise InputError(
            "That is no public key an archive can be encrypted for.",
            why="expected one that starts with `age1`, or a line such as `ssh-ed25519 …`",
            try_="Make one with `age-keygen`, and keep its secret part away from this machine.",
        ) from None


def _identities(age: Any, path: Path) -> list[Any]:  # noqa: ANN401  # untyped package
    try:
        body = path.read_bytes()
        lines = [line.strip() for line in body.decode().splitlines()]
        keys = [age.x25519.Identity.from_str(line) for line in lines if line.startswith("AGE-SECRET-KEY-")]
        return keys or [age.ssh.Identity.from_buffer(body)]
    except (OSError, ValueError, age.IdentityError):
        raise InputError(f"{path} holds no key that can be used.", why="expected an age identity file") from None
