"""Select what hits are made of."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, select

from monitor.store.schema import assessment, mention, mention_revision, statement, statement_match, subject

NEWEST_FIRST = (assessment.c.first_seen_at.desc(), assessment.c.mention_id.desc(), assessment.c.subject_id)
"""The order of every list of hits."""

JUDGED_REVISION = and_(
    mention_revision.c.mention_id == assessment.c.mention_id, mention_revision.c.revision == assessment.c.revision
)
"""Joins to an assessment the revision that it judges."""

SUBJECTS_OF_CLIENT = select(subject.c.id).where(subject.c.client_id == bindparam("client"))
"""The ids of the subjects of a client; takes `client`."""


class HitRow(NamedTuple):
    """Name what `select_hits` selects, in its order; by name of a database row a thousand values take a millisecond."""

    mention_id: int
    revision: int
    subject_id: str
    level_rank: int
    about_score: int
    reasons: list[str]
    first_seen_at: datetime
    hunted_at: datetime | None
    source: str
    revision_id: int
    url: str
    title: str
    text: str
    author: dict[str, str] | None
    published_at: datetime | None
    statement_id: str | None
    stance: str | None
    score: int | None
    excerpt: str | None
    statement: str | None


def select_hits(condition: ColumnElement[bool]) -> Select[Any]:
    """Select what a hit is made of, of all revisions."""
    return _all_hits().where(condition)


def select_keys(condition: ColumnElement[bool]) -> Select[Any]:
    """Select of the same hits, as they were judged last, only which they are and the row id of their revision."""
    return _all_keys().where(condition)


def as_judged_last() -> ColumnElement[bool]:
    """Choose the newest revision that was decided about."""
    return assessment.c.revision == mention.c.decided_revision


# Building a long statement takes longer than executing it.
@cache
def _all_hits() -> Select[Any]:
    judged, kept, best = assessment.c, mention_revision.c, statement_match.c
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
            kept.id.label("revision_id"),
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
        .join(mention_revision, JUDGED_REVISION)
        .outerjoin(statement_match, best_match)
        .outerjoin(statement, its_statement)
        .where(judged.about_score > 0)
    )


@cache
def _all_keys() -> Select[Any]:
    judged, revision_id = assessment.c, mention_revision.c.id.label("revision_id")
    return (
        select(judged.mention_id, judged.subject_id, judged.first_seen_at, revision_id)
        .select_from(assessment)
        .join(mention, mention.c.id == judged.mention_id)
        .join(mention_revision, JUDGED_REVISION)
        .where(judged.about_score > 0, as_judged_last())
    )
