from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.errors import EvidenceError
from monitor.evidence.canonical import canonical, sha256_hex, stamp
from monitor.evidence.chain import withheld
from monitor.evidence.custody import CustodyLog, read_chain


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "custody.jsonl"


@pytest.fixture
def log(path: Path, clock) -> CustodyLog:
    return CustodyLog(path, clock=clock, host="testhost")


def problems(path: Path) -> tuple[str, ...]:
    chain, tail = read_chain(path)
    return chain.close(tail)


def test_each_record_is_bound_to_the_one_before(log: CustodyLog, path: Path) -> None:
    first = log.append("access", actor="a", capture="c1", detail={"by": "é"})
    second = log.append("access", actor="b")
    assert (first.seq, first.prev, second.seq, second.prev) == (1, "", 2, first.hash)
    assert log.chain().head == second.hash
    assert problems(path) == ()
    assert set(json.loads(path.read_bytes().splitlines()[0])) == set(
        "v seq ts event actor host capture manifest_sha256 detail salt content_sha256 prev hash".split()
    )
    assert path.stat().st_mode & 0o777 == 0o600


def test_events_come_oldest_first_in_utc(log: CustodyLog) -> None:
    log.append("access", actor="a", capture="c1")
    log.append("hold", actor="b", capture="c2", detail={"reason": "court"})
    events = list(log.events())
    assert [(event.seq, event.event, event.capture_id) for event in events] == [(1, "access", "c1"), (2, "hold", "c2")]
    assert events[0].at == datetime(2026, 11, 22, 16, 44, 1, tzinfo=UTC)
    assert events[1].previous_sha256 == events[0].sha256


def test_two_writers_share_one_chain(log: CustodyLog, path: Path, clock) -> None:
    other = CustodyLog(path, clock=clock, host="testhost")
    writers = [
        threading.Thread(target=lambda each=each: [each.append("access", actor="t") for _ in range(40)])
        for each in (log, other, log)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert problems(path) == ()
    assert len(list(log.events())) == 120


@pytest.mark.parametrize("cut", [1, 2, 30, 200])
def test_an_unfinished_last_line_is_closed_and_recorded(log: CustodyLog, path: Path, clock, cut: int) -> None:
    log.append("access", actor="a")
    head = log.append("access", actor="kept").hash
    log.append("access", actor="torn")
    os.truncate(path, path.stat().st_size - cut)
    assert any("unfinished" in problem for problem in problems(path))

    fresh = CustodyLog(path, clock=clock, host="testhost")
    assert fresh.chain().head == head
    fresh.append("access", actor="next")
    assert problems(path) == ()
    kept = ["a", "kept", "torn", "next", "next"] if cut == 1 else ["a", "kept", "next", "next"]
    assert [event.actor for event in fresh.events()] == kept
    assert [event.event for event in fresh.events()][-2:] == ["recovered", "access"]


def test_a_damaged_last_line_stays_a_fault_and_does_not_stop_the_log(log: CustodyLog, path: Path, clock) -> None:
    log.append("access", actor="a")
    log.append("access", actor="b")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"x" + lines[1])
    CustodyLog(path, clock=clock, host="testhost").append("access", actor="next")
    assert problems(path) == ("line 2 cannot be read as a record",)


def test_a_sealing_record_does_not_excuse_other_bytes(log: CustodyLog, path: Path, clock) -> None:
    log.append("access", actor="a")
    log.append("access", actor="b")
    os.truncate(path, path.stat().st_size - 10)
    CustodyLog(path, clock=clock, host="testhost").append("access", actor="next")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1].replace(b'"actor":"b"', b'"actor":"c"') + b"".join(lines[2:]))
    assert any("line 2" in problem for problem in problems(path))


def test_a_log_that_cannot_be_written_is_an_evidence_error(path: Path, clock) -> None:
    path.mkdir()
    with pytest.raises(EvidenceError):
        CustodyLog(path, clock=clock, host="testhost").append("access", actor="a")


def test_a_link_in_place_of_the_log_is_refused(log: CustodyLog, path: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(b"")
    path.symlink_to(target)
    with pytest.raises(EvidenceError):
        log.append("access", actor="a")
    assert target.read_bytes() == b""


def test_a_log_swapped_for_another_is_read_anew(log: CustodyLog, path: Path) -> None:
    log.append("access", actor="a")
    path.unlink()
    assert log.append("access", actor="b").seq == 1


def test_a_record_cannot_be_robbed_of_what_it_said_in_the_log_itself(log: CustodyLog, path: Path) -> None:
    for actor in "abc":
        log.append("access", actor=actor, capture="c1")
    lines = path.read_bytes().splitlines()
    lines[1] = withheld(lines[1])
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert problems(path) == ("record 2 (line 2) lacks what it said",)


def test_a_second_crash_while_the_first_is_accounted_for_is_accounted_for_too(log: CustodyLog, path: Path) -> None:
    log.append("access", actor="a")
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:70])
    log.append("access", actor="b")
    mended = path.read_bytes()
    for cut in range(len(whole) + 72, len(mended) - 1, 37):  # the write that mends is cut short in its turn
        path.write_bytes(mended[:cut])
        CustodyLog(path, clock=log._clock, host="testhost").append("access", actor="c")
        assert problems(path) == (), cut


def test_the_same_words_have_another_hash_each_time(log: CustodyLog) -> None:
    """Else what a withheld record says could be found by trying."""
    assert len({json.loads(log.append("access", actor="a").line)["content_sha256"] for _ in range(20)}) == 20


def test_a_log_begun_by_an_early_version_goes_on(log: CustodyLog, path: Path) -> None:
    prev, lines = "", []
    for seq in (1, 2):
        body = {
            "v": 1,
            "seq": seq,
            "ts": stamp(datetime(2026, 11, 22, tzinfo=UTC)),
            "event": "access",
            "actor": "a",
            "host": "h",
        }
        body |= {"host": "h", "capture": "c1", "manifest_sha256": "", "detail": {}, "prev": prev}
        prev = body["hash"] = sha256_hex(canonical(body))
        lines.append(canonical(body) + b"\n")
    path.write_bytes(b"".join(lines))
    record = log.append("access", actor="b")
    assert (record.seq, record.prev, problems(path)) == (3, prev, ())
    assert withheld(lines[0].rstrip()) is None
    path.write_bytes(path.read_bytes().replace(b'"actor":"a"', b'"actor":"x"', 1))
    assert problems(path) == ("record 1 (line 1) was altered",)
