"""Check what a person typed, on the terminal or on the page, by the same rules as the watch list file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pydantic import BaseModel, ValidationError

from monitor.domain import Statement, Subject
from monitor.errors import InputError
from monitor.settings import Settings, SourceSettings, load_watchlist
from monitor.settings.watchlist import StatementEntry, SubjectEntry
from monitor.text.faults import describe_faults


def checked_subject(given: Mapping[str, object]) -> Subject:
    """Make a subject of typed fields; InputError names every fault."""
    try:
        return SubjectEntry.model_validate(dict(given)).to_subject()
    except ValidationError as error:
        why = _faults(error, SubjectEntry)
        raise InputError(f"{given.get('name')!r} cannot be kept like this.", why=why) from None


def checked_statement(subject_id: str, given: Mapping[str, object]) -> Statement:
    """Make a statement of typed fields; InputError names every fault."""
    try:
        entry = StatementEntry.model_validate(dict(given))
    except ValidationError as error:
        raise InputError("This statement cannot be kept like this.", why=_faults(error, StatementEntry)) from None
    return Statement(
        id=entry.id,
        subject_id=subject_id,
        text=entry.text,
        paraphrases=entry.paraphrases,
        language=entry.language,
        meaning=entry.meaning,
        first_appearance_url=entry.first_appearance_url,
        falsity_note=entry.falsity_note,
    )


def checked_source(given: Mapping[str, object]) -> SourceSettings:
    """Make a source of typed fields, its connector's own settings aside; InputError names every fault."""
    try:
        return SourceSettings.model_validate(dict(given))
    except ValidationError as error:
        raise InputError("This source cannot be added like this.", why=_faults(error, SourceSettings)) from None


def rechecked_statement(statement: Statement) -> Statement:
    """Check a changed statement by the same rules as a new one."""
    given = {field: getattr(statement, field) for field in ("id", "text", "paraphrases", "language")}
    checked = checked_statement(statement.subject_id, given)
    return replace(statement, text=checked.text, paraphrases=checked.paraphrases)


def _faults(error: ValidationError, entry: type[BaseModel]) -> str:
    return "; ".join(describe_faults([dict(one) for one in error.errors()], entry.model_json_schema()))


def refuse_if_from_file(settings: Settings, subject_id: str, statement_id: str = "") -> None:
    """Raise InputError for a subject, or one of its statements, that the watch list file would overwrite."""
    file = settings.watchlist.file
    if file is None:
        return
    listed = load_watchlist(file)
    in_file = {(one.id, "") for one in listed.subjects()} | {(one.subject_id, one.id) for one in listed.statements()}
    if (subject_id, statement_id) in in_file:
        raise InputError(
            f"{statement_id or subject_id} comes from {file}.",
            why="That file is read at every start and would undo the change.",
            try_=f"Change it in {file}.",
        )


def free_id(text: str, taken: Iterable[str], fallback: str) -> str:
    """Make a short id from words: ASCII letters and digits with dashes, numbered where it is taken."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or fallback
    known = set(taken)
    return next(
        one for number in range(1, len(known) + 3) if (one := base if number == 1 else f"{base}-{number}") not in known
    )
