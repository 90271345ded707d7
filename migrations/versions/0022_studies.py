"""Protocols may be versions or copies of others; which near-copies are none is remembered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

IS_VERSION = sa.text("kind = 'version'")


def upgrade() -> None:
    """Every protocol stands alone, as before."""
    op.create_table(
        "protocol_link",
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("earlier_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("left_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('version', 'copy')", name=op.f("ck_protocol_link_kind_known")),
        sa.CheckConstraint(
            "protocol_id <> earlier_id", name=op.f("ck_protocol_link_two_protocols")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_protocol_link_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["earlier_id"], ["protocol.id"], name=op.f("fk_protocol_link_earlier_id")
        ),
        sa.ForeignKeyConstraint(
            ["left_id"], ["protocol.id"], name=op.f("fk_protocol_link_left_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_protocol_link_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocol.id"], name=op.f("fk_protocol_link_protocol_id")
        ),
        sa.PrimaryKeyConstraint("protocol_id", name=op.f("pk_protocol_link")),
    )
    with op.batch_alter_table("protocol_link", schema=None) as batch_op:
        for column in ("project_id", "earlier_id", "left_id"):
            batch_op.create_index(batch_op.f(f"ix_protocol_link_{column}"), [column])
        batch_op.create_index(
            "uq_protocol_link_amended",
            ["earlier_id"],
            unique=True,
            sqlite_where=IS_VERSION,
            postgresql_where=IS_VERSION,
        )
    op.create_table(
        "refused_group",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("members", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_refused_group_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_refused_group_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "members", name=op.f("pk_refused_group")),
    )


def downgrade() -> None:
    """What belongs together is forgotten; the audit keeps that it was said."""
    op.drop_table("refused_group")
    op.drop_table("protocol_link")
