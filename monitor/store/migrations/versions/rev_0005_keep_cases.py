"""Keep cases: the file, its actions, papers, leads, clocks and holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.store.migrations.shorthand import (
    big_number_column,
    date_column,
    flag_column,
    number_column,
    row_id_column,
    text_column,
)

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    _create_files()
    _create_actions()
    _create_papers()
    _create_clocks()


def _create_files() -> None:
    op.create_table(
        "case_file",
        row_id_column("id"),
        text_column("subject_id"),
        text_column("title"),
        big_number_column("opened_at"),
        text_column("status"),
        text_column("statement_ids"),
        text_column("mention_ids"),
        text_column("jurisdictions"),
        text_column("counsel"),
        text_column("poster"),
        text_column("facts"),
        big_number_column("closed_at", nullable=True),
        text_column("closed_because"),
        sa.PrimaryKeyConstraint("id", name="pk_case_file"),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name="fk_case_file_subject"),
    )
    op.create_index("ix_case_file_subject_id", "case_file", ["subject_id"])


def _create_actions() -> None:
    _of_case(
        "case_action",
        text_column("step"),
        text_column("title"),
        big_number_column("made_at"),
        text_column("item"),
        text_column("owner"),
        text_column("addressee"),
        text_column("notice"),
        text_column("mention_ids"),
        row_id_column("paper_id"),
        text_column("reference"),
        date_column("due_on", nullable=True),
        big_number_column("sent_at", nullable=True),
        big_number_column("received_at", nullable=True),
        date_column("reply_due_on", nullable=True),
        big_number_column("decided_at", nullable=True),
        big_number_column("appealed_at", nullable=True),
        text_column("outcome"),
        text_column("reason"),
    )


def _create_papers() -> None:
    _of_case(
        "case_paper",
        text_column("kind"),
        text_column("addressee"),
        text_column("subject_line"),
        text_column("body"),
        big_number_column("written_at"),
        number_column("version"),
        row_id_column("first_id"),
        text_column("written_by"),
        text_column("exhibits"),
    )
    _of_case(
        "case_lead",
        text_column("value"),
        text_column("basis"),
        text_column("confidence"),
        text_column("entered_by"),
        big_number_column("entered_at"),
    )


def _create_clocks() -> None:
    _of_case(
        "case_clock",
        text_column("title"),
        date_column("starts_on"),
        date_column("due_on"),
        text_column("set_by"),
        big_number_column("set_at"),
        text_column("rule"),
        text_column("note"),
        flag_column("is_done"),
    )
    op.create_table(
        "case_hold",
        row_id_column("case_id"),
        text_column("reason"),
        text_column("placed_by"),
        big_number_column("placed_at"),
        date_column("review_on"),
        big_number_column("lifted_at", nullable=True),
        text_column("lifted_by"),
        sa.PrimaryKeyConstraint("case_id", name="pk_case_hold"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_hold_case_file"),
    )


def _of_case(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        row_id_column("id"),
        row_id_column("case_id"),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=f"fk_{name}_case_file"),
    )
    op.create_index(f"ix_{name}_case_id", name, ["case_id"])
