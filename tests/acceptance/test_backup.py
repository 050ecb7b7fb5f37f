"""Backup while the service runs, wipe, restore: the same evidence, the same hits, the same settings."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tarfile
import time
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
import zstandard

pyrage = pytest.importorskip("pyrage")
pytestmark = pytest.mark.slow


def seen(goodname, root: Path) -> dict[str, object]:
    """Say what a person sees of an installation, and every row of its database."""
    done = goodname("--config", str(root / "goodname.toml"), "evidence", "verify", "--json", cwd=root)
    assert done.returncode in (0, 2), done.stderr  # 2: nothing was altered, and no head from outside was given
    check = json.loads(done.stdout)
    assert check["intact"] is True
    assert check["findings"] == []
    with closing(sqlite3.connect(root / "data" / "goodname.db")) as database:
        rows = list(database.iterdump())
    return {
        "verify": (check["intact"], check["captures"], check["files"], check["chain_head"]),
        "hits": goodname.json("--config", str(root / "goodname.toml"), "hits", "list", cwd=root),
        "rows": sorted(row for row in rows if "mention_fts" not in row),
    }


def wipe(root: Path) -> None:
    shutil.rmtree(root / "data")
    for name in ("goodname.toml", "watchlist.toml"):
        (root / name).unlink()


def test_backup_wipe_restore_gives_back_the_same(goodname, town, tmp_path_factory):
    _, folder = town
    root = folder.root
    kept = tmp_path_factory.mktemp("kept")
    assert goodname("--config", str(folder.settings), "once", cwd=root).returncode in (0, 3)
    done = goodname("--config", str(folder.settings), "backup", str(kept / "all.backup"), "--json", cwd=root)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    before = seen(goodname, root)
    assert before["verify"][1] > 0
    assert before["hits"]
    settings = tomllib.loads((root / "goodname.toml").read_text("utf-8"))
    address = settings["alerts"].pop("urls")
    assert report["left_out"] == ["alerts.urls"]
    watchlist = (root / "watchlist.toml").read_bytes()

    wipe(root)
    back = goodname("restore", str(kept / "all.backup"), cwd=root)
    assert back.returncode == 0, back.stderr
    assert "alerts.urls" in back.stdout
    assert tomllib.loads((root / "goodname.toml").read_text("utf-8")) == settings
    assert (root / "watchlist.toml").read_bytes() == watchlist
    assert seen(goodname, root) == before
    assert address[0] not in (root / "goodname.toml").read_text("utf-8")

    again = goodname("restore", str(kept / "all.backup"), cwd=root)
    assert again.returncode == 2
    assert "already" in again.stderr
    forced = goodname("restore", str(kept / "all.backup"), "--force", "--json", cwd=root)
    assert forced.returncode == 0, forced.stderr
    aside = Path(json.loads(forced.stdout)["kept_aside"])
    assert (aside / "goodname.db").is_file()
    assert (aside / "evidence" / "custody.jsonl").is_file()
    assert (aside / "evidence" / "captures").is_dir()
    assert tomllib.loads((root / "goodname.toml").read_text("utf-8")) == settings


def test_a_running_service_is_backed_up_at_one_moment(goodname, town, tmp_path_factory):
    world, folder = town
    root, kept = folder.root, tmp_path_factory.mktemp("kept")
    identity = pyrage.x25519.Identity.generate()
    (kept / "key.txt").write_text(f"# a key\n{identity}\n")
    log = (root / "service.log").open("wb")
    service = subprocess.Popen(
        [str(goodname.path), "--config", str(folder.settings), "run"], stdout=log, stderr=log, start_new_session=True
    )
    try:
        end = time.monotonic() + 60
        while len(world.calls.paths) < 3 and time.monotonic() < end:
            time.sleep(0.05)
        world.advance()
        done = goodname(
            *("--config", str(folder.settings), "backup", str(kept / "all.age")),
            *("--encrypt-for", str(identity.to_public())),
            cwd=root,
        )
        assert done.returncode == 0, done.stderr
        running = goodname("--config", str(folder.settings), "restore", str(kept / "all.age"), "--force",
                           "--identity", str(kept / "key.txt"), cwd=root)  # fmt: skip
        assert running.returncode == 1
        assert "Stop it first" in running.stderr
    finally:
        os.killpg(service.pid, signal.SIGKILL)
        service.wait()
        log.close()
    wipe(root)
    plain = goodname("restore", str(kept / "all.age"), cwd=root)
    assert plain.returncode == 1
    assert "--identity" in plain.stderr
    (kept / "other.txt").write_text(str(pyrage.x25519.Identity.generate()))
    wrong = goodname("restore", str(kept / "all.age"), "--identity", str(kept / "other.txt"), cwd=root)
    assert wrong.returncode == 1
    assert "key" in wrong.stderr
    assert list(root.glob("*.part")) == []
    back = goodname("restore", str(kept / "all.age"), "--identity", str(kept / "key.txt"), cwd=root)
    assert back.returncode == 0, back.stdout + back.stderr
    assert "intact" in back.stdout
    hits = goodname.json("--config", str(root / "goodname.toml"), "hits", "list", cwd=root)
    assert hits


def test_an_interrupted_backup_leaves_no_file(goodname, town, tmp_path_factory):
    _, folder = town
    kept = tmp_path_factory.mktemp("kept")
    goodname("--config", str(folder.settings), "once", cwd=folder.root)
    for signal_number in (signal.SIGKILL, signal.SIGINT):
        with subprocess.Popen(
            [str(goodname.path), "--config", str(folder.settings), "backup", str(kept / "half.backup")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            end = time.monotonic() + 60
            while not (folder.root / "data" / "backup.part").exists() and time.monotonic() < end:
                time.sleep(0.001)
            process.send_signal(signal_number)
            code = process.wait()
        if code != 0:
            assert list(kept.iterdir()) == []
        else:
            (kept / "half.backup").unlink()
    done = goodname("--config", str(folder.settings), "backup", str(kept / "whole.backup"), cwd=folder.root)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in kept.iterdir()] == ["whole.backup"]
    assert not (folder.root / "data" / "backup.part").exists()
    assert (kept / "whole.backup").stat().st_mode & 0o077 == 0
    with (
        (kept / "whole.backup").open("rb") as file,
        zstandard.ZstdDecompressor().stream_reader(file) as plain,
        tarfile.open(fileobj=plain, mode="r|") as archive,
    ):
        names = archive.getnames()
    assert names[-1] == "backup.json"
    assert not [name for name in names if "staging" in name]
