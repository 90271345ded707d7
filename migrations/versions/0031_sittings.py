"""Seconds of the desk's rows are those of a whole sitting, not of its last step."""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

SUM = """
WITH answers AS (
    SELECT e.id, e.protocol_id, e.account_id, e.seconds,
           (SELECT max(g.id) FROM serving g
            WHERE g.protocol_id = e.protocol_id AND g.account_id = e.account_id
                AND g.id <= e.serving_id AND g.strategy <> 'taken_back') AS begun
    FROM label_event e WHERE e.lane = 'coder' AND e.action = 'label'
), sums AS (
    SELECT id, CASE WHEN count(seconds) OVER sitting = count(*) OVER sitting
                    THEN CAST(round(CAST(sum(seconds) OVER sitting AS NUMERIC), 3)
                              AS DOUBLE PRECISION) END AS seconds
    FROM answers WINDOW sitting AS (PARTITION BY protocol_id, account_id, begun ORDER BY id)
)
UPDATE desk_row SET seconds = sums.seconds FROM sums WHERE sums.id = desk_row.event_id
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
