"""The tables, as the queries see them; the migrations build the same (a test compares both)."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    event,
    text,
)

from monitor.store.columns import SERIAL, JsonText, PlainText, TimeSpan, UtcMoment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


@event.listens_for(metadata, "before_create")
def _condition_indexes(_: MetaData, connection: Connection, **_how: object) -> None:
    """Limit an index on PostgreSQL to the rows it is limited to on SQLite.

    Said only where the tables are made from here: an index that names both loads PostgreSQL's dialect at every start.
    """
    if connection.dialect.name == "sqlite":
        return
    for index in (one for table in metadata.tables.values() for one in table.indexes):
        condition = index.dialect_options["sqlite"]["where"]
        if condition is not None:
            index.dialect_options["postgresql"]["where"] = condition


subject = Table(
    "subject",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("name", PlainText, nullable=False),
    Column("kind", PlainText, nullable=False),
    Column("aliases", JsonText, nullable=False),
    Column("handles", JsonText, nullable=False),
    Column("context_terms", JsonText, nullable=False),
    Column("exclude_terms", JsonText, nullable=False),
    Column("languages", JsonText, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("client_id", PlainText, nullable=False, index=True),
    Column("attested_relation", PlainText),
    Column("attested_by", PlainText),
    Column("attested_on", Date),
    Column("attested_reference", PlainText),
    Column("origin", PlainText, nullable=False),
)

statement = Table(
    "statement",
    metadata,
    Column("subject_id", PlainText, ForeignKey("subject.id"), primary_key=True),
    Column("id", PlainText, primary_key=True),
    Column("text", PlainText, nullable=False),
    Column("paraphrases", JsonText, nullable=False),
    Column("language", PlainText, nullable=False),
    Column("meaning", PlainText, nullable=False),
    Column("first_appearance_url", PlainText, nullable=False),
    Column("first_published_at", UtcMoment),
    Column("falsity_note", PlainText, nullable=False),
    Column("status", PlainText, nullable=False),
    Column("origin", PlainText, nullable=False),
)

target = Table(
    "target",
    metadata,
    Column("source", PlainText, primary_key=True),
    Column("query_key", PlainText, primary_key=True),
    Column("terms", JsonText, nullable=False),
    Column("every", TimeSpan, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("next_due_at", UtcMoment, nullable=False),
    Column("not_before", UtcMoment),  # the source asked for it; nothing makes the target due earlier
    Column("lease_until", UtcMoment),
    Column("failures", Integer, nullable=False),
    # What the newest poll said, so that the health of every source costs no look into the polls.
    Column("last_outcome", PlainText, nullable=False),
    Column("last_error", PlainText, nullable=False),
    Column("last_polled_at", UtcMoment),
    Column("last_good_at", UtcMoment),
    Index("ix_target_next_due_at", "next_due_at", sqlite_where=text("is_current")),
)

position = Table(
    "position",
    metadata,
    Column("source", PlainText, primary_key=True),
    Column("query_key", PlainText, primary_key=True),
    Column("cursor", PlainText, nullable=False),
)

poll = Table(
    "poll",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("connector", PlainText, nullable=False),
    Column("source", PlainText, nullable=False),
    Column("query_key", PlainText, nullable=False),
    Column("started_at", UtcMoment, nullable=False),
    Column("finished_at", UtcMoment, nullable=False),
    Column("outcome", PlainText, nullable=False),
    Column("fetched", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("revised", Integer, nullable=False),
    Column("gone", Integer, nullable=False),
    Column("error", PlainText, nullable=False),
    Column("due_at", UtcMoment),
    Index("ix_poll_finished_at_source_outcome", "finished_at", "source", "outcome"),
    Index("ix_poll_source_finished_at", "source", "finished_at"),
)

source_tally = Table(
    "source_tally",
    metadata,
    Column("source", PlainText, primary_key=True),
    Column("mentions", Integer, nullable=False),
    # How often it brings something new; see monitor.domain.Rhythm.
    Column("finds", Integer, nullable=False, server_default="0"),
    Column("last_find_at", UtcMoment),
    Column("longest_gap", TimeSpan, nullable=False, server_default="0"),
)

mention = Table(
    "mention",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("source", PlainText, nullable=False),
    # The id itself, or its hash when it is longer than an index entry may be.
    Column("external_key", PlainText, nullable=False),
    Column("external_id", PlainText, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content_sha256", PlainText, nullable=False),
    Column("first_seen_at", UtcMoment, nullable=False, index=True),
    Column("is_gone", Boolean, nullable=False),
    # When the newest revision was first seen, for as long as nothing is decided about it; NULL afterwards.
    Column("pending_at", UtcMoment),
    # The newest revision that was ever decided about, 0 for none.
    Column("decided_revision", Integer, nullable=False),
    # The key comes first: without fresh statistics PostgreSQL else reads everything that is known of the source.
    Index("uq_mention_external_key_source", "external_key", "source", unique=True),
    Index(
        "ix_mention_pending_at",
        "pending_at",
        "id",
        sqlite_where=text("pending_at IS NOT NULL"),
    ),
    # What nothing was decided about yet goes before what is judged again.
    Index(
        "ix_mention_fresh",
        "pending_at",
        "id",
        sqlite_where=text("pending_at IS NOT NULL AND decided_revision < revision"),
    ),
    # An id is never given twice, also after a deletion: kept evidence names it.
    sqlite_autoincrement=True,
)

mention_revision = Table(
    "mention_revision",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("mention_id", SERIAL, ForeignKey("mention.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("kind", PlainText, nullable=False),
    Column("url", PlainText, nullable=False),
    Column("canonical_url", PlainText, nullable=False),
    Column("author", JsonText),
    Column("title", PlainText, nullable=False),
    Column("text", PlainText, nullable=False),
    Column("language", PlainText, nullable=False),
    Column("rating", Float),
    Column("in_reply_to_url", PlainText, nullable=False),
    Column("media", JsonText, nullable=False),
    Column("published_at", UtcMoment),
    Column("published_precision", PlainText, nullable=False),
    Column("edited_at", UtcMoment),
    Column("anchor", PlainText, nullable=False),
    Column("content_sha256", PlainText, nullable=False),
    Column("raw_sha256", PlainText, nullable=False),
    Column("first_seen_at", UtcMoment, nullable=False),
    # Whom it is about, as words of the full-text index; empty until it is judged. See `words_by_subject`.
    Column("subjects", PlainText, nullable=False, server_default=text("''")),
    # On SQLite: the latest moment at which this or one that was stored before it was seen. See `searching`.
    Column("seen_up_to", UtcMoment),
    Index("uq_mention_revision_mention_id_revision", "mention_id", "revision", unique=True),
    Index("ix_mention_revision_first_seen_at", "first_seen_at", "mention_id"),
    Index(
        "ix_mention_revision_edited",
        "first_seen_at",
        sqlite_where=text("revision > 1"),
    ),
)

raw_response = Table(
    "raw_response",
    metadata,
    Column("sha256", PlainText, primary_key=True),
    Column("media_type", PlainText, nullable=False),
    Column("size", Integer, nullable=False),
    # Compressed with zlib.
    Column("body", LargeBinary, nullable=False),
)

assessment = Table(
    "assessment",
    metadata,
    Column("mention_id", SERIAL, ForeignKey("mention.id"), primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("subject_id", PlainText, primary_key=True),
    Column("level_rank", SmallInteger, nullable=False),
    Column("about_score", SmallInteger, nullable=False),
    Column("about_spans", JsonText, nullable=False),
    Column("about_title_spans", JsonText, nullable=False),
    Column("about_reasons", JsonText, nullable=False),
    Column("reasons", JsonText, nullable=False),
    Column("matcher_version", PlainText, nullable=False),
    Column("assessed_at", UtcMoment, nullable=False),
    # Repeats the revision's own, so that lists of hits are read in order from one index.
    Column("first_seen_at", UtcMoment, nullable=False),
    # When a retro-hunt raised the level of a revision that had been judged before.
    Column("hunted_at", UtcMoment),
    # Where a person's last verdict puts it; its values and its index are in `piles`.
    Column("pile", SmallInteger),
    Index("ix_assessment_hunted_at", "hunted_at", sqlite_where=text("hunted_at IS NOT NULL")),
    Index("ix_assessment_subject_id_first_seen_at", "subject_id", "first_seen_at", "mention_id"),
    Index("ix_assessment_first_seen_at", "first_seen_at", "mention_id"),
)

statement_match = Table(
    "statement_match",
    metadata,
    Column("mention_id", SERIAL, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("subject_id", PlainText, primary_key=True),
    # 0 is the best one.
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("statement_id", PlainText, nullable=False),
    Column("score", SmallInteger, nullable=False),
    Column("stance", PlainText, nullable=False),
    Column("method", PlainText, nullable=False),
    Column("excerpt", PlainText, nullable=False),
    Column("span_start", Integer, nullable=False),
    Column("span_end", Integer, nullable=False),
    Column("field", PlainText, nullable=False),
    Column("reasons", JsonText, nullable=False),
    ForeignKeyConstraint(
        ["mention_id", "revision", "subject_id"],
        ["assessment.mention_id", "assessment.revision", "assessment.subject_id"],
        ondelete="CASCADE",
    ),
)

review = Table(
    "review",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("mention_id", SERIAL, ForeignKey("mention.id"), nullable=False),
    Column("subject_id", PlainText, nullable=False),
    Column("verdict", PlainText, nullable=False),
    Column("reviewed_at", UtcMoment, nullable=False),
    Column("reviewer", PlainText, nullable=False),
    Column("note", PlainText, nullable=False),
    Index("ix_review_mention_id_subject_id", "mention_id", "subject_id", "id"),
)

capture_request = Table(
    "capture_request",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("mention_id", SERIAL, ForeignKey("mention.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("url", PlainText, nullable=False),
    Column("subject_id", PlainText, nullable=False),
    Column("quotes", JsonText, nullable=False),
    Column("anchor", PlainText, nullable=False),
    Column("images", JsonText, nullable=False),
    Column("facts", JsonText, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("requested_at", UtcMoment, nullable=False),
    Column("next_attempt_at", UtcMoment),
    Column("lease_until", UtcMoment),
    Column("last_error", PlainText, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("interruptions", Integer),
    Index("ix_capture_request_mention_id_revision", "mention_id", "revision"),
    Index(
        "uq_capture_request_open",
        "mention_id",
        "revision",
        unique=True,
        sqlite_where=text("is_open"),
    ),
    Index(
        "ix_capture_request_due",
        "requested_at",
        "id",
        sqlite_where=text("is_open"),
    ),
    sqlite_autoincrement=True,
)

# A capture is recorded even where its mention is unknown: the evidence may be newer than a restored database.
capture = Table(
    "capture",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("mention_id", SERIAL, nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("request_id", SERIAL, nullable=False),
    Column("requested_url", PlainText, nullable=False),
    Column("final_url", PlainText, nullable=False),
    Column("http_status", Integer, nullable=False),
    Column("captured_at", UtcMoment, nullable=False),
    Column("outcome", PlainText, nullable=False),
    Column("completeness", PlainText, nullable=False),
    Column("manifest_sha256", PlainText, nullable=False),
    Column("failure", PlainText, nullable=False),
    Column("incomplete", JsonText, nullable=False),
)

artifact = Table(
    "artifact",
    metadata,
    Column("capture_id", PlainText, ForeignKey("capture.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("role", PlainText, nullable=False),
    Column("path", PlainText, nullable=False),
    Column("media_type", PlainText, nullable=False),
    Column("size", SERIAL, nullable=False),
    Column("sha256", PlainText, nullable=False),
    Column("origin", PlainText, nullable=False),
)

observation = Table(
    "observation",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("mention_id", SERIAL, ForeignKey("mention.id"), nullable=False),
    Column("state", PlainText, nullable=False),
    Column("signal", PlainText, nullable=False),
    Column("observed_at", UtcMoment, nullable=False, index=True),
    Column("capture_id", PlainText, nullable=False),
    Index("ix_observation_mention_id", "mention_id", "id"),
)

setting = Table(
    "setting",
    metadata,
    Column("key", PlainText, primary_key=True),
    Column("value", PlainText, nullable=False),
)
