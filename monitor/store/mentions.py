"""Keep fetched pages, and read mentions back."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from monitor.domain import Gone, LiveState, Mention, RawResponse, Rhythm
from monitor.errors import StoreError
from monitor.ports import PageResult, PageRows
from monitor.store.engine import insert_into
from monitor.store.locks import lock_source
from monitor.store.mention_rows import content_of, external_key, mention_of, revision_values, select_mentions
from monitor.store.part import Part
from monitor.store.schema import mention, mention_revision, observation, position, raw_response, source_tally

# Level 3 takes a third of the time of level 6 and leaves a tenth more.
_COMPRESSION = 3
_KEYS_A_QUERY = 500
_SEEN_AGAIN = "the source shows it again"


@dataclass(slots=True)
class _Known:
    """Follow one mention while a page is worked through."""

    id: int
    revision: int
    content_sha256: str
    is_gone: bool
    pending_at: datetime | None = None


@dataclass(slots=True)
class _Changes:
    """Collect what a page changes, to be written in bulk."""

    revisions: list[dict[str, Any]] = field(default_factory=list)
    touched: dict[int, _Known] = field(default_factory=dict)
    observations: list[dict[str, object]] = field(default_factory=list)
    wanted_raw: set[str] = field(default_factory=set)
    gone: int = 0

    def observe(self, known: _Known, state: LiveState, signal: str, now: datetime) -> None:
        known.is_gone = state is LiveState.GONE
        self.touched[known.id] = known
        self.observations.append(
            {"mention_id": known.id, "state": state, "signal": signal, "observed_at": now, "capture_id": ""}
        )


class MentionRows(Part):
    """Implement the part of `monitor.ports` that keeps pages and gives mentions."""

    def save_page(self, rows: PageRows) -> PageResult:
        """Keep one fetched page in one transaction; see the port."""
        now = self._clock.now()
        with self._db.writing() as connection:
            lock_source(connection, rows.source)
            known = _load_known(connection, rows)
            fresh = _insert_fresh(connection, rows, known)
            changes = _compare(rows, known, now)
            _write(connection, changes, fresh)
            _keep_raw(connection, rows.raw, changes.wanted_raw)
            _keep_cursor(connection, rows)
            if fresh:
                _count(connection, rows.source, len(fresh), now)
        return PageResult(new=len(fresh), revised=len(changes.revisions) - len(fresh), gone=changes.gone)

    def known(self, source: str, external_ids: Collection[str]) -> frozenset[str]:
        """Give those of these ids of a source that are kept as mentions."""
        ids = {external_key(one): one for one in external_ids}
        keys, found = sorted(ids), set[str]()
        with self._db.reading() as connection:
            for start in range(0, len(keys), _KEYS_A_QUERY):
                some = keys[start : start + _KEYS_A_QUERY]
                query = select(mention.c.external_key).where(
                    mention.c.source == source, mention.c.external_key.in_(some)
                )
                found.update(connection.execute(query).scalars())
        return frozenset(ids[key] for key in found)

    def mention(self, mention_id: int, *, revision: int | None = None) -> Mention:
        """Give the newest or one revision; StoreError when there is none."""
        wanted = mention.c.revision if revision is None else revision
        query = select_mentions().where(mention.c.id == mention_id, mention_revision.c.revision == wanted)
        with self._db.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise _no_mention(mention_id)
        return mention_of(row)

    def find(self, source: str, external_id: str) -> Mention | None:
        """Give the newest revision of a mention by its source's own id, or None."""
        query = select_mentions().where(
            mention.c.source == source,
            mention.c.external_key == external_key(external_id),
            mention_revision.c.revision == mention.c.revision,
        )
        with self._db.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else mention_of(row)

    def revisions(self, mention_id: int) -> tuple[Mention, ...]:
        """Give all revisions, oldest first; StoreError when there is none."""
        query = select_mentions().where(mention.c.id == mention_id).order_by(mention_revision.c.revision)
        with self._db.reading() as connection:
            found = tuple(mention_of(row) for row in connection.execute(query))
        if not found:
            raise _no_mention(mention_id)
        return found

    def raw(self, sha256: str) -> RawResponse | None:
        """Give kept raw bytes, or None when they were never kept or are past their time."""
        with self._db.reading() as connection:
            return load_raw(connection, [sha256]).get(sha256)

    def count_mentions(self, start: datetime, end: datetime) -> int:
        """Count mentions first seen in [start, end)."""
        seen = mention.c.first_seen_at
        query = select(func.count()).select_from(mention).where(seen >= start, seen < end)
        with self._db.reading() as connection:
            return connection.execute(query).scalar_one()


def _no_mention(mention_id: int) -> StoreError:
    return StoreError(f"There is no such mention: {mention_id}.", try_="Run `goodname hits list`.")


def load_raw(connection: Connection, hashes: Iterable[str]) -> Mapping[str, RawResponse]:
    """Give kept raw bytes by their hash; a hash that is not kept is missing from the answer."""
    columns = raw_response.c
    query = select(columns.sha256, columns.media_type, columns.size, columns.body).where(
        columns.sha256.in_(sorted(hashes))
    )
    return {
        row.sha256: RawResponse(sha256=row.sha256, media_type=row.media_type, body=zlib.decompress(row.body))
        for row in connection.execute(query)
    }


def _load_known(connection: Connection, rows: PageRows) -> dict[str, _Known]:
    items: list[Mention | Gone] = [*rows.mentions, *rows.gone]
    keys = sorted({external_key(item.external_id) for item in items})
    columns = mention.c
    known = {}
    for start in range(0, len(keys), _KEYS_A_QUERY):
        query = select(
            columns.id, columns.external_key, columns.revision, columns.content_sha256, columns.is_gone
        ).where(columns.source == rows.source, columns.external_key.in_(keys[start : start + _KEYS_A_QUERY]))
        for row in connection.execute(query):
            known[row.external_key] = _Known(row.id, row.revision, row.content_sha256, row.is_gone)
    return known


