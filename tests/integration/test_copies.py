"""Copies of evidence on a real S3 server and in a folder: written once, complete, and a witness of the log's end."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import obstore
import pytest

from monitor.errors import EvidenceError, FixityError
from monitor.evidence import FileVault, ObjectCopies
from monitor.jobs import copy
from monitor.store import open_store
from monitor.testing.builders import seal_words
from monitor.testing.fakes import FakeClock


@pytest.fixture(params=["s3", "file"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, str]]:
    if request.param == "file":
        return f"file://{tmp_path / 'elsewhere'}", {}
    server = request.getfixturevalue("s3")
    return f"s3://{server.new_bucket()}/goodname", server.options


@pytest.fixture
def vault(tmp_path: Path) -> FileVault:
    return FileVault(tmp_path / "evidence", clock=FakeClock(), actor="test", reserve_bytes=1)


@pytest.fixture
def keep(vault: FileVault) -> Callable[[str], str]:
    def seal(words: str) -> str:
        return seal_words(vault, words.encode()).id

    return seal


@pytest.fixture
def copies(place: tuple[str, dict[str, str]], tmp_path: Path) -> ObjectCopies:
    return ObjectCopies(tmp_path / "evidence", *place)


def names(copies: ObjectCopies) -> set[str]:
    return {one["path"] for batch in obstore.list(copies._store) for one in batch}


def test_everything_is_copied_once_and_compares(copies: ObjectCopies, keep, vault: FileVault) -> None:
    capture = keep("words")
    assert copies.copy_after(0) == 2
    assert f"captures/{capture}/manifest.json" in names(copies)
    assert copies.copy_after(2) == 2
    before = names(copies)
    assert copies.copy_after(0) == 2  # as after a crash before the place was remembered
    assert names(copies) == before
    keep("other words")
    assert copies.copy_after(2) == 4
    assert copies.check() == ()


def test_what_is_there_is_never_replaced(copies: ObjectCopies, keep) -> None:
    capture = keep("words")
    copies.copy_after(0)
    name = f"captures/{capture}/manifest.json"
    with pytest.raises((obstore.exceptions.AlreadyExistsError, obstore.exceptions.PreconditionError)):
        obstore.put(copies._store, name, b"other", mode="create")
    obstore.put(copies._store, name, b"other")  # somebody with the keys to the place
    with pytest.raises(FixityError):
        copies.copy_after(0)
    (finding,) = copies.check()
    assert (finding.capture_id, finding.problem) == (capture, "altered in the copy")


def test_a_missing_object_and_a_cut_log_are_found(copies: ObjectCopies, keep, vault: FileVault, tmp_path: Path) -> None:
    keep("words")
    second = keep("other words")
    copies.copy_after(0)
    objects = sorted(name for name in names(copies) if name.startswith("objects/"))
    obstore.delete(copies._store, objects[0])
    assert [finding.problem for finding in copies.check()] == ["missing in the copy"]
    log = tmp_path / "evidence" / "custody.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:2]))
    shutil.rmtree(tmp_path / "evidence" / "captures" / second)
    assert vault.verify().is_intact  # the machine alone cannot see it
    assert any("the log was cut or rewritten" in finding.problem for finding in copies.check())


def test_altered_evidence_is_not_copied(copies: ObjectCopies, keep, tmp_path: Path) -> None:
    capture = keep("words")
    (tmp_path / "evidence" / "captures" / capture / "page.txt").write_bytes(b"other")
    with pytest.raises(FixityError):
        copies.copy_after(0)


def test_the_job_remembers_where_it_was_and_why_it_failed(copies: ObjectCopies, keep, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'goodname.db'}", clock=FakeClock())
    keep("words")
    assert copy.run(store, copies)
    assert not copy.run(store, copies)
    assert not copy.run(store, Unreachable())
    assert "no answer" in copy.last_error(store)
    keep("more words")
    assert copy.run(store, copies)
    assert copy.last_error(store) == ""
    store.close()


class Unreachable:
    def copy_after(self, seq: int) -> int:
        raise EvidenceError("Evidence could not be copied.", why="no answer")


def test_a_place_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError):
        ObjectCopies(tmp_path, "nonsense://x", {})
