"""Protocols drawn into a sample that no model learns from and every model is measured on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None is drawn yet: what models have learnt from cannot be."""
    op.create_table(
        "fenced_protocol",
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocol.id"], name=op.f("fk_fenced_protocol_protocol_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_fenced_protocol_project_id")
        ),
        sa.PrimaryKeyConstraint("protocol_id", name=op.f("pk_fenced_protocol")),
    )
    with op.batch_alter_table("fenced_protocol", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_fenced_protocol_project_id"), ["project_id"], unique=False
        )


def downgrade() -> None:
    """The sample is forgotten; its labels stay and are learnt from."""
    with op.batch_alter_table("fenced_protocol", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_fenced_protocol_project_id"))

    op.drop_table("fenced_protocol")
