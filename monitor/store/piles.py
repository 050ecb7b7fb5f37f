"""Know of every hit whether it waits, was left for later, or is done, without a look at its reviews.

The verdicts are kept in `review`; each assessment repeats where the newest one puts it. Where nearly everything is
done, a page finds the few that wait from one index instead of asking for each hit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, Connection, Index, func, select, true, update

from monitor.domain import ReviewVerdict
from monitor.ports import Pile
from monitor.store.schema import assessment, mention, review

_IDS_A_QUERY = 500
_LATER, _DONE = 1, 2

_IN_TIME = (assessment.c.first_seen_at, assessment.c.mention_id)

Index("ix_assessment_pile", assessment.c.pile, *_IN_TIME)
Index("ix_assessment_subject_id_pile", assessment.c.subject_id, assessment.c.pile, *_IN_TIME)


def place_of(verdict: str) -> int | None:
    """Give where a verdict puts a hit: None it waits, 1 it was left for later, 2 it is done."""
    if not verdict or verdict == ReviewVerdict.WITHDRAWN:
        return None
    return _LATER if verdict == ReviewVerdict.LATER else _DONE


def in_pile(pile: Pile, place: ColumnElement[int] = assessment.c.pile) -> ColumnElement[bool]:
    """Choose the hits of a pile."""
    match pile:
        case Pile.WAITING:
            return place.is_(None)
        case Pile.LATER:
            return place == _LATER
        case Pile.DONE:
            return place == _DONE
        case Pile.ALL:
            return true()


def put(connection: Connection, mention_id: int, subject_id: str, verdict: str) -> None:
    """Put every revision of a hit where a new verdict puts it; waits for whoever judges this mention just now."""
    connection.execute(select(mention.c.id).where(mention.c.id == mention_id).with_for_update())
    columns = assessment.c
    its_rows = update(assessment).where(columns.mention_id == mention_id, columns.subject_id == subject_id)
    connection.execute(its_rows.values(pile=place_of(verdict)))


def places(connection: Connection, mention_ids: Collection[int]) -> Mapping[tuple[int, str], int | None]:
    """Give where earlier verdicts put these mentions, by mention and subject; what has none is left out."""
    columns, found = review.c, {}
    ids = sorted(mention_ids)
    for start in range(0, len(ids), _IDS_A_QUERY):
        newest = (
            select(func.max(columns.id))
            .where(columns.mention_id.in_(ids[start : start + _IDS_A_QUERY]))
            .group_by(columns.mention_id, columns.subject_id)
        )
        rows = select(columns.mention_id, columns.subject_id, columns.verdict).where(columns.id.in_(newest))
        found.update({(row.mention_id, row.subject_id): place_of(row.verdict) for row in connection.execute(rows)})
    return found
