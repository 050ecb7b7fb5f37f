"""Find the newest hits that contain words, without reading all that contain them or all hits.

SQLite's full-text index gives what was stored last first, which is nearly the order of time; with each revision is kept
whether it quite is. PostgreSQL's knows no order: it is asked for the newest days, as many as likely have enough, or for
all time where that is little, and what it gives is put in order. Where the index does not do, as for very frequent
words and for few hits, it is a walk from the newest hit back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from monitor.store.choices import (
    Choice,
    hits_of_mentions,
    hits_of_revisions,
    newest_hits,
    newest_keys,
    newest_moments,
)
from monitor.store.engine import given
from monitor.store.fulltext import FoundInTime, Search, index_alone
from monitor.store.schema import mention_revision

_SECOND = timedelta(seconds=1)
_FIRST_STEP = 100
_LONGEST_STEP = 8_000
_FEW = 1_000
# On PostgreSQL: the first stretch, in first steps and at most; the longest one before all time, which else takes
# less; how much longer the next stretch is where the last one did not tell.
_NEAR_STEPS, _NEAR_AT_MOST, _FAR_AT_MOST, _AGAIN = 3, timedelta(days=16), timedelta(days=64), 8
# Some of what the index finds is no hit: another pile, an older revision.
_TO_SPARE = 10

_Key = tuple[int, str]
_SEEN_UP_TO = select(mention_revision.c.seen_up_to).where(mention_revision.c.id == bindparam("stored"))


def newest(
    connection: Connection, choice: Choice, search: Search | None, *, limit: int, offset: int
) -> Sequence[Row[Any]]:
    """Give rows of hits, newest first; of those alone that contain what is searched for, if anything is."""
    limit, offset = max(limit, 0), max(offset, 0)
    if search is not None and search.is_indexed:
        return _Asking(connection, choice, search).found(offset + limit)[offset : offset + limit]
    query = newest_hits(connection.dialect.name, choice.form)
    if search is not None:
        query = query.where(search.clause(connection))
    return connection.execute(query, {**choice.values, "limit": limit, "offset": offset}).all()


@dataclass(frozen=True, slots=True)
class _Asking:
    """Look for words among the hits of a choice."""

    connection: Connection
    choice: Choice
    search: Search

    @property
    def dialect(self) -> str:
        """Name the engine."""
        return self.connection.dialect.name

    def found(self, enough: int) -> Sequence[Row[Any]]:
        """Give the newest hits that match: `enough` of them or a few more, or all there are."""
        walk = _Walk(self)
        asked = _ask_sqlite(self, enough, walk) if self.dialect == "sqlite" else _ask_postgres(self, enough)
        if asked is not None:
            return asked
        while not walk.is_over(enough):
            walk.go_on(walk.likely_rest(enough))
        keys = list(walk.found)[:enough]
        rows = {(row.mention_id, row.subject_id): row for row in self.of_mentions([one for one, _ in keys])}
        return [rows[key] for key in keys if key in rows]

    def of_mentions(self, ids: Sequence[int]) -> list[Row[Any]]:
        """Give the hits of mentions, in no order, whether they have the words or not."""
        return self._of(hits_of_mentions(self.dialect, self.choice.form), ids)

    def of_revisions(self, ids: Sequence[int]) -> list[Row[Any]]:
        """Give the hits of revisions in which the index found its words."""
        return self._of(hits_of_revisions(self.dialect, self.choice.form), ids)

    def _of(self, query: Select[Any], ids: Sequence[int]) -> list[Row[Any]]:
        if self.search.terms.parts:
            query = query.where(self.search.parts())
        return list(self.connection.execute(query, {**self.choice.values, **given(self.connection, set(ids))}).all())

    def measured(self) -> tuple[datetime | None, timedelta]:
        """Give when the newest hit was seen, and the time that the first step back from there would take.

        None where that is all there is.
        """
        query, values = newest_moments(self.dialect, self.choice.form), {**self.choice.values, "limit": _FIRST_STEP}
        first = self.connection.execute(query, values).scalars().all()
        return (first[0], first[0] - first[-1] + _SECOND) if len(first) == _FIRST_STEP else (None, _SECOND)


def _ask_sqlite(asking: _Asking, enough: int, walk: _Walk) -> Sequence[Row[Any]] | None:
    """Give what the index finds; where it knows whom to look for it is asked at once, and else after some steps."""
    if asking.search.about:
        found = _stored_last(asking, enough, enough + _TO_SPARE)
        if found is not None:
            return found
    walk.go_on(_FIRST_STEP)
    return None if walk.is_over(enough) else _stored_last(asking, enough, _FEW)


def _ask_postgres(asking: _Asking, enough: int) -> Sequence[Row[Any]] | None:
    """Give the hits among what the index finds of the newest days, or of all time where that is not much."""
    newest, passed = asking.measured()
    if newest is None:
        return None
    for wanted in (enough, _AGAIN * enough):
        some, is_all = _of_days(asking, wanted, newest, passed)
        found = _in_time(asking, some, enough)
        if is_all or len(found) >= enough:
            return found
        if not some:
            break
    return None


def _of_days(asking: _Asking, wanted: int, newest: datetime, passed: timedelta) -> tuple[list[FoundInTime], bool]:
    """Ask the index for days that likely have so many, and tell whether that is all there is; nothing for too much.

    A stretch of few days costs a fraction of a millisecond, however much there is; how much it has tells how long a
    stretch is needed, or that all there is of all time is little.
    """
    most = 2 * _FEW
    span: timedelta | None = min(passed * _NEAR_STEPS, _NEAR_AT_MOST)
    likely = timedelta(0)

    def ask(span: timedelta | None) -> list[FoundInTime]:
        return asking.search.some(asking.connection, most + 1, (newest - span, newest) if span else None)

    with index_alone(asking.connection):
        while span is not None:
            some = ask(span)
            if len(some) >= wanted:
                return (some if len(some) <= most else []), False
            likely = span * (3 * wanted) // (2 * max(len(some), 1))
            span = next((longer for longer in (likely, span * _AGAIN) if longer <= _FAR_AT_MOST), None)
        if len(some := ask(None)) <= most:
            return some, True
        some = ask(likely)
        return (some if len(some) <= most else []), False


@dataclass(slots=True)
class _Walk:
    """Go from the newest hit back, some hits at a time."""

    asking: _Asking
    # A hit that comes in between two steps puts the last of the first step into the second again.
    found: dict[_Key, None] = field(default_factory=dict)
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
        asking = self.asking
        keys = newest_keys(asking.dialect, asking.choice.form)
        values = {**asking.choice.values, "limit": step, "offset": self._passed}
        passed, matching = asking.search.of(asking.connection, keys, values)
        self.found.update(((row.mention_id, row.subject_id), None) for row in matching)
        self._passed += len(passed)
        self._is_at_the_end = len(passed) < step


def _stored_last(asking: _Asking, enough: int, most: int) -> Sequence[Row[Any]] | None:
    """Take what was stored last from the index, up to `most` revisions in portions.

    None when that is not sure to be the newest, or too little of it is a hit.
    """
    portion = enough + _TO_SPARE
    found: list[Row[Any]] = []
    with asking.search.stored_last(asking.connection) as ids:
        for _ in range(0, most, portion):
            some = ids.fetchmany(portion)
            found = _sorted([*found, *asking.of_revisions(some)])
            if len(some) < portion:
                return found
            if len(found) >= enough and _is_older(asking.connection, some[-1], found[enough - 1]):
                return found
    return None


def _sorted(hits: list[Row[Any]]) -> list[Row[Any]]:
    hits.sort(key=lambda hit: str(hit.subject_id))
    hits.sort(key=lambda hit: (hit.first_seen_at, hit.mention_id), reverse=True)
    return hits


def _is_older(connection: Connection, revision_id: int, hit: Row[Any]) -> bool:
    """Tell whether this and all that was stored before it was seen before a hit.

    It need not be: a clock may be turned, and two polls may go on at a time.
    """
    seen_up_to = connection.execute(_SEEN_UP_TO, {"stored": revision_id}).scalar()
    return seen_up_to is not None and seen_up_to < hit.first_seen_at


def _in_time(asking: _Asking, some: list[FoundInTime], enough: int) -> list[Row[Any]]:
    """Put what the index found in order, newest first, and give the hits among it, until there are enough."""
    some.sort(reverse=True)
    ids = {revision_id for _, _, revision_id in some}
    mentions = list(dict.fromkeys(mention_id for _, mention_id, _ in some))
    found: list[Row[Any]] = []
    step = enough + _TO_SPARE
    for start in range(0, len(mentions), step):
        some_hits = asking.of_mentions(mentions[start : start + step])
        found += _sorted([row for row in some_hits if row.revision_id in ids])
        if len(found) >= enough:
            break
    return found
