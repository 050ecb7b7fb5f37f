"""Keep with each revision's words whom they are about, so that the full-text index finds a word within one subject.

The index takes a revision in when it is judged to be about somebody: nothing else is ever shown by a search. Each
subject is one word of a column of its own. PostgreSQL's index adds for each of them, and for everybody, a word for the
day on which the revision was seen first and one for the sixteen days that this day is in, both counted from 1970.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from monitor.ports import Decision
from monitor.store.columns import storable
from monitor.store.schema import mention_revision

_Revision = tuple[int, int]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_WORDS = 100
_STRETCHES = (("d", timedelta(days=1), 16), ("s", timedelta(days=16), _MOST_WORDS))
_EVERYBODY = "@"


def word_of(subject_id: str) -> str:
    """Give the word that stands for a subject: no text holds it, whatever the id consists of."""
    return "@" + storable(subject_id).encode().hex()


def words_in_time(words: Sequence[str], since: datetime, until: datetime) -> list[str]:
    """Give PostgreSQL's words for these subjects' words, none for everybody, from one day to another, or more days.

    An empty list when there would be more of them than are worth asking for.
    """
    of = words or (_EVERYBODY,)
    for mark, length, most in _STRETCHES:
        stretches = range((since - _EPOCH) // length, (until - _EPOCH) // length + 1)
        if len(stretches) <= most and len(stretches) * len(of) <= _MOST_WORDS:
            return [f"{word}/{mark}{number}" for number in stretches for word in of]
    return []


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
