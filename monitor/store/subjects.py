"""Keep subjects and statements."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, select, update

from monitor.domain import Attestation, Relation, Statement, StatementStatus, Subject, SubjectKind
from monitor.errors import StoreError
from monitor.store.engine import insert_into
from monitor.store.part import Part
from monitor.store.schema import setting
from monitor.store.schema import statement as statements_table
from monitor.store.schema import subject as subjects_table

_FROM_FILE = "file"
_FROM_PERSON = "person"
_MARK = "subjects.mark"


class SubjectRows(Part):
    """Implement `monitor.ports.SubjectStore`; a row's `origin` says who wrote it, the watch list file or a person."""

    def provision(self, subjects: Sequence[Subject], statements: Sequence[Statement]) -> None:
        """Bring what a watch list file says into the store; see the port."""
        with self._db.writing() as connection:
            for subject in subjects:
                _write(connection, subjects_table, _subject_values(subject, _FROM_FILE))
            for statement in statements:
                _require_subject(connection, statement)
                _write(connection, statements_table, _statement_values(statement, _FROM_FILE))
            _retire(connection, {one.id for one in subjects}, {(one.subject_id, one.id) for one in statements})
            _mark(connection)

    def save_subject(self, subject: Subject) -> None:
        """Insert or replace one subject, as added by a person."""
        with self._db.writing() as connection:
            _write(connection, subjects_table, _subject_values(subject, _FROM_PERSON))
            _mark(connection)

    def save_statement(self, statement: Statement) -> None:
        """Insert or replace one statement, as added by a person; StoreError when its subject is unknown."""
        with self._db.writing() as connection:
            _require_subject(connection, statement)
            _write(connection, statements_table, _statement_values(statement, _FROM_PERSON))
            _mark(connection)

    def subjects_mark(self) -> str:
        """Give what is another whenever a subject or statement was written."""
        query = select(setting.c.value).where(setting.c.key == _MARK)
        with self._db.reading() as connection:
            return connection.execute(query).scalar() or ""

    def subjects(self, *, active_only: bool = True) -> tuple[Subject, ...]:
        """Give the subjects, by id."""
        query = select(subjects_table).order_by(subjects_table.c.id)
        if active_only:
            query = query.where(subjects_table.c.is_active)
        with self._db.reading() as connection:
            return tuple(_subject_of(row) for row in connection.execute(query))

    def statements(self, subject_id: str = "", *, active_only: bool = True) -> tuple[Statement, ...]:
        """Give the statements of one subject, or of all, by subject and id; only withdrawn ones are not active."""
        columns = statements_table.c
        query = select(statements_table).order_by(columns.subject_id, columns.id)
        if subject_id:
            query = query.where(columns.subject_id == subject_id)
        if active_only:
            query = query.where(columns.status != StatementStatus.WITHDRAWN)
        with self._db.reading() as connection:
            return tuple(_statement_of(row) for row in connection.execute(query))


def _write(connection: Connection, table: Table, values: dict[str, object]) -> None:
    """Insert a row or replace the one with the same key."""
    command = insert_into(connection, table).values(values)
    keys = [column.name for column in table.primary_key]
    changed = {name: command.excluded[name] for name in values if name not in keys}
    connection.execute(command.on_conflict_do_update(index_elements=keys, set_=changed))


def _mark(connection: Connection) -> None:
    """Note, with the change itself, that there was one: whoever holds the rows in memory asks for this alone."""
    command = insert_into(connection, setting).values(key=_MARK, value=secrets.token_hex(8))
    connection.execute(command.on_conflict_do_update(index_elements=["key"], set_={"value": command.excluded.value}))


def _require_subject(connection: Connection, statement: Statement) -> None:
    query = select(subjects_table.c.id).where(subjects_table.c.id == statement.subject_id)
    if connection.execute(query).first() is None:
        raise StoreError(
            f"The statement {statement.id!r} is about a subject that is not known: {statement.subject_id!r}.",
            try_="Add the subject first.",
        )


def _retire(connection: Connection, subject_ids: set[str], statement_ids: set[tuple[str, str]]) -> None:
    """Make inactive or withdrawn what came from the file before and is no longer in it."""
    known = connection.execute(select(subjects_table.c.id).where(subjects_table.c.origin == _FROM_FILE)).scalars()
    for subject_id in set(known) - subject_ids:
        connection.execute(update(subjects_table).where(subjects_table.c.id == subject_id).values(is_active=False))
    columns = statements_table.c
    kept = connection.execute(select(columns.subject_id, columns.id).where(columns.origin == _FROM_FILE))
    for subject_id, statement_id in {(row.subject_id, row.id) for row in kept} - statement_ids:
        chosen = update(statements_table).where(columns.subject_id == subject_id, columns.id == statement_id)
        connection.execute(chosen.values(status=StatementStatus.WITHDRAWN))


def _subject_values(subject: Subject, origin: str) -> dict[str, object]:
    attested = subject.attestation
    return {
        "id": subject.id,
        "name": subject.name,
        "kind": subject.kind,
        "aliases": subject.aliases,
        "handles": subject.handles,
        "context_terms": subject.context_terms,
        "exclude_terms": subject.exclude_terms,
        "languages": subject.languages,
        "is_active": subject.is_active,
        "client_id": subject.client_id,
        "attested_relation": attested.relation if attested else None,
        "attested_by": attested.by if attested else None,
        "attested_on": attested.on if attested else None,
        "attested_reference": attested.reference if attested else None,
        "origin": origin,
    }


def _subject_of(row: Row[Any]) -> Subject:
    attested = None
    if row.attested_relation is not None:
        attested = Attestation(
            relation=Relation(row.attested_relation),
            by=row.attested_by,
            on=row.attested_on,
            reference=row.attested_reference,
        )
    return Subject(
        id=row.id,
        name=row.name,
        kind=SubjectKind(row.kind),
        aliases=tuple(row.aliases),
        handles=tuple(row.handles),
        context_terms=tuple(row.context_terms),
        exclude_terms=tuple(row.exclude_terms),
        languages=tuple(row.languages),
        is_active=row.is_active,
        client_id=row.client_id,
        attestation=attested,
    )


def _statement_values(statement: Statement, origin: str) -> dict[str, object]:
    return {
        "id": statement.id,
        "subject_id": statement.subject_id,
        "text": statement.text,
        "paraphrases": statement.paraphrases,
        "language": statement.language,
        "meaning": statement.meaning,
        "first_appearance_url": statement.first_appearance_url,
        "first_published_at": statement.first_published_at,
        "falsity_note": statement.falsity_note,
        "status": statement.status,
        "origin": origin,
    }


def _statement_of(row: Row[Any]) -> Statement:
    return Statement(
        id=row.id,
        subject_id=row.subject_id,
        text=row.text,
        paraphrases=tuple(row.paraphrases),
        language=row.language,
        meaning=row.meaning,
        first_appearance_url=row.first_appearance_url,
        first_published_at=row.first_published_at,
        falsity_note=row.falsity_note,
        status=StatementStatus(row.status),
    )