def _insert_fresh(connection: Connection, rows: PageRows, known: dict[str, _Known]) -> set[int]:
    """Insert the mentions that are not known yet and add them to `known` as having no revision; gives their ids."""
    fresh: dict[str, dict[str, object]] = {}
    for item in rows.mentions:
        key = external_key(item.external_id)
        if key in known or key in fresh:
            continue
        fresh[key] = {
            "source": rows.source,
            "external_key": key,
            "external_id": item.external_id,
            "revision": 1,
            "content_sha256": content_of(item),
            "first_seen_at": item.first_seen_at,
            "is_gone": False,
            "pending_at": item.first_seen_at,
            "decided_revision": 0,
        }
    if not fresh:
        return set()
    command = insert(mention).returning(mention.c.id, mention.c.external_key)
    ids = set()
    for row in connection.execute(command, list(fresh.values())):
        known[row.external_key] = _Known(row.id, 0, "", is_gone=False)
        ids.add(row.id)
    return ids


def _compare(rows: PageRows, known: dict[str, _Known], now: datetime) -> _Changes:
    """Find what the page changes, in the page's order."""
    changes = _Changes()
    for item in rows.mentions:
        entry = known[external_key(item.external_id)]
        content = content_of(item)
        if entry.content_sha256 != content:
            entry.revision += 1
            entry.content_sha256 = content
            entry.pending_at = item.first_seen_at
            changes.revisions.append(revision_values(item, entry.id, entry.revision))
            changes.touched[entry.id] = entry
            changes.wanted_raw.add(item.raw_sha256)
        if entry.is_gone:
            changes.observe(entry, LiveState.LIVE, _SEEN_AGAIN, now)
    for removed in rows.gone:
        missing = known.get(external_key(removed.external_id))
        if missing is not None and not missing.is_gone:
            changes.observe(missing, LiveState.GONE, removed.signal, now)
            changes.gone += 1
    return changes


def _write(connection: Connection, changes: _Changes, fresh: set[int]) -> None:
    if changes.revisions:
        if connection.dialect.name == "sqlite":
            _compare_times(connection, changes.revisions)
        connection.execute(insert(mention_revision), changes.revisions)
    # A fresh mention with one revision was inserted as it should be.
    touched = [one for one in changes.touched.values() if one.id not in fresh or one.revision > 1 or one.is_gone]
    if touched:
        command = (
            update(mention)
            .where(mention.c.id == bindparam("known_id"))
            .values(
                revision=bindparam("new_revision"),
                content_sha256=bindparam("new_content"),
                is_gone=bindparam("now_gone"),
                pending_at=func.coalesce(
                    bindparam("new_pending", type_=mention.c.pending_at.type), mention.c.pending_at
                ),
            )
        )
        connection.execute(command, [_touched_values(one) for one in touched])
    if changes.observations:
        connection.execute(insert(observation), changes.observations)


def _compare_times(connection: Connection, revisions: list[dict[str, Any]]) -> None:
    """Note with each new revision the latest moment at which it or one that was stored before it was seen."""
    columns = mention_revision.c
    latest = connection.execute(select(columns.seen_up_to).order_by(columns.id.desc()).limit(1)).scalar()
    for one in revisions:
        latest = max(latest or one["first_seen_at"], one["first_seen_at"])
        one["seen_up_to"] = latest


def _touched_values(known: _Known) -> dict[str, Any]:
    return {
        "known_id": known.id,
        "new_revision": known.revision,
        "new_content": known.content_sha256,
        "now_gone": known.is_gone,
        "new_pending": known.pending_at,
    }


def _keep_raw(connection: Connection, raw: Sequence[RawResponse], wanted: set[str]) -> None:
    """Keep the bytes that new revisions came from; the same bytes are kept once."""
    given = {one.sha256: one for one in raw if one.sha256 in wanted}
    values = [
        {
            "sha256": one.sha256,
            "media_type": one.media_type,
            "size": len(one.body),
            "body": zlib.compress(one.body, _COMPRESSION),
        }
        for one in given.values()
    ]
    if values:
        connection.execute(insert_into(connection, raw_response).on_conflict_do_nothing(), values)


def _keep_cursor(connection: Connection, rows: PageRows) -> None:
    command = insert_into(connection, position).values(source=rows.source, query_key=rows.query_key, cursor=rows.cursor)
    connection.execute(
        command.on_conflict_do_update(index_elements=["source", "query_key"], set_={"cursor": command.excluded.cursor})
    )


def _count(connection: Connection, source: str, more: int, now: datetime) -> None:
    """Count new mentions and keep the source's rhythm; the lock on the source is held."""
    columns = source_tally.c
    kept = select(columns.finds, columns.last_find_at, columns.longest_gap).where(columns.source == source)
    row = connection.execute(kept).first()
    kept_rhythm = Rhythm(finds=row.finds, last_find_at=row.last_find_at, longest_gap=row.longest_gap) if row else None
    rhythm = (kept_rhythm or Rhythm()).after_find(now)
    values = {"finds": rhythm.finds, "last_find_at": rhythm.last_find_at, "longest_gap": rhythm.longest_gap}
    command = insert_into(connection, source_tally).values(source=source, mentions=more, **values)
    total = columns.mentions + command.excluded.mentions
    connection.execute(command.on_conflict_do_update(index_elements=["source"], set_={"mentions": total, **values}))
