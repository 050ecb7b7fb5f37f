"""Read everything that the papers of a case say of its mentions: all of them in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select, tuple_

from monitor.domain import Capture, Hit, Mention, Observation
from monitor.ports import ExhibitRows
from monitor.store.capture_rows import capture_of, load_artifacts, observation_of
from monitor.store.engine import among
from monitor.store.hit_rows import select_hits
from monitor.store.hits import hits_of
from monitor.store.mention_rows import mention_of, select_mentions
from monitor.store.part import Part
from monitor.store.schema import assessment, capture, mention, mention_revision, observation


class ExhibitReader(Part):
    """Implement `CaseStore.exhibit_rows`."""

    def exhibit_rows(self, subject_id: str, mention_ids: Collection[int]) -> tuple[ExhibitRows, ...]:
        """Give what is kept of these mentions as they were about a subject; see the port."""
        with self._db.reading() as connection:
            hits = _hits(connection, subject_id, mention_ids)
            ids = [hit.mention_id for hit in hits]
            mentions = _mentions(connection, subject_id, ids)
            captures, looks = _captures(connection, ids), _observations(connection, ids)
        return tuple(
            ExhibitRows(
                hit=hit,
                mention=mentions[hit.mention_id],
                captures=tuple(captures.get(hit.mention_id, ())),
                observations=tuple(looks.get(hit.mention_id, ())),
            )
            for hit in hits
        )


def _newest_about(connection: Connection, subject_id: str, ids: Collection[int]) -> Select[Any]:
    """Select of each mention the newest revision that was about the subject."""
    columns = assessment.c
    is_its = and_(among(connection, columns.mention_id, ids), columns.subject_id == subject_id, columns.about_score > 0)
    return select(columns.mention_id, func.max(columns.revision)).where(is_its).group_by(columns.mention_id)


def _hits(connection: Connection, subject_id: str, ids: Collection[int]) -> tuple[Hit, ...]:
    columns = assessment.c
    is_newest = tuple_(columns.mention_id, columns.revision).in_(_newest_about(connection, subject_id, ids))
    query = select_hits(and_(columns.subject_id == subject_id, is_newest)).order_by(columns.mention_id)
    return hits_of(connection, connection.execute(query).all())


def _mentions(connection: Connection, subject_id: str, ids: Collection[int]) -> Mapping[int, Mention]:
    chosen = tuple_(mention.c.id, mention_revision.c.revision).in_(_newest_about(connection, subject_id, ids))
    return {row.id: mention_of(row) for row in connection.execute(select_mentions().where(chosen))}


def _captures(connection: Connection, ids: Collection[int]) -> Mapping[int, list[Capture]]:
    columns = capture.c
    is_its = among(connection, columns.mention_id, ids)
    rows = connection.execute(select(capture).where(is_its).order_by(columns.captured_at, columns.id)).all()
    artifacts = load_artifacts(connection, select(columns.id).where(is_its))
    found: dict[int, list[Capture]] = defaultdict(list)
    for row in rows:
        found[row.mention_id].append(capture_of(row, artifacts.get(row.id, ())))
    return found


def _observations(connection: Connection, ids: Collection[int]) -> Mapping[int, list[Observation]]:
    columns = observation.c
    query = select(observation).where(among(connection, columns.mention_id, ids))
    found: dict[int, list[Observation]] = defaultdict(list)
    for row in connection.execute(query.order_by(columns.observed_at, columns.id)):
        found[row.mention_id].append(observation_of(row))
    return found
