"""`goodname migrate` on a real installation and a real PostgreSQL: rows, evidence, and word of what to set."""

from __future__ import annotations

import os
import re

import pytest

from monitor.testing.postgres import postgres_server, server_programs

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
