"""Mark what a retro-hunt found, and let what is new be judged before what is judged again."""

from __future__ import annotations

from alembic import op

from monitor.store.migrations.shorthand import big_number_column, only_where

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and two partial indexes."""
    op.add_column("assessment", big_number_column("hunted_at", nullable=True))
    op.create_index("ix_assessment_hunted_at", "assessment", ["hunted_at"], **only_where("hunted_at IS NOT NULL"))
    op.create_index(
        "ix_mention_fresh",
        "mention",
        ["pending_at", "id"],
        **only_where("pending_at IS NOT NULL AND decided_revision < revision"),
    )
