"""Sum up mentions about a subject, as lists, alerts and digests show them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select, true

from monitor.domain import CaptureOutcome, Hit, Level, LiveState, ReviewVerdict, Stance
from monitor.ports import HitFilter
from monitor.store.engine import among
from monitor.store.fulltext import MOST_SUBJECTS, search_for
from monitor.store.hit_rows import select_hits
from monitor.store.judgements import LEVELS
from monitor.store.part import Part
from monitor.store.schema import (
    assessment,
    capture,
    capture_request,
    observation,
    review,
    subject,
)
from monitor.store.searching import Chooser, led_elsewhere, newest


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
            subjects = _subjects(connection, chosen)
            elsewhere = led_elsewhere(connection)

            def choice(chooser: Chooser) -> ColumnElement[bool]:
                is_by_hunt = chosen.hunted_since is not None or chosen.hunted_until is not None
                its_subject = _of_subjects(chosen, subjects, elsewhere if is_by_hunt else chooser, elsewhere)
                return and_(its_subject, *_conditions(chosen))

            search = search_for(chosen.text, subjects) if chosen.text.strip() else None
            return hits_of(connection, newest(connection, choice, search, limit=chosen.limit, offset=chosen.offset))

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


def _subjects(connection: Connection, chosen: HitFilter) -> frozenset[str] | None:
    """Give the subjects to which a choice is limited; None for no limit, or for a client with very many."""
    if chosen.subject_id:
        return frozenset({chosen.subject_id})
    if chosen.client_id is None:
        return None
    query = subjects_of_client(chosen.client_id).limit(MOST_SUBJECTS + 1)
    found = frozenset(connection.execute(query).scalars())
    return found if len(found) <= MOST_SUBJECTS else None


def _of_subjects(
    chosen: HitFilter, subjects: frozenset[str] | None, chooser: Chooser, elsewhere: Chooser
) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [] if subjects is None else [chooser.subject_id.in_(sorted(subjects))]
    if chosen.client_id is not None and (chosen.subject_id or subjects is None):
        conditions.append(elsewhere.subject_id.in_(subjects_of_client(chosen.client_id)))
    return and_(true(), *conditions)


def subjects_of_client(client_id: str) -> Select[Any]:
    """Select the ids of a client's subjects."""
    return select(subject.c.id).where(subject.c.client_id == client_id)


def _conditions(chosen: HitFilter) -> list[ColumnElement[bool]]:
    columns = assessment.c
    conditions: list[ColumnElement[bool]] = []
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
    around = _load_around(connection, {row.mention_id for row in rows})
    return tuple(_hit_of(row, around) for row in rows)


def _load_around(connection: Connection, ids: Collection[int]) -> _Around:
    around = _Around(queued=set(), captures={}, states={}, verdicts={})
    if ids:
        _load_captures(connection, ids, around)
        _load_states(connection, ids, around)
        _load_verdicts(connection, ids, around)
    return around


def _load_states(connection: Connection, ids: Collection[int], around: _Around) -> None:
    columns = observation.c
    its_mention = among(connection, columns.mention_id, ids)
    newest = select(func.max(columns.id)).where(its_mention).group_by(columns.mention_id)
    for row in connection.execute(select(columns.mention_id, columns.state).where(columns.id.in_(newest))):
        around.states[row.mention_id] = row.state


def _load_verdicts(connection: Connection, ids: Collection[int], around: _Around) -> None:
    columns = review.c
    its_mention = among(connection, columns.mention_id, ids)
    newest = select(func.max(columns.id)).where(its_mention).group_by(columns.mention_id, columns.subject_id)
    query = select(columns.mention_id, columns.subject_id, columns.verdict).where(columns.id.in_(newest))
    for row in connection.execute(query):
        around.verdicts[row.mention_id, row.subject_id] = row.verdict


def _load_captures(connection: Connection, ids: Collection[int], around: _Around) -> None:
    asked = capture_request.c
    query = select(asked.mention_id).where(among(connection, asked.mention_id, ids), asked.is_open)
    around.queued.update(connection.execute(query).scalars())
    columns = capture.c
    kept: Select[Any] = (
        select(columns.mention_id, columns.id, columns.outcome, columns.manifest_sha256, columns.captured_at)
        .where(among(connection, columns.mention_id, ids))
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
