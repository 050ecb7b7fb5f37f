"""The tables of what is told together and put off, as the queries see them; a migration builds the same."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table

from monitor.store.columns import SERIAL, PlainText, UtcMoment
from monitor.store.schema import metadata

alert_round = Table(
    "alert_round",
    metadata,
    Column("alert_id", SERIAL, ForeignKey("alert.id"), primary_key=True, autoincrement=False),
    Column("group_key", PlainText, nullable=False),
    Column("subject_id", PlainText, nullable=False),
    # Repeats the alert's own, so that a group's newest are counted from one index.
    Column("created_at", UtcMoment, nullable=False),
    # The alert that tells of this one; NULL for one that is told by itself or by the summary.
    Column("folded_into", SERIAL),
    Column("begun_at", UtcMoment),
    Column("spread_at", UtcMoment),
    Index("ix_alert_round_group_key_created_at", "group_key", "created_at"),
    Index("ix_alert_round_subject_id_begun_at", "subject_id", "begun_at"),
    Index("ix_alert_round_folded_into", "folded_into"),
)

snooze = Table(
    "snooze",
    metadata,
    Column("group_key", PlainText, primary_key=True),
    Column("until", UtcMoment, nullable=False),
)

# Beside what was put off for a time: what a person has seen, until something higher is told.
acknowledgement = Table(
    "acknowledgement",
    metadata,
    Column("group_key", PlainText, primary_key=True),
    Column("acknowledged_at", UtcMoment, nullable=False),
)

# Links in messages that were used; each acts once.
spent_link = Table(
    "spent_link",
    metadata,
    Column("link_sha256", PlainText, primary_key=True),
    Column("expires_at", UtcMoment, nullable=False),
)
