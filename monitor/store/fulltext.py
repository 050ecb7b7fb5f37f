"""Turn what a person types into a full-text query that is never a syntax error.

Words are looked up whole, in any order and in any case; all must occur. Scripts that put no spaces between words
(Chinese, Japanese, Thai and others) are looked for as they are typed, because the engines' indexes take a whole
sentence of them for one word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Row,
    ScalarResult,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    column,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    text,
    true,
    type_coerce,
)
from sqlalchemy.types import UserDefinedType

from monitor.store.columns import storable
from monitor.store.engine import among
from monitor.store.schema import mention_revision
from monitor.store.words_by_subject import word_of, words_in_time

_LONGEST_QUERY = 1_000
_MOST_TERMS = 16
MOST_SUBJECTS = 20
"""More subjects than this are not looked up together with words; each candidate is asked whom it is about."""

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)

FoundInTime = tuple[int, int, int]
"""When a revision was seen first, in microseconds since 1970, its mention, and its row id."""

_INDEX = table("mention_fts", column("rowid"), column("mention_fts"))
_DOCUMENT: ColumnElement[str] = literal_column("mention_revision.document")
_PLANS = text("SELECT set_config('enable_seqscan', :is_on, true), set_config('enable_indexscan', :is_on, true)")


@dataclass(frozen=True, slots=True)
class Terms:
    """Hold what is searched for: `words` by the full-text index, `parts` as pieces of text."""

    words: tuple[str, ...]
    parts: tuple[str, ...]


def split_terms(text: str) -> Terms:
    """Split a typed query into terms; quotation marks and operators have no meaning."""
    pieces = storable(text)[:_LONGEST_QUERY].replace('"', " ").split()
    terms = [piece for piece in pieces if any(sign.isalnum() for sign in piece)][:_MOST_TERMS]
    parts = tuple(term for term in terms if _UNSPACED.search(term))
    return Terms(words=tuple(term for term in terms if term not in parts), parts=parts)


class _Lexemes(UserDefinedType[str]):
    """Name PostgreSQL's type of a parsed full-text query."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Give its name in SQL."""
        return "tsquery"


@contextmanager
def index_alone(connection: Connection) -> Iterator[None]:
    """Let PostgreSQL use no other way than its full-text index.

    A guess that words are frequent would have the whole table read for the first few rows.
    """
    connection.execute(_PLANS, {"is_on": "off"})
    yield
    connection.execute(_PLANS, {"is_on": "on"})


@dataclass(frozen=True, slots=True)
class Search:
    """Look for words, and where `about` names any for the words of those subjects, in the full-text index."""

    terms: Terms
    about: tuple[str, ...] = ()

    @property
    def is_indexed(self) -> bool:
        """Tell whether the index knows any of the terms."""
        return bool(self.terms.words)

    def clause(self, connection: Connection) -> ColumnElement[bool]:
        """Choose the revisions whose title and text contain all terms; no revision when there is no term."""
        if not self.terms.words and not self.terms.parts:
            return false()
        if not self.terms.words:
            return self.parts()
        if connection.dialect.name == "sqlite":
            return and_(mention_revision.c.id.in_(select(_INDEX.c.rowid).where(self._matching())), self.parts())
        return and_(self._in_document(), self.parts())

    def parts(self) -> ColumnElement[bool]:
        """Choose the revisions that contain those terms which the index does not know."""
        return and_(true(), *(_part(part) for part in self.terms.parts))

    def stored_last(self, connection: Connection) -> ScalarResult[int]:
        """Give from SQLite's index row ids of revisions, the highest first; it looks no further than it is read."""
        query = select(_INDEX.c.rowid).where(self._matching()).order_by(_INDEX.c.rowid.desc())
        return connection.execute(query).scalars()

    def some(
        self, connection: Connection, most: int, span: tuple[datetime, datetime] | None = None
    ) -> list[FoundInTime]:
        """Give from PostgreSQL's index revisions in no order, up to `most`.

        Asked within `index_alone`. A span leaves out what was seen before or after its days, where these are not too
        many to be asked for.
        """
        about = (words_in_time(self.about, *span) if span else []) or self.about
        given = {"words": self._typed(), "about": _any_of(about), "most": most}
        rows = connection.execute(_some(bool(about)), given)
        return [(seen_at, mention_id, revision_id) for seen_at, mention_id, revision_id in rows.all()]

    def of(
        self, connection: Connection, keys: Select[Any], values: Mapping[str, object]
    ) -> tuple[Sequence[Row[Any]], Sequence[Row[Any]]]:
        """Give the keys that a query finds, and those of them whose revision matches, in the query's order."""
        if connection.dialect.name != "sqlite":
            # As a condition it would be looked up in the whole index.
            asked = func.coalesce(and_(self._in_document(), self.parts()), false()).label("matches")
            rows = connection.execute(keys.add_columns(asked), values).all()
            return rows, [row for row in rows if row.matches]
        rows = connection.execute(keys, values).all()
        ids = {row.revision_id for row in rows}
        if not ids:
            return (), ()
        near = _INDEX.c.rowid.between(min(ids), max(ids))
        found = ids.intersection(connection.execute(select(_INDEX.c.rowid).where(self._matching(), near)).scalars())
        if self.terms.parts:
            columns = mention_revision.c
            with_parts = select(columns.id).where(among(connection, columns.id, found), self.parts())
            found = set(connection.execute(with_parts).scalars())
        return rows, [row for row in rows if row.revision_id in found]

    def _matching(self) -> ColumnElement[bool]:
        words = " ".join(f'"{word}"' for word in self.terms.words)
        about = " OR ".join(f'"{word}"' for word in self.about)
        query = f"{{title text}} : ({words})" + (f" AND subjects : ({about})" if about else "")
        return _INDEX.c.mention_fts.op("MATCH", is_comparison=True)(query)

    def _typed(self) -> str:
        return " ".join(self.terms.words)

    def _in_document(self) -> ColumnElement[bool]:
        about = literal(_any_of(self.about)) if self.about else None
        return _in_document(literal(self._typed()), about)


def _any_of(words: Sequence[str]) -> str:
    return " | ".join(f"'{word}'" for word in words)


def _in_document(words: ColumnElement[str], about: ColumnElement[str] | None) -> ColumnElement[bool]:
    found = _DOCUMENT.op("@@", is_comparison=True)(func.plainto_tsquery(literal_column("'simple'"), words))
    if about is None:
        return found
    return and_(found, _DOCUMENT.op("@@", is_comparison=True)(cast(about, _Lexemes())))


@cache
def _some(is_about: bool) -> Select[Any]:
    """Write the question of `Search.some`, once: building it takes as long as asking it."""
    columns = mention_revision.c
    words, about = bindparam("words", type_=Text()), bindparam("about", type_=Text())
    seen_at = type_coerce(columns.first_seen_at, BigInteger)
    query = select(seen_at, columns.mention_id, columns.id).where(_in_document(words, about if is_about else None))
    return query.limit(bindparam("most", type_=Integer()))


def search_for(typed: str, subjects: Collection[str] | None = None) -> Search:
    """Prepare a search for what somebody typed, within these subjects if there are few; None for everybody."""
    few = sorted(subjects) if subjects is not None and len(subjects) <= MOST_SUBJECTS else []
    return Search(split_terms(typed), tuple(word_of(one) for one in few))


def _part(part: str) -> ColumnElement[bool]:
    columns = mention_revision.c
    return or_(columns.text.contains(part, autoescape=True), columns.title.contains(part, autoescape=True))
