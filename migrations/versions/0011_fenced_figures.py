"""What each version says of the fenced protocols, and how good it was on those read by then."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No version has been measured on a sample yet."""
    op.create_table(
        "fenced_score",
        sa.Column("model_version_id", sa.Integer(), nullable=False),
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_version.id"],
            name=op.f("fk_fenced_score_model_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocol.id"], name=op.f("fk_fenced_score_protocol_id")
        ),
        sa.PrimaryKeyConstraint("model_version_id", "protocol_id", name=op.f("pk_fenced_score")),
    )
    op.create_table(
        "fenced_figures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_version_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_version.id"],
            name=op.f("fk_fenced_figures_model_version_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fenced_figures")),
    )
    with op.batch_alter_table("fenced_figures", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_fenced_figures_model_version_id"), ["model_version_id"], unique=False
        )


def downgrade() -> None:
    """The figures are forgotten; they can be made again for the version in use only."""
    with op.batch_alter_table("fenced_figures", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_fenced_figures_model_version_id"))

    op.drop_table("fenced_figures")
    op.drop_table("fenced_score")
