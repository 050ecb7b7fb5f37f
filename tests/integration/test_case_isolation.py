"""Two clients whose people have the same name: whatever is done, no command shows one the other's cases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from monitor.bootstrap.web import case_days
from monitor.cases.desk import CaseDesk
from monitor.cli import app
from monitor.domain import Owner
from monitor.evidence import FileVault
from monitor.jobs import digest
from monitor.store import open_store
from monitor.testing import FakeClock, make_subject

CLIENTS = ("client-1", "client-2")
SUBJECTS = {"client-1": ("one-a", "one-b"), "client-2": ("two-a", "two-b")}
CLIENT_OF = {subject: client for client, subjects in SUBJECTS.items() for subject in subjects}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[CaseDesk]:
    clock = FakeClock()
    store = open_store(f"sqlite:///{tmp_path / 'goodname.db'}", clock=clock)
    for client, subjects in SUBJECTS.items():
        for subject in subjects:
            store.save_subject(make_subject(id=subject, client_id=client, name="FIRST LAST"))
    yield CaseDesk(
        store=store,
        vault=FileVault(tmp_path / "evidence", clock=clock, actor="test", reserve_bytes=0),
        clock=clock,
    )
    store.close()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(opened=st.lists(st.tuples(st.sampled_from(sorted(CLIENT_OF)), st.booleans()), min_size=1, max_size=6))
def test_lists_days_and_summaries_hold_only_ones_own(desk: CaseDesk, opened: list[tuple[str, bool]]) -> None:
    for subject, has_day in opened:
        case = desk.open(subject, f"of {CLIENT_OF[subject]}")
        if has_day:
            due = desk.clock.now().date() + timedelta(days=3)
            desk.set_day(case.id, title=f"of {CLIENT_OF[subject]}", due_on=due, by=Owner.SELF)
    every = desk.store.cases()
    now = desk.clock.now()
    seen = []
    for client in CLIENTS:
        mine = desk.store.cases(client_id=client)
        assert {CLIENT_OF[one.subject_id] for one in mine} <= {client}
        ids = {one.id for one in mine}
        clocks = desk.store.clocks(client_id=client)
        found = digest.gather(desk.store, client, (now - timedelta(days=1), now), "UTC", "")
        assert {one.case_id for one in (*clocks, *found.clocks)} <= ids
        assert len(case_days(desk.store, frozenset({client}))) == len(clocks)
        seen += [*ids]
    assert sorted(seen) == sorted(one.id for one in every)  # nothing is lost between them, nothing is seen twice


WATCHLIST = "".join(
    f"""
[[subject]]
id = "{subject}"
client_id = "{client}"
name = "FIRST LAST"
  [subject.attestation]
  relation = "client"
  by = "CONSULTANT"
  on = 2026-11-22
"""
    for subject, client in CLIENT_OF.items()
)


def test_case_list_by_command_keeps_clients_with_the_same_name_apart(tmp_path: Path) -> None:
    (tmp_path / "watchlist.toml").write_text(WATCHLIST, "utf-8")
    config = tmp_path / "goodname.toml"
    config.write_text('data_dir = "data"\n[watchlist]\nfile = "watchlist.toml"\n', "utf-8")

    def run(*words: str, code: int = 0) -> str:
        told = CliRunner().invoke(app, ["--config", str(config), "case", *words])
        assert told.exit_code == code, told.output
        return told.output

    for subject, client in CLIENT_OF.items():
        run("new", f"of {client}", "--subject", subject)
    for client in CLIENTS:
        listed = json.loads(run("list", "--client", client, "--json"))
        assert [one["title"] for one in listed] == [f"of {client}"] * 2
        (other,) = set(CLIENTS) - {client}
        assert other not in run("list", "--client", client)
        for subject in SUBJECTS[other]:
            assert json.loads(run("list", "--client", client, "--subject", subject, "--json")) == []
    assert json.loads(run("list", "--client", "nobody", "--json")) == []
    for line in run("list").splitlines()[1:]:
        assert [client for client in CLIENTS if client in line.partition("of ")[0]] == [
            line.partition("of ")[2].strip()
        ]
