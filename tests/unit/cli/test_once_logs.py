"""`goodname once` logs on standard error as the service does; standard output stays the command's own."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

LOST = "a kept position cannot be read; starting over"


def lose_position(home) -> None:
    """Make the kept position of every source unreadable."""
    with closing(sqlite3.connect(home.folder / "data" / "goodname.db")) as database, database:
        assert database.execute("UPDATE position SET cursor = 'no position'").rowcount


def test_once_logs_what_the_jobs_say_and_keeps_its_answer_clean(home):
    home.run("once")
    lose_position(home)
    done = home.run("once", "--json")
    assert json.loads(done.stdout)["polled"]
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [line["level"] for line in lines if line["message"] == LOST] == ["warning"]
    assert LOST not in done.stdout


def test_the_level_is_the_configured_one(home):
    home.run("once")
    lose_position(home)
    home.config.write_text(f'log_level = "error"\n{home.config.read_text("utf-8")}', "utf-8")
    assert LOST not in home.run("once").stderr
