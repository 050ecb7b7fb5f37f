"""Index the words of a revision together with the subjects that it is about, once that is known.

A word within one subject is then an intersection of two lists in the index, however much is kept of others; and what
is about nobody, which no search shows, takes no room there. An index in the order of time says whether the revisions
that were stored last are the newest.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

FILL = (
    "UPDATE mention_revision SET subjects = (SELECT {joined} FROM ("
    "SELECT subject_id FROM assessment WHERE assessment.mention_id = mention_revision.mention_id"
    " AND assessment.revision = mention_revision.revision AND about_score > 0 ORDER BY subject_id) AS named)"
    " WHERE EXISTS (SELECT 1 FROM assessment WHERE assessment.mention_id = mention_revision.mention_id"
    " AND assessment.revision = mention_revision.revision AND about_score > 0)"
)
JOINED = {
    "sqlite": "group_concat('@' || lower(hex(subject_id)), ' ')",
    "postgresql": "string_agg('@' || encode(convert_to(subject_id, 'UTF8'), 'hex'), ' ')",
}
_REMOVE = (
    "INSERT INTO mention_fts(mention_fts, rowid, title, text, subjects)"
    " VALUES ('delete', old.id, old.title, old.text, old.subjects); END"
)
_ADD = "INSERT INTO mention_fts(rowid, title, text, subjects) VALUES (new.id, new.title, new.text, new.subjects); END"


def upgrade() -> None:
    """Note the subjects with each revision, and build the index anew."""
    engine = op.get_bind().dialect.name
    is_sqlite = engine == "sqlite"
    for command in _SQLITE_BEFORE if is_sqlite else _POSTGRES_BEFORE:
        op.execute(command)
    op.add_column("mention_revision", sa.Column("subjects", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.execute(sa.text(FILL.format(joined=JOINED[engine])))
    op.create_index("ix_mention_revision_first_seen_at", "mention_revision", ["first_seen_at", "mention_id"])
    for command in _SQLITE_AFTER if is_sqlite else _POSTGRES_AFTER:
        op.execute(command)


_SQLITE_BEFORE = (
    "DROP TRIGGER mention_revision_indexed",
    "DROP TRIGGER mention_revision_unindexed",
    "DROP TRIGGER mention_revision_reindexed",
    "DROP TABLE mention_fts",
)
_SQLITE_AFTER = (
    "CREATE VIEW mention_fts_source AS SELECT id, title, text, subjects FROM mention_revision WHERE subjects <> ''",
    "CREATE VIRTUAL TABLE mention_fts USING fts5(title, text, subjects,"
    " content='mention_fts_source', content_rowid='id', tokenize='unicode61 remove_diacritics 2')",
    "INSERT INTO mention_fts(mention_fts) VALUES ('rebuild')",
    f"CREATE TRIGGER mention_revision_indexed AFTER INSERT ON mention_revision WHEN new.subjects <> '' BEGIN {_ADD}",
    f"CREATE TRIGGER mention_revision_unindexed AFTER DELETE ON mention_revision WHEN old.subjects <> ''"
    f" BEGIN {_REMOVE}",
    "CREATE TRIGGER mention_revision_outdated BEFORE UPDATE OF title, text, subjects ON mention_revision"
    f" WHEN old.subjects <> '' BEGIN {_REMOVE}",
    "CREATE TRIGGER mention_revision_reindexed AFTER UPDATE OF title, text, subjects ON mention_revision"
    f" WHEN new.subjects <> '' BEGIN {_ADD}",
)
_POSTGRES_BEFORE = ("ALTER TABLE mention_revision DROP COLUMN document",)
# Text beyond 100,000 characters would not fit a tsvector (1 MB). No text holds a word that begins with "@".
_POSTGRES_AFTER = (
    "ALTER TABLE mention_revision ADD COLUMN document tsvector GENERATED ALWAYS AS (CASE WHEN subjects <> '' THEN"
    " to_tsvector('simple', left(title || ' ' || text, 100000)) || array_to_tsvector(string_to_array(subjects, ' '))"
    " END) STORED",
    "CREATE INDEX ix_mention_revision_document ON mention_revision USING gin (document)",
)
