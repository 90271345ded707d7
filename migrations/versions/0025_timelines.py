"""A person's timeline is read in order: indexes on what has none by person and time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

NO_LABEL = sa.text("action <> 'label.recorded'")


def upgrade() -> None:
    """Labels, nearly all of the chain, are told from their rows and stay out of its index."""
    op.create_index("ix_serving_account_id_served_at", "serving", ["account_id", "served_at"])
    op.create_index("ix_disclosure_account_id_at", "disclosure", ["account_id", "at"])
    op.create_index(
        "ix_audit_event_deeds",
        "audit_event",
        ["project_id", "at", "id"],
        sqlite_where=NO_LABEL,
        postgresql_where=NO_LABEL,
    )


def downgrade() -> None:
    """Nothing is lost."""
    op.drop_index("ix_audit_event_deeds", "audit_event")
    op.drop_index("ix_disclosure_account_id_at", "disclosure")
    op.drop_index("ix_serving_account_id_served_at", "serving")
