"""What every Vault keeps to, whatever it keeps its files in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.domain import ArtifactRole, CaptureOutcome, CaptureRequest, Completeness, Observed, Origin
from monitor.errors import EvidenceError, FixityError
from monitor.evidence import FileVault, Objects, ObjectVault
from monitor.ports import Token, Vault

NOW = datetime(2026, 11, 22, 16, 44, tzinfo=UTC)
REQUEST = CaptureRequest(id=7, mention_id=3, revision=2, url="https://forum.example/t/1", quotes=("some words",))
OBSERVED = Observed(
    requested_url="https://forum.example/t/1",
    final_url="https://forum.example/t/1?x",
    http_status=200,
    started_at=NOW,
    captured_at=NOW,
    outcome=CaptureOutcome.PARTIAL,
    completeness=Completeness.NOT_FOUND,
    software={"goodname": "0"},
    incomplete=("the words are not on the page",),
    failure="the words are not on the page",
)


class StillClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture(params=["folder", "s3", "objects-on-a-disk"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, str]] | None:
    """Give the address of an object store, or None for a folder."""
    if request.param == "s3":
        server = request.getfixturevalue("s3")
        return f"s3://{server.new_bucket()}/goodname", server.options
    return (f"file://{tmp_path / 'objects'}", {}) if request.param == "objects-on-a-disk" else None


def open_vault(place: tuple[str, dict[str, str]] | None, local: Path) -> Vault:
    if place is None:
        return FileVault(local.parent / "shared", clock=StillClock(), actor="test", reserve_bytes=1)
    return ObjectVault(Objects(*place), local, clock=StillClock(), actor="test", reserve_bytes=1)


@pytest.fixture
def vault(place: tuple[str, dict[str, str]] | None, tmp_path: Path) -> Vault:
    return open_vault(place, tmp_path / "here")


@pytest.fixture
def other(place: tuple[str, dict[str, str]] | None, tmp_path: Path) -> Vault:
    """Give the same vault as another machine sees it."""
    return open_vault(place, tmp_path / "there")


def keep(vault: Vault):
    staging = vault.stage(REQUEST, NOW)
    staging.add(ArtifactRole.TEXT, "page.txt", "text/plain", Origin.RENDERED, "words é".encode())
    staging.add(ArtifactRole.PAGE, "page.html", "text/html", Origin.DECODED, iter([b"<p>", b"words"]))
    return staging, vault.commit(staging, REQUEST, OBSERVED)


def test_a_capture_says_what_was_asked_seen_and_kept(vault: Vault) -> None:
    staging, capture = keep(vault)
    assert capture.id == staging.capture_id
    assert (capture.mention_id, capture.revision, capture.request_id) == (3, 2, 7)
    assert (capture.final_url, capture.http_status, capture.captured_at) == ("https://forum.example/t/1?x", 200, NOW)
    assert (capture.outcome, capture.completeness) == (CaptureOutcome.PARTIAL, Completeness.NOT_FOUND)
    assert capture.incomplete == OBSERVED.incomplete
    assert capture.failure == OBSERVED.failure
    assert {"page.txt", "page.html"} <= {artifact.path for artifact in capture.artifacts}
    assert ArtifactRole.REPORT in {artifact.role for artifact in capture.artifacts}


def test_what_was_kept_is_read_back(vault: Vault) -> None:
    _, capture = keep(vault)
    assert vault.read(capture.id, "page.txt") == "words é".encode()
    assert vault.read(capture.id, "page.html") == b"<p>words"


@pytest.mark.parametrize(
    ("capture", "path"),
    [
        ("", "page.txt"),
        ("20261122T164400Z-00000000", "page.txt"),
        ("../x", "page.txt"),
        (None, "none.txt"),
        (None, "../../custody.jsonl"),
        (None, ""),
    ],
)
def test_what_was_never_kept_is_not_read(vault: Vault, capture: str | None, path: str) -> None:
    _, kept = keep(vault)
    with pytest.raises(FixityError):
        vault.read(kept.id if capture is None else capture, path)


def test_an_untouched_vault_is_intact_and_an_empty_one_too(vault: Vault) -> None:
    assert vault.verify().is_intact
    _, first = keep(vault)
    _, second = keep(vault)
    assert first.id != second.id
    whole = vault.verify()
    assert whole.is_intact
    assert whole.captures == 2
    assert vault.verify(first.id).captures == 1


def test_the_chain_grows_with_every_event(vault: Vault) -> None:
    assert vault.chain_head() == ""
    _, capture = keep(vault)
    head = vault.chain_head()
    vault.record("access", actor="FIRST LAST", capture_id=capture.id, detail={"why": "read"})
    assert vault.chain_head() != head
    events = vault.custody(capture.id)
    assert [event.event for event in events] == ["intent", "capture", "access"]
    assert events[-1].actor == "FIRST LAST"
    assert events[-1].detail == {"why": "read"}
    assert events[-1].sha256 == vault.chain_head()
    assert vault.custody()[0].seq == 1


@pytest.mark.parametrize("event", ["intent", "capture", "recovered", "aborted", "", "No Event", "a" * 40])
def test_its_own_events_cannot_be_recorded_from_outside(vault: Vault, event: str) -> None:
    with pytest.raises(ValueError, match="recorded"):
        vault.record(event, actor="x")


def test_what_was_discarded_or_left_is_no_evidence(vault: Vault) -> None:
    staging = vault.stage(REQUEST, NOW)
    staging.add(ArtifactRole.TEXT, "page.txt", "text/plain", Origin.RENDERED, b"words")
    staging.discard()
    assert vault.recover() == ()
    assert vault.custody(staging.capture_id) == ()


def test_recovery_leaves_what_is_being_written_alone(vault: Vault) -> None:
    staging = vault.stage(REQUEST, NOW)
    staging.add(ArtifactRole.TEXT, "page.txt", "text/plain", Origin.RENDERED, b"words")
    assert vault.recover() == ()
    assert vault.commit(staging, REQUEST, OBSERVED).id == staging.capture_id
    assert vault.verify().is_intact


def test_what_one_keeps_another_reads_in_one_chain(vault: Vault, other: Vault) -> None:
    _, first = keep(vault)
    assert other.read(first.id, "page.txt") == "words é".encode()
    _, second = keep(other)
    _, third = keep(vault)
    assert [one.id for one in other.captures()] == [first.id, second.id, third.id]
    assert [event.seq for event in vault.custody()] == [1, 2, 3, 4, 5, 6]
    assert other.chain_head() == vault.chain_head()
    assert other.verify().is_intact


def test_a_held_capture_is_not_deleted_by_anybody_and_a_deleted_one_is_gone_for_all(vault: Vault, other: Vault) -> None:
    _, capture = keep(vault)
    vault.hold(capture.id, actor="FIRST LAST", reason="a lawsuit")
    with pytest.raises(EvidenceError, match="on hold"):
        other.delete(capture.id, actor="FIRST LAST", reason="asked for")
    assert other.read(capture.id, "page.txt")
    vault.hold(capture.id, actor="FIRST LAST", reason="it ended", is_lifted=True)
    vault.delete(capture.id, actor="FIRST LAST", reason="asked for")
    for one in (vault, other):
        with pytest.raises(FixityError):
            one.read(capture.id, "page.txt")
    with pytest.raises(FixityError):
        other.delete(capture.id, actor="FIRST LAST", reason="twice")
    assert other.verify().is_intact
    assert list(vault.captures()) == []


def test_a_token_is_kept_once_and_checked(vault: Vault, other: Vault) -> None:
    _, capture = keep(vault)
    token = Token(body=b"token", certificates=b"pem", facts={"authority": "https://tsa.example"})
    vault.keep_token(capture.id, token)
    other.keep_token(capture.id, token)  # as after a crash before its record
    assert other.unstamped() == ()
    problems = {finding.problem for finding in other.verify().findings}
    assert all(problem.startswith("not signed") for problem in problems), problems
