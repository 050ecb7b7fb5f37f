"""Find the newest hits that contain words, without reading all that contain them or all hits.

Frequent words, and few hits, are seen on a short walk from the newest hit back. Else the full-text index is asked.
SQLite's gives what was stored last first, which is nearly the order of time; whether it quite is, is looked up.
PostgreSQL's knows no order: what it gives is put in order, of all time if that is little, else of a stretch of it.
Where the index does not do, the walk goes on to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, or_, select

from monitor.store.engine import among, unindexed
from monitor.store.fulltext import Search
from monitor.store.hit_rows import NEWEST_FIRST, as_judged_last, select_hits, select_keys
from monitor.store.schema import assessment, mention_revision

_SECOND = timedelta(seconds=1)
_FIRST_STEP = 100
_LONGEST_STEP = 8_000
_FEW = 1_000
# So many hits are walked on PostgreSQL rather than asking its index; of everything the index would give too much.
_NEAR, _NEAR_IN_ALL = 600, 2_000
# Stretches of time, measured by the one that the first step of the walk took.
_STRETCHES = (30, 900)
# Some of what the index finds is no hit: another pile, an older revision.
_TO_SPARE = 20

_Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Chooser:
    """Name the columns by which hits are chosen that have an index in the order of time."""

    subject_id: ColumnElement[str] = assessment.c.subject_id
    pile: ColumnElement[int] = assessment.c.pile


Choice = Callable[[Chooser], ColumnElement[bool]]
"""Choose hits by these columns."""


def newest(
    connection: Connection, choice: Choice, search: Search | None, *, limit: int, offset: int
) -> Sequence[Row[Any]]:
    """Give rows of hits, newest first; of those alone that contain what is searched for, if anything is."""
    limit, offset = max(limit, 0), max(offset, 0)
    if search is None or not search.is_indexed:
        query = select_hits(choice(Chooser())).where(as_judged_last())
        if search is not None:
            query = query.where(search.clause(connection))
        return connection.execute(query.order_by(*NEWEST_FIRST).limit(limit).offset(offset)).all()
    return _found(connection, choice, search, offset + limit)[offset : offset + limit]


def led_elsewhere(connection: Connection) -> Chooser:
    """Choose without an index, where something else leads to the hits."""
    return Chooser(unindexed(connection, assessment.c.subject_id), unindexed(connection, assessment.c.pile))


def _found(connection: Connection, choice: Choice, search: Search, enough: int) -> Sequence[Row[Any]]:
    """Give the newest hits that match: `enough` of them or a few more, or all there are."""
    hits = select_hits(choice(led_elsewhere(connection))).where(as_judged_last())
    walk = _Walk(connection, select_keys(choice(Chooser())).order_by(*NEWEST_FIRST), search)
    walk.go_on(_FIRST_STEP)
    if not walk.is_over(enough):
        matching = hits.where(search.parts())
        if connection.dialect.name == "sqlite":
            found = _stored_last(connection, matching, search, enough)
        elif walk.likely_rest(enough) > (_NEAR if search.about else _NEAR_IN_ALL):
            found = _seen_since(connection, matching, search, enough, walk)
        else:
            found = None
        if found is not None:
            return found
    while not walk.is_over(enough):
        walk.go_on(walk.likely_rest(enough))
    return _loaded(connection, hits, list(walk.found)[:enough])


def _loaded(connection: Connection, hits: Select[Any], keys: Sequence[_Key]) -> Sequence[Row[Any]]:
    its_mention = among(connection, assessment.c.mention_id, {mention_id for mention_id, _ in keys})
    rows = {(row.mention_id, row.subject_id): row for row in connection.execute(hits.where(its_mention))}
    return [rows[key] for key in keys if key in rows]


@dataclass(slots=True)
class _Walk:
    """Go from the newest hit back, some hits at a time."""

    connection: Connection
    keys: Select[Any]
    search: Search
    # A hit that comes in between two steps puts the last of the first step into the second again.
    found: dict[_Key, None] = field(default_factory=dict)
    newest: datetime | None = None
    oldest: datetime | None = None
    _passed: int = 0
    _is_at_the_end: bool = False

    def is_over(self, enough: int) -> bool:
        """Tell whether so many were found, or there are no more."""
        return self._is_at_the_end or len(self.found) >= enough

    def likely_rest(self, enough: int) -> int:
        """Give how many more hits may have to be looked at."""
        rest = self._passed * (enough - len(self.found)) // max(len(self.found), 1)
        return min(max(rest + rest // 4, _FIRST_STEP), _LONGEST_STEP)

    def go_on(self, step: int) -> None:
        """Look at so many more hits."""
        passed, matching = self.search.of(self.connection, self.keys.limit(step).offset(self._passed))
        self.found.update(((row.mention_id, row.subject_id), None) for row in matching)
        if passed:
            self.newest = self.newest or passed[0].first_seen_at
            self.oldest = passed[-1].first_seen_at
        self._passed += len(passed)
        self._is_at_the_end = len(passed) < step


def _stored_last(connection: Connection, hits: Select[Any], search: Search, enough: int) -> Sequence[Row[Any]] | None:
    """Take what was stored last from the index; None when that is not the newest, or too little of it is a hit."""
    ids = search.stored_last(connection, _FEW + 1)
    found: list[Row[Any]] = []
    tried = 0
    while tried < len(ids):
        some = ids[tried : tried + enough + _TO_SPARE]
        tried += len(some)
        found = _sorted([*found, *connection.execute(hits.where(among(connection, mention_revision.c.id, some)))])
        if len(found) >= enough and not _is_newer(connection, ids, tried, found[enough - 1]):
            return found
    return found if len(ids) <= _FEW else None


def _sorted(hits: list[Row[Any]]) -> list[Row[Any]]:
    hits.sort(key=lambda hit: str(hit.subject_id))
    hits.sort(key=lambda hit: (hit.first_seen_at, hit.mention_id), reverse=True)
    return hits


def _is_newer(connection: Connection, ids: Sequence[int], tried: int, last: Row[Any]) -> bool:
    """Tell whether anything stored earlier was seen later: a clock was turned, or two polls went on at a time."""
    columns = mention_revision.c
    if tried == len(ids) <= _FEW:
        return False
    earlier = among(connection, columns.id, ids[tried:]) if len(ids) <= _FEW else columns.id < ids[tried - 1]
    is_newer = or_(columns.first_seen_at > last.first_seen_at, columns.mention_id > last.mention_id)
    query = select(columns.id).where(columns.first_seen_at >= last.first_seen_at, is_newer, earlier)
    return connection.execute(query.limit(1)).first() is not None


def _seen_since(
    connection: Connection, hits: Select[Any], search: Search, enough: int, walk: _Walk
) -> Sequence[Row[Any]] | None:
    """Give the hits among all that the index finds, or finds of a stretch of time; None when it finds too much."""
    assert walk.newest is not None
    assert walk.oldest is not None
    passed = walk.newest - walk.oldest + _SECOND
    stretches = [(2 * _FEW, walk.newest - passed * times) for times in _STRETCHES]
    # Within few subjects there is seldom much of a word; in everything there often is.
    ways = [(_FEW, None), *stretches] if search.about else [*stretches, (_FEW, None)]
    for most, since in ways:
        some = search.some(connection, most + 1, since)
        found = _in_time(connection, hits, some, enough) if len(some) <= most else []
        if len(found) >= enough or (since is None and len(some) <= most):
            return found
    return None


def _in_time(connection: Connection, hits: Select[Any], some: list[Row[Any]], enough: int) -> list[Row[Any]]:
    """Put what the index found in order, newest first, and give the hits among it, until there are enough."""
    some.sort(key=lambda one: (one.first_seen_at, one.mention_id), reverse=True)
    ids = {one.id for one in some}
    mentions = list(dict.fromkeys(one.mention_id for one in some))
    found: list[Row[Any]] = []
    step = enough + _TO_SPARE
    for start in range(0, len(mentions), step):
        these = among(connection, assessment.c.mention_id, mentions[start : start + step])
        found += _sorted([row for row in connection.execute(hits.where(these)) if row.revision_id in ids])
        if len(found) >= enough:
            break
    return found
