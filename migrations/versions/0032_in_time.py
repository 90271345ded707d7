"""The timeline of a whole project reads answers, servings and disclosures in order of time."""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

IN_TIME = {
    "label_event": ["project_id", "recorded_at", "id"],
    "serving": ["project_id", "served_at", "id"],
    "disclosure": ["at", "id"],
}


def upgrade() -> None:
    """A page of them is found without sorting all."""
    for table, columns in IN_TIME.items():
        op.create_index(f"ix_{table}_in_time", table, columns)


def downgrade() -> None:
    """Nothing is lost."""
    for table in IN_TIME:
        op.drop_index(f"ix_{table}_in_time", table)
