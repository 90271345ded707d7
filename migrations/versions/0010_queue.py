"""The queue: orders computed by the worker, near-copies, leads' wishes, and shares of a project."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SHARES = ("diverse_share", "rare_share")


def upgrade() -> None:
    """Projects go on as they did: nothing for the new strategies until a lead says otherwise."""
    _create_places()
    _create_wishes()
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name in SHARES:
            column = sa.Column(name, sa.Double(), nullable=False, server_default="0")
            batch_op.add_column(column)
            batch_op.create_check_constraint(
                batch_op.f(f"ck_project_{name}_range"), f"{name} BETWEEN 0 AND 1"
            )
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name in SHARES:
            batch_op.alter_column(name, server_default=None, existing_type=sa.Double())


def downgrade() -> None:
    """Held protocols are served again; what the audit says of them stays."""
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name in SHARES:
            batch_op.drop_constraint(batch_op.f(f"ck_project_{name}_range"), type_="check")
            batch_op.drop_column(name)
    with op.batch_alter_table("queue_wish", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_queue_wish_project_id"))
    op.drop_table("queue_wish")
    with op.batch_alter_table("near_copy", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_near_copy_cluster"))
    op.drop_table("near_copy")
    op.drop_table("queue_place")


def _create_places() -> None:
    op.create_table(
        "queue_place",
        sa.Column("model_version_id", sa.Integer(), nullable=False),
        sa.Column("strategy", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_version.id"],
            name=op.f("fk_queue_place_model_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocol.id"], name=op.f("fk_queue_place_protocol_id")
        ),
        sa.PrimaryKeyConstraint(
            "model_version_id", "strategy", "place", name=op.f("pk_queue_place")
        ),
    )
    op.create_table(
        "near_copy",
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("cluster", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocol.id"], name=op.f("fk_near_copy_protocol_id")
        ),
        sa.PrimaryKeyConstraint("protocol_id", name=op.f("pk_near_copy")),
    )
    with op.batch_alter_table("near_copy", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_near_copy_cluster"), ["cluster"], unique=False)


def _create_wishes() -> None:
    op.create_table(
        "queue_wish",
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("wish", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("wish IN ('pinned', 'held')", name=op.f("ck_queue_wish_wish_known")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_queue_wish_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_queue_wish_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocol.id"], name=op.f("fk_queue_wish_protocol_id")
        ),
        sa.PrimaryKeyConstraint("protocol_id", name=op.f("pk_queue_wish")),
    )
    with op.batch_alter_table("queue_wish", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_queue_wish_project_id"), ["project_id"], unique=False)
