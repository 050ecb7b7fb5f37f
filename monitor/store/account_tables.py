"""The tables about the people who use the web page."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table

from monitor.store.columns import SERIAL, JsonText, PlainText, UtcMoment
from monitor.store.schema import metadata

account = Table(
    "account",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("name", PlainText, nullable=False),
    # The name without differences of case, which no two accounts share.
    Column("name_key", PlainText, nullable=False),
    Column("password_hash", PlainText, nullable=False),
    Column("totp_secret", PlainText, nullable=False),
    Column("totp_step", SERIAL, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("uses_keys", Boolean, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Index("uq_account_name_key", "name_key", unique=True),
    sqlite_autoincrement=True,
)

account_grant = Table(
    "account_grant",
    metadata,
    Column("account_id", SERIAL, ForeignKey("account.id"), primary_key=True, autoincrement=False),
    Column("client_id", PlainText, primary_key=True),
    Column("role", PlainText, nullable=False),
)

web_session = Table(
    "web_session",
    metadata,
    Column("token_sha256", PlainText, primary_key=True),
    Column("account_id", SERIAL, ForeignKey("account.id"), nullable=False, index=True),
    Column("created_at", UtcMoment, nullable=False),
    Column("seen_at", UtcMoment, nullable=False),
    Column("revealed_until", UtcMoment),
)

invitation = Table(
    "invitation",
    metadata,
    Column("token_sha256", PlainText, primary_key=True),
    Column("kind", PlainText, nullable=False),
    Column("name", PlainText, nullable=False),
    Column("grants", JsonText, nullable=False),
    Column("invited_by", PlainText, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("expires_at", UtcMoment, nullable=False),
)

access_event = Table(
    "access_event",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("action", PlainText, nullable=False),
    Column("account", PlainText, nullable=False),
    Column("at", UtcMoment, nullable=False),
    Column("client_id", PlainText, nullable=False),
    Column("subject_id", PlainText, nullable=False),
    Column("mention_id", SERIAL, nullable=False),
    Column("detail", PlainText, nullable=False),
    Index("ix_access_event_mention_id", "mention_id", "id"),
    Index("ix_access_event_action_at", "action", "at"),
)

saved_view = Table(
    "saved_view",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("account_id", SERIAL, ForeignKey("account.id"), nullable=False),
    Column("name", PlainText, nullable=False),
    Column("query", PlainText, nullable=False),
    Index("uq_saved_view_account_id_name", "account_id", "name", unique=True),
)

api_token = Table(
    "api_token",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("account_id", SERIAL, ForeignKey("account.id"), nullable=False, index=True),
    Column("name", PlainText, nullable=False),
    Column("token_sha256", PlainText, nullable=False),
    Column("scopes", JsonText, nullable=False),
    # The only client that it shows; "*" for all that the account sees.
    Column("client_id", PlainText, nullable=False, server_default="*"),
    Column("created_at", UtcMoment, nullable=False),
    Column("last_used_at", UtcMoment),
    Index("uq_api_token_token_sha256", "token_sha256", unique=True),
)
