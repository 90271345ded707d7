"""By lot some readings get no suggestion; whether it helps or steers is reported."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SHARE = "no_suggestion_share"


def upgrade() -> None:
    """Projects that there are draw no lots until a lead says so; earlier servings had none."""
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.add_column(sa.Column(SHARE, sa.Double(), nullable=False, server_default="0"))
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.alter_column(SHARE, server_default=None, existing_type=sa.Double())
        batch_op.create_check_constraint(
            op.f(f"ck_project_{SHARE}_range"), f"{SHARE} BETWEEN 0 AND 1"
        )
    with op.batch_alter_table("serving", schema=None) as batch_op:
        batch_op.add_column(sa.Column("arm", sa.String(length=10), nullable=True))
        batch_op.create_check_constraint(
            op.f("ck_serving_arm_known"), "arm IN ('suggestion', 'none')"
        )
    op.create_table(
        "exposure_report",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_event_id", sa.Integer(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_exposure_report_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_exposure_report")),
    )


def downgrade() -> None:
    """Which readings went without is lost; the report can be computed again."""
    op.drop_table("exposure_report")
    with op.batch_alter_table("serving", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_serving_arm_known"), type_="check")
        batch_op.drop_column("arm")
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.drop_constraint(op.f(f"ck_project_{SHARE}_range"), type_="check")
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.drop_column(SHARE)
