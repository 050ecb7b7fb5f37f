"""Create everything.

This module says what the schema was at revision 0001 and is never changed; later changes are revisions of their own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.store.migrations.shorthand import (
    big_number_column,
    bytes_column,
    date_column,
    flag_column,
    float_column,
    number_column,
    only_where,
    row_id_column,
    small_number_column,
    text_column,
)
from monitor.store.migrations.word_index import index_text_in_postgres, index_text_in_sqlite

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the schema on an empty database."""
    _create_watch_list()
    _create_due_table()
    _create_polls()
    _create_mentions()
    _create_revisions()
    _create_assessments()
    _create_matches()
    _create_reviews()
    _create_capture_requests()
    _create_captures()
    _create_artifacts()
    _create_outbox()
    _create_deliveries()
    if op.get_bind().dialect.name == "sqlite":
        index_text_in_sqlite()
    else:
        index_text_in_postgres()


def _create_watch_list() -> None:
    op.create_table(
        "subject",
        text_column("id"),
        text_column("name"),
        text_column("kind"),
        text_column("aliases"),
        text_column("handles"),
        text_column("context_terms"),
        text_column("exclude_terms"),
        text_column("languages"),
        flag_column("is_active"),
        text_column("client_id"),
        text_column("attested_relation", nullable=True),
        text_column("attested_by", nullable=True),
        date_column("attested_on", nullable=True),
        text_column("attested_reference", nullable=True),
        text_column("origin"),
        sa.PrimaryKeyConstraint("id", name="pk_subject"),
    )
    op.create_index("ix_subject_client_id", "subject", ["client_id"])
    op.create_table(
        "statement",
        text_column("subject_id"),
        text_column("id"),
        text_column("text"),
        text_column("paraphrases"),
        text_column("language"),
        text_column("meaning"),
        text_column("first_appearance_url"),
        big_number_column("first_published_at", nullable=True),
        text_column("falsity_note"),
        text_column("status"),
        text_column("origin"),
        sa.PrimaryKeyConstraint("subject_id", "id", name="pk_statement"),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name="fk_statement_subject"),
    )


def _create_due_table() -> None:
    op.create_table(
        "target",
        text_column("source"),
        text_column("query_key"),
        text_column("terms"),
        big_number_column("every"),
        flag_column("is_current"),
        big_number_column("next_due_at"),
        big_number_column("lease_until", nullable=True),
        number_column("failures"),
        text_column("last_outcome"),
        text_column("last_error"),
        big_number_column("last_polled_at", nullable=True),
        big_number_column("last_good_at", nullable=True),
        sa.PrimaryKeyConstraint("source", "query_key", name="pk_target"),
    )
    op.create_index("ix_target_next_due_at", "target", ["next_due_at"], **only_where("is_current"))
    op.create_table(
        "position",
        text_column("source"),
        text_column("query_key"),
        text_column("cursor"),
        sa.PrimaryKeyConstraint("source", "query_key", name="pk_position"),
    )


def _create_polls() -> None:
    op.create_table(
        "poll",
        row_id_column("id"),
        text_column("connector"),
        text_column("source"),
        text_column("query_key"),
        big_number_column("started_at"),
        big_number_column("finished_at"),
        text_column("outcome"),
        number_column("fetched"),
        number_column("new"),
        number_column("revised"),
        number_column("gone"),
        text_column("error"),
        sa.PrimaryKeyConstraint("id", name="pk_poll"),
    )
    op.create_index("ix_poll_finished_at_source_outcome", "poll", ["finished_at", "source", "outcome"])
    op.create_index("ix_poll_source_finished_at", "poll", ["source", "finished_at"])
    op.create_table(
        "source_tally",
        text_column("source"),
        number_column("mentions"),
        sa.PrimaryKeyConstraint("source", name="pk_source_tally"),
    )


