"""Sum up mentions about a subject, as lists, alerts and digests show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select

from monitor.domain import CaptureOutcome, Hit, Level, LiveState, ReviewVerdict, Stance
from monitor.ports import HitFilter
from monitor.store.fulltext import containing
from monitor.store.judgements import LEVELS
from monitor.store.part import Part
from monitor.store.schema import (
    assessment,
    capture,
    capture_request,
    mention,
    mention_revision,
    observation,
    review,
    statement,
    statement_match,
    subject,
)

_IDS_A_QUERY = 500


@dataclass(slots=True)
class _Around:
    """Hold what is known around some mentions, by mention (reviews: by mention and subject)."""

    queued: set[int]
    captures: dict[int, Row[Any]]
    states: dict[int, str]
    verdicts: dict[tuple[int, str], str]


class HitRows(Part):
    """Implement `hits` and `hit` of `monitor.ports`."""

    def hits(self, chosen: HitFilter) -> tuple[Hit, ...]:
        """Give hits: one a mention and subject it is about (about score above 0), newest first."""
        with self._db.reading() as connection:
            query = select_hits(and_(*_conditions(connection, chosen)))
            query = query.where(assessment.c.revision == mention.c.decided_revision)
            if chosen.client_id is not None:
                query = query.join(subject, subject.c.id == assessment.c.subject_id)
                query = query.where(subject.c.client_id == chosen.client_id)
            columns = assessment.c
            order = (columns.first_seen_at.desc(), columns.mention_id.desc(), columns.subject_id)
            page = query.order_by(*order).limit(max(chosen.limit, 0)).offset(max(chosen.offset, 0))
            return hits_of(connection, connection.execute(page).all())

    def hit(self, mention_id: int, subject_id: str) -> Hit | None:
        """Give what is known now of an alert's mention, evidence included.

        An edit that took the subject out does not make it vanish: then the newest revision that was about the subject
        is given. None when no revision ever was.
        """
        columns = assessment.c
        query = select_hits(and_(columns.mention_id == mention_id, columns.subject_id == subject_id))
        with self._db.reading() as connection:
            rows = connection.execute(query.order_by(columns.revision.desc()).limit(1)).all()
            found = hits_of(connection, rows)
        return found[0] if found else None


def select_hits(condition: ColumnElement[bool]) -> Select[Any]:
    """Select what a hit is made of, of all revisions."""
    judged, kept, best = assessment.c, mention_revision.c, statement_match.c
    same_revision = and_(kept.mention_id == judged.mention_id, kept.revision == judged.revision)
    best_match = and_(
        best.mention_id == judged.mention_id,
        best.revision == judged.revision,
        best.subject_id == judged.subject_id,
        best.position == 0,
    )
    its_statement = and_(statement.c.subject_id == best.subject_id, statement.c.id == best.statement_id)
    return (
        select(
            judged.mention_id,
            judged.revision,
            judged.subject_id,
            judged.level_rank,
            judged.about_score,
            judged.reasons,
            judged.first_seen_at,
            judged.hunted_at,
            mention.c.source,
            kept.url,
            kept.title,
            kept.text,
            kept.author,
            kept.published_at,
            best.statement_id,
            best.stance,
            best.score,
            best.excerpt,
            statement.c.text.label("statement"),
        )
        .select_from(assessment)
        .join(mention, mention.c.id == judged.mention_id)
        .join(mention_revision, same_revision)
        .outerjoin(statement_match, best_match)
        .outerjoin(statement, its_statement)
        .where(judged.about_score > 0, condition)
    )


def _conditions(connection: Connection, chosen: HitFilter) -> list[ColumnElement[bool]]:
    columns = assessment.c
    conditions = [columns.about_score > 0]
    its_subject: ColumnElement[str] = columns.subject_id
    if chosen.text.strip():
        found = containing(connection, chosen.text)
        conditions.append(found.clause)
        if found.is_rare:
            # An expression has no index, which keeps SQLite from reading all hits of the subject first.
            its_subject = columns.subject_id.concat("")
    if chosen.subject_id:
        conditions.append(its_subject == chosen.subject_id)
    if chosen.min_level is not Level.NONE:
        conditions.append(columns.level_rank >= chosen.min_level.rank)
    conditions += _periods(chosen)
    if chosen.unreviewed:
        open_ones = (ReviewVerdict.LATER.value, ReviewVerdict.WITHDRAWN.value)
        conditions.append(func.coalesce(newest_verdict(), ReviewVerdict.LATER.value).in_(open_ones))
    return conditions


def _periods(chosen: HitFilter) -> list[ColumnElement[bool]]:
    seen, hunted = assessment.c.first_seen_at, assessment.c.hunted_at
    starts = ((seen, chosen.since), (hunted, chosen.hunted_since))
    ends = ((seen, chosen.until), (hunted, chosen.hunted_until))
    return [
        *(column >= moment for column, moment in starts if moment is not None),
        *(column < moment for column, moment in ends if moment is not None),
    ]


def newest_verdict() -> ColumnElement[str | None]:
    """Look up what was decided last about an assessment's mention and subject; NULL for nothing."""
    columns = review.c
    return (
        select(columns.verdict)
        .where(columns.mention_id == assessment.c.mention_id, columns.subject_id == assessment.c.subject_id)
        .order_by(columns.id.desc())
        .limit(1)
        .correlate(assessment)
        .scalar_subquery()
    )


