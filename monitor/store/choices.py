"""Write what hits are asked for once for each form of choice; the values come when it is executed.

Building a statement takes longer than executing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, select

from monitor.store.engine import among_given, unindexed
from monitor.store.hit_rows import NEWEST_FIRST, as_judged_last, select_hits, select_keys
from monitor.store.schema import assessment, mention, mention_revision

_FORMS = 256

_LIMIT = bindparam("limit", type_=Integer())
_OFFSET = bindparam("offset", type_=Integer())


@dataclass(frozen=True, slots=True)
class Chooser:
    """Name the columns by which hits are chosen that have an index in the order of time."""

    subject_id: ColumnElement[str] = assessment.c.subject_id
    pile: ColumnElement[int] = assessment.c.pile


class Form(Protocol):
    """Say what hits are chosen by, without the values; equal forms are one."""

    def __hash__(self) -> int:
        """Stand for what equal forms have in common."""
        ...

    def condition(self, chooser: Chooser, elsewhere: Chooser) -> ColumnElement[bool]:
        """Choose by these columns; `elsewhere` where something else leads to the hits."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """Choose hits by a form and the values of its parameters."""

    form: Form
    values: Mapping[str, object]


def led_elsewhere(dialect: str) -> Chooser:
    """Choose without an index, where something else leads to the hits."""
    return Chooser(unindexed(dialect, assessment.c.subject_id), unindexed(dialect, assessment.c.pile))


def _condition(dialect: str, form: Form, *, is_led: bool = False) -> ColumnElement[bool]:
    elsewhere = led_elsewhere(dialect)
    return form.condition(elsewhere if is_led else Chooser(), elsewhere)


@lru_cache(_FORMS)
def newest_hits(dialect: str, form: Form) -> Select[Any]:
    """Select hits, newest first; takes `limit` and `offset`."""
    hits = select_hits(_condition(dialect, form)).where(as_judged_last())
    return hits.order_by(*NEWEST_FIRST).limit(_LIMIT).offset(_OFFSET)


@lru_cache(_FORMS)
def hits_of_mentions(dialect: str, form: Form) -> Select[Any]:
    """Select hits of mentions, in no order; takes row ids as `given`."""
    return _hits_led(dialect, form).where(among_given(dialect, assessment.c.mention_id))


@lru_cache(_FORMS)
def hits_of_revisions(dialect: str, form: Form) -> Select[Any]:
    """Select hits of revisions, in no order; takes row ids as `given`."""
    return _hits_led(dialect, form).where(among_given(dialect, mention_revision.c.id))


def _hits_led(dialect: str, form: Form) -> Select[Any]:
    return select_hits(_condition(dialect, form, is_led=True)).where(as_judged_last())


@lru_cache(_FORMS)
def newest_keys(dialect: str, form: Form) -> Select[Any]:
    """Select which hits they are, newest first; takes `limit` and `offset`."""
    keys = select_keys(_condition(dialect, form))
    return keys.order_by(*NEWEST_FIRST).limit(_LIMIT).offset(_OFFSET)


@lru_cache(_FORMS)
def newest_moments(dialect: str, form: Form) -> Select[Any]:
    """Select when hits were seen first, newest first; takes `limit`.

    Earlier revisions are among them: leaving them out takes ten times as long.
    """
    columns = assessment.c
    query = select(columns.first_seen_at).where(columns.about_score > 0, _condition(dialect, form))
    return query.order_by(columns.first_seen_at.desc()).limit(_LIMIT)


@lru_cache(_FORMS)
def some_hits(dialect: str, form: Form) -> Select[Any]:
    """Select the mentions of hits, in no order; takes `limit`."""
    return (
        select(assessment.c.mention_id)
        .join(mention, mention.c.id == assessment.c.mention_id)
        .where(assessment.c.about_score > 0, as_judged_last(), _condition(dialect, form))
        .limit(_LIMIT)
    )


@lru_cache(_FORMS)
def hits_counted(dialect: str, form: Form) -> Select[Any]:
    """Count hits, up to `limit`."""
    return select(func.count()).select_from(some_hits(dialect, form).subquery())
