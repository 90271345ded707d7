"""What a project aims at, the worker's newest forecast, and decisions to stop labelling."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

GOALS = {"wanted_qwk": "0.8", "accepted_wrong_share": "0.1", "accepted_half_width": "0.1"}


def upgrade() -> None:
    """Projects that there are get the defaults as their aims; nothing is decided yet."""
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name, value in GOALS.items():
            column = sa.Column(name, sa.Double(), nullable=False, server_default=value)
            batch_op.add_column(column)
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name in GOALS:
            batch_op.alter_column(name, server_default=None, existing_type=sa.Double())
            batch_op.create_check_constraint(op.f(f"ck_project_{name}_range"), _range(name))
    op.create_table(
        "outlook",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_outlook_project_id"),
        sa.PrimaryKeyConstraint("project_id", name="pk_outlook"),
    )
    op.create_table(
        "stopping_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("stops", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("signals", sa.JSON(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name="fk_stopping_decision_project_id"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_stopping_decision_account_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_stopping_decision"),
    )
    op.create_index("ix_stopping_decision_project_id_id", "stopping_decision", ["project_id", "id"])


def downgrade() -> None:
    """Decisions stay in the audit; the aims are forgotten."""
    op.drop_index("ix_stopping_decision_project_id_id", table_name="stopping_decision")
    op.drop_table("stopping_decision")
    op.drop_table("outlook")
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name in GOALS:
            batch_op.drop_constraint(op.f(f"ck_project_{name}_range"), type_="check")
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name in GOALS:
            batch_op.drop_column(name)


def _range(name: str) -> str:
    return f"{name} BETWEEN 0 AND 1"