def _create_mentions() -> None:
    op.create_table(
        "mention",
        row_id_column("id"),
        text_column("source"),
        text_column("external_key"),
        text_column("external_id"),
        number_column("revision"),
        text_column("content_sha256"),
        big_number_column("first_seen_at"),
        flag_column("is_gone"),
        big_number_column("pending_at", nullable=True),
        number_column("decided_revision"),
        sa.PrimaryKeyConstraint("id", name="pk_mention"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mention_first_seen_at", "mention", ["first_seen_at"])
    op.create_index("ix_mention_pending_at", "mention", ["pending_at", "id"], **only_where("pending_at IS NOT NULL"))
    op.create_index("uq_mention_external_key_source", "mention", ["external_key", "source"], unique=True)


def _create_revisions() -> None:
    op.create_table(
        "mention_revision",
        row_id_column("id"),
        row_id_column("mention_id"),
        number_column("revision"),
        text_column("kind"),
        text_column("url"),
        text_column("canonical_url"),
        text_column("author", nullable=True),
        text_column("title"),
        text_column("text"),
        text_column("language"),
        float_column("rating", nullable=True),
        text_column("in_reply_to_url"),
        text_column("media"),
        big_number_column("published_at", nullable=True),
        text_column("published_precision"),
        big_number_column("edited_at", nullable=True),
        text_column("anchor"),
        text_column("content_sha256"),
        text_column("raw_sha256"),
        big_number_column("first_seen_at"),
        sa.PrimaryKeyConstraint("id", name="pk_mention_revision"),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"], name="fk_mention_revision_mention"),
    )
    op.create_index("ix_mention_revision_edited", "mention_revision", ["first_seen_at"], **only_where("revision > 1"))
    op.create_index(
        "uq_mention_revision_mention_id_revision", "mention_revision", ["mention_id", "revision"], unique=True
    )
    op.create_table(
        "raw_response",
        text_column("sha256"),
        text_column("media_type"),
        number_column("size"),
        bytes_column("body"),
        sa.PrimaryKeyConstraint("sha256", name="pk_raw_response"),
    )


def _create_assessments() -> None:
    op.create_table(
        "assessment",
        row_id_column("mention_id"),
        number_column("revision"),
        text_column("subject_id"),
        small_number_column("level_rank"),
        small_number_column("about_score"),
        text_column("about_spans"),
        text_column("about_title_spans"),
        text_column("about_reasons"),
        text_column("reasons"),
        text_column("matcher_version"),
        big_number_column("assessed_at"),
        big_number_column("first_seen_at"),
        sa.PrimaryKeyConstraint("mention_id", "revision", "subject_id", name="pk_assessment"),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"], name="fk_assessment_mention"),
    )
    op.create_index("ix_assessment_first_seen_at", "assessment", ["first_seen_at", "mention_id"])
    op.create_index(
        "ix_assessment_subject_id_first_seen_at", "assessment", ["subject_id", "first_seen_at", "mention_id"]
    )


def _create_matches() -> None:
    op.create_table(
        "statement_match",
        row_id_column("mention_id"),
        number_column("revision"),
        text_column("subject_id"),
        small_number_column("position"),
        text_column("statement_id"),
        small_number_column("score"),
        text_column("stance"),
        text_column("method"),
        text_column("excerpt"),
        number_column("span_start"),
        number_column("span_end"),
        text_column("field"),
        text_column("reasons"),
        sa.PrimaryKeyConstraint("mention_id", "revision", "subject_id", "position", name="pk_statement_match"),
        sa.ForeignKeyConstraint(
            ["mention_id", "revision", "subject_id"],
            ["assessment.mention_id", "assessment.revision", "assessment.subject_id"],
            name="fk_statement_match_assessment",
            ondelete="CASCADE",
        ),
    )


def _create_reviews() -> None:
    op.create_table(
        "review",
        row_id_column("id"),
        row_id_column("mention_id"),
        text_column("subject_id"),
        text_column("verdict"),
        big_number_column("reviewed_at"),
        text_column("reviewer"),
        text_column("note"),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"], name="fk_review_mention"),
    )
    op.create_index("ix_review_mention_id_subject_id", "review", ["mention_id", "subject_id", "id"])


def _create_capture_requests() -> None:
    op.create_table(
        "capture_request",
        row_id_column("id"),
        row_id_column("mention_id"),
        number_column("revision"),
        text_column("url"),
        text_column("subject_id"),
        text_column("quotes"),
        text_column("anchor"),
        text_column("images"),
        text_column("facts"),
        number_column("attempts"),
        big_number_column("requested_at"),
        big_number_column("next_attempt_at", nullable=True),
        big_number_column("lease_until", nullable=True),
        text_column("last_error"),
        flag_column("is_open"),
        sa.PrimaryKeyConstraint("id", name="pk_capture_request"),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"], name="fk_capture_request_mention"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_capture_request_due", "capture_request", ["requested_at", "id"], **only_where("is_open"))
    op.create_index("ix_capture_request_mention_id_revision", "capture_request", ["mention_id", "revision"])
    op.create_index(
        "uq_capture_request_open", "capture_request", ["mention_id", "revision"], unique=True, **only_where("is_open")
    )


def _create_captures() -> None:
    op.create_table(
        "capture",
        text_column("id"),
        row_id_column("mention_id"),
        number_column("revision"),
        row_id_column("request_id"),
        text_column("requested_url"),
        text_column("final_url"),
        number_column("http_status"),
        big_number_column("captured_at"),
        text_column("outcome"),
        text_column("completeness"),
        text_column("manifest_sha256"),
        text_column("failure"),
        text_column("incomplete"),
        sa.PrimaryKeyConstraint("id", name="pk_capture"),
    )
    op.create_index("ix_capture_mention_id", "capture", ["mention_id"])


def _create_artifacts() -> None:
    op.create_table(
        "artifact",
        text_column("capture_id"),
        number_column("position"),
        text_column("role"),
        text_column("path"),
        text_column("media_type"),
        row_id_column("size"),
        text_column("sha256"),
        text_column("origin"),
        sa.PrimaryKeyConstraint("capture_id", "position", name="pk_artifact"),
        sa.ForeignKeyConstraint(["capture_id"], ["capture.id"], name="fk_artifact_capture", ondelete="CASCADE"),
    )
    op.create_table(
        "observation",
        row_id_column("id"),
        row_id_column("mention_id"),
        text_column("state"),
        text_column("signal"),
        big_number_column("observed_at"),
        text_column("capture_id"),
        sa.PrimaryKeyConstraint("id", name="pk_observation"),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"], name="fk_observation_mention"),
    )
    op.create_index("ix_observation_mention_id", "observation", ["mention_id", "id"])
    op.create_index("ix_observation_observed_at", "observation", ["observed_at"])


def _create_outbox() -> None:
    op.create_table(
        "alert",
        row_id_column("id"),
        text_column("kind"),
        text_column("dedupe_key"),
        big_number_column("created_at"),
        text_column("subject_id"),
        row_id_column("mention_id"),
        text_column("level"),
        text_column("status"),
        number_column("attempts"),
        big_number_column("next_attempt_at", nullable=True),
        big_number_column("lease_until", nullable=True),
        text_column("payload"),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_pending", "alert", ["created_at", "id"], **only_where("status = 'pending'"))
    op.create_index("ix_alert_waiting", "alert", ["mention_id"], **only_where("status = 'pending'"))
    op.create_index("uq_alert_dedupe_key", "alert", ["dedupe_key"], unique=True)


def _create_deliveries() -> None:
    op.create_table(
        "delivery",
        row_id_column("id"),
        row_id_column("alert_id"),
        text_column("channel"),
        number_column("attempt"),
        text_column("outcome"),
        big_number_column("delivered_at"),
        text_column("error"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_delivery_alert"),
    )
    op.create_index("ix_delivery_alert_id", "delivery", ["alert_id"])
    op.create_table(
        "setting",
        text_column("key"),
        text_column("value"),
        sa.PrimaryKeyConstraint("key", name="pk_setting"),
    )
