"""What is on hold stays; what a person deletes leaves a record with its reason, also through a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.domain import Capture
from monitor.errors import EvidenceError, FixityError
from monitor.evidence import FileVault
from monitor.evidence.custody import CustodyLog


def test_a_deleted_capture_leaves_a_record_and_no_fault(
    keep: Callable[..., Capture], vault: FileVault, root: Path
) -> None:
    one, two = keep("one"), keep("two")
    vault.delete(one.id, actor="FIRST LAST", reason="wish of a third party")
    assert not (root / "captures" / one.id).exists()
    event = vault.custody(one.id)[-1]
    assert (event.event, event.actor, event.detail["reason"]) == ("delete", "FIRST LAST", "wish of a third party")
    assert event.detail["manifest_sha256"] == one.manifest_sha256
    found = vault.verify()
    assert (found.is_intact, found.captures) == (True, 1)
    assert [capture.id for capture in vault.captures()] == [two.id]
    assert vault.unstamped() == (two.id,)
    with pytest.raises(FixityError, match="no such capture"):
        vault.delete(one.id, actor="FIRST LAST", reason="again")


@pytest.mark.parametrize("name", ["20261122T164400Z-00000000", "../../etc", ""])
def test_what_is_no_capture_is_not_deleted(name: str, keep: Callable[..., Capture], vault: FileVault) -> None:
    keep("one")
    with pytest.raises(FixityError):
        vault.delete(name, actor="FIRST LAST", reason="x")
    assert vault.verify().is_intact


def test_a_hold_stops_it_until_it_is_lifted(keep: Callable[..., Capture], vault: FileVault) -> None:
    one = keep("one")
    vault.hold(one.id, actor="COUNSEL", reason="suit expected", until="2027-05-31")
    assert vault.held()[one.id]["review_on"] == "2027-05-31"
    with pytest.raises(EvidenceError, match="on hold") as caught:
        vault.delete(one.id, actor="FIRST LAST", reason="x")
    assert caught.value.why == "suit expected"
    vault.hold(one.id, actor="COUNSEL", reason="settled", is_lifted=True)
    assert vault.held() == {}
    vault.delete(one.id, actor="FIRST LAST", reason="x")
    with pytest.raises(FixityError):
        vault.hold("20261122T164400Z-00000000", actor="COUNSEL", reason="x")


def test_a_crash_between_record_and_removal_is_finished_at_the_next_start(
    keep: Callable[..., Capture], vault: FileVault, root: Path, clock
) -> None:
    one = keep("one")
    log = CustodyLog(root / "custody.jsonl", clock=clock, host="testhost")
    log.append("delete", actor="x", capture=one.id, manifest_sha256=one.manifest_sha256, detail={"reason": "x"})
    log.append("delete", actor="x", capture="../../x", detail={"reason": "a name that is none"})
    assert not vault.verify().is_intact
    vault.recover()
    assert vault.verify().is_intact
    assert not (root / "captures" / one.id).exists()
