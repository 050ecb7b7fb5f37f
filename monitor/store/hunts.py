"""Go through what was judged before, to judge it again by changed rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select

from monitor.domain import Mention
from monitor.ports import Earlier
from monitor.store.judgements import LEVELS
from monitor.store.mention_rows import mention_of, select_mentions
from monitor.store.part import Part
from monitor.store.schema import assessment, mention, mention_revision

_IDS_A_QUERY = 500


class HuntRows(Part):
    """Implement the part of `monitor.ports.MentionStore` that retro-hunts and previews read."""

    def count_hunted(self) -> int:
        """Count the mentions that wait to be judged again."""
        columns = mention.c
        query = (
            select(func.count())
            .select_from(mention)
            .where(columns.pending_at.is_not(None), columns.decided_revision >= columns.revision)
        )
        with self._db.reading() as connection:
            return connection.execute(query).scalar_one()

    def stored(self, *, since: datetime | None = None, after_id: int = 0, limit: int = 500) -> tuple[Mention, ...]:
        """Give newest revisions by the mention's id, from the one after `after_id`; `since` is of first sight."""
        query = select_mentions().where(mention.c.id > after_id, mention_revision.c.revision == mention.c.revision)
        if since is not None:
            query = query.where(mention.c.first_seen_at >= since)
        with self._db.reading() as connection:
            rows = connection.execute(query.order_by(mention.c.id).limit(limit))
            return tuple(mention_of(row) for row in rows)

    def earlier(self, mention_ids: Sequence[int]) -> Mapping[int, Mapping[str, Earlier]]:
        """Give by mention and subject how newest revisions were judged before; see the port."""
        found: dict[int, dict[str, Earlier]] = {}
        columns = assessment.c
        with self._db.reading() as connection:
            for start in range(0, len(mention_ids), _IDS_A_QUERY):
                some = mention_ids[start : start + _IDS_A_QUERY]
                decided = select(mention.c.id).where(
                    mention.c.id.in_(some), mention.c.decided_revision >= mention.c.revision
                )
                known = {one: found.setdefault(one, {}) for one in connection.execute(decided).scalars()}
                levels = (
                    select(columns.mention_id, columns.subject_id, columns.level_rank, columns.hunted_at)
                    .join(mention, mention.c.id == columns.mention_id)
                    .where(columns.mention_id.in_(list(known)), columns.revision == mention.c.revision)
                )
                for row in connection.execute(levels):
                    known[row.mention_id][row.subject_id] = Earlier(
                        level=LEVELS[row.level_rank], hunted_at=row.hunted_at
                    )
        return found
