"""A real disk that is full loses nothing that was stored; one that is read-only is called so, with what helps."""

from __future__ import annotations

import asyncio
import errno
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from io import FileIO
from pathlib import Path

import pytest

from monitor.bootstrap.claim import Claim
from monitor.bootstrap.told import TOLD, ToldNote
from monitor.domain import Alert, AlertKind, AlertStatus, Message
from monitor.errors import ConfigError, StoreError
from monitor.jobs import deliver
from monitor.jobs.ailing import takes_a_write
from monitor.notify import WordRenderer
from monitor.store import open_store
from monitor.testing import FakeClock

ROUNDS = 100


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of sixteen megabytes; where that is not allowed, there is nothing to fill."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until not a byte fits any more."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 512, 1):
            while fits(file, size):
                continue


def fits(file: FileIO, size: int) -> bool:
    """Write so many bytes; tells whether there was room."""
    try:
        return file.write(b"x" * size) == size
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


class Channel:
    """Take every message, and remember its id."""

    channels = ("mail",)

    def __init__(self) -> None:
        self.ids: list[str] = []

    async def turn(self, channel: str) -> None:
        return

    async def send(self, channel: str, message: Message) -> None:
        self.ids.append(message.message_id)


class NoVault:
    def chain_head(self) -> str:
        return ""


def test_a_full_disk_loses_no_alert_and_ends_nothing(small_disk: Path) -> None:
    clock, channel, renderer = FakeClock(), Channel(), WordRenderer()
    owed: dict[str, Alert] = {}
    refused = 0
    with closing(open_store(f"sqlite:///{small_disk}/goodname.db", clock=clock)) as store:
        office = deliver.Office(store=store, vault=NoVault(), notifier=channel, renderer=renderer, clock=clock)

        def owe(key: str) -> bool:
            alert = Alert(kind=AlertKind.TEST, dedupe_key=key, created_at=clock.now(), payload={"words": "x" * 3000})
            try:
                store.enqueue(alert)
            except StoreError:
                return False
            owed[renderer.alert(alert, None, chain_head="").message_id] = alert
            return True

        for number in range(ROUNDS):
            assert owe(f"before-{number}")
            fill(small_disk / "filler")
            refused += sum(not owe(f"full-{number}-{place}") for place in range(3))
            try:
                asyncio.run(deliver.run(office))
            except StoreError:
                refused += 1
            (small_disk / "filler").unlink()
            clock.advance(timedelta(minutes=6))  # what was leased is free again
        for _ in range(ROUNDS):
            asyncio.run(deliver.run(office))
            clock.advance(timedelta(minutes=6))
        assert {alert.status for alert in store.alerts(limit=10_000)} == {AlertStatus.SENT}
    assert refused >= ROUNDS, "the control: the disk was full"
    assert set(owed) <= set(channel.ids)


def test_what_was_told_is_noted_on_a_full_disk_and_a_write_is_not_taken(small_disk: Path) -> None:
    note = ToldNote(small_disk / TOLD)
    assert not note.read()
    clock = FakeClock()
    with closing(open_store(f"sqlite:///{small_disk}/goodname.db", clock=clock)) as store:
        assert takes_a_write(store, clock.now())
        with closing(sqlite3.connect(small_disk / "goodname.db")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        fill(small_disk / "filler")
        clock.advance(timedelta(seconds=1))  # to keep the same once more would write nothing
        assert not takes_a_write(store, clock.now())
        note.write(is_told=True)
        assert ToldNote(small_disk / TOLD).read()
        (small_disk / "filler").unlink()
        assert takes_a_write(store, clock.now())
    note.write(is_told=False)
    assert not ToldNote(small_disk / TOLD).read()


def test_what_cannot_be_noted_is_logged_and_left(read_only_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    note = ToldNote(read_only_disk / "data" / TOLD)
    note.write(is_told=True)
    assert not note.read()
    assert "could not be noted" in caplog.text


@pytest.fixture
def read_only_disk(small_disk: Path) -> Path:
    """Give the same disk once it takes nothing any more, with a folder for data on it."""
    (small_disk / "data").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    return small_disk


@pytest.mark.parametrize("data", ["data", "not-made-yet"])
def test_a_start_on_a_read_only_disk_says_what_helps(read_only_disk: Path, tmp_path: Path, data: str) -> None:
    file = tmp_path / "goodname.toml"
    file.write_text(f'data_dir = "{read_only_disk / data}"\n')
    program = str(Path(sys.executable).with_name("goodname"))
    done = subprocess.run(
        [program, "--config", str(file), "run"], capture_output=True, text=True, check=False, timeout=60
    )
    told = " ".join(done.stderr.split())
    assert done.returncode != 0
    assert "the file system is mounted read-only" in told
    assert "`ReadWritePaths=`" in told
    assert "belongs to the user" not in told


def test_a_claim_on_a_read_only_disk_says_what_helps(read_only_disk: Path) -> None:
    with pytest.raises(ConfigError, match="mounted read-only") as caught:
        Claim(read_only_disk / "data" / "running.lock").take()
    assert "`ReadWritePaths=`" in caught.value.try_
