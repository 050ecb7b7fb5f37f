"""Sum up mentions about a subject, as lists, alerts and digests show them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal,
    select,
    true,
    type_coerce,
    union_all,
)

from monitor.domain import CaptureOutcome, Hit, Level, LiveState, ReviewVerdict, Stance
from monitor.ports import HitFilter
from monitor.store.choices import Choice, Chooser
from monitor.store.engine import among_given, given
from monitor.store.fulltext import MOST_SUBJECTS, search_for
from monitor.store.hit_rows import SUBJECTS_OF_CLIENT, HitRow, select_hits
from monitor.store.judgements import LEVELS
from monitor.store.part import Part
from monitor.store.schema import (
    assessment,
    capture,
    capture_request,
    observation,
    review,
)
from monitor.store.searching import newest


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
            search = search_for(chosen.text, subjects) if chosen.text.strip() else None
            choice = _choice(chosen, subjects)
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
    query = SUBJECTS_OF_CLIENT.limit(MOST_SUBJECTS + 1)
    found = frozenset(connection.execute(query, {"client": chosen.client_id}).scalars())
    return found if len(found) <= MOST_SUBJECTS else None


@dataclass(frozen=True, slots=True)
class _Form:
    """Say which fields of a `HitFilter` choose."""

    of_subjects: bool
    of_client: bool
    of_level: bool
    unreviewed: bool
    since: bool
    until: bool
    hunted_since: bool
    hunted_until: bool

    def condition(self, chooser: Chooser, elsewhere: Chooser) -> ColumnElement[bool]:
        """Choose by these columns."""
        columns = assessment.c
        by = elsewhere if self.hunted_since or self.hunted_until else chooser
        open_ones = (ReviewVerdict.LATER.value, ReviewVerdict.WITHDRAWN.value)
        verdict = func.coalesce(newest_verdict(), ReviewVerdict.LATER.value)
        conditions = (
            (self.of_subjects, by.subject_id.in_(bindparam("subjects", expanding=True))),
            (self.of_client, elsewhere.subject_id.in_(SUBJECTS_OF_CLIENT)),
            (self.of_level, columns.level_rank >= bindparam("level")),
            (self.unreviewed, verdict.in_(open_ones)),
            (self.since, columns.first_seen_at >= bindparam("since")),
            (self.until, columns.first_seen_at < bindparam("until")),
            (self.hunted_since, columns.hunted_at >= bindparam("hunted_since")),
            (self.hunted_until, columns.hunted_at < bindparam("hunted_until")),
        )
        return and_(true(), *(condition for chooses, condition in conditions if chooses))


def _choice(chosen: HitFilter, subjects: frozenset[str] | None) -> Choice:
    form = _Form(
        of_subjects=subjects is not None,
        of_client=chosen.client_id is not None and (bool(chosen.subject_id) or subjects is None),
        of_level=chosen.min_level is not Level.NONE,
        unreviewed=chosen.unreviewed,
        since=chosen.since is not None,
        until=chosen.until is not None,
        hunted_since=chosen.hunted_since is not None,
        hunted_until=chosen.hunted_until is not None,
    )
    values = {
        "subjects": sorted(subjects or ()),
        "client": chosen.client_id,
        "level": chosen.min_level.rank,
        "since": chosen.since,
        "until": chosen.until,
        "hunted_since": chosen.hunted_since,
        "hunted_until": chosen.hunted_until,
    }
    return Choice(form, values)


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
    return tuple(_hit_of(HitRow._make(row), around) for row in rows)


def _load_around(connection: Connection, ids: Collection[int]) -> _Around:
    around = _Around(queued=set(), captures={}, states={}, verdicts={})
    if not ids:
        return around
    rows = connection.execute(_around(connection.dialect.name), given(connection, ids)).all()
    for row in sorted(rows, key=lambda row: (row.at, row.name)):
        match row.what:
            case "queued":
                around.queued.add(row.mention_id)
            case "capture":
                earlier = around.captures.get(row.mention_id)
                # A later failure takes nothing away from what was kept before.
                if earlier is None or row.result != CaptureOutcome.FAILED or earlier.result == CaptureOutcome.FAILED:
                    around.captures[row.mention_id] = row
            case "state":
                around.states[row.mention_id] = row.result
            case "verdict":
                around.verdicts[row.mention_id, row.name] = row.result
    return around


@cache
def _around(dialect: str) -> CompoundSelect[Any]:
    """Write one question for all that is known around mentions; it takes their ids as `given`.

    Four questions take four times to and fro, and building them takes longer than asking.
    """

    def about(
        what: str, ids: ColumnElement[int], name: object = "", result: object = "", sha256: object = "", at: object = 0
    ) -> Select[Any]:
        texts = {"what": what, "name": name, "result": result, "sha256": sha256}
        columns: list[ColumnElement[Any]] = [
            (value if isinstance(value, ColumnElement) else literal(value, Text)).label(label)
            for label, value in texts.items()
        ]
        return select(*columns, ids.label("mention_id"), type_coerce(at, BigInteger).label("at"))

    asked, kept, seen, reviewed = capture_request.c, capture.c, observation.c, review.c
    last_seen = select(func.max(seen.id)).where(among_given(dialect, seen.mention_id)).group_by(seen.mention_id)
    last_review = (
        select(func.max(reviewed.id))
        .where(among_given(dialect, reviewed.mention_id))
        .group_by(reviewed.mention_id, reviewed.subject_id)
    )
    captures = about("capture", kept.mention_id, kept.id, kept.outcome, kept.manifest_sha256, kept.captured_at)
    verdicts = about("verdict", reviewed.mention_id, reviewed.subject_id, reviewed.verdict)
    return union_all(
        about("queued", asked.mention_id).where(among_given(dialect, asked.mention_id), asked.is_open),
        captures.where(among_given(dialect, kept.mention_id)),
        about("state", seen.mention_id, result=seen.state).where(seen.id.in_(last_seen)),
        verdicts.where(reviewed.id.in_(last_review)),
    )


def _hit_of(row: HitRow, around: _Around) -> Hit:
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
        evidence_sha256=kept.sha256 if kept else "",
        capture_id=kept.name if kept else "",
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
    return str(kept.result) if kept else "none"
