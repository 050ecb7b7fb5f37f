"""Evidence in a real S3 server: kills at requests, writers that race, what is altered there, what is kept here."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.domain import ArtifactRole, CaptureRequest, Origin
from monitor.errors import EvidenceError, FixityError
from monitor.evidence import ObjectPlace, Objects, ObjectVault, check_store
from monitor.testing.builders import make_observed, seal_words
from monitor.testing.fakes import FakeClock
from monitor.testing.s3 import S3Server

DRIVER = Path(__file__).parent / "s3_crash_driver.py"
_STRIDE = "3"  # every third request here; 1 is every one, and takes a minute
REQUEST = CaptureRequest(id=7, mention_id=3, revision=1, url="https://forum.example/t/1")


@pytest.fixture
def objects(s3: S3Server) -> Objects:
    return Objects(f"s3://{s3.new_bucket()}/goodname", s3.options)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def machine(objects: Objects, clock: FakeClock, tmp_path: Path) -> Callable[[str], ObjectVault]:
    def open_here(name: str) -> ObjectVault:
        return ObjectVault(objects, tmp_path / name, clock=clock, actor="test", reserve_bytes=1, host=name)

    return open_here


def put(objects: Objects, name: str, body: bytes) -> None:
    """Replace an object, as somebody with the keys to the bucket could."""
    objects.remove([name])
    objects.create(name, body)


def test_a_kill_at_any_request_leaves_no_half_capture_and_one_chain(s3: S3Server, tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(DRIVER),
        f"s3://{s3.new_bucket()}/kills",
        json.dumps(s3.options),
        str(tmp_path),
        _STRIDE,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    tally = json.loads(done.stdout)
    assert tally["faults"] == []
    assert tally["runs"] >= 10
    assert tally["recovery_kills"] >= 20
    assert tally["kept"]
    assert tally["given_up"]


def test_writers_of_several_machines_make_one_chain(machine: Callable[[str], ObjectVault], objects: Objects) -> None:
    each, machines = 6, [machine(f"m{number}") for number in range(3)]
    together = threading.Barrier(len(machines))
    faults: list[EvidenceError] = []

    def work(vault: ObjectVault) -> None:
        try:
            together.wait(30)
            for number in range(each):
                seal_words(vault, f"words {number}".encode())
        except EvidenceError as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(one,)) for one in machines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    found = check_store(ObjectPlace(objects))
    assert (found.findings, found.pending, found.captures) == ((), (), each * len(machines))
    events = machines[0].custody()
    assert [event.seq for event in events] == list(range(1, 2 * each * len(machines) + 1))
    assert len({event.sha256 for event in events}) == len(events)


def test_who_was_given_up_meanwhile_cannot_seal(
    machine: Callable[[str], ObjectVault], objects: Objects, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = machine("slow"), machine("quick")
    staging = slow.stage(REQUEST, clock.now())
    staging.add(ArtifactRole.TEXT, "page.txt", "text/plain", Origin.RENDERED, b"words")
    real, calls = objects.create_once, []

    def sleepy(name: str, path: Path, sha256: str) -> None:
        real(name, path, sha256)
        calls.append(name)
        if len(calls) == 1:
            assert quick.recover() == ()  # too early: it may live
            assert quick.custody(staging.capture_id)[-1].event == "intent"
            clock.advance(timedelta(hours=2))
            assert quick.recover() == ()
            assert quick.custody(staging.capture_id)[-1].event == "aborted"

    monkeypatch.setattr(objects, "create_once", sleepy)
    with pytest.raises(EvidenceError, match="given up"):
        slow.commit(staging, REQUEST, make_observed(REQUEST.url, at=clock.now()))
    staging.discard()
    assert check_store(ObjectPlace(objects)).pending  # its leftovers count for nothing
    assert quick.recover() == ()
    whole = check_store(ObjectPlace(objects))
    assert (whole.findings, whole.pending, whole.captures) == ((), (), 0)


def test_a_planted_capture_is_neither_adopted_nor_removed(
    machine: Callable[[str], ObjectVault], objects: Objects
) -> None:
    vault = machine("here")
    capture = seal_words(vault, b"words")
    planted = "20261122T164400Z-0badc0de"
    for name in ObjectPlace(objects).names(f"captures/{capture.id}"):
        objects.create(f"captures/{planted}/{name}", objects.read(f"captures/{capture.id}/{name}"))
    assert vault.recover() == ()
    (finding,) = vault.verify().findings
    assert (finding.capture_id, finding.problem) == (planted, "stray: no record in the custody log")


@pytest.mark.parametrize("what", ["page.txt", "manifest.json", "record", "a record in between", "stray", "top"])
def test_every_change_is_found_also_by_who_has_read_it_before(
    what: str, machine: Callable[[str], ObjectVault], objects: Objects
) -> None:
    vault = machine("here")
    capture = seal_words(vault, b"words")
    vault.record("access", actor="FIRST LAST")
    folder = f"captures/{capture.id}"
    vault.read(capture.id, "page.txt")
    match what:
        case "record":
            put(objects, "custody/000000000002.json", objects.read("custody/000000000002.json").replace(b"cap", b"kap"))
        case "a record in between":
            objects.remove(["custody/000000000002.json"])
        case "stray":
            objects.create(f"{folder}/more.txt", b"more")
        case "top":
            objects.create("else.txt", b"more")
        case _:
            put(objects, f"{folder}/{what}", b"other")
    assert not check_store(ObjectPlace(objects)).is_intact
    assert not vault.verify().is_intact
    vault.record("access", actor="FIRST LAST")  # writing goes on after a break, which stays
    assert not machine("new").verify().is_intact


def test_a_head_from_outside_shows_that_the_end_was_cut(
    machine: Callable[[str], ObjectVault], objects: Objects
) -> None:
    vault = machine("here")
    vault.record("access", actor="FIRST LAST")
    vault.record("access", actor="FIRST LAST")
    head = vault.chain_head()
    assert check_store(ObjectPlace(objects), head=head).is_intact
    objects.remove(["custody/000000000002.json"])
    assert check_store(ObjectPlace(objects)).is_intact
    assert not check_store(ObjectPlace(objects), head=head).is_intact


def test_the_mirror_is_no_authority(machine: Callable[[str], ObjectVault], objects: Objects, tmp_path: Path) -> None:
    vault = machine("here")
    seal_words(vault, b"words")
    head, mirror = vault.chain_head(), tmp_path / "here" / "custody.jsonl"
    whole = mirror.read_bytes()
    for body in (b"", whole[:-7], whole.replace(b"capture", b"kapture"), whole.splitlines(keepends=True)[1], b"x\n"):
        mirror.write_bytes(body)
        again = machine("here")
        assert again.chain_head() == head
        assert mirror.read_bytes() == whole
    mirror.unlink()
    assert vault.chain_head() == head


def test_an_answer_lost_on_the_way_is_no_second_record(
    machine: Callable[[str], ObjectVault], objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, real = machine("here"), objects.create

    def lossy(name: str, body: bytes) -> None:
        real(name, body)
        raise OSError(5, "connection reset")

    monkeypatch.setattr(objects, "create", lossy)
    vault.record("access", actor="FIRST LAST")
    monkeypatch.undo()
    assert [event.seq for event in vault.custody()] == [1]
    assert check_store(ObjectPlace(objects)).is_intact


def test_the_cache_is_bounded_and_hashed_when_read(
    objects: Objects, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = ObjectVault(objects, tmp_path, clock=clock, actor="test", reserve_bytes=1, cache_bytes=40_000)
    names = [seal_words(vault, bytes([65 + number]) * 9_000).id for number in range(8)]
    for name in names:
        vault.read(name, "page.txt")
    held = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in held) <= 40_000
    cached = tmp_path / "cache" / "captures" / names[-1] / "page.txt"
    cached.write_bytes(b"other")
    assert vault.read(names[-1], "page.txt") == b"H" * 9_000
    put(objects, f"captures/{names[-1]}/page.txt", b"other")
    assert vault.read(names[-1], "page.txt") == b"H" * 9_000  # what was kept, not what lies there now
    cached.unlink()
    with pytest.raises(FixityError):
        vault.read(names[-1], "page.txt")


def test_a_large_file_is_checked_in_pieces(machine: Callable[[str], ObjectVault], objects: Objects) -> None:
    vault = machine("here")
    staging = vault.stage(REQUEST, FakeClock().now())
    size = 96 << 20
    body = (bytes(1 << 20) for _ in range(size >> 20))
    staging.add(ArtifactRole.MEDIA, "film.mp4", "video/mp4", Origin.WIRE, body)
    vault.commit(staging, REQUEST, make_observed(REQUEST.url, at=FakeClock().now()))
    tracemalloc.start()
    try:
        found = check_store(ObjectPlace(objects))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.is_intact
    assert peak < size // 4


def test_a_bucket_that_is_not_there_is_named(s3: S3Server, tmp_path: Path) -> None:
    objects = Objects("s3://no-such-bucket/x", s3.options)
    vault = ObjectVault(objects, tmp_path, clock=FakeClock(), actor="test", reserve_bytes=1)
    with pytest.raises(EvidenceError, match="no such bucket"):
        vault.record("access", actor="FIRST LAST")
