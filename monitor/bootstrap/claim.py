"""Let one process at a time work on an installation's data."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from monitor.errors import ConfigError, try_of, why_of


class Claim:
    """Hold a lock on a file for as long as the process lives; the system drops it with the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: int | None = None

    def take(self) -> bool:
        """Take the lock, in a folder made for it if need be; True when it is ours, also when it was already.

        ConfigError when the folder takes no file.
        """
        if self._held is not None:
            return True
        held = self._open()
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            return False
        self._held = held
        return True

    def _open(self) -> int:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(
                f"The data folder {self._path.parent} cannot be written.",
                why=why_of(error),
                try_=try_of(error, "Check that it belongs to the user who runs this program."),
            ) from error

    def drop(self) -> None:
        """Let go of the lock; idempotent."""
        if self._held is not None:
            os.close(self._held)
            self._held = None
