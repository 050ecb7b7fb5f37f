"""The tables of cases, as the queries see them; the migrations build the same (a test compares both)."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, Integer, Table

from monitor.store.columns import SERIAL, JsonText, PlainText, UtcMoment
from monitor.store.schema import metadata

case_file = Table(
    "case_file",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("subject_id", PlainText, ForeignKey("subject.id"), nullable=False, index=True),
    Column("title", PlainText, nullable=False),
    Column("opened_at", UtcMoment, nullable=False),
    Column("status", PlainText, nullable=False),
    Column("statement_ids", JsonText, nullable=False),
    Column("mention_ids", JsonText, nullable=False),
    Column("jurisdictions", JsonText, nullable=False),
    Column("counsel", PlainText, nullable=False),
    Column("poster", PlainText, nullable=False),
    Column("facts", JsonText, nullable=False),
    Column("closed_at", UtcMoment),
    Column("closed_because", PlainText, nullable=False),
    Column("worst_ids", JsonText, nullable=False, server_default="[]"),
)

case_action = Table(
    "case_action",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("case_id", SERIAL, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("step", PlainText, nullable=False),
    Column("title", PlainText, nullable=False),
    Column("made_at", UtcMoment, nullable=False),
    Column("item", PlainText, nullable=False),
    Column("owner", PlainText, nullable=False),
    Column("addressee", PlainText, nullable=False),
    Column("notice", PlainText, nullable=False),
    Column("mention_ids", JsonText, nullable=False),
    Column("paper_id", SERIAL, nullable=False),
    Column("reference", PlainText, nullable=False),
    Column("due_on", Date),
    Column("sent_at", UtcMoment),
    Column("received_at", UtcMoment),
    Column("reply_due_on", Date),
    Column("decided_at", UtcMoment),
    Column("appealed_at", UtcMoment),
    Column("outcome", PlainText, nullable=False),
    Column("reason", PlainText, nullable=False),
)

case_paper = Table(
    "case_paper",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("case_id", SERIAL, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("kind", PlainText, nullable=False),
    Column("addressee", PlainText, nullable=False),
    Column("subject_line", PlainText, nullable=False),
    Column("body", PlainText, nullable=False),
    Column("written_at", UtcMoment, nullable=False),
    Column("version", Integer, nullable=False),
    Column("first_id", SERIAL, nullable=False),
    Column("written_by", PlainText, nullable=False),
    Column("exhibits", JsonText, nullable=False),
)

case_lead = Table(
    "case_lead",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("case_id", SERIAL, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("value", PlainText, nullable=False),
    Column("basis", PlainText, nullable=False),
    Column("confidence", PlainText, nullable=False),
    Column("entered_by", PlainText, nullable=False),
    Column("entered_at", UtcMoment, nullable=False),
)

case_clock = Table(
    "case_clock",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("case_id", SERIAL, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("title", PlainText, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("set_by", PlainText, nullable=False),
    Column("set_at", UtcMoment, nullable=False),
    Column("rule", PlainText, nullable=False),
    Column("note", PlainText, nullable=False),
    Column("is_done", Boolean, nullable=False),
)

case_hold = Table(
    "case_hold",
    metadata,
    Column("case_id", SERIAL, ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
    Column("reason", PlainText, nullable=False),
    Column("placed_by", PlainText, nullable=False),
    Column("placed_at", UtcMoment, nullable=False),
    Column("review_on", Date, nullable=False),
    Column("lifted_at", UtcMoment),
    Column("lifted_by", PlainText, nullable=False),
)
