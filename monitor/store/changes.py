"""Find edits and removals of mentions about a subject."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, literal, select, true

from monitor.domain import Change, LiveState
from monitor.store.engine import unindexed
from monitor.store.hit_rows import SUBJECTS_OF_CLIENT
from monitor.store.part import Part
from monitor.store.schema import assessment, mention, mention_revision, observation

_TOLD = (LiveState.EDITED.value, LiveState.GONE.value)
_NEW_TEXT = "the source gave a new text"


class ChangeRows(Part):
    """Implement `changes` of `monitor.ports.CaptureStore`."""

    def changes(self, start: datetime, end: datetime, client_id: str | None = None) -> tuple[Change, ...]:
        """Give edits and removals of mentions about a subject, seen in [start, end), oldest first.

        A new revision is an edit, too. A mention that any revision of was about the subject counts, since an edit
        may have taken the name out. Of several changes of one kind the last one is given.
        """
        given = {"start": start, "end": end, "client": client_id}
        with self._db.reading() as connection:
            which = (connection.dialect.name, client_id is not None)
            rows = [row for write in (_observed, _revised) for row in connection.execute(write(*which), given)]
        newest: dict[tuple[int, str, LiveState], Change] = {}
        for change in sorted(map(_change_of, rows), key=lambda one: one.observed_at):
            newest[change.mention_id, change.subject_id, change.state] = change
        return tuple(sorted(newest.values(), key=lambda one: (one.observed_at, one.mention_id, one.subject_id)))


# Each is written once: building a statement takes longer than executing it.
@cache
def _observed(dialect: str, of_client: bool) -> Select[Any]:
    columns = observation.c
    query = _about_subjects(
        select(columns.mention_id, columns.state, columns.signal, columns.observed_at).join_from(
            observation, mention, mention.c.id == columns.mention_id
        ),
        _its_subject(dialect, of_client),
    )
    return query.where(*_within(columns.observed_at), columns.state.in_(_TOLD))


@cache
def _revised(dialect: str, of_client: bool) -> Select[Any]:
    columns = mention_revision.alias("edited").c
    query = _about_subjects(
        select(
            columns.mention_id,
            literal(LiveState.EDITED.value).label("state"),
            literal(_NEW_TEXT).label("signal"),
            columns.first_seen_at.label("observed_at"),
        ).join(mention, mention.c.id == columns.mention_id),
        _its_subject(dialect, of_client),
    )
    return query.where(columns.revision > 1, *_within(columns.first_seen_at))


def _within(moment: ColumnElement[datetime]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return moment >= bindparam("start"), moment < bindparam("end")


def _its_subject(dialect: str, of_client: bool) -> ColumnElement[bool]:
    """Choose a client's subjects among those that a change is about; the few changes lead, not the many hits."""
    if not of_client:
        return true()
    return unindexed(dialect, assessment.c.subject_id).in_(SUBJECTS_OF_CLIENT)


def _about_subjects(query: Select[Any], its_subject: ColumnElement[bool]) -> Select[Any]:
    """Add each subject that a mention is or was about (once a revision), and where the mention stands now."""
    judged, kept = assessment.c, mention_revision.c
    return (
        query.add_columns(judged.subject_id, mention.c.source, kept.url)
        .join(mention_revision, and_(kept.mention_id == mention.c.id, kept.revision == mention.c.revision))
        .join(assessment, and_(judged.mention_id == mention.c.id, judged.about_score > 0))
        .where(its_subject)
    )


def _change_of(row: Row[Any]) -> Change:
    return Change(
        mention_id=row.mention_id,
        subject_id=row.subject_id,
        source=row.source,
        url=row.url,
        state=LiveState(row.state),
        signal=row.signal,
        observed_at=row.observed_at,
    )
