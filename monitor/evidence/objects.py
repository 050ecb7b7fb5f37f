"""Create, read and remove objects in an object store. The only door to obstore.

Everything that fails is an OSError, as with files: FileNotFoundError for what is not there, FileExistsError for a name
that is taken, and otherwise one whose `strerror` says in words what the store answered.
"""

from __future__ import annotations

import errno
import hashlib
import mmap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, PreconditionError

from monitor.errors import EvidenceError

TAKEN = (AlreadyExistsError, PreconditionError)
_BLOCK = 1 << 20
_AT_ONCE = 500  # names in one order to remove; S3 takes a thousand
_RETRIES = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}
_TIMEOUTS = {"timeout": "300s", "connect_timeout": "10s"}


def open_objects(url: str, options: Mapping[str, str], *, what: str) -> Any:  # noqa: ANN401  # its types differ by store
    """Open an object store such as s3://bucket/prefix or file:///mnt/elsewhere; EvidenceError saying `what` fails.

    An address of the operator's own; the guard is for addresses that others name. Without encryption only where the
    operator wrote http:// himself.
    """
    given = {key: value for key, value in options.items() if value}
    client = {**_TIMEOUTS, "allow_http": given.get("endpoint", "").startswith("http://")}
    try:
        if url.startswith("file:"):
            return obstore.store.from_url(url, mkdir=True, automatic_cleanup=True)
        # The server compares this checksum with what arrived, and refuses what does not fit.
        given |= {"checksum_algorithm": "SHA256"} if url.startswith("s3:") else {}
        return obstore.store.from_url(url, config=given, client_options=client, retry_config=_RETRIES)  # type: ignore[call-overload]  # its options are typed by store
    except (BaseError, ValueError) as fault:
        raise EvidenceError(what, why=words_of(fault)) from fault


class Objects:
    """Hold one store of objects, below the prefix that its address names. Synchronous; safe between threads."""

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        self.url = url
        self._store = open_objects(url, options, what="Evidence cannot be kept there.")

    def create(self, name: str, body: bytes | mmap.mmap) -> None:
        """Write a new object, whole or not at all; FileExistsError when the name is taken."""
        with _as_file_faults(name):
            obstore.put(self._store, name, body, mode="create", use_multipart=False)

    def create_from(self, name: str, path: Path) -> None:
        """Write a file as a new object; FileExistsError when the name is taken. It is mapped, not read into memory."""
        with path.open("rb") as file:
            if path.stat().st_size == 0:
                self.create(name, b"")
                return
            with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as body:
                self.create(name, body)

    def create_once(self, name: str, path: Path, sha256: str) -> None:
        """Write a file as a new object; one of this name with the same content is fine, another FileExistsError."""
        try:
            self.create_from(name, path)
        except FileExistsError:
            # Written before a crash, or before an answer was lost on the way.
            if self.hash(name)[1] != sha256:
                raise

    def read(self, name: str) -> bytes:
        """Give a whole object."""
        with _as_file_faults(name):
            return bytes(obstore.get(self._store, name).bytes())

    def chunks(self, name: str) -> Iterator[bytes]:
        """Give an object in pieces, as they arrive."""
        with _as_file_faults(name):
            for chunk in obstore.get(self._store, name).stream(min_chunk_size=_BLOCK):
                yield bytes(chunk)

    def hash(self, name: str) -> tuple[int, str]:
        """Give size and SHA-256 of an object, without holding it in memory."""
        digest, size = hashlib.sha256(), 0
        for chunk in self.chunks(name):
            digest.update(chunk)
            size += len(chunk)
        return size, digest.hexdigest()

    def below(self, folder: str) -> tuple[list[str], list[str]]:
        """Give the names directly below: of those that have something below them, and of objects."""
        with _as_file_faults(folder):
            found = obstore.list_with_delimiter(self._store, prefix=folder or None)
        base = f"{folder}/" if folder else ""
        folders = sorted(path.removeprefix(base) for path in found["common_prefixes"])
        return folders, sorted(one["path"].removeprefix(base) for one in found["objects"])

    def sizes(self, folder: str) -> dict[str, int]:
        """Give the names of objects at or below a folder, from the top, with their sizes."""
        with _as_file_faults(folder):
            pages = obstore.list(self._store, prefix=folder)
            return {one["path"]: one["size"] for page in pages for one in page}

    def after(self, folder: str, name: str) -> list[str]:
        """Give the names of objects below a folder that sort after a name, in order."""
        with _as_file_faults(folder):
            pages = obstore.list(self._store, prefix=folder, offset=f"{folder}/{name}")
            return sorted(one["path"].removeprefix(f"{folder}/") for page in pages for one in page)

    def remove(self, names: list[str]) -> None:
        """Remove objects; those that are not there are fine."""
        for start in range(0, len(names), _AT_ONCE):
            with _as_file_faults(names[start]):
                obstore.delete(self._store, names[start : start + _AT_ONCE])


@contextmanager
def _as_file_faults(name: str) -> Iterator[None]:
    try:
        yield
    except TAKEN as fault:
        raise FileExistsError(errno.EEXIST, "it is there already", name) from fault
    except (BaseError, NotFoundError, FileNotFoundError) as fault:
        if "NoSuchBucket" in str(fault):
            raise OSError(errno.EIO, "there is no such bucket", name) from fault
        if not isinstance(fault, (NotFoundError, FileNotFoundError)):
            raise OSError(errno.EIO, words_of(fault), name) from fault
        raise FileNotFoundError(errno.ENOENT, "it is not there", name) from fault


def words_of(fault: Exception) -> str:
    """Give the first words of what a store answered; the library adds pages of its own state."""
    return " ".join(str(fault).partition("Debug source")[0].split())[:300]
