"""Protocols can be dealt to coders by name; what a coder knows of, and whether they go on after."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

IS_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    """Nothing is assigned yet; who is done goes on with the queue, as everyone did."""
    _create_assignments()
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tags", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.alter_column("tags", server_default=None, existing_type=sa.JSON())
    pool = sa.Column("open_pool", sa.Boolean(), nullable=False, server_default=sa.true())
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.add_column(pool)
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.alter_column("open_pool", server_default=None, existing_type=sa.Boolean())


def downgrade() -> None:
    """The queue decides for everyone; what the audit says of assignments stays."""
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.drop_column("open_pool")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_column("tags")
    op.drop_table("assignment")


def _create_assignments() -> None:
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('returned', 'reread', 'assigned')", name=op.f("ck_assignment_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'answered', 'released')", name=op.f("ck_assignment_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_assignment_account_id")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["account.id"], name=op.f("fk_assignment_asked_by")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["label_event.id"], name=op.f("fk_assignment_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_assignment_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocol.id"], name=op.f("fk_assignment_protocol_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_assignment_project_id_account_id_state"),
            ["project_id", "account_id", "state"],
        )
        batch_op.create_index(
            batch_op.f("ix_assignment_protocol_id_account_id"), ["protocol_id", "account_id"]
        )
        batch_op.create_index(
            "uq_assignment_open",
            ["protocol_id", "account_id"],
            unique=True,
            sqlite_where=IS_OPEN,
            postgresql_where=IS_OPEN,
        )
