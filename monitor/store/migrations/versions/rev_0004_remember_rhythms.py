"""Remember how often each source brings something new, so that one that went quiet is noticed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the rhythm to the tally of each source; what was counted before says nothing about it."""
    op.add_column("source_tally", sa.Column("finds", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("source_tally", sa.Column("last_find_at", sa.BigInteger(), nullable=True))
    op.add_column("source_tally", sa.Column("longest_gap", sa.BigInteger(), nullable=False, server_default="0"))
