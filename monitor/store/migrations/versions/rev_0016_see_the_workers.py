"""Keep since when each poll was due, and what each worker of several is doing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.store.migrations.shorthand import big_number_column, flag_column, number_column, text_column

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, nothing for older polls, and the table."""
    op.add_column("poll", big_number_column("due_at", nullable=True))
    op.create_table(
        "worker",
        text_column("name"),
        text_column("kinds"),
        flag_column("leads"),
        big_number_column("started_at"),
        big_number_column("seen_at"),
        text_column("doing"),
        number_column("done"),
        number_column("failed"),
        sa.PrimaryKeyConstraint("name", name="pk_worker"),
    )
