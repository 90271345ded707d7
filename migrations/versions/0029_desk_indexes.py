"""The auditor's desk finds standing answers and lengths of texts in indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

STANDING = ["project_id", "action", "lane", "protocol_id", "account_id", "event_id", "level"]
LENGTHS = "ix_protocol_project_id_characters"


def upgrade() -> None:
    """What the old index served, the beginning of the new one serves."""
    op.drop_index("ix_current_label_project_id_action", "current_label")
    op.create_index("ix_current_label_standing", "current_label", STANDING)
    length = sa.Column("characters", sa.Integer(), nullable=False, server_default="0")
    op.add_column("protocol", length)
    op.execute("UPDATE protocol SET characters = length(text)")
    op.create_index(LENGTHS, "protocol", ["project_id", "characters"])


def downgrade() -> None:
    """Nothing is lost."""
    op.drop_index(LENGTHS, "protocol")
    op.drop_column("protocol", "characters")
    op.drop_index("ix_current_label_standing", "current_label")
    op.create_index("ix_current_label_project_id_action", "current_label", ["project_id", "action"])
