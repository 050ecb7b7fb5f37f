"""Let a search for words know what is newest without reading all that matches.

SQLite's full-text index gives what was stored last first: with each revision is kept until when it and all that was
stored before it was seen. PostgreSQL's knows no order: with whom a revision is about, and with nobody, it indexes the
day on which it was seen first, and sixteen days that this day is in, so that the newest days alone can be asked for.
"""

from __future__ import annotations

from alembic import op

from monitor.store.migrations.shorthand import big_number_column

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_DAY_US = 86_400_000_000


def upgrade() -> None:
    """Add the column and fill it on SQLite; build the index of PostgreSQL anew."""
    op.add_column("mention_revision", big_number_column("seen_up_to", nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "UPDATE mention_revision SET seen_up_to = so_far.latest FROM (SELECT id AS stored,"
            " max(first_seen_at) OVER (ORDER BY id) AS latest FROM mention_revision) AS so_far WHERE id = stored"
        )
        return
    op.execute("ALTER TABLE mention_revision DROP COLUMN document")
    # Text beyond 100,000 characters would not fit a tsvector (1 MB). No text holds a word that begins with "@".
    op.execute(
        "ALTER TABLE mention_revision ADD COLUMN document tsvector GENERATED ALWAYS AS (CASE WHEN subjects <> '' THEN"
        " to_tsvector('simple', left(title || ' ' || text, 100000)) || array_to_tsvector(string_to_array("
        f"subjects || ' ' || {_each('d', _DAY_US)} || ' ' || {_each('s', 16 * _DAY_US)}, ' ')) END) STORED"
    )
    op.execute("CREATE INDEX ix_mention_revision_document ON mention_revision USING gin (document)")


def _each(mark: str, length_us: int) -> str:
    """Give SQL that appends to each subject's word, and to nobody's, in which stretch of time it was seen first."""
    stretch = f"'/{mark}' || (first_seen_at / {length_us})::text"
    return f"replace(subjects, ' ', {stretch} || ' ') || {stretch} || ' @' || {stretch}"
