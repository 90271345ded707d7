"""Protocols come back to their coder unannounced; their answers stand in a lane of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

SETTINGS = {"retest_share": (sa.Double(), "0"), "retest_after_days": (sa.Integer(), "14")}
CHECKS = {
    "retest_share_range": "retest_share BETWEEN 0 AND 1",
    "retest_after_days_not_negative": "retest_after_days >= 0",
}
# SQLite keeps a CHECK with its table, and a table made anew forgets what is not said of it.
EVENTS = {"sqlite_autoincrement": True}


def upgrade() -> None:
    """Nothing comes back until a lead says so; what was served so far was for the coder's own."""
    # Reports of before lack what pages tell now, and are made anew when they are asked for.
    op.execute("DELETE FROM agreement_report")
    with op.batch_alter_table("label_event", schema=None, table_kwargs=EVENTS) as batch_op:
        batch_op.drop_constraint(op.f("ck_label_event_lane_known"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_label_event_lane_known"), "lane IN ('coder', 'final', 'retest')"
        )
    with op.batch_alter_table("serving", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("lane", sa.String(length=10), nullable=False, server_default="coder")
        )
    with op.batch_alter_table("serving", schema=None) as batch_op:
        batch_op.alter_column("lane", server_default=None, existing_type=sa.String(length=10))
        batch_op.create_check_constraint(
            op.f("ck_serving_lane_known"), "lane IN ('coder', 'final', 'retest')"
        )
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name, (kind, value) in SETTINGS.items():
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=value))
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name, (kind, _) in SETTINGS.items():
            batch_op.alter_column(name, server_default=None, existing_type=kind)
        for name, rule in CHECKS.items():
            batch_op.create_check_constraint(op.f(f"ck_project_{name}"), rule)


def downgrade() -> None:
    """Refuses while there are answers to repeats: label events are never deleted."""
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name in CHECKS:
            batch_op.drop_constraint(op.f(f"ck_project_{name}"), type_="check")
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name in SETTINGS:
            batch_op.drop_column(name)
    with op.batch_alter_table("serving", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_serving_lane_known"), type_="check")
        batch_op.drop_column("lane")
    with op.batch_alter_table("label_event", schema=None, table_kwargs=EVENTS) as batch_op:
        batch_op.drop_constraint(op.f("ck_label_event_lane_known"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_label_event_lane_known"), "lane IN ('coder', 'final')"
        )
