"""Attention checks are given unannounced; their answers stand in a lane of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

BEFORE, AFTER = "'coder', 'final', 'retest'", "'coder', 'final', 'retest', 'check'"
# SQLite keeps a CHECK with its table, and a table made anew forgets what is not said of it.
TABLES = {"label_event": {"sqlite_autoincrement": True}, "serving": {}}


def _know(lanes: str) -> None:
    for table, told in TABLES.items():
        name = op.f(f"ck_{table}_lane_known")
        with op.batch_alter_table(table, schema=None, table_kwargs=told) as batch_op:
            batch_op.drop_constraint(name, type_="check")
            batch_op.create_check_constraint(name, f"lane IN ({lanes})")


def upgrade() -> None:
    """No check is given until a lead says so."""
    _know(AFTER)
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("check_share", sa.Double(), nullable=False, server_default="0")
        )
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.alter_column("check_share", server_default=None, existing_type=sa.Double())
        batch_op.create_check_constraint(
            op.f("ck_project_check_share_range"), "check_share BETWEEN 0 AND 1"
        )


def downgrade() -> None:
    """Refuses while there are answers to checks: label events are never deleted."""
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_project_check_share_range"), type_="check")
        batch_op.drop_column("check_share")
    _know(BEFORE)
