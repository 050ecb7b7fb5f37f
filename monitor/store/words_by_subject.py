"""Keep with each revision's words whom they are about, so that the full-text index finds a word within one subject.

The index takes a revision in when it is judged to be about somebody: nothing else is ever shown by a search. Each
subject is one word of a column of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select, update

from monitor.ports import Decision
from monitor.store.columns import storable
from monitor.store.schema import mention_revision

_Revision = tuple[int, int]


def word_of(subject_id: str) -> str:
    """Give the word that stands for a subject: no text holds it, whatever the id consists of."""
    return "@" + storable(subject_id).encode().hex()


def name_subjects(connection: Connection, decisions: Mapping[_Revision, Decision]) -> None:
    """Note whom revisions are about, where a decision changes it."""
    columns = mention_revision.c
    ids = sorted({mention_id for mention_id, _ in decisions})
    kept = select(columns.id, columns.mention_id, columns.revision, columns.subjects).where(columns.mention_id.in_(ids))
    changed = []
    for row in connection.execute(kept):
        decision = decisions.get((row.mention_id, row.revision))
        if decision is not None and (subjects := _words(decision)) != row.subjects:
            changed.append({"revision_id": row.id, "words": subjects})
    if changed:
        command = update(mention_revision).where(columns.id == bindparam("revision_id"))
        connection.execute(command.values(subjects=bindparam("words")), changed)


def _words(decision: Decision) -> str:
    named = {one.judgement.subject_id for one in decision.assessments if one.judgement.about.score > 0}
    return " ".join(sorted(word_of(subject_id) for subject_id in named))
