"""Find edits and removals of mentions about a subject."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, literal, select, true

from monitor.domain import Change, LiveState
from monitor.store.engine import unindexed
from monitor.store.hits import subjects_of_client
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
        with self._db.reading() as connection:
            found = [*_observed(connection, start, end, client_id), *_revised(connection, start, end, client_id)]
        newest: dict[tuple[int, str, LiveState], Change] = {}
        for change in sorted(found, key=lambda one: one.observed_at):
            newest[change.mention_id, change.subject_id, change.state] = change
        return tuple(sorted(newest.values(), key=lambda one: (one.observed_at, one.mention_id, one.subject_id)))


def _observed(connection: Connection, start: datetime, end: datetime, client_id: str | None) -> list[Change]:
    columns = observation.c
    query = _about_subjects(
        select(columns.mention_id, columns.state, columns.signal, columns.observed_at).join_from(
            observation, mention, mention.c.id == columns.mention_id
        ),
        _its_subject(connection, client_id),
    ).where(columns.observed_at >= start, columns.observed_at < end, columns.state.in_(_TOLD))
    return [_change_of(row) for row in connection.execute(query)]


def _revised(connection: Connection, start: datetime, end: datetime, client_id: str | None) -> list[Change]:
    columns = mention_revision.alias("edited").c
    query = _about_subjects(
        select(
            columns.mention_id,
            literal(LiveState.EDITED.value).label("state"),
            literal(_NEW_TEXT).label("signal"),
            columns.first_seen_at.label("observed_at"),
        ).join(mention, mention.c.id == columns.mention_id),
        _its_subject(connection, client_id),
    ).where(columns.revision > 1, columns.first_seen_at >= start, columns.first_seen_at < end)
    return [_change_of(row) for row in connection.execute(query)]


def _its_subject(connection: Connection, client_id: str | None) -> ColumnElement[bool]:
    """Choose a client's subjects among those that a change is about; the few changes lead, not the many hits."""
    if client_id is None:
        return true()
    return unindexed(connection.dialect.name, assessment.c.subject_id).in_(subjects_of_client(client_id))


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
