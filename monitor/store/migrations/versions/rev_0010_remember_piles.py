"""Remember with each assessment where the newest verdict puts it, so that what waits is found from one index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.store.migrations.shorthand import small_number_column

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

FILL = (
    "UPDATE assessment SET pile ="
    " (SELECT CASE verdict WHEN 'withdrawn' THEN NULL WHEN 'later' THEN 1 ELSE 2 END FROM review"
    " WHERE review.mention_id = assessment.mention_id AND review.subject_id = assessment.subject_id"
    " ORDER BY review.id DESC LIMIT 1)"
    " WHERE EXISTS (SELECT 1 FROM review WHERE review.mention_id = assessment.mention_id)"
)


def upgrade() -> None:
    """Add the column, fill it from the reviews, and build its indexes."""
    op.add_column("assessment", small_number_column("pile", nullable=True))
    op.execute(sa.text(FILL))
    op.create_index("ix_assessment_pile", "assessment", ["pile", "first_seen_at", "mention_id"])
    op.create_index(
        "ix_assessment_subject_id_pile", "assessment", ["subject_id", "pile", "first_seen_at", "mention_id"]
    )
