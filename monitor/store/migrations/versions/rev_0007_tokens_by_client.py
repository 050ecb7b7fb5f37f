"""Bind a token for programs to one client."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; tokens from before show all that their account sees."""
    op.add_column("api_token", sa.Column("client_id", sa.Text(), nullable=False, server_default="*"))
