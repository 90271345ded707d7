"""Seconds of the desk's rows are those of a whole sitting, not of its last step."""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

SUM = """
UPDATE desk_row SET seconds = (
    SELECT CASE WHEN count(step.seconds) = count(*)
                THEN CAST(round(CAST(sum(step.seconds) AS NUMERIC), 3) AS DOUBLE PRECISION) END
    FROM label_event e JOIN label_event step
        ON step.protocol_id = e.protocol_id AND step.account_id = e.account_id AND step.id <= e.id
    WHERE e.id = desk_row.event_id AND step.lane = 'coder' AND step.action = 'label'
        AND NOT EXISTS (
            SELECT 1 FROM serving given
            WHERE given.protocol_id = e.protocol_id AND given.account_id = e.account_id
                AND given.id > coalesce(step.serving_id, 0)
                AND given.id <= coalesce(e.serving_id, 0) AND given.strategy <> 'taken_back'
        )
)
WHERE event_id IN (SELECT id FROM label_event WHERE supersedes_id IS NOT NULL)
"""


def upgrade() -> None:
    """Readings with a second look get the seconds of the first one too."""
    op.execute(SUM)


def downgrade() -> None:
    """Each answer its own again."""
    op.execute(
        "UPDATE desk_row SET seconds = "
        "(SELECT e.seconds FROM label_event e WHERE e.id = desk_row.event_id)"
    )
