"""A project's lead chooses what kind of model learns from its labels.

Which kinds there are is the program's matter, not the database's: a new one needs no migration.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NAMED = "ck_project_model_kind_named"


def upgrade() -> None:
    """Every project keeps the kind it has had so far."""
    kind = sa.Column("model_kind", sa.String(20), nullable=False, server_default="blend")
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.add_column(kind)
        batch_op.create_check_constraint(batch_op.f(NAMED), "model_kind <> ''")
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.alter_column("model_kind", server_default=None, existing_type=sa.String(20))


def downgrade() -> None:
    """All projects have the one kind again."""
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f(NAMED), type_="check")
        batch_op.drop_column("model_kind")
