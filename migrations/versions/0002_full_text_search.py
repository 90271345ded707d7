"""Full-text search over protocols: FTS5 on SQLite, a generated tsvector on PostgreSQL."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index what is there; triggers (env.py) or the generated column keep it current."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE protocol_search USING fts5(text, content='protocol', "
            "content_rowid='id', tokenize='porter unicode61 remove_diacritics 2')"
        )
        # 8 MB of words are gathered before they are sorted in: imports take half the time.
        op.execute(
            "INSERT INTO protocol_search(protocol_search, rank) VALUES ('hashsize', 8388608)"
        )
        op.execute("INSERT INTO protocol_search(protocol_search) VALUES ('rebuild')")
        return
    op.execute(
        "ALTER TABLE protocol ADD COLUMN search tsvector "
        "GENERATED ALWAYS AS (to_tsvector('english', left(text, 500000))) STORED"
    )
    op.execute("CREATE INDEX ix_protocol_search ON protocol USING gin (search)")


def downgrade() -> None:
    """Drop the index only: it holds nothing of its own."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER IF EXISTS protocol_search_insert")
        op.execute("DROP TABLE protocol_search")
        return
    op.execute("DROP INDEX ix_protocol_search")
    op.execute("ALTER TABLE protocol DROP COLUMN search")
