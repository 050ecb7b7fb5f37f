"""Evidence whose first place is a real S3 server: kept, checked, handed over and deleted by the same commands."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from monitor.evidence import Objects
from monitor.testing.s3 import S3Server
from tests.unit.cli.conftest import Installation


@pytest.fixture
def there(home: Installation, s3: S3Server) -> tuple[Installation, Objects]:
    url = f"s3://{s3.new_bucket()}/goodname"
    block = f'[evidence]\nurl = "{url}"\nendpoint = "{s3.endpoint}"\nregion = "us-east-1"\nkey_id = "k"\nsecret = "s"\n'
    home.edit("[[source]]", block + "[[source]]")
    return home, Objects(url, s3.options)


def test_the_line_keeps_its_evidence_there(there: tuple[Installation, Objects], tmp_path: Path) -> None:
    home, objects = there
    kept = [one for one in home.json("once")["captures"] if one["outcome"] != "failed"]
    assert kept
    folders, _ = objects.below("captures")
    assert {one["id"] for one in kept} <= set(folders)
    assert not (home.folder / "data" / "evidence" / "captures").exists()
    found = home.json("evidence", "verify", code=2)  # intact; nothing from outside vouches for it
    assert (found["intact"], found["captures"]) == (True, len(folders))
    head = home.json("status")["evidence"]["chain_head"]
    assert head
    assert home.json("evidence", "verify", "--head", head)["intact"] is True
    home.run("evidence", "export", "--all", "--out", str(tmp_path / "all.zip"))
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert any(name.endswith("/manifest.json") for name in archive.namelist())
    assert home.json("evidence", "verify", str(tmp_path / "all.zip"), code=2)["intact"] is True


def test_another_machine_goes_on_with_the_same_evidence(there: tuple[Installation, Objects]) -> None:
    home, objects = there
    home.run("once")
    before, _ = objects.below("captures")
    shutil.rmtree(home.folder / "data" / "evidence-beside")  # its cache, its mirror of the log
    url = home.site.url("/post/1")
    assert home.json("add", url, "--subject", "subject-1", "--again", code=3)["outcome"] == "partial"
    after, _ = objects.below("captures")
    assert len(after) == len(before) + 1
    assert home.json("evidence", "verify", code=2)["intact"] is True


def test_what_was_altered_there_is_named(there: tuple[Installation, Objects]) -> None:
    home, objects = there
    (capture,) = [one["id"] for one in home.json("once")["captures"]][:1]
    name = f"captures/{capture}/manifest.json"
    body = objects.read(name)
    objects.remove([name])
    objects.create(name, body.replace(b"goodname", b"badnames", 1))
    found = home.json("evidence", "verify", code=1)
    assert found["intact"] is False
    assert capture in {one["capture_id"] for one in found["findings"]}


def test_a_capture_is_deleted_there_with_a_reason(there: tuple[Installation, Objects]) -> None:
    home, objects = there
    (capture,) = [one["id"] for one in home.json("once")["captures"]][:1]
    home.run("evidence", "redact", capture, "--because", "a court asked", "--by", "FIRST LAST", "--yes")
    assert objects.below(f"captures/{capture}") == ([], [])
    assert home.json("evidence", "verify")["intact"] is True


def test_the_configuration_is_tried(there: tuple[Installation, Objects]) -> None:
    home, objects = there
    home.run("config", "check")
    assert objects.below("") == ([], []), "the trial leaves nothing behind"
    home.edit("/goodname", "-of-nobody/goodname")
    assert "there is no such bucket" in home.run("config", "check", code=2).stderr
    assert "there is no such bucket" in home.run("evidence", "verify", code=3).stderr
    home.edit('secret = "s"\n', 'secret = "s"\ncopy_to = "file:///elsewhere"\n')
    assert "the bucket's own replication" in home.run("config", "check", code=2).stderr


def test_a_backup_says_that_the_evidence_stays_there(there: tuple[Installation, Objects], tmp_path: Path) -> None:
    home, _ = there
    home.run("once")
    made = home.json("backup", str(tmp_path / "a.backup"))
    assert any("evidence.url" in one for one in made["left_out"]), json.dumps(made)
    assert "evidence stays in the object store" in home.run("backup", str(tmp_path / "b.backup")).stderr
