"""Keep what was judged of mentions, by the matcher and by people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, delete, insert, null, or_, select, tuple_, update

from monitor.domain import (
    AboutSubject,
    Assessment,
    Judgement,
    Level,
    Match,
    Mention,
    Review,
    ReviewVerdict,
    Span,
    Stance,
)
from monitor.errors import StoreError
from monitor.ports import Decision
from monitor.store.capture_rows import add_first_requests
from monitor.store.mention_rows import mention_of, select_mentions
from monitor.store.outbox import add_alerts
from monitor.store.part import Part
from monitor.store.piles import places, put
from monitor.store.schema import assessment, mention, mention_revision, review, statement_match
from monitor.store.words_by_subject import name_subjects

LEVELS = tuple(sorted(Level, key=lambda level: level.rank))
"""The levels by rank, as the column `level_rank` counts them."""

_Revision = tuple[int, int]


class JudgementRows(Part):
    """Implement the part of `monitor.ports.MentionStore` that keeps assessments and reviews."""

    def unassessed(self, limit: int) -> tuple[Mention, ...]:
        """Give newest revisions that wait for a decision, oldest first; those to be judged again come last."""
        columns = mention.c
        waiting = (
            select_mentions()
            .where(columns.pending_at.is_not(None), mention_revision.c.revision == columns.revision)
            .order_by(columns.pending_at, columns.id)
        )
        with self._db.reading() as connection:
            fresh = connection.execute(waiting.where(columns.decided_revision < columns.revision).limit(limit)).all()
            room = limit - len(fresh)
            # Only what is not fresh may fill up the batch; an offset would skip what is.
            again = waiting.where(columns.decided_revision >= columns.revision).limit(room)
            return tuple(mention_of(row) for row in (*fresh, *(connection.execute(again) if room else ())))

    def save_decisions(self, decisions: Sequence[Decision]) -> None:
        """Keep decisions in one transaction; see the port."""
        if not decisions:
            return
        # Of two decisions about one revision the later one counts.
        latest = {(one.mention_id, one.revision): one for one in decisions}
        now = self._clock.now()
        with self._db.writing() as connection:
            _lock_mentions(connection, latest)
            first_seen = _first_seen(connection, latest)
            _forget_old(connection, latest)
            _insert_assessments(connection, latest, first_seen)
            name_subjects(connection, latest)
            _mark_decided(connection, latest)
            add_first_requests(connection, [one.request for one in latest.values() if one.request], now)
            add_alerts(connection, [alert for one in decisions for alert in one.alerts])

    def forget_assessments(self, *, subject_id: str = "", since: datetime | None = None) -> int:
        """Make mentions unassessed again; gives how many.

        `subject_id` chooses the mentions that name this subject by what was judged before, `since` those of which the
        newest revision was first seen at or after that moment. Old assessments stay in view until they are replaced.
        """
        columns = mention.c
        newest = (
            select(mention_revision.c.first_seen_at)
            .where(mention_revision.c.mention_id == columns.id, mention_revision.c.revision == columns.revision)
            .scalar_subquery()
        )
        command = update(mention).where(columns.pending_at.is_(None)).values(pending_at=newest)
        if subject_id:
            judged = select(assessment.c.mention_id).where(assessment.c.subject_id == subject_id)
            command = command.where(columns.id.in_(judged))
        if since is not None:
            edited = select(mention_revision.c.mention_id).where(
                mention_revision.c.revision > 1, mention_revision.c.first_seen_at >= since
            )
            command = command.where(or_(columns.first_seen_at >= since, columns.id.in_(edited)))
        with self._db.writing() as connection:
            return connection.execute(command).rowcount

    def assessments(self, mention_id: int) -> tuple[Assessment, ...]:
        """Give the assessments of a mention's newest assessed revision, by subject."""
        columns = assessment.c
        query = (
            select(assessment)
            .join(mention, mention.c.id == columns.mention_id)
            .where(columns.mention_id == mention_id, columns.revision == mention.c.decided_revision)
            .order_by(columns.subject_id)
        )
        with self._db.reading() as connection:
            rows = connection.execute(query).all()
            matches = _load_matches(connection, mention_id, rows[0].revision) if rows else {}
        return tuple(_assessment_of(row, tuple(matches.get(row.subject_id, ()))) for row in rows)

    def save_review(self, review_given: Review) -> None:
        """Record a person's verdict; the newest counts, none is deleted."""
        values = {
            "mention_id": review_given.mention_id,
            "subject_id": review_given.subject_id,
            "verdict": review_given.verdict,
            "reviewed_at": review_given.reviewed_at,
            "reviewer": review_given.reviewer,
            "note": review_given.note,
        }
        with self._db.writing() as connection:
            put(connection, review_given.mention_id, review_given.subject_id, review_given.verdict)
            connection.execute(insert(review), values)

    def reviews(self, mention_id: int) -> tuple[Review, ...]:
        """Give the reviews of a mention, oldest first."""
        query = select(review).where(review.c.mention_id == mention_id).order_by(review.c.id)
        with self._db.reading() as connection:
            return tuple(_review_of(row) for row in connection.execute(query))


def _lock_mentions(connection: Connection, decisions: dict[_Revision, Decision]) -> None:
    """Keep other workers off these mentions; always in the same order, so that two workers never block each other."""
    ids = sorted({mention_id for mention_id, _ in decisions})
    query = select(mention.c.id).where(mention.c.id.in_(ids)).order_by(mention.c.id).with_for_update()
    known = set(connection.execute(query).scalars())
    for mention_id in ids:
        if mention_id not in known:
            raise StoreError(f"There is no such mention: {mention_id}.")


