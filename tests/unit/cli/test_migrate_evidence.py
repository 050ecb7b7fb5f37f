"""`goodname migrate --evidence-to s3://…` on a real installation and a real S3 server, and what it refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.bootstrap import moving
from monitor.clock import SystemClock
from monitor.evidence import FileVault, Objects
from monitor.settings import load_settings
from monitor.testing.s3 import S3Server
from tests.unit.cli.conftest import HOSTILE, OTHER, REPEAT, Installation, feed_of

SECRET = "NOBODY-MUST-READ-THIS"


@pytest.fixture
def url(s3: S3Server) -> str:
    return f"s3://{s3.new_bucket()}/goodname"


@pytest.fixture
def objects(s3: S3Server, url: str) -> Objects:
    return Objects(url, s3.options)


@pytest.fixture
def home(full: Installation, s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Give an installation with evidence in its folder that knows how to reach the S3 server."""
    full.edit("[[source]]", f'[evidence]\nendpoint = "{s3.endpoint}"\nregion = "us-east-1"\n[[source]]')
    monkeypatch.setenv("GOODNAME_EVIDENCE__KEY_ID", "k")
    monkeypatch.setenv("GOODNAME_EVIDENCE__SECRET", SECRET)
    return full


def folder_of(home: Installation) -> Path:
    return home.folder / "data" / "evidence"


def vault_of(home: Installation) -> FileVault:
    return FileVault(folder_of(home), clock=SystemClock(), actor="FIRST LAST")


