"""The keys of watchlist.toml: who is watched, asked for by whom, and the known false statements."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic import model_validator as validates_model

from monitor.domain import Attestation, Relation, Statement, StatementStatus, Subject, SubjectKind
from monitor.settings.models import Section
from monitor.text.faults import repeated


def _has_words(value: str) -> str:
    if not any(character.isalnum() for character in value):
        raise ValueError("this is empty")
    return value.strip()


Words = Annotated[str, AfterValidator(_has_words)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class AttestationEntry(Section):
    """Say who asks for the watch and in which role; nothing is polled without it."""

    relation: Relation = Field(description="self, client or organisation")
    by: Words = Field(description="Your name.")
    on: date = Field(description="The day you say so.")
    reference: str = Field("", description="The client file's reference.")


class StatementEntry(Section):
    """Write down one statement that is false."""

    id: Id = Field(description="A short name for it.")
    text: Words = Field(description="The false statement in one sentence, with the name in it.")
    paraphrases: tuple[Words, ...] = Field((), description="Other wordings you have seen.")
    language: str = Field("en", description="Language tag of the text.")
    meaning: str = Field("", description="What it says about you, for counsel.")
    first_appearance_url: str = Field("", description="Where it was first seen.")
    first_published_on: date | None = Field(None, description="The day it was first published.")
    falsity_note: str = Field("", description="Why it is false, for counsel; never matched.")
    status: StatementStatus = Field(StatementStatus.ACTIVE, description="active, withdrawn or adjudicated")


class SubjectEntry(Section):
    """Write down one person or firm to watch for."""

    id: Id = Field(description="A short name for this entry.")
    name: Words = Field(description="The full name.")
    kind: SubjectKind = Field(SubjectKind.PERSON, description="person or organisation")
    aliases: tuple[Words, ...] = Field((), description="Other names in use.")
    handles: tuple[Words, ...] = Field((), description="Own accounts; what they post is never a repeat.")
    context_terms: tuple[Words, ...] = Field((), description="Words that tell this one from a namesake.")
    exclude_terms: tuple[Words, ...] = Field((), description="Words that mean a namesake.")
    languages: tuple[str, ...] = Field((), description="Languages to expect.")
    client_id: str = Field("", description="The client this belongs to.")
    attestation: AttestationEntry = Field(description="Required before the first poll.")
    statement: tuple[StatementEntry, ...] = Field((), description="The known false statements.")

    @validates_model(mode="after")
    def _unique_statements(self) -> SubjectEntry:
        ids = [entry.id for entry in self.statement]
        twice = repeated(ids)
        if twice:
            raise ValueError(f"each statement needs its own id; used twice: {', '.join(twice)}")
        return self

    def to_subject(self) -> Subject:
        """Give the subject as the rest of the program knows it."""
        return Subject(
            id=self.id,
            name=self.name,
            kind=self.kind,
            aliases=self.aliases,
            handles=self.handles,
            context_terms=self.context_terms,
            exclude_terms=self.exclude_terms,
            languages=self.languages,
            client_id=self.client_id,
            attestation=Attestation(
                relation=self.attestation.relation,
                by=self.attestation.by,
                on=self.attestation.on,
                reference=self.attestation.reference,
            ),
        )

    def to_statements(self) -> tuple[Statement, ...]:
        """Give the statements as the rest of the program knows them."""
        return tuple(
            Statement(
                id=entry.id,
                subject_id=self.id,
                text=entry.text,
                paraphrases=entry.paraphrases,
                language=entry.language,
                meaning=entry.meaning,
                first_appearance_url=entry.first_appearance_url,
                first_published_at=_midnight(entry.first_published_on),
                falsity_note=entry.falsity_note,
                status=entry.status,
            )
            for entry in self.statement
        )


def _midnight(day: date | None) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None


class Watchlist(Section):
    """Hold a whole watch list file."""

    subject: tuple[SubjectEntry, ...] = Field((), description="One [[subject]] block each.")

    @validates_model(mode="after")
    def _unique_subjects(self) -> Watchlist:
        ids = [entry.id for entry in self.subject]
        twice = repeated(ids)
        if twice:
            raise ValueError(f"each subject needs its own id; used twice: {', '.join(twice)}")
        return self

    def subjects(self) -> tuple[Subject, ...]:
        """Give all subjects."""
        return tuple(entry.to_subject() for entry in self.subject)

    def statements(self) -> tuple[Statement, ...]:
        """Give all statements."""
        return tuple(statement for entry in self.subject for statement in entry.to_statements())
