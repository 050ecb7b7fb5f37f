"""Delete evidence on a person's word, unless it is on hold; a record with the reason stays."""

from __future__ import annotations

from monitor.errors import EvidenceError, InputError, StoreError
from monitor.ports import Store, Vault


def redact(store: Store, vault: Vault, capture_id: str, *, actor: str, reason: str) -> None:
    """Delete one capture; InputError without a reason and a name, EvidenceError while it or its case is on hold.

    The custody log keeps that it was there, its manifest's hash, who deleted it, when and why.
    """
    if not reason.strip() or not actor.strip():
        raise InputError("A deletion needs a reason and a name.", try_='Add --because "…" --by NAME.')
    held_by = _cases_holding(store, capture_id)
    if held_by:
        raise EvidenceError(
            "This capture is on hold and cannot be deleted.",
            why=f"it belongs to case {', '.join(map(str, held_by))}, which is on hold",
            try_=f"Run `goodname case show {held_by[0]}`.",
        )
    vault.delete(capture_id, actor=actor.strip(), reason=reason.strip())
    store.drop_capture(capture_id)


def _cases_holding(store: Store, capture_id: str) -> list[int]:
    try:
        mention_id = store.capture(capture_id).mention_id
    except StoreError:  # the database may be older than the evidence
        return []
    cases = [case for case in store.cases() if mention_id in case.mention_ids]
    holds = [(case.id, store.hold(case.id)) for case in cases]
    return [case_id for case_id, hold in holds if hold is not None and hold.lifted_at is None]
