"""Remember across starts, past the database, that a person was told that it takes nothing."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from monitor.errors import why_of

log = logging.getLogger("goodname.told")

TOLD = "store.told"
_YES, _NO = b"1", b"0"


class ToldNote:
    """Keep one byte in a file that is there from the start on and is written over in place: a full disk takes that.

    What cannot be written, as on a read-only disk, is logged and left at that.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            self.write(is_told=False)

    def read(self) -> bool:
        """Tell whether a person still waits for the word that it is over."""
        with contextlib.suppress(OSError):
            return self._path.read_bytes() == _YES
        return False

    def write(self, *, is_told: bool) -> None:
        """Note that it was told, or that it is over."""
        try:
            held = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(held, _YES if is_told else _NO, 0)
                os.fsync(held)
            finally:
                os.close(held)
        except OSError as error:
            log.warning("what was told of the database could not be noted", extra={"why": why_of(error)})
