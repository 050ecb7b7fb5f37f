"""Who is watched, and which statements about them are known to be false."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from monitor.domain._utc import require_utc


class SubjectKind(StrEnum):
    """Say what sort of party a subject is; names of firms are matched by their own rules."""

    PERSON = "person"
    ORGANISATION = "organisation"


class Relation(StrEnum):
    """Say in which role somebody asks for the watch."""

    SELF = "self"
    CLIENT = "client"
    ORGANISATION = "organisation"


class StatementStatus(StrEnum):
    """Say whether repeats of a statement are still looked for."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    ADJUDICATED = "adjudicated"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attestation:
    """Record who asked for the watch and in which role; without one nothing is polled.

    `reference` is the client file's reference and may be empty for the other relations.
    """

    relation: Relation
    by: str
    on: date
    reference: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Name a person or firm to watch for.

    `handles` start with "@" or not, as the person wrote them; `context_terms` make it likelier that a namesake
    is not meant, `exclude_terms` say that another one is. `languages` are BCP 47 tags.
    """

    id: str
    name: str
    kind: SubjectKind = SubjectKind.PERSON
    aliases: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    context_terms: tuple[str, ...] = ()
    exclude_terms: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    is_active: bool = True
    client_id: str = ""
    attestation: Attestation | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """Hold one statement that the subject says is false.

    `id` is unique within its subject. `text` and `paraphrases` are wordings; `meaning` and `falsity_note` are the
    client's own words for counsel and are never matched.
    """

    id: str
    subject_id: str
    text: str
    paraphrases: tuple[str, ...] = ()
    language: str = "en"
    meaning: str = ""
    first_appearance_url: str = ""
    first_published_at: datetime | None = None
    falsity_note: str = ""
    status: StatementStatus = StatementStatus.ACTIVE

    def __post_init__(self) -> None:
        require_utc(self)
