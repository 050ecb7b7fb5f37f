"""Remember what a person has seen, and which links in messages were used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.store.migrations.shorthand import big_number_column, text_column

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "acknowledgement",
        text_column("group_key"),
        big_number_column("acknowledged_at"),
        sa.PrimaryKeyConstraint("group_key", name="pk_acknowledgement"),
    )
    op.create_table(
        "spent_link",
        text_column("link_sha256"),
        big_number_column("expires_at"),
        sa.PrimaryKeyConstraint("link_sha256", name="pk_spent_link"),
    )
