"""A disk or object store that refuses, from the start or midway: a person is told what and why, not by a trace."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from monitor.domain import Capture
from monitor.errors import EvidenceError
from monitor.evidence import FileVault, ObjectPlace, Objects, check_store, verify_path
from monitor.evidence.custody import CustodyLog
from monitor.evidence.moving import send_evidence
from monitor.evidence.place import FolderPlace, Place

NOBODY = 65534
_QUESTIONS = frozenset(
    {"read", "hash", "names", "is_folder", "is_there", "read_chain", "strays", "is_busy", "is_open"},
)


class GoingAway:
    """Pass on so many questions to a real place, and refuse all that come later."""

    def __init__(self, place: Place, answers: int) -> None:
        self._place = place
        self._answers = answers
        self.asked = count()

    def __getattr__(self, name: str) -> Any:  # whatever the place has there
        real = getattr(self._place, name)
        if name not in _QUESTIONS:
            return real

        def ask(*words: object) -> object:
            if next(self.asked) >= self._answers:
                raise OSError(5, "Input/output error")
            return real(*words)

        return ask


@pytest.fixture
def root() -> Iterator[Path]:
    """Give a place that others may reach, unlike the folders that pytest makes."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made) / "evidence"


@pytest.fixture
def store(keep: Callable[..., Capture], vault: FileVault, root: Path) -> Path:
    """Give a store with two captures, and beside them one that was begun and one that nobody recorded."""
    for tag in ("one", "two"):
        keep(tag)
    lines = (root / "custody.jsonl").read_bytes().splitlines(keepends=True)
    keep("three")
    (root / "custody.jsonl").write_bytes(b"".join(lines))
    vault.log.append("intent", actor="test", capture="20261122T164400Z-000000000000", manifest_sha256="0" * 64)
    return root


@contextmanager
def unreadable(path: Path) -> Iterator[None]:
    """Take away the right to read it alone; root reads all the same, so it becomes the owner for as long."""
    before, mode = os.geteuid(), path.stat().st_mode
    path.chmod(0)
    if before == 0:
        top = next(one for one in (path, *path.parents) if one.name == "evidence")
        for one in (top, *top.rglob("*")):
            os.chown(one, NOBODY, -1)
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)
        path.chmod(mode)


@pytest.mark.parametrize("name", ["captures", "custody.jsonl", "."])
def test_what_may_not_be_read_is_told_and_why(store: Path, vault: FileVault, name: str) -> None:
    of_log = (vault.chain_head, vault.custody) if name != "captures" else ()
    for check in (lambda: check_store(FolderPlace(store)), vault.verify, *of_log):
        with unreadable(store / name), pytest.raises(EvidenceError) as caught:
            check()
        assert caught.value.why == "Permission denied"


def test_what_a_start_may_not_recover_is_told(store: Path, vault: FileVault) -> None:
    for name in ("staging", "captures"):
        with unreadable(store / name), pytest.raises(EvidenceError, match="could not be recovered") as caught:
            vault.recover()
        assert caught.value.why == "Permission denied"


def test_a_path_that_can_be_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError) as caught:
        verify_path(tmp_path / ("x" * 300))
    assert caught.value.why == "File name too long"
    assert "check it again" in caught.value.try_


def test_a_log_that_is_a_folder_is_told_whoever_reads_it(tmp_path: Path, clock: Any) -> None:
    path = tmp_path / "custody.jsonl"
    path.mkdir()
    log = CustodyLog(path, clock=clock, host="testhost")
    for read in (log.chain, lambda: tuple(log.events()), log.whole):
        with pytest.raises(EvidenceError, match="custody log could not be read"):
            read()


@pytest.mark.parametrize("kind", ["folder", "objects"])
def test_a_place_that_goes_away_at_any_moment_is_told(store: Path, tmp_path: Path, kind: str) -> None:
    place: Place = FolderPlace(store)
    if kind == "objects":
        pytest.importorskip("obstore", reason="the extra `copies` is not installed")
        objects = Objects(f"file://{tmp_path / 'objects'}", {})
        send_evidence(store, objects, advance=lambda _done, _all: None)
        place = ObjectPlace(objects)
    told: list[str] = []
    for answers in count():
        leaving = GoingAway(place, answers)
        try:
            check_store(leaving)
        except EvidenceError as error:
            told.append(error.why)
        if next(leaving.asked) <= answers:
            break
    assert len(told) >= 5
    assert set(told) == {"Input/output error"}
