"""Choose and count what the review pages show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    select,
    true,
    type_coerce,
)

from monitor.domain import Capture, Hit, Level
from monitor.ports import DayCount, Pile, ReviewFilter, Spread
from monitor.store.capture_rows import capture_of, load_artifacts
from monitor.store.choices import Choice, Chooser, hits_counted, some_hits
from monitor.store.fulltext import search_for
from monitor.store.hit_rows import JUDGED_REVISION
from monitor.store.hits import author_line, hits_of
from monitor.store.judgements import LEVELS
from monitor.store.part import Part
from monitor.store.piles import in_pile
from monitor.store.schema import assessment, capture, mention, mention_revision, statement_match
from monitor.store.searching import newest

_QUARTER_S = 900


class ReviewRows(Part):
    """Implement `monitor.ports.ReviewStore`."""

    def review_hits(self, chosen: ReviewFilter) -> tuple[Hit, ...]:
        """Give hits, newest first."""
        with self._db.reading() as connection:
            wanted = search_for(chosen.text, chosen.subjects) if chosen.text.strip() else None
            rows = newest(connection, _choice(chosen), wanted, limit=chosen.limit, offset=chosen.offset)
            return hits_of(connection, rows)

    def count_review(self, chosen: ReviewFilter, most: int = 1_000) -> int:
        """Count hits, up to `most` + 1."""
        choice = _choice(chosen)
        values = {**choice.values, "limit": most + 1}
        with self._db.reading() as connection:
            dialect = connection.dialect.name
            if not chosen.text.strip():
                return int(connection.execute(hits_counted(dialect, choice.form), values).scalar_one())
            words = search_for(chosen.text, chosen.subjects).clause(connection)
            some = some_hits(dialect, choice.form).join(mention_revision, JUDGED_REVISION).where(words)
            return int(connection.execute(select(func.count()).select_from(some.subquery()), values).scalar_one())

    def days(self, subjects: frozenset[str] | None, since: datetime, timezone: str) -> tuple[DayCount, ...]:
        """Count hits by local day; the database counts quarters of hours, so that any time zone can be summed up."""
        columns = assessment.c
        # Quarters of an hour: every time zone's days begin at one.
        quarter = type_coerce(columns.first_seen_at, BigInteger) // (_QUARTER_S * 1_000_000)
        query = (
            select(quarter.label("quarter"), columns.level_rank, func.count().label("counted"))
            .join(mention, mention.c.id == columns.mention_id)
            .where(columns.about_score > 0, columns.revision == mention.c.decided_revision)
            .where(columns.first_seen_at >= since, _allowed(subjects))
            .group_by(quarter, columns.level_rank)
        )
        zone, counts = ZoneInfo(timezone), Counter[tuple[date, int]]()
        with self._db.reading() as connection:
            for row in connection.execute(query):
                day = datetime.fromtimestamp(int(row.quarter) * _QUARTER_S, UTC).astimezone(zone).date()
                counts[day, row.level_rank] += row.counted
        return tuple(
            DayCount(day=day, none=counts[day, 0], possible=counts[day, 1], likely=counts[day, 2])
            for day in sorted({day for day, _ in counts})
        )

    def spread(self, subject_id: str, statement_id: str, limit: int = 500) -> tuple[Spread, ...]:
        """Give the hits of one statement, oldest first."""
        judged, match, kept = assessment.c, statement_match.c, mention_revision.c
        same = and_(
            match.mention_id == judged.mention_id,
            match.revision == judged.revision,
            match.subject_id == judged.subject_id,
        )
        query = (
            select(
                judged.mention_id,
                judged.first_seen_at,
                judged.level_rank,
                mention.c.source,
                kept.author,
                match.score,
                match.stance,
                match.excerpt,
            )
            .join(statement_match, same)
            .join(mention, and_(mention.c.id == judged.mention_id, mention.c.decided_revision == judged.revision))
            .join(mention_revision, and_(kept.mention_id == judged.mention_id, kept.revision == judged.revision))
            .where(judged.subject_id == subject_id, match.statement_id == statement_id, judged.level_rank > 0)
            .order_by(judged.first_seen_at.desc(), judged.mention_id.desc())
            .limit(limit)
        )
        with self._db.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(_spread_of(row) for row in reversed(rows))

    def subjects_of(self, mention_id: int) -> frozenset[str]:
        """Give the subjects that a mention, in any revision, was found to be about."""
        columns = assessment.c
        query = select(columns.subject_id).where(columns.mention_id == mention_id, columns.about_score > 0)
        with self._db.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def gallery(self, subjects: frozenset[str] | None, *, limit: int = 60, offset: int = 0) -> tuple[Capture, ...]:
        """Give captures of mentions about these subjects, newest first."""
        about = exists().where(
            assessment.c.mention_id == capture.c.mention_id, assessment.c.about_score > 0, _allowed(subjects)
        )
        order = (capture.c.captured_at.desc(), capture.c.id)
        query = select(capture.c.id).order_by(*order).limit(limit).offset(offset)
        if subjects is not None:
            query = query.where(about)
        with self._db.reading() as connection:
            ids = list(connection.execute(query).scalars())
            rows = {row.id: row for row in connection.execute(select(capture).where(capture.c.id.in_(ids)))}
            artifacts = load_artifacts(connection, ids)
        return tuple(capture_of(rows[one], artifacts.get(one, ())) for one in ids)

    def mention_of_capture(self, capture_id: str) -> int:
        """Give the mention that a capture belongs to, or 0."""
        query: Select[Any] = select(capture.c.mention_id).where(capture.c.id == capture_id)
        with self._db.reading() as connection:
            return int(connection.execute(query).scalar() or 0)


def _spread_of(row: Row[Any]) -> Spread:
    return Spread(
        mention_id=row.mention_id,
        source=row.source,
        author=author_line(row.author),
        seen_at=row.first_seen_at,
        level=LEVELS[row.level_rank],
        score=row.score,
        stance=row.stance,
        excerpt=row.excerpt,
    )


def _allowed(
    subjects: frozenset[str] | None, column: ColumnElement[str] = assessment.c.subject_id
) -> ColumnElement[bool]:
    if subjects is None:
        return true()
    return column.in_(sorted(subjects)) if subjects else false()


@dataclass(frozen=True, slots=True)
class _Form:
    """Say which fields of a `ReviewFilter` choose."""

    of_subjects: bool
    pile: Pile
    of_source: bool
    of_level: bool
    since: bool
    of_statement: bool

    def condition(self, chooser: Chooser, elsewhere: Chooser) -> ColumnElement[bool]:
        """Choose by these columns."""
        columns, match = assessment.c, statement_match.c
        its_statement = exists().where(
            match.mention_id == columns.mention_id,
            match.revision == columns.revision,
            match.subject_id == columns.subject_id,
            match.statement_id == bindparam("statement"),
        )
        conditions = (
            (self.of_subjects, chooser.subject_id.in_(bindparam("subjects", expanding=True))),
            (self.of_source, mention.c.source == bindparam("source")),
            (self.of_level, columns.level_rank >= bindparam("level")),
            (self.since, columns.first_seen_at >= bindparam("since")),
            (self.of_statement, its_statement.correlate(assessment)),
        )
        return and_(in_pile(self.pile, chooser.pile), *(condition for chooses, condition in conditions if chooses))


def _choice(chosen: ReviewFilter) -> Choice:
    form = _Form(
        of_subjects=chosen.subjects is not None,
        pile=chosen.pile,
        of_source=bool(chosen.source),
        of_level=chosen.min_level is not Level.NONE,
        since=chosen.since is not None,
        of_statement=bool(chosen.statement_id),
    )
    values = {
        "subjects": sorted(chosen.subjects or ()),
        "source": chosen.source,
        "level": chosen.min_level.rank,
        "since": chosen.since,
        "statement": chosen.statement_id,
    }
    return Choice(form, values)
