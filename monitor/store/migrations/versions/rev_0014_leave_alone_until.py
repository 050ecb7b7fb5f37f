"""Remember until when a source asked to be left alone."""

from __future__ import annotations

from alembic import op

from monitor.store.migrations.shorthand import big_number_column

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nothing means that the source asked for no wait."""
    op.add_column("target", big_number_column("not_before", nullable=True))
