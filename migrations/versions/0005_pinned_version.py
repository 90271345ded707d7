"""A project may pin a model version, and knows which one was in use before the present one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = ("pinned_version_id", "previous_version_id")


def upgrade() -> None:
    """Nothing is pinned, and nothing is known of the past."""
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name in COLUMNS:
            batch_op.add_column(sa.Column(name, sa.Integer(), nullable=True))
            batch_op.create_foreign_key(
                batch_op.f(f"fk_project_{name}"), "model_version", [name], ["id"]
            )


def downgrade() -> None:
    """The newest published version is in use again."""
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name in COLUMNS:
            batch_op.drop_constraint(batch_op.f(f"fk_project_{name}"), type_="foreignkey")
            batch_op.drop_column(name)
