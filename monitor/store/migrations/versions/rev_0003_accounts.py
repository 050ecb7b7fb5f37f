"""Add accounts, their sessions, links, tokens and saved views, and the log of who opened what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.store.migrations.shorthand import (
    big_number_column,
    flag_column,
    row_id_column,
    text_column,
)

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the tables."""
    _create_accounts()
    _create_doors()
    _create_log()
    _create_choices()


def _create_accounts() -> None:
    op.create_table(
        "account",
        row_id_column("id"),
        text_column("name"),
        text_column("name_key"),
        text_column("password_hash"),
        text_column("totp_secret"),
        row_id_column("totp_step"),
        flag_column("is_active"),
        flag_column("uses_keys"),
        big_number_column("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_account_name_key", "account", ["name_key"], unique=True)
    op.create_table(
        "account_grant",
        row_id_column("account_id"),
        text_column("client_id"),
        text_column("role"),
        sa.PrimaryKeyConstraint("account_id", "client_id", name="pk_account_grant"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_account_grant_account"),
    )


def _create_doors() -> None:
    op.create_table(
        "web_session",
        text_column("token_sha256"),
        row_id_column("account_id"),
        big_number_column("created_at"),
        big_number_column("seen_at"),
        big_number_column("revealed_until", nullable=True),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_web_session"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_web_session_account"),
    )
    op.create_index("ix_web_session_account_id", "web_session", ["account_id"])
    op.create_table(
        "invitation",
        text_column("token_sha256"),
        text_column("kind"),
        text_column("name"),
        text_column("grants"),
        text_column("invited_by"),
        big_number_column("created_at"),
        big_number_column("expires_at"),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_invitation"),
    )
    op.create_table(
        "api_token",
        row_id_column("id"),
        row_id_column("account_id"),
        text_column("name"),
        text_column("token_sha256"),
        text_column("scopes"),
        big_number_column("created_at"),
        big_number_column("last_used_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_api_token_account"),
    )
    op.create_index("ix_api_token_account_id", "api_token", ["account_id"])
    op.create_index("uq_api_token_token_sha256", "api_token", ["token_sha256"], unique=True)


def _create_log() -> None:
    op.create_table(
        "access_event",
        row_id_column("id"),
        text_column("action"),
        text_column("account"),
        big_number_column("at"),
        text_column("client_id"),
        text_column("subject_id"),
        row_id_column("mention_id"),
        text_column("detail"),
        sa.PrimaryKeyConstraint("id", name="pk_access_event"),
    )
    op.create_index("ix_access_event_mention_id", "access_event", ["mention_id", "id"])
    op.create_index("ix_access_event_action_at", "access_event", ["action", "at"])


def _create_choices() -> None:
    op.create_table(
        "saved_view",
        row_id_column("id"),
        row_id_column("account_id"),
        text_column("name"),
        text_column("query"),
        sa.PrimaryKeyConstraint("id", name="pk_saved_view"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_saved_view_account"),
    )
    op.create_index("uq_saved_view_account_id_name", "saved_view", ["account_id", "name"], unique=True)