def prints_of(folder: Path) -> dict[str, tuple[str, int]]:
    """Give hash and time of change of every file."""
    return {
        path.relative_to(folder).as_posix(): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def kept_files(home: Installation) -> list[Path]:
    return sorted((folder_of(home) / "captures").rglob("*.txt"))


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[0] ^= 1
    path.write_bytes(bytes(body))


def use(home: Installation, url: str) -> None:
    home.edit("[evidence]\n", f'[evidence]\nurl = "{url}"\n')


def test_evidence_moves_and_the_service_goes_on_there(home: Installation, objects: Objects, url: str) -> None:
    before, head = prints_of(folder_of(home)), vault_of(home).chain_head()
    hits = home.json("hits", "list")

    moved = home.json("migrate", "--evidence-to", url)
    assert (moved["rows"], moved["chain_head"]) == ({}, head)
    assert moved["files"] == len(before) - 1  # all but the log, which becomes one object a record
    assert moved["captures"] == len(objects.below("captures")[0]) > 0
    assert {name for name in before if name != "custody.jsonl"} == {*objects.sizes("captures")}
    for name in objects.sizes("captures"):
        assert objects.hash(name)[1] == before[name][0]

    use(home, url)
    home.run("config", "check")
    assert home.json("evidence", "verify", "--head", head)["chain_head"] == head
    home.site.put("/feed.json", feed_of(home.site, REPEAT, HOSTILE, OTHER, f"{REPEAT} Again."))
    home.site.put("/post/4", f"<html><p>{REPEAT} Again.</p></html>".encode(), "text/html")
    assert home.json("once")["captures"]
    found = home.json("evidence", "verify", "--head", head)
    assert found["captures"] > moved["captures"]
    assert found["chain_head"] != head
    assert len(home.json("hits", "list")) > len(hits)
    assert prints_of(folder_of(home)) == before, "the old one stays as it is"
    assert home.json("evidence", "verify", str(folder_of(home)), "--head", head)["intact"] is True


def test_it_says_what_to_set_and_no_secret(home: Installation, url: str) -> None:
    home.edit("[evidence]\n", '[evidence]\ncopy_to = "file:///elsewhere"\n')
    done = home.run("migrate", "--evidence-to", url)
    assert f"[evidence] url = '{url}'" in done.stderr
    assert "copy_to out" in done.stderr
    assert "data_dir" not in done.stderr
    assert "Chain head" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_each_stretch_is_shown_to_its_end(home: Installation, url: str) -> None:
    shown: dict[str, tuple[int, int]] = {}

    @contextmanager
    def bar(words: str) -> Iterator[Callable[[int, int], None]]:
        yield lambda done, total: shown.update({words: (done, total)})

    moving.move_installation(load_settings(home.config), "", url, moving.Bars(moving=bar, counting=bar))
    assert list(shown) == ["Checking the evidence here", "Moving evidence", "Checking the evidence there"]
    assert all(done == total > 0 for done, total in shown.values())


def test_run_again_it_sends_what_is_missing_only(
    home: Installation, objects: Objects, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.run("migrate", "--evidence-to", url)
    lost = sorted(objects.sizes("captures"))[0]
    objects.remove([lost, "custody/000000000002.json"])
    vault_of(home).record("access", actor="FIRST LAST")
    sent = []
    real = Objects.create

    def noted(self: Objects, name: str, body: bytes) -> None:
        sent.append(name)
        real(self, name, body)

    monkeypatch.setattr(Objects, "create", noted)
    again = home.json("migrate", "--evidence-to", url)
    assert again["chain_head"] == vault_of(home).chain_head()
    last = f"custody/{len(vault_of(home).custody()):012d}.json"
    assert sorted(name for name in sent if not name.startswith("trial/")) == sorted(
        [lost, "custody/000000000002.json", last]
    )


def test_what_the_new_place_did_since_stays(home: Installation, objects: Objects, url: str) -> None:
    moved = home.json("migrate", "--evidence-to", url)
    use(home, url)
    capture = objects.below("captures")[0][0]
    home.run("evidence", "redact", capture, "--because", "a court asked", "--by", "FIRST LAST", "--yes")
    again = home.json("migrate", "--evidence-to", url)
    assert objects.below(f"captures/{capture}") == ([], []), "what was deleted is not brought back"
    assert again["captures"] == moved["captures"] - 1
    assert again["files"] < moved["files"]


def test_what_was_deleted_here_since_goes_there(home: Installation, objects: Objects, url: str) -> None:
    home.run("migrate", "--evidence-to", url)
    capture = objects.below("captures")[0][0]
    vault_of(home).delete(capture, actor="FIRST LAST", reason="a court asked")
    home.run("migrate", "--evidence-to", url)
    assert objects.below(f"captures/{capture}") == ([], [])


@pytest.mark.parametrize(
    "name", ["else.txt", "captures/20261122T164400Z-0badc0de/page.txt", "custody/000000000001.json", "custody/notes"]
)
def test_a_place_with_other_things_is_refused(name: str, home: Installation, objects: Objects, url: str) -> None:
    objects.create(name, b"theirs")
    done = home.run("migrate", "--evidence-to", url, code=1)
    assert "Other things lie there already." in done.stderr
    assert objects.sizes("") == {name: 6}
    assert objects.read(name) == b"theirs"


def test_another_installation_there_is_refused(home: Installation, objects: Objects, url: str) -> None:
    home.run("migrate", "--evidence-to", url)
    there = objects.sizes("")
    for path in (folder_of(home) / "captures").rglob("*"):
        if path.is_file():
            path.unlink()
    for path in [*(folder_of(home) / "captures").iterdir()]:
        path.rmdir()
    (folder_of(home) / "custody.jsonl").unlink()
    assert "record 1 of the custody log" in home.run("migrate", "--evidence-to", url, code=1).stderr
    vault_of(home).record("access", actor="FIRST LAST")
    assert "record 1 of the custody log" in home.run("migrate", "--evidence-to", url, code=1).stderr
    assert objects.sizes("") == there


@pytest.mark.parametrize("what", ["a file", "the log", "a stray"])
def test_a_change_here_is_found_before_anything_is_sent(
    what: str, home: Installation, objects: Objects, url: str
) -> None:
    path = kept_files(home)[0]
    if what == "a stray":
        path.with_name("more.txt").write_text("more")
    else:
        flip(path if what == "a file" else folder_of(home) / "custody.jsonl")
    done = home.run("migrate", "--evidence-to", url, code=1)
    assert "not as it was kept" in done.stderr
    assert objects.sizes("") == {}


def test_with_a_damaged_capture_taken_out_the_others_move(home: Installation, objects: Objects, url: str) -> None:
    path = kept_files(home)[0]
    flip(path)
    capture = path.parent.name
    home.run("evidence", "redact", capture, "--because", "the disk altered it", "--by", "FIRST LAST", "--yes")
    home.run("migrate", "--evidence-to", url)
    assert capture not in objects.below("captures")[0]


def test_a_change_there_is_found(home: Installation, objects: Objects, url: str) -> None:
    home.run("migrate", "--evidence-to", url)
    name = sorted(objects.sizes("captures"))[0]
    body = bytearray(objects.read(name))
    body[0] ^= 1
    objects.remove([name])
    objects.create(name, bytes(body))
    done = home.run("migrate", "--evidence-to", url, code=1)
    assert "Evidence arrived changed." in done.stderr
    assert name.rpartition("/")[2] in done.stderr


def test_what_a_crash_left_is_finished_first(home: Installation, objects: Objects, url: str) -> None:
    vault_of(home).log.append("intent", actor="goodname", capture="20261122T164400Z-0badc0de", manifest_sha256="0" * 64)
    (folder_of(home) / "staging" / "20261122T164400Z-0badc0de").mkdir(parents=True)
    assert "A crash left captures unfinished." in home.run("migrate", "--evidence-to", url, code=1).stderr
    assert objects.sizes("") == {}
    home.run("once")
    home.run("migrate", "--evidence-to", url)


def test_what_is_added_meanwhile_is_noticed(home: Installation, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = moving.verify_objects

    def meanwhile(*given: object, **named: object) -> object:
        vault_of(home).record("access", actor="FIRST LAST")
        return real(*given, **named)

    monkeypatch.setattr(moving, "verify_objects", meanwhile)
    assert "Evidence was added here meanwhile." in home.run("migrate", "--evidence-to", url, code=1).stderr
    monkeypatch.undo()
    monkeypatch.setenv("GOODNAME_EVIDENCE__KEY_ID", "k")
    monkeypatch.setenv("GOODNAME_EVIDENCE__SECRET", SECRET)
    home.run("migrate", "--evidence-to", url)


def test_a_store_named_before_the_move_is_not_begun_anew(home: Installation, objects: Objects, url: str) -> None:
    use(home, url)
    done = home.run("once", code=2)
    assert "goodname migrate --evidence-to" in done.stderr
    assert "is not there" in home.run("config", "check", code=2).stderr
    assert objects.sizes("") == {}
    log = folder_of(home) / "custody.jsonl"
    before = log.read_bytes()
    home.run("migrate", "--evidence-to", url)
    home.run("once")
    assert log.read_bytes() == before


def test_a_second_store_is_refused(home: Installation, url: str) -> None:
    use(home, url)
    done = home.run("migrate", "--evidence-to", f"{url}-2", code=2)
    assert "in an object store already" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Nothing is to be moved."),
        (("--evidence-to", "elsewhere"), "not to a folder"),
        (("--evidence-to", f"s3://k:{SECRET}@bucket/prefix"), "Keys do not belong into the address."),
        (("--evidence-to", f"s3://bucket/prefix?secret={SECRET}"), "Keys do not belong into the address."),
        (("--evidence-to", "nonsense://bucket"), "Evidence cannot be kept there."),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...], said: str, home: Installation) -> None:
    done = home.run("migrate", *words, code=2)
    assert said in done.stderr
    assert "Try" in done.stderr
    assert SECRET not in done.stderr + done.stdout


def test_a_bucket_that_is_not_there_is_named(home: Installation) -> None:
    done = home.run("migrate", "--evidence-to", "s3://bucket-of-nobody/x", code=1)
    assert "there is no such bucket" in done.stderr
    assert SECRET not in done.stderr


def test_a_running_service_is_not_moved(home: Installation, objects: Objects, url: str) -> None:
    claim = moving.Claim(home.folder / "data" / "running.lock")
    assert claim.take()
    assert "Stop it first" in home.run("migrate", "--evidence-to", url, code=2).stderr
    claim.drop()
    assert objects.sizes("") == {}
