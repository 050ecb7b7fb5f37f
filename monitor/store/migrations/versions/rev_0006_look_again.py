"""Remember when each kept mention is looked at again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.store.migrations.shorthand import big_number_column, row_id_column, text_column

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "recheck",
        row_id_column("mention_id"),
        big_number_column("kept_at"),
        big_number_column("due_at"),
        big_number_column("lease_until", nullable=True),
        text_column("suspicion"),
        sa.PrimaryKeyConstraint("mention_id", name="pk_recheck"),
    )
    op.create_index("ix_recheck_due_at", "recheck", ["due_at"])
