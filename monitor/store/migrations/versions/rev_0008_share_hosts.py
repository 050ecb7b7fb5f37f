"""Share each host's patience among the machines that read from it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.store.migrations.shorthand import big_number_column, text_column

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "host_turn",
        text_column("host"),
        big_number_column("next_at"),
        big_number_column("paused_until", nullable=True),
        sa.PrimaryKeyConstraint("host", name="pk_host_turn"),
    )
