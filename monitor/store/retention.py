"""Find captures that are kept for nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, exists, func, select

from monitor.domain import ReviewVerdict
from monitor.store.part import Part
from monitor.store.schema import assessment, capture, mention, review

_BY_HAND = "by-hand"


class RetentionRows(Part):
    """Implement `monitor.ports.RetentionStore`."""

    def unmatched_captures(self, before: datetime, *, without: Collection[int], limit: int) -> tuple[str, ...]:
        """Give captures taken before then that match nothing, oldest first; see the port."""
        judged, said, newest = assessment.c, review.c, review.alias("newest")
        last = (
            select(func.max(newest.c.id))
            .where(newest.c.mention_id == judged.mention_id, newest.c.subject_id == judged.subject_id)
            .correlate(assessment)
            .scalar_subquery()
        )
        denied = exists().where(said.id == last, said.verdict == ReviewVerdict.NOT_ABOUT_SUBJECT).correlate(assessment)
        counts = exists().where(judged.mention_id == mention.c.id, judged.level_rank > 0, ~denied)
        otherwise = exists().where(said.mention_id == mention.c.id, said.verdict != ReviewVerdict.NOT_ABOUT_SUBJECT)
        is_judged = and_(mention.c.decided_revision == mention.c.revision, mention.c.pending_at.is_(None))
        query = (
            select(capture.c.id)
            .join(mention, mention.c.id == capture.c.mention_id)
            .where(capture.c.captured_at < before, mention.c.source != _BY_HAND, is_judged, ~counts, ~otherwise)
            .where(mention.c.id.not_in(sorted(without)))
            .order_by(capture.c.captured_at, capture.c.id)
            .limit(limit)
        )
        with self._db.reading() as connection:
            return tuple(connection.execute(query).scalars())
