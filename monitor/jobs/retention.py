"""Let go of what is kept and matches nothing, after a time; a record of each deletion stays."""

from __future__ import annotations

import logging
from datetime import timedelta

from monitor.errors import EvidenceError
from monitor.ports import Clock, Store, Vault

log = logging.getLogger("goodname.retention")

ACTOR = "goodname"
_BATCH = 50


def run(store: Store, vault: Vault, clock: Clock, keep_for: timedelta) -> tuple[str, ...]:
    """Delete the next captures older than `keep_for` that match nothing; gives their ids. Zero keeps all for ever.

    A capture matches nothing when no version of its mention is about anybody or repeats anything, or a person said of
    each such judgement that it is about somebody else. What a person asked for, put into a case, judged otherwise or
    put on hold stays. The tombstone comes first, so that a crash in between is finished by the next start.
    """
    if not keep_for:
        return ()
    held = vault.held()
    in_cases = {mention_id for case in store.cases() for mention_id in case.mention_ids}
    found = store.unmatched_captures(clock.now() - keep_for, without=in_cases, limit=_BATCH + len(held))
    gone = []
    for capture_id in [one for one in found if one not in held][:_BATCH]:
        reason = f"kept for {keep_for.days} days, and it matches nothing"
        try:
            vault.delete(capture_id, actor=ACTOR, reason=reason)
        except EvidenceError as error:
            log.warning("a capture could not be let go", extra={"capture": capture_id, "why": str(error)})
            continue
        store.drop_capture(capture_id)
        gone.append(capture_id)
    return tuple(gone)
