"""Settled levels are checked against what models say that have not learnt them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None was made yet."""
    op.create_table(
        "label_check",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_label_check_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_label_check")),
    )


def downgrade() -> None:
    """What was found is lost; it can be computed again."""
    op.drop_table("label_check")
