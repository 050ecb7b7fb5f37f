"""Count for each requested capture how often the program ended in the middle of it."""

from __future__ import annotations

from alembic import op

from monitor.store.migrations.shorthand import number_column

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nothing counts as no interruption."""
    op.add_column("capture_request", number_column("interruptions", nullable=True))
