"""`goodname migrate` on a real installation and a real PostgreSQL: rows, evidence, and word of what to set."""

from __future__ import annotations

import os
import re

import pytest

from monitor.testing.postgres import postgres_server, server_programs
from tests.unit.cli.conftest import HOSTILE, OTHER, REPEAT, feed_of

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def database():
    if server_programs() is None:
        assert not os.environ.get("CI"), "PostgreSQL's server must be there in CI"
        pytest.skip("PostgreSQL's server is not installed")
    with postgres_server() as server:
        yield server


def test_rows_and_evidence_move_and_the_new_place_works(full, database):
    url, place = database.url(database.new_database()), full.folder / "shared"
    before = full.json("hits", "list")

    shown = full.run("migrate", "--to", url, "--evidence-to", str(place))
    assert "moved and compared" in shown.stdout
    assert "verify" in shown.stdout
    assert "[store] url" in shown.stderr
    again = full.json("migrate", "--to", url, "--evidence-to", str(place))
    assert again["were_there"] is True
    assert full.json("hits", "list") == before, "the old one stays as it is"

    text = re.sub(r"(?m)^data_dir = .*$", f'data_dir = "{place}"', full.config.read_text("utf-8"))
    full.config.write_text(f'{text}\n[store]\nurl = "{url}"\n', "utf-8")
    assert full.json("hits", "list") == before
    assert full.json("evidence", "verify", code=2)["findings"] == []


def test_rows_and_evidence_move_to_two_servers_and_the_line_goes_on(full, database, s3):
    url, place = database.url(database.new_database()), f"s3://{s3.new_bucket()}/goodname"
    block = f'[evidence]\nendpoint = "{s3.endpoint}"\nregion = "us-east-1"\nkey_id = "k"\nsecret = "s"\n'
    full.edit("[[source]]", f"{block}[[source]]")
    before = full.json("hits", "list")

    moved = full.json("migrate", "--to", url, "--evidence-to", place)
    assert moved["rows"]["capture"] == moved["captures"] > 0
    full.edit("[evidence]\n", f'[store]\nurl = "{url}"\n[evidence]\nurl = "{place}"\n')
    assert full.json("hits", "list") == before
    full.site.put("/feed.json", feed_of(full.site, REPEAT, HOSTILE, OTHER, f"{REPEAT} Again."))
    full.site.put("/post/4", f"<html><p>{REPEAT} Again.</p></html>".encode(), "text/html")
    assert full.json("once")["captures"]
    found = full.json("evidence", "verify", "--head", moved["chain_head"])
    assert (found["intact"], found["captures"]) == (True, moved["captures"] + 1)


def test_evidence_that_arrives_changed_is_refused(full, database):
    url, place = database.url(database.new_database()), full.folder / "shared"
    full.run("migrate", "--to", url, "--evidence-to", str(place))
    log = place / "evidence" / "custody.jsonl"
    log.write_bytes(log.read_bytes().replace(b"capture", b"raptuce", 1))

    done = full.run("migrate", "--to", url, "--evidence-to", str(place), code=1)
    assert "changed" in done.stderr


def test_an_installation_on_a_server_is_not_moved(full, database):
    url = database.url(database.new_database())
    full.config.write_text(full.config.read_text("utf-8") + f'\n[store]\nurl = "{url}"\n', "utf-8")

    assert "does not use SQLite" in full.run("migrate", "--to", url, code=2).stderr