def _first_seen(connection: Connection, decisions: dict[_Revision, Decision]) -> dict[_Revision, datetime]:
    ids = sorted({one.mention_id for one in decisions.values() if one.assessments})
    columns = mention_revision.c
    query = select(columns.mention_id, columns.revision, columns.first_seen_at).where(columns.mention_id.in_(ids))
    return {(row.mention_id, row.revision): row.first_seen_at for row in connection.execute(query)}


def _forget_old(connection: Connection, decisions: dict[_Revision, Decision]) -> None:
    columns = assessment.c
    ids = sorted({mention_id for mention_id, _ in decisions})
    query = select(columns.mention_id, columns.revision).where(columns.mention_id.in_(ids)).distinct()
    old = [key for row in connection.execute(query) if (key := (row.mention_id, row.revision)) in decisions]
    if old:
        connection.execute(delete(assessment).where(tuple_(columns.mention_id, columns.revision).in_(old)))


def _insert_assessments(
    connection: Connection, decisions: dict[_Revision, Decision], first_seen: dict[_Revision, datetime]
) -> None:
    assessments: list[dict[str, object]] = []
    matches: list[dict[str, object]] = []
    put_before = places(connection, {mention_id for mention_id, _ in first_seen})
    for key, decision in decisions.items():
        for one in decision.assessments:
            if key not in first_seen:
                raise StoreError(f"The mention {key[0]} has no revision {key[1]}.")
            pile = put_before.get((key[0], one.judgement.subject_id))
            assessments.append({**_assessment_values(one, key, first_seen[key]), "pile": pile})
            matches.extend(_match_values(match, place, key) for place, match in enumerate(one.judgement.matches))
    if assessments:
        connection.execute(insert(assessment), assessments)
    if matches:
        connection.execute(insert(statement_match), matches)


def _assessment_values(one: Assessment, key: _Revision, first_seen_at: datetime) -> dict[str, object]:
    judgement = one.judgement
    return {
        "mention_id": key[0],
        "revision": key[1],
        "subject_id": judgement.subject_id,
        "level_rank": judgement.level.rank,
        "about_score": judgement.about.score,
        "about_spans": judgement.about.spans,
        "about_title_spans": judgement.about.title_spans,
        "about_reasons": judgement.about.reasons,
        "reasons": judgement.reasons,
        "matcher_version": judgement.matcher_version,
        "assessed_at": one.assessed_at,
        "first_seen_at": first_seen_at,
        "hunted_at": one.hunted_at,
    }


def _match_values(match: Match, place: int, key: _Revision) -> dict[str, object]:
    return {
        "mention_id": key[0],
        "revision": key[1],
        "subject_id": match.subject_id,
        "position": place,
        "statement_id": match.statement_id,
        "score": match.score,
        "stance": match.stance,
        "method": match.method,
        "excerpt": match.excerpt,
        "span_start": match.span[0],
        "span_end": match.span[1],
        "field": match.field,
        "reasons": match.reasons,
    }


def _mark_decided(connection: Connection, decisions: dict[_Revision, Decision]) -> None:
    columns = mention.c
    given = bindparam("given_revision", type_=columns.revision.type)
    command = (
        update(mention)
        .where(columns.id == bindparam("given_id"))
        .values(
            decided_revision=case((columns.decided_revision < given, given), else_=columns.decided_revision),
            pending_at=case((columns.revision == given, null()), else_=columns.pending_at),
        )
    )
    connection.execute(
        command, [{"given_id": mention_id, "given_revision": revision} for mention_id, revision in sorted(decisions)]
    )


def _load_matches(connection: Connection, mention_id: int, revision: int) -> dict[str, list[Match]]:
    columns = statement_match.c
    query = (
        select(statement_match)
        .where(columns.mention_id == mention_id, columns.revision == revision)
        .order_by(columns.subject_id, columns.position)
    )
    found: dict[str, list[Match]] = {}
    for row in connection.execute(query):
        found.setdefault(row.subject_id, []).append(_match_of(row))
    return found


def _match_of(row: Row[Any]) -> Match:
    return Match(
        subject_id=row.subject_id,
        statement_id=row.statement_id,
        score=row.score,
        stance=Stance(row.stance),
        method=row.method,
        excerpt=row.excerpt,
        span=(row.span_start, row.span_end),
        field=row.field,
        reasons=tuple(row.reasons),
    )


def _spans(values: list[list[int]]) -> tuple[Span, ...]:
    return tuple((start, end) for start, end in values)


def _assessment_of(row: Row[Any], matches: tuple[Match, ...]) -> Assessment:
    about = AboutSubject(
        score=row.about_score,
        spans=_spans(row.about_spans),
        title_spans=_spans(row.about_title_spans),
        reasons=tuple(row.about_reasons),
    )
    judgement = Judgement(
        subject_id=row.subject_id,
        about=about,
        matches=matches,
        level=LEVELS[row.level_rank],
        reasons=tuple(row.reasons),
        matcher_version=row.matcher_version,
    )
    return Assessment(
        mention_id=row.mention_id,
        revision=row.revision,
        judgement=judgement,
        assessed_at=row.assessed_at,
        hunted_at=row.hunted_at,
    )


def _review_of(row: Row[Any]) -> Review:
    return Review(
        mention_id=row.mention_id,
        subject_id=row.subject_id,
        verdict=ReviewVerdict(row.verdict),
        reviewed_at=row.reviewed_at,
        reviewer=row.reviewer,
        note=row.note,
    )
