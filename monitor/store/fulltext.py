"""Turn what a person types into a full-text query that is never a syntax error.

Words are looked up whole, in any order and in any case; all must occur. Scripts that put no spaces between words
(Chinese, Japanese, Thai and others) are looked for as they are typed, because the engines' indexes take a whole
sentence of them for one word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    column,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    true,
)

from monitor.store.columns import storable
from monitor.store.schema import mention_revision

_LONGEST_QUERY = 1_000
_MOST_TERMS = 16
# Fewer rows than this are taken from the full-text index; of a word that is found in more, each candidate is asked.
_FEW = 2_000
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)

_INDEX = table("mention_fts", column("rowid"), column("mention_fts"))


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


@dataclass(frozen=True, slots=True)
class TextCondition:
    """Hold what chooses revisions; `is_rare` says that few match, so that a query does well to begin with it."""

    clause: ColumnElement[bool]
    is_rare: bool = False


def containing(connection: Connection, text: str) -> TextCondition:
    """Choose the revisions whose title and text contain all terms; no revision when there is no term in `text`."""
    terms = split_terms(text)
    if not terms.words and not terms.parts:
        return TextCondition(false())
    parts = and_(true(), *(_part(part) for part in terms.parts))
    if not terms.words:
        return TextCondition(parts)
    found = _in_sqlite(connection, terms.words) if connection.dialect.name == "sqlite" else _in_postgres(terms.words)
    return TextCondition(and_(found.clause, parts), is_rare=found.is_rare)


def _part(part: str) -> ColumnElement[bool]:
    columns = mention_revision.c
    return or_(columns.text.contains(part, autoescape=True), columns.title.contains(part, autoescape=True))


def _in_sqlite(connection: Connection, words: tuple[str, ...]) -> TextCondition:
    """Look few rows up at once; of many, let the query ask for each candidate, which are read newest first."""
    matching = _INDEX.c.mention_fts.op("MATCH")(" ".join(f'"{word}"' for word in words))
    few = connection.execute(select(_INDEX.c.rowid).where(matching).limit(_FEW)).scalars().all()
    if len(few) < _FEW:
        return TextCondition(mention_revision.c.id.in_(few), is_rare=True)
    probe = select(literal(1)).select_from(_INDEX).where(matching, _INDEX.c.rowid == mention_revision.c.id)
    return TextCondition(probe.correlate(mention_revision).exists())


def _in_postgres(words: tuple[str, ...]) -> TextCondition:
    document: ColumnElement[str] = literal_column("mention_revision.document")
    return TextCondition(document.op("@@")(func.plainto_tsquery(literal_column("'simple'"), " ".join(words))))
