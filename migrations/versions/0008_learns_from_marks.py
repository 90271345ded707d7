"""A project's lead decides whether coders' marks and remarks teach which words are shown first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NAME = "learns_from_marks"


def upgrade() -> None:
    """They do, unless a lead says otherwise: no level depends on it."""
    column = sa.Column(NAME, sa.Boolean(), nullable=False, server_default=sa.true())
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.add_column(column)
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.alter_column(NAME, server_default=None, existing_type=sa.Boolean())


def downgrade() -> None:
    """Nothing is learnt from them."""
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.drop_column(NAME)
