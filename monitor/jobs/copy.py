"""Copy evidence elsewhere as it grows; nothing waits for it."""

from __future__ import annotations

import logging
from typing import Protocol

from monitor.errors import EvidenceError
from monitor.ports import Store

log = logging.getLogger("goodname.copy")

_SEQ = "copy.seq"
_ERROR = "copy.error"


class Copier(Protocol):
    """Copy what the custody log recorded after a record."""

    def copy_after(self, seq: int) -> int:
        """Give the last record that is copied now; EvidenceError when the place cannot be reached."""
        ...


def run(store: Store, copier: Copier) -> bool:
    """Copy the next piece; gives whether there was one. A fault is kept for `doctor`, and tried again next time."""
    seq = int(store.setting(_SEQ) or 0)
    try:
        done = copier.copy_after(seq)
    except EvidenceError as error:
        store.set_setting(_ERROR, str(error))
        log.warning("evidence could not be copied", extra={"why": str(error)})
        return False
    if store.setting(_ERROR):
        store.set_setting(_ERROR, "")
    if done == seq:
        return False
    store.set_setting(_SEQ, str(done))
    return True


def last_error(store: Store) -> str:
    """Give why the last copy failed, or an empty string."""
    return store.setting(_ERROR)
