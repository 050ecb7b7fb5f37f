"""Remember which mentions of a case a person marked as the most concerning ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; in cases from before nothing is marked."""
    op.add_column("case_file", sa.Column("worst_ids", sa.Text(), nullable=False, server_default="[]"))
