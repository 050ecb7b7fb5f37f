"""Build the full-text index of revision 0001; what is here is never changed."""

from __future__ import annotations

from alembic import op


def index_text_in_sqlite() -> None:
    """Index each revision's words; the triggers keep the index true when a revision is deleted."""
    op.execute(
        "CREATE VIRTUAL TABLE mention_fts USING fts5("
        "title, text, content='mention_revision', content_rowid='id', tokenize='unicode61 remove_diacritics 2')"
    )
    op.execute(
        "CREATE TRIGGER mention_revision_indexed AFTER INSERT ON mention_revision BEGIN "
        "INSERT INTO mention_fts(rowid, title, text) VALUES (new.id, new.title, new.text); END"
    )
    op.execute(
        "CREATE TRIGGER mention_revision_unindexed AFTER DELETE ON mention_revision BEGIN "
        "INSERT INTO mention_fts(mention_fts, rowid, title, text) VALUES ('delete', old.id, old.title, old.text); END"
    )
    op.execute(
        "CREATE TRIGGER mention_revision_reindexed AFTER UPDATE OF title, text ON mention_revision BEGIN "
        "INSERT INTO mention_fts(mention_fts, rowid, title, text) VALUES ('delete', old.id, old.title, old.text); "
        "INSERT INTO mention_fts(rowid, title, text) VALUES (new.id, new.title, new.text); END"
    )


def index_text_in_postgres() -> None:
    """Index each revision's words; text beyond 100,000 characters would not fit a tsvector (1 MB)."""
    op.execute(
        "ALTER TABLE mention_revision ADD COLUMN document tsvector GENERATED ALWAYS AS "
        "(to_tsvector('simple', left(title || ' ' || text, 100000))) STORED"
    )
    op.execute("CREATE INDEX ix_mention_revision_document ON mention_revision USING gin (document)")
