"""Remember which alerts are told together, and what is put off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.store.migrations.shorthand import big_number_column, row_id_column, text_column

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; alerts from before are told one by one."""
    op.create_table(
        "alert_round",
        row_id_column("alert_id"),
        text_column("group_key"),
        text_column("subject_id"),
        big_number_column("created_at"),
        row_id_column("folded_into", nullable=True),
        big_number_column("begun_at", nullable=True),
        big_number_column("spread_at", nullable=True),
        sa.PrimaryKeyConstraint("alert_id", name="pk_alert_round"),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_alert_round_alert"),
    )
    op.create_index("ix_alert_round_group_key_created_at", "alert_round", ["group_key", "created_at"])
    op.create_index("ix_alert_round_subject_id_begun_at", "alert_round", ["subject_id", "begun_at"])
    op.create_index("ix_alert_round_folded_into", "alert_round", ["folded_into"])
    op.create_table(
        "snooze",
        text_column("group_key"),
        big_number_column("until"),
        sa.PrimaryKeyConstraint("group_key", name="pk_snooze"),
    )
