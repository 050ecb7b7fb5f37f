"""Loading watchlist.toml: who is watched, asked for by whom."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from monitor.domain import Relation, StatementStatus, SubjectKind
from monitor.errors import ConfigError
from monitor.settings import load_watchlist

FULL = """
[[subject]]
id = "subject-1"
name = "FIRST LAST"
kind = "person"
aliases = ["F. LAST"]
handles = ["@firstlast"]
context_terms = ["Leeds", "dentist"]
exclude_terms = ["footballer"]
languages = ["en"]
client_id = "client-1"
  [subject.attestation]
  relation = "client"
  by = "COUNSEL NAME"
  on = 2026-11-22
  reference = "A-17"
  [[subject.statement]]
  id = "stole"
  text = "FIRST LAST stole money from patients"
  paraphrases = ["FIRST LAST took what was not theirs"]
  first_published_on = 2026-01-02
  status = "adjudicated"
[[subject]]
id = "firm-1"
name = "EXAMPLE FIRM LTD"
kind = "organisation"
  [subject.attestation]
  relation = "organisation"
  by = "DIRECTOR NAME"
  on = 2026-11-22
"""


def load(folder: Path, text: str):
    path = folder / "watchlist.toml"
    path.write_text(text, "utf-8")
    return load_watchlist(path)


def faults_of(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return caught.value.faults


def test_every_key_is_read(tmp_path):
    watchlist = load(tmp_path, FULL)
    person, firm = watchlist.subjects()
    assert (person.id, person.name, person.kind) == ("subject-1", "FIRST LAST", SubjectKind.PERSON)
    assert (person.aliases, person.handles) == (("F. LAST",), ("@firstlast",))
    assert (person.context_terms, person.exclude_terms) == (("Leeds", "dentist"), ("footballer",))
    assert (person.languages, person.client_id, person.is_active) == (("en",), "client-1", True)
    assert person.attestation.relation is Relation.CLIENT
    assert (person.attestation.on, person.attestation.reference) == (date(2026, 11, 22), "A-17")
    assert firm.kind is SubjectKind.ORGANISATION
    (statement,) = watchlist.statements()
    assert (statement.subject_id, statement.id, statement.language) == ("subject-1", "stole", "en")
    assert statement.paraphrases == ("FIRST LAST took what was not theirs",)
    assert statement.first_published_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert statement.status is StatementStatus.ADJUDICATED


def test_an_empty_list_watches_nobody(tmp_path):
    assert load(tmp_path, "").subjects() == ()


def test_a_subject_without_attestation_is_refused_and_told_why(tmp_path):
    (fault,) = faults_of(tmp_path, '[[subject]]\nid = "a"\nname = "FIRST LAST"')
    assert fault.startswith("`subject[1].attestation` is missing")
    assert "say who asks for this watch" in fault
    assert "relation, by, on" in fault


ASKED = '\n  [subject.attestation]\n  relation = "self"\n  by = "FIRST LAST"\n  on = 2026-11-22\n'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[[subject]]\nid="a"\nname="B C"\nalias=["x"]' + ASKED, "`alias` in `subject[1]`; did you mean `aliases`?"),
        ('[[subject]]\nid="a b"\nname="B C"' + ASKED, "`subject[1].id` must be letters"),
        ('[[subject]]\nid="a"\nname="  "' + ASKED, "`subject[1].name`: this is empty"),
        ('[[subject]]\nid="a"\nname="B C"\naliases=["—"]' + ASKED, "`subject[1].aliases[1]`: this is empty"),
        ('[[subject]]\nid="a"\nname="B C"\nkind="cat"' + ASKED, "`subject[1].kind` must be 'person' or 'organisation'"),
        ('[[subject]]\nname="B C"' + ASKED, "`subject[1].id` is missing"),
        (
            '[[subject]]\nid="a"\nname="B C"' + ASKED.replace("self", "friend"),
            "attestation.relation` must be 'self', 'client'",
        ),
        ('[[subject]]\nid="a"\nname="B C"' + ASKED.replace("2026-11-22", '"soon"'), "attestation.on`"),
        ('[[subject]]\nid="a"\nname="B C"' + ASKED.replace("FIRST LAST", " "), "attestation.by`: this is empty"),
        (
            '[[subject]]\nid="a"\nname="B C"' + ASKED + "  [[subject.statement]]\n  id='s'",
            "statement[1].text` is missing",
        ),
        (
            '[[subject]]\nid="a"\nname="B C"' + ASKED + "  [[subject.statement]]\n  id='s'\n  text='t'\n" * 2,
            "each statement needs its own id; used twice: s",
        ),
        (('[[subject]]\nid="a"\nname="B C"' + ASKED) * 2, "each subject needs its own id; used twice: a"),
        ("[[people]]\nid = 'a'", "I don't know the key `people`"),
    ],
)
def test_faults_are_in_words(tmp_path, text, fault):
    faults = faults_of(tmp_path, text)
    assert len(faults) == 1
    assert fault in faults[0]


def test_every_fault_is_named_at_once(tmp_path):
    faults = faults_of(tmp_path, '[[subject]]\nid="!"\nname=""\n[[subject]]\nid="b"\nname="B C"\nkind="x"')
    assert len(faults) == 5
