"""Figures of agreement are made by the worker and kept for the pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None was made yet."""
    op.create_table(
        "agreement_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("readings", sa.String(length=1000), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_event_id", sa.Integer(), nullable=True),
        sa.Column("found", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_agreement_report_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_report")),
        sa.UniqueConstraint(
            "project_id", "readings", name=op.f("uq_agreement_report_project_id_readings")
        ),
    )


def downgrade() -> None:
    """What was found is lost; it can be computed again."""
    op.drop_table("agreement_report")
