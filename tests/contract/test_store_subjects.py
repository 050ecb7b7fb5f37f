"""Every store keeps subjects and statements alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from monitor.domain import Attestation, Relation, StatementStatus, SubjectKind
from monitor.errors import StoreError
from monitor.store import SqlStore
from monitor.testing.builders import NOW, make_statement, make_subject

FULL_SUBJECT = make_subject(
    kind=SubjectKind.ORGANISATION,
    aliases=("F. LAST", "名前"),
    handles=("@firstlast",),
    context_terms=("Leeds",),
    exclude_terms=("painter",),
    languages=("en", "de"),
    client_id="client-7",
    attestation=Attestation(relation=Relation.CLIENT, by="COUNSEL", on=date(2026, 3, 4), reference="F-12"),
)
FULL_STATEMENT = make_statement(
    paraphrases=("took patients' money", "日本語"),
    language="de",
    meaning="that money was stolen",
    first_appearance_url="https://forum.example/t/9",
    first_published_at=NOW - timedelta(days=400, microseconds=1),
    falsity_note="audited",
    status=StatementStatus.ADJUDICATED,
)


def test_every_field_comes_back(store: SqlStore):
    store.save_subject(FULL_SUBJECT)
    store.save_statement(FULL_STATEMENT)
    assert store.subjects() == (FULL_SUBJECT,)
    assert store.statements() == (FULL_STATEMENT,)


def test_subject_without_attestation(store: SqlStore):
    bare = make_subject(attestation=None)
    store.save_subject(bare)
    assert store.subjects() == (bare,)


def test_order_and_choice(store: SqlStore):
    store.provision(
        [make_subject(id="b"), make_subject(id="a"), make_subject(id="c", is_active=False)],
        [
            make_statement(id="2", subject_id="b"),
            make_statement(id="1", subject_id="b"),
            make_statement(id="9", subject_id="a", status=StatementStatus.WITHDRAWN),
            make_statement(id="8", subject_id="a", status=StatementStatus.ADJUDICATED),
        ],
    )
    assert [one.id for one in store.subjects()] == ["a", "b"]
    assert [one.id for one in store.subjects(active_only=False)] == ["a", "b", "c"]
    assert [(one.subject_id, one.id) for one in store.statements()] == [("a", "8"), ("b", "1"), ("b", "2")]
    assert [one.id for one in store.statements("a", active_only=False)] == ["8", "9"]


def test_saving_again_replaces(store: SqlStore):
    store.save_subject(FULL_SUBJECT)
    store.save_subject(make_subject(name="FIRST OTHER", attestation=None))
    store.save_statement(FULL_STATEMENT)
    store.save_statement(make_statement(text="another wording"))
    assert store.subjects() == (make_subject(name="FIRST OTHER", attestation=None),)
    assert store.statements() == (make_statement(text="another wording"),)


def test_same_statement_id_for_two_subjects(store: SqlStore):
    store.provision([make_subject(id="a"), make_subject(id="b")], [])
    store.save_statement(make_statement(subject_id="a"))
    store.save_statement(make_statement(subject_id="b", text="another"))
    assert [one.text for one in store.statements("b")] == ["another"]


def test_statement_of_unknown_subject_is_refused(store: SqlStore):
    with pytest.raises(StoreError, match="not known"):
        store.save_statement(make_statement(subject_id="nobody"))
    with pytest.raises(StoreError, match="not known"):
        store.provision([make_subject()], [make_statement(subject_id="nobody")])
    assert store.subjects(active_only=False) == ()


def test_provision_is_idempotent(store: SqlStore):
    for _ in range(2):
        store.provision([FULL_SUBJECT], [FULL_STATEMENT])
    assert store.subjects() == (FULL_SUBJECT,)
    assert store.statements() == (FULL_STATEMENT,)


def test_what_left_the_file_is_retired_and_kept(store: SqlStore):
    store.provision([make_subject(id="a"), make_subject(id="b")], [make_statement(subject_id="a")])
    store.provision([make_subject(id="b")], [])
    assert [one.id for one in store.subjects()] == ["b"]
    assert store.subjects(active_only=False)[0] == make_subject(id="a", is_active=False)
    assert store.statements() == ()
    assert store.statements(active_only=False)[0].status is StatementStatus.WITHDRAWN


def test_what_a_person_added_stays(store: SqlStore):
    store.save_subject(make_subject(id="mine"))
    store.save_statement(make_statement(id="mine-too", subject_id="mine"))
    store.provision([make_subject(id="b")], [])
    assert [one.id for one in store.subjects()] == ["b", "mine"]
    assert [one.id for one in store.statements()] == ["mine-too"]


def test_the_file_overwrites_the_same_id(store: SqlStore):
    store.save_subject(make_subject(name="BY HAND"))
    store.provision([make_subject()], [])
    assert store.subjects() == (make_subject(),)
    store.provision([], [])
    assert store.subjects() == ()


def test_an_edit_by_a_person_makes_the_row_his(store: SqlStore):
    store.provision([make_subject()], [make_statement()])
    store.save_statement(make_statement(text="by hand"))
    store.provision([make_subject()], [])
    assert store.statements() == (make_statement(text="by hand"),)


def test_unstorable_characters_are_replaced(store: SqlStore):
    odd = replace(make_subject(), aliases=("nul\x00", "half\ud800"), name="A\x00B\udfff")
    store.save_subject(odd)
    (kept,) = store.subjects()
    assert kept.name == "A\ufffdB\ufffd"
    assert len(kept.aliases) == 2


def test_a_mark_changes_with_each_write_of_a_subject_or_statement_and_only_then(store: SqlStore) -> None:
    marks = [store.subjects_mark()]
    store.provision((make_subject(id="a"),), ())
    marks.append(store.subjects_mark())
    store.save_subject(make_subject(id="a", name="OTHER NAME"))
    marks.append(store.subjects_mark())
    store.save_statement(make_statement(subject_id="a"))
    marks.append(store.subjects_mark())
    assert len(set(marks)) == 4
    store.set_setting("other", "value")
    with pytest.raises(StoreError):
        store.save_statement(make_statement(subject_id="nobody"))
    assert store.subjects_mark() == marks[-1]
