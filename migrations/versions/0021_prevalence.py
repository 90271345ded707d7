"""How many protocols are on each level, and how unsure versions are of the fenced ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What versions said of fenced protocols before has no doubt with it, and is not asked anew."""
    op.create_table(
        "prevalence_report",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("basis", sa.String(length=100), nullable=True),
        sa.Column("found", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_prevalence_report_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "by", name=op.f("pk_prevalence_report")),
    )
    op.add_column("fenced_score", sa.Column("uncertainty", sa.Double(), nullable=True))


def downgrade() -> None:
    """What was found is lost; it can be computed again."""
    op.drop_column("fenced_score", "uncertainty")
    op.drop_table("prevalence_report")
