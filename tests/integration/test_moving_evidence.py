"""Evidence on its way from a folder into a real S3 server: kills, lost answers, and two that want one place."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from monitor.errors import EvidenceError
from monitor.evidence import FileVault, ObjectPlace, Objects, ObjectVault, check_store, send_evidence
from monitor.testing.builders import seal_words
from monitor.testing.fakes import FakeClock
from monitor.testing.s3 import S3Server

DRIVER = Path(__file__).parent / "s3_move_driver.py"
_STRIDE = "19"  # every nineteenth request here; 1 is every one, and takes minutes


@pytest.fixture
def objects(s3: S3Server) -> Objects:
    return Objects(f"s3://{s3.new_bucket()}/goodname", s3.options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filled(tmp_path / "here")


def filled(folder: Path) -> Path:
    vault = FileVault(folder, clock=FakeClock(), actor="test", reserve_bytes=1)
    for number in range(3):
        seal_words(vault, f"words {number}".encode())
    return folder


def send(folder: Path, objects: Objects) -> list[tuple[int, int]]:
    told: list[tuple[int, int]] = []
    send_evidence(folder, objects, lambda done, total: told.append((done, total)))
    return told


def test_a_kill_at_any_request_is_made_good_by_running_it_again(s3: S3Server, tmp_path: Path) -> None:
    command = [sys.executable, str(DRIVER), f"s3://{s3.new_bucket()}/moves", json.dumps(s3.options)]
    done = subprocess.run(
        [*command, str(tmp_path / "here"), _STRIDE], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    tally = json.loads(done.stdout)
    assert tally["faults"] == []
    assert tally["runs"] >= 6
    assert tally["halves"]


def test_progress_reaches_its_end(folder: Path, objects: Objects) -> None:
    told = send(folder, objects)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1] > 0


def test_an_order_that_was_repeated_below_us_is_no_conflict(
    folder: Path, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = objects.create

    def repeated(name: str, body: bytes) -> None:
        real(name, body)
        real(name, body)

    monkeypatch.setattr(objects, "create", repeated)
    send(folder, objects)
    assert check_store(ObjectPlace(objects)).is_intact


def test_a_store_that_goes_away_is_named_and_gone_on_with(
    folder: Path, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, names = objects.create, []

    def failing(name: str, body: bytes) -> None:
        names.append(name)
        if len(names) > 9:
            raise OSError(5, "connection reset")
        real(name, body)

    monkeypatch.setattr(objects, "create", failing)
    with pytest.raises(EvidenceError, match="connection reset"):
        send(folder, objects)
    monkeypatch.undo()
    send(folder, objects)
    found = check_store(ObjectPlace(objects))
    assert (found.findings, found.captures) == ((), 3)


@pytest.mark.parametrize("moment", ["before a look", "between look and write"])
def test_of_two_that_want_one_place_the_second_writes_nothing(
    moment: str, folder: Path, tmp_path: Path, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = filled(tmp_path / "other")
    if moment == "before a look":
        send(other, objects)
    else:
        real, is_first = objects.create, [True]

        def late(name: str, body: bytes) -> None:
            if is_first:
                is_first.clear()
                send(other, objects)
            real(name, body)

        monkeypatch.setattr(objects, "create", late)
    with pytest.raises(EvidenceError, match="Other things lie there already"):
        send(folder, objects)
    found = check_store(ObjectPlace(objects))
    assert (found.findings, found.captures) == ((), 3)
    assert found.chain_head == FileVault(other, clock=FakeClock(), actor="test").chain_head()


def test_another_file_under_a_name_of_ours_is_refused(folder: Path, objects: Objects) -> None:
    send(folder, objects)
    name = next(iter(objects.sizes("captures")))
    objects.remove([name])
    objects.create(name, b"theirs")
    with pytest.raises(EvidenceError, match="Other things lie there already") as refused:
        send(folder, objects)
    assert name in refused.value.why


def test_two_logs_that_went_on_apart_are_not_joined(folder: Path, objects: Objects, tmp_path: Path) -> None:
    send(folder, objects)
    ObjectVault(objects, tmp_path / "there", clock=FakeClock(), actor="test", reserve_bytes=1).record(
        "access", actor="A"
    )
    FileVault(folder, clock=FakeClock(), actor="test").record("access", actor="B")
    with pytest.raises(EvidenceError) as refused:
        send(folder, objects)
    assert "added both here and there" in refused.value.why


def test_captures_are_checked_several_at_a_time(folder: Path, objects: Objects) -> None:
    seal_words(FileVault(folder, clock=FakeClock(), actor="test", reserve_bytes=1))
    send(folder, objects)
    place, in_pairs = ObjectPlace(objects), threading.Barrier(2, timeout=60)
    real = place.read

    def read(path: str) -> bytes:
        in_pairs.wait()  # alone it would wait in vain
        return real(path)

    place.read = read
    found = check_store(place)
    assert (found.findings, found.captures, found.files) == ((), 4, 12)