def hits_of(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[Hit, ...]:
    """Build hits from rows of `select_hits`, with what is known around them."""
    around = _load_around(connection, sorted({row.mention_id for row in rows}))
    return tuple(_hit_of(row, around) for row in rows)


def _load_around(connection: Connection, ids: Sequence[int]) -> _Around:
    around = _Around(queued=set(), captures={}, states={}, verdicts={})
    for start in range(0, len(ids), _IDS_A_QUERY):
        some = ids[start : start + _IDS_A_QUERY]
        _load_captures(connection, some, around)
        _load_states(connection, some, around)
        _load_verdicts(connection, some, around)
    return around


def _load_states(connection: Connection, ids: Sequence[int], around: _Around) -> None:
    columns = observation.c
    newest = select(func.max(columns.id)).where(columns.mention_id.in_(ids)).group_by(columns.mention_id)
    for row in connection.execute(select(columns.mention_id, columns.state).where(columns.id.in_(newest))):
        around.states[row.mention_id] = row.state


def _load_verdicts(connection: Connection, ids: Sequence[int], around: _Around) -> None:
    columns = review.c
    newest = (
        select(func.max(columns.id)).where(columns.mention_id.in_(ids)).group_by(columns.mention_id, columns.subject_id)
    )
    query = select(columns.mention_id, columns.subject_id, columns.verdict).where(columns.id.in_(newest))
    for row in connection.execute(query):
        around.verdicts[row.mention_id, row.subject_id] = row.verdict


def _load_captures(connection: Connection, ids: Sequence[int], around: _Around) -> None:
    asked = capture_request.c
    query = select(asked.mention_id).where(asked.mention_id.in_(ids), asked.is_open)
    around.queued.update(connection.execute(query).scalars())
    columns = capture.c
    kept: Select[Any] = (
        select(columns.mention_id, columns.id, columns.outcome, columns.manifest_sha256, columns.captured_at)
        .where(columns.mention_id.in_(ids))
        .order_by(columns.captured_at, columns.id)
    )
    for row in connection.execute(kept):
        earlier = around.captures.get(row.mention_id)
        # A later failure takes nothing away from what was kept before.
        if earlier is None or row.outcome != CaptureOutcome.FAILED or earlier.outcome == CaptureOutcome.FAILED:
            around.captures[row.mention_id] = row


def _hit_of(row: Row[Any], around: _Around) -> Hit:
    kept = around.captures.get(row.mention_id)
    state = around.states.get(row.mention_id)
    return Hit(
        mention_id=row.mention_id,
        revision=row.revision,
        subject_id=row.subject_id,
        source=row.source,
        url=row.url,
        title=row.title,
        text=row.text,
        author=author_line(row.author),
        level=LEVELS[row.level_rank],
        about_score=row.about_score,
        statement_id=row.statement_id or "",
        statement=row.statement or "",
        stance=Stance(row.stance) if row.stance else None,
        score=row.score or 0,
        reasons=tuple(row.reasons),
        excerpt=row.excerpt or "",
        published_at=row.published_at,
        first_seen_at=row.first_seen_at,
        capture_state=_capture_state(row.mention_id, around),
        evidence_sha256=kept.manifest_sha256 if kept else "",
        capture_id=kept.id if kept else "",
        live_state=LiveState(state) if state else None,
        review=around.verdicts.get((row.mention_id, row.subject_id), ""),
        hunted_at=row.hunted_at,
    )


def author_line(author: dict[str, str] | None) -> str:
    """Name an author in one line, or give an empty one."""
    if not author:
        return ""
    return author["name"] or author["handle"]


def _capture_state(mention_id: int, around: _Around) -> str:
    if mention_id in around.queued:
        return "queued"
    kept = around.captures.get(mention_id)
    return str(kept.outcome) if kept else "none"
